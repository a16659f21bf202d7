import type { RewardTable } from "../../mdp/index.ts";
import type { RewardOver } from "../../rewards/index.ts";

/** A reward that was learned; `withRewardTable(mdp, reward.table)` is the world with it. */
export interface LearnedReward {
  readonly over: RewardOver;
  readonly table: RewardTable;
  /** The weights of a linear reward. */
  readonly w?: Float64Array;
  /** The parameters of a neural one. */
  readonly theta?: Float32Array;
}
