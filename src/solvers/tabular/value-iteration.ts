import type { TabularMdp } from "../../mdp/tabular.ts";
import { backup, expectation, maximum, optimalSweep } from "./backup.ts";
import { type DiscountedOptions, direct, largestOf, roundingOf, settled, solveFor, TOLERANCE } from "./linear.ts";
import { greedy, greedyActions, oneHot, type PolicyTable } from "./policies.ts";
import type { Values } from "./policy-evaluation.ts";

/** Values together with the policy that they belong to. */
export interface Solution extends Values {
  /** `[H, S, A]`, or `[S, A]` for a discounted process. */
  readonly pi: PolicyTable;
}

/**
 * V*, Q* and a greedy optimal policy (ties go to the lowest action). With a finite horizon, backwards from V_{H+1} = 0:
 *
 *     Q_h(s,a) = r(s,a) + γ Σ_s' P(s'|s,a) V_{h+1}(s'),   V_h(s) = max_a Q_h(s,a)
 *
 * Discounted, the fixed point V = max_a (r + γ P V): for up to 400 states by policy iteration with direct solves
 * (Howard 1960), beyond by sweeps from V = 0 until γ/(1-γ) max|V_k - V_{k-1}|, which bounds the distance to V*, is
 * below `tolerance` times the largest value.
 */
export function valueIteration(mdp: TabularMdp, options: DiscountedOptions = {}): Solution {
  const { S, A, H } = mdp;
  if (H === Infinity) return discounted(mdp, options);
  const V = new Float64Array((H + 1) * S);
  const Q = new Float64Array(H * S * A);
  for (let h = H - 1; h >= 0; h--) {
    backup(mdp, mdp.r, V, Q, { pi: 0, Q: h * S * A, V: (h + 1) * S });
    maximum(mdp, Q, V, { pi: 0, Q: h * S * A, V: h * S });
  }
  return { V, Q, pi: greedy(A, Q), error: 0 };
}

function discounted(mdp: TabularMdp, options: DiscountedOptions): Solution {
  const { S, A, gamma, r } = mdp;
  const Q = new Float64Array(S * A);
  if (direct(mdp, options)) {
    const V = policyIteration(mdp, Q);
    return { V, Q, pi: greedy(A, Q), error: 0 };
  }
  let V: Float64Array = new Float64Array(S);
  let out: Float64Array = new Float64Array(S);
  let change: number;
  do {
    change = optimalSweep(mdp, V, out);
    [V, out] = [out, V];
  } while (!settled(change, largestOf(V), gamma, options.tolerance ?? TOLERANCE));
  backup(mdp, r, V, Q);
  return { V, Q, pi: greedy(A, Q), error: (gamma / (1 - gamma)) * change };
}

/** V* by policy iteration; Q* is left in `Q`. It ends when no action is better, or none by more than rounding. */
function policyIteration(mdp: TabularMdp, Q: Float64Array): Float64Array {
  const { S, A, r, gamma } = mdp;
  const actions = greedyActions(A, r);
  let V: Float64Array = new Float64Array(S).fill(-Infinity);
  for (;;) {
    const pi = oneHot(A, actions);
    const rewards = new Float64Array(S);
    expectation(mdp, pi, r, rewards);
    const improved = solveFor(mdp, pi, rewards);
    let gain = 0;
    for (let s = 0; s < S; s++) gain = Math.max(gain, improved[s] - V[s]);
    V = improved;
    backup(mdp, r, V, Q);
    let changed = false;
    for (let s = 0; s < S; s++) {
      for (let a = 0; a < A; a++) {
        if (Q[s * A + a] <= Q[s * A + actions[s]]) continue;
        actions[s] = a;
        changed = true;
      }
    }
    if (!changed || gain <= roundingOf(V, gamma)) break;
  }
  maximum(mdp, Q, V);
  return V;
}
