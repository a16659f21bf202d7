import { effectiveHorizon, type TabularMdp } from "../mdp/tabular.ts";
import type { DiscountedOptions } from "../solvers/tabular/linear.ts";
import { occupancy, stepWeights } from "../solvers/tabular/occupancy.ts";
import { type PolicyTable, policyStride } from "../solvers/tabular/policies.ts";
import { policyEvaluation } from "../solvers/tabular/policy-evaluation.ts";
import type { Pair } from "./returns.ts";

/**
 * The performance-difference lemma where the expert goes:
 *
 *     V^π*(ρ) - V^π̂(ρ) = Σ_h Σ_s d_h^π*(s) (Q_h^π̂(s, π*_h) - Q_h^π̂(s, π̂_h)),   Q(s, π) = Σ_a π(a|s) Q(s,a)
 *
 * Step h has the weight γ^(h-1); without a horizon the sum over h becomes 1/(1-γ) under the discounted occupancy.
 * Kakade & Langford 2002; slides: "Behavior Cloning: Reduction to Classification".
 * @formula performance-difference-expert
 */
export function differenceUnderExpert(mdp: TabularMdp, { piStar, piHat }: Pair, options?: DiscountedOptions): number {
  const { d } = occupancy(mdp, piStar, options);
  const { Q } = policyEvaluation(mdp, piHat, options);
  return advantageSum(mdp, d, Q, { piStar, piHat });
}

/**
 * The performance-difference lemma where the learner goes:
 *
 *     V^π*(ρ) - V^π̂(ρ) = Σ_h Σ_s d_h^π̂(s) (Q_h^π*(s, π*_h) - Q_h^π*(s, π̂_h)),   Q(s, π) = Σ_a π(a|s) Q(s,a)
 *
 * with weights as in `differenceUnderExpert`. Slides: "Analysis" (of DAgger).
 * @formula performance-difference-learner
 */
export function differenceUnderLearner(mdp: TabularMdp, { piStar, piHat }: Pair, options?: DiscountedOptions): number {
  const { d } = occupancy(mdp, piHat, options);
  const { Q } = policyEvaluation(mdp, piStar, options);
  return advantageSum(mdp, d, Q, { piStar, piHat });
}

/** Σ_h γ^(h-1) Σ_s d_h(s) Σ_a (π*_h(a|s) - π̂_h(a|s)) Q_h(s,a). */
function advantageSum(mdp: TabularMdp, d: Float64Array, Q: Float64Array, { piStar, piHat }: Pair): number {
  const { S, A } = mdp;
  const [star, hat] = strides(mdp, piStar, piHat);
  const total = effectiveHorizon(mdp);
  let sum = 0;
  stepWeights(mdp).forEach((weight, h) => {
    let step = 0;
    for (let s = 0, i = 0; s < S; s++) {
      let difference = 0;
      for (let a = 0; a < A; a++, i++) {
        const change = piStar[h * star + i] - piHat[h * hat + i];
        if (change !== 0) difference += change * Q[h * S * A + i];
      }
      step += d[h * S + s] * difference;
    }
    sum += total * weight * step;
  });
  return sum;
}

/** How far apart the steps of each table are (0: it is stationary). */
export function strides(mdp: TabularMdp, piStar: PolicyTable, piHat: PolicyTable): [number, number] {
  return [policyStride(mdp, piStar), policyStride(mdp, piHat)];
}
