import type { ActionSpace } from "./env.ts";
import { size } from "./space.ts";

/**
 * How far T answers `a` are from others `b` to the same states, both `[T, K]`: for choices the share of states with another choice,
 *
 *     (1/T) Σ_h 1{a_h ≠ b_h}
 *
 * and for real actions, where equality means nothing, the root mean square difference in units of half the range, a cut to its box
 * first, as a world would; where the range is infinite, in the action's own units.
 */
export function actionDistance(space: ActionSpace, a: ArrayLike<number>, b: ArrayLike<number>, T: number): number {
  const K = size(space);
  let sum = 0;
  for (let h = 0; h < T; h++) {
    if (space.kind === "box") {
      for (let k = 0; k < K; k++) {
        const half = (space.high[k] - space.low[k]) / 2;
        const clipped = Math.min(space.high[k], Math.max(space.low[k], a[h * K + k]));
        sum += ((clipped - b[h * K + k]) / (Number.isFinite(half) ? half : 1)) ** 2 / K;
      }
    } else {
      for (let k = 0; k < K; k++) {
        if (a[h * K + k] !== b[h * K + k]) {
          sum += 1;
          break;
        }
      }
    }
  }
  return space.kind === "box" ? Math.sqrt(sum / T) : sum / T;
}
