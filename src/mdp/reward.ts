import type { ActionSpace, Actions, Env, Observations } from "./env.ts";
import { describe, type Space, sameKind } from "./space.ts";

/** N steps (s, a, s'), row by row. */
export interface StepBatch {
  /** `[N, D]` */
  readonly s: Observations;
  /** `[N]` or `[N, K]`, as the environment got them. */
  readonly a: Actions;
  /** `[N, D]`: what each step led to, before a new episode began. */
  readonly next: Observations;
  /** `[N]`: 1 where the world ended the episode. */
  readonly terminated: Uint8Array;
}

/** What a reward can be asked about. */
export interface RewardSpaces {
  readonly observation: Space;
  /** Absent where the reward doesn't hang on actions. */
  readonly action?: ActionSpace;
}

/** r(s, a, s') of a batch of steps, `[N]`. A learned one may answer differently from one call to the next. */
export interface Reward {
  (steps: StepBatch): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Absent where nobody knows, as of a function written by hand. */
  readonly reads?: RewardSpaces;
}

/** Throws if a reward reads other observations or actions than an environment has, as far as it says what it reads. */
export function mustRead({ reads }: Reward, env: Pick<Env, "id" | "observation" | "action">): void {
  if (!reads) return;
  const { observation, action } = reads;
  if (sameKind(observation, env.observation) && (!action || sameKind(action, env.action))) return;
  const both = (s: Space, a: Space) => (action ? `${describe(s)} and ${describe(a)}` : describe(s));
  throw new TypeError(
    `the reward reads ${both(observation, action ?? env.action)}, ${env.id} has ${both(env.observation, env.action)}; ` +
      "take a reward that was learned in such an environment",
  );
}
