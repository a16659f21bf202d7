import { Matrix, solve } from "ml-matrix";
import { dot } from "./dot.ts";

/** Weights below this count as 0, and gains below this (relative to the points' size) as none. */
const ENOUGH = 1e-12;

/**
 * The weights λ ≥ 0, Σ λ = 1, of the point Σ_j λ_j p_j that is nearest to `target` in the convex hull of the points, by the
 * method of Wolfe (1976): finitely many steps, each a small linear system. Its use here: the vector from that point to the
 * target is the normal of the widest margin between them.
 */
export function nearestInHull(points: readonly Float64Array[], target: Float64Array): Float64Array {
  const p = points.map((point) => point.map((x, f) => x - target[f]));
  const gram = p.map((x) => p.map((y) => dot(x, y)));
  const size = Math.max(...gram.map((row, j) => row[j]));
  let corral = [gram.reduce((best, row, j) => (row[j] < gram[best][best] ? j : best), 0)];
  let weights = [1];
  for (let guard = 0; guard < 100 * points.length; guard++) {
    // the point that is furthest towards the origin as seen from x = Σ λ_j p_j
    const towards = p.map((_, j) => corral.reduce((sum, i, k) => sum + weights[k] * gram[i][j], 0));
    const own = corral.reduce((sum, i, k) => sum + weights[k] * towards[i], 0);
    const next = towards.reduce((best, value, j) => (value < towards[best] ? j : best), 0);
    if (corral.includes(next) || towards[next] >= own - ENOUGH * size) break;
    corral = [...corral, next];
    weights = [...weights, 0];
    for (;;) {
      const wanted = affineMinimum(corral, gram);
      if (wanted.every((weight) => weight > ENOUGH)) {
        weights = wanted;
        break;
      }
      // as far towards it as no weight gets below 0; those that get to 0 leave
      let step = 1;
      wanted.forEach((to, k) => {
        if (to <= ENOUGH) step = Math.min(step, weights[k] / Math.max(weights[k] - to, Number.MIN_VALUE));
      });
      const moved = weights.map((from, k) => from + step * (wanted[k] - from));
      const stays = moved.map((weight) => weight > ENOUGH);
      if (stays.every(Boolean)) stays[wanted.indexOf(Math.min(...wanted))] = false;
      corral = corral.filter((_, k) => stays[k]);
      weights = moved.filter((_, k) => stays[k]);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      weights = weights.map((weight) => weight / sum);
    }
  }
  const all = new Float64Array(points.length);
  corral.forEach((j, k) => {
    all[j] = weights[k];
  });
  return all;
}

/** Weights (of any sign) of the point nearest to the origin in the affine hull: G λ = c 1, Σ λ = 1. */
function affineMinimum(corral: readonly number[], gram: readonly number[][]): number[] {
  const n = corral.length;
  const scale = Math.max(...corral.map((i) => gram[i][i])) || 1;
  const system = Matrix.zeros(n + 1, n + 1);
  corral.forEach((i, k) => {
    system.set(k, n, 1);
    system.set(n, k, 1);
    corral.forEach((j, l) => {
      system.set(k, l, gram[i][j] / scale);
    });
  });
  const right = Matrix.zeros(n + 1, 1);
  right.set(n, 0, 1);
  return solve(system, right, true).to1DArray().slice(0, n);
}
