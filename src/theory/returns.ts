import type { TabularMdp } from "../mdp/tabular.ts";
import type { DiscountedOptions } from "../solvers/tabular/linear.ts";
import type { PolicyTable } from "../solvers/tabular/policies.ts";
import { policyEvaluation, type Values } from "../solvers/tabular/policy-evaluation.ts";

/**
 * What a policy is worth from where episodes start:
 *
 *     V^π(ρ) = Σ_s ρ(s) V^π_1(s)
 *
 * in the units of the reward. Throws as `policyEvaluation` does.
 * @formula value
 */
export function policyValue(mdp: TabularMdp, pi: PolicyTable, options?: DiscountedOptions): number {
  return atStart(mdp, policyEvaluation(mdp, pi, options));
}

/**
 * How far a learned policy falls short of the expert:
 *
 *     V^π*(ρ) - V^π̂(ρ)
 *
 * in the units of the reward; negative where the learner is the better one. Slides: "Imitation Learning ∈ Supervised Learning".
 * @formula value-gap
 */
export function valueGap(mdp: TabularMdp, { piStar, piHat }: Pair, options?: DiscountedOptions): number {
  return policyValue(mdp, piStar, options) - policyValue(mdp, piHat, options);
}

/** An expert's policy and a learner's, each stationary `[S, A]` or time-dependent `[H, S, A]`. */
export interface Pair {
  readonly piStar: PolicyTable;
  readonly piHat: PolicyTable;
}

/** Σ_s ρ(s) V(s), V that of the first step. */
export function atStart({ S, rho }: TabularMdp, { V }: Pick<Values, "V">): number {
  let sum = 0;
  for (let s = 0; s < S; s++) sum += rho[s] * V[s];
  return sum;
}
