import { effectiveHorizon, type TabularMdp } from "../../mdp/tabular.ts";
import { type DiscountedOptions, direct, solveFor, TOLERANCE } from "./linear.ts";
import { type PolicyTable, policyStride } from "./policies.ts";

/** Where a policy is, and what it does there. */
export interface Occupancy {
  /** Finite horizon: d_h(s) = Pr(s_h = s), `[H, S]`, every row sums to 1. Discounted: d(s), `[S]`, sums to 1. */
  readonly d: Float64Array;
  /** d(s) pi(a|s): `[H, S, A]` or `[S, A]`. */
  readonly dsa: Float64Array;
  /** No sum of |d - exact| over states is larger than this, rounding aside: 0 unless iteration was stopped. */
  readonly error: number;
}

/**
 * The occupancy measure of a policy, forwards from d_1 = ρ:
 *
 *     d_{h+1}(s') = Σ_s,a d_h(s) π_h(a|s) P(s'|s,a)
 *
 * Discounted, d(s) = (1-γ) Σ_h γ^(h-1) Pr(s_h = s), the solution of d = (1-γ) ρ + γ P_πᵀ d: by elimination for up to
 * 400 states, beyond by summing the series until the mass that is left, γ^k, is below `tolerance`. An episode that has
 * ended stays in its terminal state, so that the sums remain 1. A finite horizon with a discount has the undiscounted
 * d_h: the weights γ^(h-1) belong to the sum over h. Throws as `policyEvaluation` does.
 * @formula occupancy
 */
export function occupancy(mdp: TabularMdp, pi: PolicyTable, options: DiscountedOptions = {}): Occupancy {
  const { S, A, H, gamma, rho } = mdp;
  const stride = policyStride(mdp, pi);
  const steps = H === Infinity ? 1 : H;
  let d: Float64Array = new Float64Array(steps * S);
  let error = 0;
  if (H !== Infinity) {
    d.set(rho);
    for (let h = 0; h + 1 < H; h++) flow(mdp, pi, d, d, { pi: h * stride, d: h * S, out: (h + 1) * S });
  } else if (direct(mdp, options)) {
    d = solveFor(
      mdp,
      pi,
      rho.map((probability) => (1 - gamma) * probability),
      true,
    );
  } else {
    let left = 1;
    let now: Float64Array = Float64Array.from(rho);
    let then: Float64Array = new Float64Array(S);
    while (left > (options.tolerance ?? TOLERANCE)) {
      for (let s = 0; s < S; s++) d[s] += (1 - gamma) * left * now[s];
      left *= gamma;
      then.fill(0);
      flow(mdp, pi, now, then);
      [now, then] = [then, now];
    }
    for (let s = 0; s < S; s++) d[s] += left * now[s]; // as if it stood still from here on: the sum stays 1
    error = 2 * left;
  }
  const dsa = new Float64Array(steps * S * A);
  for (let h = 0, s = 0, i = 0; h < steps; h++) {
    for (let end = s + S; s < end; s++) {
      for (let a = 0; a < A; a++, i++) dsa[i] = d[s] * pi[h * stride + i - h * S * A];
    }
  }
  return { d, dsa, error };
}

/**
 * Adds what flows from `d [S]` in one step, sum_{s,a} d(s) pi(a|s) P(s'|s,a), to `out [S]`. Nothing is checked. The last
 * argument says where each begins in a longer table.
 */
function flow(
  mdp: TabularMdp,
  pi: PolicyTable,
  d: Float64Array,
  out: Float64Array,
  { pi: fromPi, d: fromD, out: fromOut } = { pi: 0, d: 0, out: 0 },
): void {
  const { S, A } = mdp;
  const { rows, next, p } = mdp.P;
  for (let s = 0; s < S; s++) {
    const here = d[fromD + s];
    if (here === 0) continue;
    for (let i = s * A; i < (s + 1) * A; i++) {
      const mass = here * pi[fromPi + i];
      if (mass === 0) continue;
      const end = rows[i + 1];
      for (let k = rows[i]; k < end; k++) out[fromOut + next[k]] += mass * p[k];
    }
  }
}

/** The weight γ^(h-1) / Σ_k γ^(k-1) of step h in an average over the horizon, `[H]`: 1/H each without a discount; `[1]` for a discounted process. */
export function stepWeights(mdp: Pick<TabularMdp, "H" | "gamma">): Float64Array {
  if (mdp.H === Infinity) return Float64Array.of(1);
  const total = effectiveHorizon(mdp);
  const weights = new Float64Array(mdp.H);
  for (let h = 0, w = 1 / total; h < mdp.H; h++, w *= mdp.gamma) weights[h] = w;
  return weights;
}
