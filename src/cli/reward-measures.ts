import { wilson } from "../evaluation/index.ts";
import type { Preference } from "../mdp/index.ts";
import { answerRewards, judgeRewards, type LearnedRewardModel } from "../rewards/index.ts";
import type { Measure } from "./language-recipe.ts";

/** Rewards of comparisons, and how far the members of an ensemble differ about them. */
export interface ComparedRewards {
  /** `[P]` */
  readonly rw: Float64Array;
  readonly rl: Float64Array;
  readonly stdW: Float64Array;
  readonly stdL: Float64Array;
}

export async function rewardsOf(reward: LearnedRewardModel, pairs: readonly Preference[]): Promise<ComparedRewards> {
  const w = await answerRewards(
    reward,
    pairs.map(({ x, yw }) => ({ x, y: yw })),
  );
  const l = await answerRewards(
    reward,
    pairs.map(({ x, yl }) => ({ x, y: yl })),
  );
  return { rw: w.mean, rl: l.mean, stdW: w.std, stdL: l.std };
}

/** What rewards are worth on comparisons, line by line. */
export function rewardMeasures(rw: ArrayLike<number>, rl: ArrayLike<number>): Measure[] {
  const { comparisons, accuracy, tieRate, margin, loss, calibration } = judgeRewards(rw, rl);
  const { low, high } = wilson(Math.round(accuracy * comparisons), comparisons);
  return [
    { id: "accuracy", name: "ranks the chosen response higher (a tie counts one half)", after: accuracy, interval: [low, high] },
    { id: "tieRate", name: "ties, as a share", after: tieRate },
    { id: "margin", name: "margin, mean |r(chosen) − r(rejected)| / std of all rewards", after: margin },
    { id: "loss", name: "loss (nats a comparison)", after: loss },
    { id: "calibration", name: "calibration error of its chances", after: calibration.error },
  ];
}
