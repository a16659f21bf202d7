import { type Dataset, episodeReturns, rewardsKnown } from "../data/index.ts";
import { judge, meanInterval, type Verdict } from "../evaluation/index.ts";
import type { Env, Expert, Policy } from "../mdp/index.ts";

type Alone = Pick<Verdict, "env" | "episodes" | "seed" | "confidence" | "learner" | "sampled">;

/** What a policy is worth, and how far it falls short of an expert where there is one to compare with. */
export type Judgement = Alone & Partial<Omit<Verdict, keyof Alone>>;

export interface Judging {
  readonly episodes: number;
  readonly seed: number;
  readonly expert?: Expert;
  readonly demos?: Dataset;
  readonly heldOut?: Dataset;
}

/** The verdict, against the expert or its demonstrations; without either, or where these have no rewards, what the policy returns. */
export async function judged(env: Env, policy: Policy, how: Judging): Promise<Judgement> {
  if (how.expert || (how.demos && rewardsKnown(how.demos))) return judge(env, policy, how);
  const { episodes, seed } = how;
  const play = async (deterministic: boolean) =>
    meanInterval((await episodeReturns(env, policy, { episodes, seed, deterministic })).returns, { seed });
  return { env: env.id, episodes, seed, confidence: 0.95, learner: await play(true), sampled: await play(false) };
}
