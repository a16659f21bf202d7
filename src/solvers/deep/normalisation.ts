import { deviations, include, noMoments, type RunningMoments } from "../../data/index.ts";
import { type Space, size } from "../../mdp/index.ts";
import { type Normaliser, normaliser } from "../../policies/index.ts";
import type { Rollout } from "./collect.ts";

/** What observations are shifted and scaled by after such moments: real entries only; a choice stays the number it is. */
export function observationNormaliser(space: Space, moments: RunningMoments): Normaliser {
  const real = realEntries(space);
  const seen = moments.count > 0;
  return normaliser({
    mean: moments.mean.map((mean, d) => (real[d] && seen ? mean : 0)),
    std: deviations(moments).map((std, d) => (real[d] && seen ? std : 1)),
  });
}

function realEntries(space: Space): boolean[] {
  if (space.kind === "dict") return Object.values(space.spaces).flatMap(realEntries);
  return new Array(size(space)).fill(space.kind === "box");
}

/** What scales rewards: the spread of the discounted sums of rewards so far, one sum a copy. Plain data. */
export interface RewardScale {
  /** G ← γ G + r of every copy, beginning anew with each episode, `[n]`. */
  sums: Float64Array;
  moments: RunningMoments;
}

export function noRewardScale(n: number): RewardScale {
  return { sums: new Float64Array(n), moments: noMoments(1) };
}

/**
 * Divides a rollout's rewards in place by the standard deviation of the discounted sums seen so far, these included: values
 * then have about the size 1, whatever the environment's units.
 */
export function scaleRewards(scale: RewardScale, rollout: Rollout, gamma: number): void {
  const { n, rewards, terminated, truncated } = rollout;
  const sums = new Float64Array(rewards.length);
  for (let k = 0; k < rewards.length; k++) {
    const i = k % n;
    sums[k] = gamma * scale.sums[i] + rewards[k];
    scale.sums[i] = (terminated[k] | truncated[k]) === 1 ? 0 : sums[k];
  }
  include(scale.moments, sums);
  const [deviation] = deviations(scale.moments);
  if (deviation > 1e-8) for (let k = 0; k < rewards.length; k++) rewards[k] /= deviation;
}
