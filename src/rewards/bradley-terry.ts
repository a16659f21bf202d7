import { add, logSigmoid, mean, mul, neg, square, sub, type Tensor } from "../autodiff/index.ts";

/**
 * The chance that y1 is preferred to y2 where preferences follow rewards (Bradley & Terry 1952; slides "IRL with Preference
 * Feedback", behavior assumption):
 *
 *     p*(y1 ≻ y2 | x) = exp r(x, y1) / (exp r(x, y1) + exp r(x, y2)) = σ(r(x, y1) - r(x, y2))
 *
 * @formula bradley-terry
 */
export function preferenceProbability(r1: number, r2: number): number {
  return 1 / (1 + Math.exp(r2 - r1));
}

/**
 * How badly rewards explain each comparison yw ≻ yl, `[P]` (slides "IRL with Preference Feedback", maximum likelihood; the mean
 * over comparisons is the loss of a reward model, and of DPO with the implicit reward):
 *
 *     -log p(yw ≻ yl | x) = -log σ(r(x, yw) - r(x, yl))
 *
 * With label smoothing ε, the chance that a comparison was written down the wrong way round:
 *
 *     -(1 - ε) log σ(rw - rl) - ε log σ(rl - rw)
 *
 * Where the data say by how much yw is better, m `[P]`, that is asked of the rewards: -log σ(rw - rl - m) (Touvron et al. 2023,
 * section 3.2.2).
 *
 * @formula bradley-terry-loss
 */
export function bradleyTerryLoss(rw: Tensor, rl: Tensor, epsilon = 0, m?: Tensor): Tensor {
  const margin = m ? sub(sub(rw, rl), m) : sub(rw, rl);
  if (epsilon === 0) return neg(logSigmoid(margin));
  return neg(add(mul(1 - epsilon, logSigmoid(margin)), mul(epsilon, logSigmoid(neg(margin)))));
}

/**
 * What rewards are pulled to 0 by, since comparisons say nothing of their mean (Eisenstein et al. 2023, section 3):
 *
 *     E[(r(x, yw) + r(x, yl))²]
 *
 * @formula reward-centring
 */
export function centring(rw: Tensor, rl: Tensor): Tensor {
  return mean(square(add(rw, rl)));
}
