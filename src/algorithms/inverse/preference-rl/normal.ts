import { layout } from "../../../autodiff/index.ts";
import { deviations, include, noMoments } from "../../../data/index.ts";
import { type Env, size } from "../../../mdp/index.ts";
import { type Normaliser, normaliser } from "../../../policies/index.ts";
import type { StepNetwork } from "../../../rewards/index.ts";
import { heldSteps } from "../../../solvers/index.ts";
import type { Steps } from "./memory.ts";

/** What observations are shifted and scaled by for the reward. Plain data. */
export interface Normal extends Normaliser {
  mean: Float32Array;
  std: Float32Array;
}

/** The normaliser of the steps in memory. */
export function normalOfSteps(memory: Steps, env: Env): Normal {
  const D = size(env.observation);
  const moments = noMoments(D);
  include(moments, memory.columns.s.subarray(0, heldSteps(memory) * D));
  const { mean, std } = normaliser({ mean: moments.mean, std: deviations(moments) });
  return { mean: Float32Array.from(mean), std: Float32Array.from(std) };
}

/**
 * Parameters of the same functions of observations for another normaliser: with x = (o − m)/d and x' = (o − m')/d', the first
 * layer becomes W' = (d'/d) W, b' = b + Wᵀ (m' − m)/d. So the resolution follows the policy to where it goes, and what was
 * learned stays. For observations of reals.
 */
export function renormalised(network: StepNetwork, theta: Float32Array, from: Normaliser, to: Normaliser): Float32Array {
  const out = theta.slice();
  const { names, offsets, params } = layout(network.params);
  const { s, next } = network.encoding;
  const blocks = next[1] > next[0] ? [s[0], next[0]] : [s[0]];
  const D = from.mean.length;
  names.forEach((name, i) => {
    if (!/(^|\.)g\.0\.W$/.test(name)) return;
    const [, width] = params[i].shape as readonly number[];
    const b = offsets[names.indexOf(name.replace(/W$/, "b"))];
    for (const first of blocks) {
      for (let d = 0; d < D; d++) {
        const ratio = to.std[d] / from.std[d];
        const shift = (to.mean[d] - from.mean[d]) / from.std[d];
        for (let j = 0; j < width; j++) {
          const at = offsets[i] + (first + d) * width + j;
          out[b + j] += shift * theta[at];
          out[at] = ratio * theta[at];
        }
      }
    }
  });
  return out;
}
