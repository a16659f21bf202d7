import { deviations, include, noMoments, type RunningMoments } from "../data/index.ts";

/** The moments of the rewards so far. Plain data. */
export function noRewards(): RunningMoments {
  return noMoments(1);
}

/**
 * Brings rewards to mean 0 and deviation 1 over all seen so far, these included, in place. It moves the zero, so where episodes
 * may end it changes whether an early end is sought: use it where all have one length.
 */
export function standardise(moments: RunningMoments, rewards: Float64Array): void {
  include(moments, rewards);
  const [mean] = moments.mean;
  const [deviation] = deviations(moments);
  for (let k = 0; k < rewards.length; k++) rewards[k] = (rewards[k] - mean) / (deviation > 1e-8 ? deviation : 1);
}
