/** A smooth concave J: gives J(w) and writes its gradient. */
export type Objective = (w: Float64Array, gradient: Float64Array) => number;

/** A search for argmax J(w) - λ ‖w‖₁ under way. Plain data: all that the next step depends on. */
export interface Climb {
  w: Float64Array;
  /** J(w), without the L1 term. */
  value: number;
  /** The gradient of J. */
  gradient: Float64Array;
  /** Adam's m and v; L-BFGS's last steps s and losses of slope y, the newest last. */
  slots: Float64Array[];
  /** Steps made. */
  t: number;
  /** Times that J was evaluated. */
  evaluations: number;
  /** No step is better any more: the optimum is reached as far as rounding allows. */
  stalled: boolean;
}

/** The direction of steepest ascent of J(w) - λ ‖w‖₁, one-sided where a weight is 0 (Andrew & Gao 2007). */
export function steepest(w: Float64Array, gradient: Float64Array, l1: number): Float64Array {
  if (l1 === 0) return gradient.slice();
  return gradient.map((g, i) => (w[i] === 0 ? shrink(g, l1) : g - l1 * Math.sign(w[i])));
}

/** How far from optimal w is: the largest entry of the steepest ascent. */
export function residual({ w, gradient }: Pick<Climb, "w" | "gradient">, l1: number): number {
  return steepest(w, gradient, l1).reduce((largest, g) => Math.max(largest, Math.abs(g)), 0);
}

/** x, moved towards 0 by so much, and no further. */
export function shrink(x: number, by: number): number {
  return x > by ? x - by : x < -by ? x + by : 0;
}

/** ‖w‖₁ */
export function norm1(w: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < w.length; i++) sum += Math.abs(w[i]);
  return sum;
}
