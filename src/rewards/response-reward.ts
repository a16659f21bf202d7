import type { Answer } from "../mdp/index.ts";

/**
 * r(x, y) of a batch of answers, one number each: a function, a reward model, a file, somebody on the other side of a network. The
 * answer may take its time.
 */
export type ResponseReward = (answers: readonly Answer[]) => ArrayLike<number> | Promise<ArrayLike<number>>;
