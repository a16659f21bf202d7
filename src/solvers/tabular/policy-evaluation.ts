import type { TabularMdp } from "../../mdp/tabular.ts";
import { backup, expectation } from "./backup.ts";
import { type DiscountedOptions, direct, largestOf, settled, solveFor, TOLERANCE } from "./linear.ts";
import { type PolicyTable, policyStride } from "./policies.ts";

/** The values of a policy. */
export interface Values {
  /** Finite horizon: V_h(s), `[H + 1, S]`, row h the value with H - h steps to go (the last row is 0). Discounted: `[S]`. */
  readonly V: Float64Array;
  /** Finite horizon: Q_h(s, a), `[H, S, A]`. Discounted: `[S, A]`. -Infinity where an action is not available. */
  readonly Q: Float64Array;
  /** No value is further than this from the exact one, rounding aside: 0 unless iteration was stopped. */
  readonly error: number;
}

/**
 * V^pi and Q^pi, exactly. With a finite horizon, backwards from V_{H+1} = 0:
 *
 *     Q_h(s,a) = r(s,a) + γ Σ_s' P(s'|s,a) V_{h+1}(s'),   V_h(s) = Σ_a π_h(a|s) Q_h(s,a)
 *
 * Discounted, the solution of V = r_π + γ P_π V: by elimination for up to 400 states, beyond by iteration until
 * γ/(1-γ) max|V_k - V_{k-1}|, which bounds the distance to V^π, is below `tolerance` times the largest value.
 * Throws on a policy of the wrong shape, or one that is not a distribution over available actions.
 */
export function policyEvaluation(mdp: TabularMdp, pi: PolicyTable, options: DiscountedOptions = {}): Values {
  const { S, A, H } = mdp;
  const stride = policyStride(mdp, pi);
  if (H === Infinity) return discounted(mdp, pi, options);
  const V = new Float64Array((H + 1) * S);
  const Q = new Float64Array(H * S * A);
  for (let h = H - 1; h >= 0; h--) {
    backup(mdp, mdp.r, V, Q, { pi: 0, Q: h * S * A, V: (h + 1) * S });
    expectation(mdp, pi, Q, V, { pi: h * stride, Q: h * S * A, V: h * S });
  }
  return { V, Q, error: 0 };
}

function discounted(mdp: TabularMdp, pi: PolicyTable, options: DiscountedOptions): Values {
  const { S, A, gamma, r } = mdp;
  const Q = new Float64Array(S * A);
  let V: Float64Array = new Float64Array(S);
  let error = 0;
  if (direct(mdp, options)) {
    expectation(mdp, pi, r, V); // r_pi
    V = solveFor(mdp, pi, V);
  } else {
    let change = Infinity;
    let out: Float64Array = new Float64Array(S);
    do {
      backup(mdp, r, V, Q);
      expectation(mdp, pi, Q, out);
      change = 0;
      for (let s = 0; s < S; s++) change = Math.max(change, Math.abs(out[s] - V[s]));
      [V, out] = [out, V];
    } while (!settled(change, largestOf(V), gamma, options.tolerance ?? TOLERANCE));
    error = (gamma / (1 - gamma)) * change;
  }
  backup(mdp, r, V, Q);
  return { V, Q, error };
}
