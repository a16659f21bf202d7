import { effectiveHorizon, type TabularMdp } from "../mdp/tabular.ts";
import type { DiscountedOptions } from "../solvers/tabular/linear.ts";
import { occupancy, stepWeights } from "../solvers/tabular/occupancy.ts";
import { policyEvaluation } from "../solvers/tabular/policy-evaluation.ts";
import { strides } from "./performance-difference.ts";
import { atStart, type Pair } from "./returns.ts";

/**
 * How two distributions over actions disagree. Both are 1{a ≠ b} for deterministic policies.
 * `total-variation`: ½ Σ_a |π*(a|s) - π̂(a|s)|, the chance that the two differ when they are coupled as well as can be. It is
 * the generalisation with which the lecture's bounds hold for stochastic policies and remain 0 for equal ones.
 * `mismatch`: 1 - Σ_a π*(a|s) π̂(a|s), the chance that two independent draws differ. It is never smaller, so the bounds hold
 * with it too, but a stochastic policy disagrees with itself.
 */
export type Disagreement = "total-variation" | "mismatch";

export interface BoundOptions extends DiscountedOptions {
  readonly disagreement?: Disagreement;
}

/** An upper bound beside what it bounds. */
export interface Bound {
  /** The disagreement per step, under the distribution the bound is about. */
  readonly eps: number;
  /** Range(Q). */
  readonly range: number;
  /** H, or Σ γ^(h-1) where there is a discount. */
  readonly horizon: number;
  /** horizon * range * eps */
  readonly bound: number;
  /** V^π*(ρ) - V^π̂(ρ), exactly. */
  readonly gap: number;
}

/**
 * The most that one choice can matter:
 *
 *     Range(Q) = max_{h,s,a,b} |Q_h(s,a) - Q_h(s,b)|
 *
 * over available actions; `Q [.., S, A]`. Slides: "Behavior Cloning: Reduction to Classification".
 * @formula range-q
 */
export function rangeOf(A: number, Q: Float64Array): number {
  let range = 0;
  for (let first = 0; first < Q.length; first += A) {
    let low = Infinity;
    let high = -Infinity;
    for (let i = first; i < first + A; i++) {
      if (Q[i] === -Infinity) continue;
      if (Q[i] < low) low = Q[i];
      if (Q[i] > high) high = Q[i];
    }
    if (high - low > range) range = high - low;
  }
  return range;
}

/**
 * The disagreement rate under the states that one of the two policies visits:
 *
 *     ε = (1/H) Σ_h Σ_s d_h(s) D(π*_h(.|s), π̂_h(.|s)),   D = 1{π*_h(s) ≠ π̂_h(s)} for deterministic policies
 *
 * Between 0 and 1. Terminal states don't count: nothing is chosen there. With a discount the steps have the weights
 * γ^(h-1), with their sum instead of H. Slides: "Behavior Cloning: Reduction to Classification" (the expert's states),
 * "Analysis" (the learner's).
 * @formula disagreement
 */
export function disagreement(mdp: TabularMdp, pair: Pair, under: "expert" | "learner", options: BoundOptions = {}): number {
  const { S, A, terminal } = mdp;
  const { piStar, piHat } = pair;
  const { disagreement: measure = "total-variation" } = options;
  const [star, hat] = strides(mdp, piStar, piHat);
  const { d } = occupancy(mdp, under === "expert" ? piStar : piHat, options);
  let eps = 0;
  stepWeights(mdp).forEach((weight, h) => {
    for (let s = 0; s < S; s++) {
      if (terminal[s] === 1 || d[h * S + s] === 0) continue;
      let differ = 0;
      let agree = 0;
      for (let i = s * A; i < (s + 1) * A; i++) {
        differ += Math.abs(piStar[h * star + i] - piHat[h * hat + i]);
        agree += piStar[h * star + i] * piHat[h * hat + i];
      }
      eps += weight * d[h * S + s] * (measure === "mismatch" ? 1 - agree : differ / 2);
    }
  });
  return eps;
}

/**
 * What behavior cloning can lose, by how often the learner errs where the expert goes:
 *
 *     V^π*(ρ) - V^π̂(ρ) ≤ H Range(Q^π̂) ε,   ε under d^π*
 *
 * with the gap itself beside it. Slides: "Behavior Cloning: Reduction to Classification".
 * @formula bc-bound
 */
export function behaviorCloningBound(mdp: TabularMdp, pair: Pair, options: BoundOptions = {}): Bound {
  return bound(mdp, pair, "expert", options);
}

/**
 * What DAgger can lose, by how often the learner errs where it goes itself:
 *
 *     V^π*(ρ) - V^π̂(ρ) ≤ H Range(Q^π*) ε,   ε under d^π̂
 *
 * with the gap itself beside it. Slides: "Analysis".
 * @formula dagger-bound
 */
export function daggerBound(mdp: TabularMdp, pair: Pair, options: BoundOptions = {}): Bound {
  return bound(mdp, pair, "learner", options);
}

function bound(mdp: TabularMdp, pair: Pair, under: "expert" | "learner", options: BoundOptions): Bound {
  const star = policyEvaluation(mdp, pair.piStar, options);
  const hat = policyEvaluation(mdp, pair.piHat, options);
  const eps = disagreement(mdp, pair, under, options);
  const range = rangeOf(mdp.A, under === "expert" ? hat.Q : star.Q);
  const horizon = effectiveHorizon(mdp);
  return { eps, range, horizon, bound: horizon * range * eps, gap: atStart(mdp, star) - atStart(mdp, hat) };
}
