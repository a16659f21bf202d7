import { type Climb, norm1, type Objective, residual, steepest } from "./concave.ts";
import { dot } from "./dot.ts";

/** Armijo's and the curvature constant of the Wolfe conditions. */
const RISE = 1e-4;
const SLOPE = 0.9;
const TRIALS = 40;
/** What rounding may take from a value, relative to it. */
const ROUNDING = 8 * Number.EPSILON;

/**
 * One step of L-BFGS (Nocedal & Wright 2006, Alg. 7.4 and 7.5) upwards: the direction H g by the two-loop recursion over the
 * last pairs (s, y), then a step length that satisfies the weak Wolfe conditions, by doubling and bisection. With an L1
 * weight it is OWL-QN (Andrew & Gao 2007): steepest ascent instead of the gradient, no step past a zero of a weight.
 * The pairs are in `state.slots`, so that a saved search goes on as it was.
 */
export function lbfgsStep(state: Climb, objective: Objective, { l1, memory }: { l1: number; memory: number }): void {
  const g = steepest(state.w, state.gradient, l1);
  const d = direction(g, state.slots);
  if (l1 > 0) for (let i = 0; i < d.length; i++) if (d[i] * g[i] <= 0) d[i] = 0;
  const begin = state.value - l1 * norm1(state.w);
  const found = lineSearch(state, objective, { g, d, l1, begin });
  if (!found) {
    // Not even the steepest direction leads up, or the curvature that was remembered misleads: then without it once more.
    if (state.slots.length === 0) state.stalled = true;
    state.slots = [];
    return;
  }
  if (found.total <= begin && residual(found, l1) >= residual(state, l1)) {
    state.stalled = true; // all that is left to win is lost to rounding
    return;
  }
  const s = found.w.map((value, i) => value - state.w[i]);
  const y = found.gradient.map((value, i) => state.gradient[i] - value);
  if (dot(s, y) > 1e-12 * Math.sqrt(dot(s, s) * dot(y, y))) state.slots = [...state.slots, s, y].slice(-2 * memory);
  state.w = found.w;
  state.value = found.value;
  state.gradient = found.gradient;
}

/** H g: H the inverse of minus the Hessian, as the pairs know it. */
function direction(g: Float64Array, slots: readonly Float64Array[]): Float64Array {
  const q = g.slice();
  const k = slots.length / 2;
  const alpha = new Float64Array(k);
  for (let j = k - 1; j >= 0; j--) {
    const [s, y] = [slots[2 * j], slots[2 * j + 1]];
    alpha[j] = dot(s, q) / dot(s, y);
    for (let i = 0; i < q.length; i++) q[i] -= alpha[j] * y[i];
  }
  if (k > 0) {
    const [s, y] = [slots[2 * k - 2], slots[2 * k - 1]];
    const scale = dot(s, y) / dot(y, y);
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  } else {
    const scale = Math.min(1, 1 / norm1(q));
    for (let i = 0; i < q.length; i++) q[i] *= scale;
  }
  for (let j = 0; j < k; j++) {
    const [s, y] = [slots[2 * j], slots[2 * j + 1]];
    const beta = dot(y, q) / dot(s, y);
    for (let i = 0; i < q.length; i++) q[i] += (alpha[j] - beta) * s[i];
  }
  return q;
}

interface Line {
  /** Steepest ascent and direction. */
  readonly g: Float64Array;
  readonly d: Float64Array;
  readonly l1: number;
  /** J - λ ‖w‖₁ where the line begins. */
  readonly begin: number;
}

interface Found {
  readonly w: Float64Array;
  readonly value: number;
  readonly gradient: Float64Array;
  /** J - λ ‖w‖₁ */
  readonly total: number;
}

function lineSearch(state: Climb, objective: Objective, { g, d, l1, begin }: Line): Found | undefined {
  const { w } = state;
  const slope = dot(g, d);
  if (!(slope > 0)) return undefined;
  const slack = ROUNDING * Math.max(1, Math.abs(state.value));
  let found: Found | undefined;
  let [low, high, t] = [0, Infinity, 1];
  for (let trial = 0; trial < TRIALS; trial++) {
    const next = moved(w, d, t, g, l1);
    const gradient = new Float64Array(w.length);
    const value = objective(next, gradient);
    state.evaluations++;
    let promised = 0;
    for (let i = 0; i < w.length; i++) promised += g[i] * (next[i] - w[i]);
    const total = value - l1 * norm1(next);
    if (!(total >= begin + RISE * promised - slack)) high = t;
    else {
      found = { w: next, value, gradient, total };
      if (l1 > 0 || dot(gradient, d) <= SLOPE * slope) break;
      low = t;
    }
    t = high === Infinity ? 2 * t : (low + high) / 2;
  }
  return found?.w.some((value, i) => value !== w[i]) ? found : undefined;
}

/** w + t d, with an L1 weight held in the orthant that it starts in. */
function moved(w: Float64Array, d: Float64Array, t: number, g: Float64Array, l1: number): Float64Array {
  return w.map((value, i) => {
    const next = value + t * d[i];
    if (l1 === 0) return next;
    const side = value !== 0 ? value : g[i];
    return next * side > 0 ? next : 0;
  });
}
