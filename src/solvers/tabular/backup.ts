import type { TabularMdp } from "../../mdp/tabular.ts";
import { expOfNegative } from "./exponential.ts";

/**
 * The sweeps that everything here is made of. Each reads the compressed rows once, in order: 12 bytes a transition.
 * None of them checks or allocates. `at` says where a stage begins in longer tables, so that no views are needed.
 */

/** Where a stage begins in longer tables. All three always: of one shape, they cost a sweep of a small process nothing. */
export interface StageStart {
  readonly pi: number;
  readonly Q: number;
  readonly V: number;
}

const FIRST: StageStart = { pi: 0, Q: 0, V: 0 };

/** Q(s,a) = r(s,a) + gamma sum_{s'} P(s'|s,a) V(s'), for every pair; `V [S]`, `Q [S, A]`. -Infinity where a is not available. */
export function backup(mdp: TabularMdp, r: Float64Array, V: Float64Array, Q: Float64Array, at = FIRST): void {
  const { Q: fromQ, V: fromV } = at;
  const { rows, next, p } = mdp.P;
  const { gamma } = mdp;
  const pairs = mdp.S * mdp.A;
  let k = 0;
  for (let i = 0; i < pairs; i++) {
    const end = rows[i + 1];
    let expected = 0;
    for (; k < end; k++) expected += p[k] * V[fromV + next[k]];
    Q[fromQ + i] = r[i] + gamma * expected;
  }
}

/** V(s) = sum_a pi(a|s) Q(s,a). Actions of probability 0 are left out, so that an unavailable one does no harm. */
export function expectation(mdp: TabularMdp, pi: Float64Array, Q: Float64Array, V: Float64Array, at = FIRST): void {
  const { pi: fromPi, Q: fromQ, V: fromV } = at;
  const { S, A } = mdp;
  for (let s = 0, i = 0; s < S; s++) {
    let v = 0;
    for (let a = 0; a < A; a++, i++) {
      const probability = pi[fromPi + i];
      if (probability > 0) v += probability * Q[fromQ + i];
    }
    V[fromV + s] = v;
  }
}

/** V(s) = max_a Q(s,a). */
export function maximum(mdp: TabularMdp, Q: Float64Array, V: Float64Array, at = FIRST): void {
  const { Q: fromQ, V: fromV } = at;
  const { S, A } = mdp;
  for (let s = 0, i = fromQ; s < S; s++) {
    let best = Q[i++];
    for (let a = 1; a < A; a++, i++) if (Q[i] > best) best = Q[i];
    V[fromV + s] = best;
  }
}

/**
 * V(s) = alpha log sum_a exp(Q(s,a) / alpha) and pi(a|s) = exp((Q(s,a) - V(s)) / alpha), alpha the temperature. The
 * largest Q is taken out of the sum, so that nothing overflows. In terminal states V = 0, and pi is uniform.
 */
export function softMaximum(
  mdp: TabularMdp,
  Q: Float64Array,
  temperature: number,
  V: Float64Array,
  pi: Float64Array,
  at = FIRST,
): void {
  const { Q: fromQ, V: fromV } = at;
  const { S, A, terminal } = mdp;
  for (let s = 0, first = fromQ; s < S; s++, first += A) {
    if (terminal[s] === 1) {
      V[fromV + s] = 0;
      for (let i = first; i < first + A; i++) pi[i] = 1 / A;
      continue;
    }
    let best = Q[first];
    for (let i = first + 1; i < first + A; i++) if (Q[i] > best) best = Q[i];
    let sum = 0;
    for (let i = first; i < first + A; i++) {
      const weight = expOfNegative((Q[i] - best) / temperature);
      pi[i] = weight;
      sum += weight;
    }
    for (let i = first; i < first + A; i++) pi[i] /= sum;
    V[fromV + s] = best + temperature * Math.log(sum);
  }
}

/** One sweep of value iteration, `out = max_a (r + gamma P V)`; gives the largest change |out - V|. */
export function optimalSweep(mdp: TabularMdp, V: Float64Array, out: Float64Array): number {
  const { S, A, r, gamma } = mdp;
  const { rows, next, p } = mdp.P;
  let change = 0;
  for (let s = 0, i = 0, k = 0; s < S; s++) {
    let best = -Infinity;
    for (let a = 0; a < A; a++, i++) {
      const end = rows[i + 1];
      let expected = 0;
      for (; k < end; k++) expected += p[k] * V[next[k]];
      const q = r[i] + gamma * expected;
      if (q > best) best = q;
    }
    out[s] = best;
    const moved = Math.abs(best - V[s]);
    if (moved > change) change = moved;
  }
  return change;
}

/** Pairs that a soft sweep takes at a time: their Q stays in the nearest cache between its passes. */
const BLOCK = 1024;

/** One sweep of soft value iteration, `out = alpha log sum_a exp((r + gamma P V) / alpha)`; gives the largest change |out - V|. */
export function softSweep(mdp: TabularMdp, V: Float64Array, temperature: number, out: Float64Array): number {
  const { S, A, r, gamma, terminal } = mdp;
  const { rows, next, p } = mdp.P;
  const states = Math.max(1, Math.floor(BLOCK / A));
  const q = new Float64Array(states * A);
  const best = new Float64Array(states);
  const sum = new Float64Array(states);
  let change = 0;
  for (let from = 0, k = 0; from < S; from += states) {
    const n = Math.min(states, S - from);
    const first = from * A;
    for (let i = 0; i < n * A; i++) {
      const end = rows[first + i + 1];
      let expected = 0;
      for (; k < end; k++) expected += p[k] * V[next[k]];
      q[i] = r[first + i] + gamma * expected;
    }
    for (let s = 0, i = 0; s < n; s++) {
      let most = q[i++];
      for (let a = 1; a < A; a++, i++) if (q[i] > most) most = q[i];
      best[s] = most;
    }
    for (let s = 0, i = 0; s < n; s++) {
      let total = 0;
      for (let a = 0; a < A; a++, i++) total += expOfNegative((q[i] - best[s]) / temperature);
      sum[s] = total;
    }
    for (let s = 0; s < n; s++) {
      const soft = terminal[from + s] === 1 ? 0 : best[s] + temperature * Math.log(sum[s]);
      out[from + s] = soft;
      const moved = Math.abs(soft - V[from + s]);
      if (moved > change) change = moved;
    }
  }
  return change;
}
