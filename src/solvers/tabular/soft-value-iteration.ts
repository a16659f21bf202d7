import type { TabularMdp } from "../../mdp/tabular.ts";
import { backup, softMaximum, softSweep } from "./backup.ts";
import { type DiscountedOptions, direct, largestOf, roundingOf, settled, solveFor, TOLERANCE } from "./linear.ts";
import { mustBeTemperature, type PolicyTable } from "./policies.ts";
import type { Solution } from "./value-iteration.ts";

export interface SoftOptions extends DiscountedOptions {
  /** What a nat of entropy is worth, in units of reward. */
  readonly temperature?: number;
}

/**
 * The soft Bellman recursion (Ziebart 2010, maximum causal entropy): the values of the policy that maximises expected
 * reward plus α times its entropy, and that policy. With a finite horizon, backwards from V_{H+1} = 0:
 *
 *     Q_h(s,a) = r(s,a) + γ Σ_s' P(s'|s,a) V_{h+1}(s')
 *     V_h(s)   = α log Σ_a exp(Q_h(s,a) / α)
 *     π_h(a|s) = exp((Q_h(s,a) - V_h(s)) / α)
 *
 * Discounted, the fixed point of the same: for up to 400 states by Newton's method (evaluate the softmax policy with its
 * entropy by a direct solve, take the softmax of its Q, repeat), beyond by sweeps from V = 0 until
 * γ/(1-γ) max|V_k - V_{k-1}|, which bounds the distance to the fixed point, is below `tolerance` times the largest value.
 * Terminal states have V = 0 (nothing is chosen there) and a uniform row of π. Throws unless the temperature α is positive.
 * @formula soft-bellman
 */
export function softValueIteration(mdp: TabularMdp, options: SoftOptions = {}): Solution {
  const { S, A, H } = mdp;
  const { temperature = 1 } = options;
  mustBeTemperature(temperature, "the values of temperature 0 are those of valueIteration(mdp)");
  if (H === Infinity) return discounted(mdp, temperature, options);
  const values = { V: new Float64Array((H + 1) * S), Q: new Float64Array(H * S * A), pi: new Float64Array(H * S * A) };
  softBackward(mdp, mdp.r, temperature, values);
  return { ...values, error: 0 };
}

/**
 * The finite-horizon recursion into tables that are there already, for a reward `r [S, A]` of the caller's (whose
 * unavailable actions have -Infinity): what a learner of rewards runs in its inner loop. Nothing is checked or allocated.
 */
export function softBackward(
  mdp: TabularMdp,
  r: Float64Array,
  temperature: number,
  { V, Q, pi }: { readonly V: Float64Array; readonly Q: Float64Array; readonly pi: PolicyTable },
): void {
  const { S, A, H } = mdp;
  V.fill(0, H * S);
  for (let h = H - 1; h >= 0; h--) {
    backup(mdp, r, V, Q, { pi: 0, Q: h * S * A, V: (h + 1) * S });
    softMaximum(mdp, Q, temperature, V, pi, { pi: 0, Q: h * S * A, V: h * S });
  }
}

function discounted(mdp: TabularMdp, temperature: number, options: DiscountedOptions): Solution {
  const { S, A, gamma, r } = mdp;
  const Q = new Float64Array(S * A);
  const pi = new Float64Array(S * A);
  let V: Float64Array = new Float64Array(S);
  let error = 0;
  if (direct(mdp, options)) {
    V = newton(mdp, temperature, Q, pi);
  } else {
    let out: Float64Array = new Float64Array(S);
    let change: number;
    do {
      change = softSweep(mdp, V, temperature, out);
      [V, out] = [out, V];
    } while (!settled(change, largestOf(V), gamma, options.tolerance ?? TOLERANCE));
    error = (gamma / (1 - gamma)) * change;
  }
  backup(mdp, r, V, Q);
  softMaximum(mdp, Q, temperature, V, pi);
  return { V, Q, pi, error: gamma * error };
}

/** The soft fixed point: V <- (I - γ P_π)⁻¹ (r_π + α entropy(π)), π <- softmax(Q / α). Rises, and quadratically once it is near. */
function newton(mdp: TabularMdp, temperature: number, Q: Float64Array, pi: Float64Array): Float64Array {
  const { S, A, r, gamma, terminal } = mdp;
  let V: Float64Array = new Float64Array(S).fill(-Infinity);
  const earned = new Float64Array(S);
  const terms = r.map((value) => (value === -Infinity ? 0 : value)); // V may be sums of these that cancel, and round as they do
  const least = roundingOf(terms, gamma);
  softMaximum(mdp, r, temperature, earned, pi);
  for (;;) {
    for (let s = 0; s < S; s++) {
      let sum = 0;
      for (let i = s * A; i < (s + 1) * A; i++) if (pi[i] > 0) sum += pi[i] * (r[i] - temperature * Math.log(pi[i]));
      earned[s] = terminal[s] === 1 ? 0 : sum;
    }
    const improved = solveFor(mdp, pi, earned);
    let gain = 0;
    for (let s = 0; s < S; s++) gain = Math.max(gain, improved[s] - V[s]);
    V = improved;
    if (gain <= Math.max(least, roundingOf(V, gamma))) return V;
    backup(mdp, r, V, Q);
    softMaximum(mdp, Q, temperature, earned, pi);
  }
}
