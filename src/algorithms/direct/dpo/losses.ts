import {
  add,
  div,
  exp,
  logSigmoid,
  mul,
  neg,
  relu,
  sigmoid,
  sort,
  square,
  sub,
  sum,
  type Tensor,
} from "../../../autodiff/index.ts";
import { bradleyTerryLoss, implicitReward } from "../../../rewards/index.ts";

/** What the losses read of P comparisons yw ≻ yl; each `[P]`. */
export interface Pairs {
  /** log π_θ(yw | x) and log π_θ(yl | x). */
  readonly w: Tensor;
  readonly l: Tensor;
  /** log π_ref(yw | x) and log π_ref(yl | x); zeros where there is no reference. */
  readonly refW: Tensor;
  readonly refL: Tensor;
  /** |yw| and |yl|, in tokens. */
  readonly lengthW: Tensor;
  readonly lengthL: Tensor;
  /** Where these are a part of a minibatch: the tokens of its chosen responses, times the part's share of its comparisons. */
  readonly tokensW?: Tensor;
}

/** The dials of the losses. */
export interface Dials {
  /** β (in IPO's paper τ): how much reward a nat of divergence from π_ref is worth. */
  readonly beta: number;
  /** ε: the share of comparisons that are written down the wrong way round. */
  readonly labelSmoothing: number;
  /** τ of discopop. */
  readonly discopopTau: number;
}

/** h(y) = log π_θ(y | x) / π_ref(y | x) of both responses. */
const ratios = ({ w, l, refW, refL }: Pairs) => ({ hw: sub(w, refW), hl: sub(l, refL) });

/** The same for each token, h(y) / |y|. */
function perToken(pairs: Pairs) {
  const { hw, hl } = ratios(pairs);
  return { hw: div(hw, pairs.lengthW), hl: div(hl, pairs.lengthL) };
}

/** log σ(z) and log σ(-z) weighed by how sure the labels are. */
const smoothed = (z: Tensor, epsilon: number) => neg(add(mul(1 - epsilon, logSigmoid(z)), mul(epsilon, logSigmoid(neg(z)))));

/**
 * DPO (Rafailov et al. 2023, eq. 7; slides "Imitation with Preference Feedback"): -log σ(β [h(yw) - h(yl)]), the Bradley-Terry
 * loss of the implicit reward β h. With ε it is "conservative DPO" (Mitchell 2023).
 * @formula dpo
 */
export function dpoLoss({ w, l, refW, refL }: Pairs, { beta, labelSmoothing }: Dials): Tensor {
  return bradleyTerryLoss(implicitReward(w, refW, beta), implicitReward(l, refL, beta), labelSmoothing);
}

/**
 * The same for each token: -log σ(β [h(yw)/|yw| - h(yl)/|yl|]).
 * @formula dpo-norm
 */
export function dpoNormLoss(pairs: Pairs, { beta, labelSmoothing }: Dials): Tensor {
  const { hw, hl } = perToken(pairs);
  return smoothed(mul(beta, sub(hw, hl)), labelSmoothing);
}

/**
 * SLiC's hinge (Zhao et al. 2023; as RSO has it): max(0, 1 - β [h(yw) - h(yl)]).
 * @formula dpo-hinge
 */
export function hingeLoss(pairs: Pairs, { beta }: Dials): Tensor {
  const { hw, hl } = ratios(pairs);
  return relu(sub(1, mul(beta, sub(hw, hl))));
}

/**
 * IPO as its authors' code has it (Azar et al. 2023, eq. 17): (h(yw) - h(yl) - 1/(2β))².
 * @formula dpo-ipo-sum
 */
export function ipoSumLoss(pairs: Pairs, { beta }: Dials): Tensor {
  const { hw, hl } = ratios(pairs);
  return square(sub(sub(hw, hl), 1 / (2 * beta)));
}

/**
 * IPO for each token, as the field's tools run it: (h(yw)/|yw| - h(yl)/|yl| - 1/(2β))².
 * @formula dpo-ipo
 */
export function ipoLoss(pairs: Pairs, { beta }: Dials): Tensor {
  const { hw, hl } = perToken(pairs);
  return square(sub(sub(hw, hl), 1 / (2 * beta)));
}

/**
 * EXO for two responses (Ji et al. 2024, eq. 16): KL(q ‖ p) with q = (σ(z), σ(-z)), z = β [h(yw) - h(yl)], p = (1 - ε, ε).
 * @formula dpo-exo-pair
 */
export function exoPairLoss(pairs: Pairs, { beta, labelSmoothing: epsilon }: Dials): Tensor {
  const { hw, hl } = ratios(pairs);
  const z = mul(beta, sub(hw, hl));
  const chosen = mul(sigmoid(z), sub(logSigmoid(z), Math.log1p(-epsilon)));
  const rejected = mul(sigmoid(neg(z)), sub(logSigmoid(neg(z)), Math.log(epsilon)));
  return add(chosen, rejected);
}

/**
 * NCA for two responses (Chen et al. 2024): -log σ(β h(yw)) - ½ log σ(-β h(yw)) - ½ log σ(-β h(yl)).
 * @formula dpo-nca-pair
 */
export function ncaPairLoss(pairs: Pairs, { beta }: Dials): Tensor {
  const { hw, hl } = ratios(pairs);
  const [rw, rl] = [mul(beta, hw), mul(beta, hl)];
  return neg(add(logSigmoid(rw), mul(0.5, add(logSigmoid(neg(rw)), logSigmoid(neg(rl))))));
}

/**
 * Robust DPO (Chowdhury et al. 2024): without bias where a share ε of the labels is flipped,
 * [-(1 - ε) log σ(z) + ε log σ(-z)] / (1 - 2ε), z = β [h(yw) - h(yl)].
 * @formula dpo-robust
 */
export function robustLoss(pairs: Pairs, { beta, labelSmoothing: epsilon }: Dials): Tensor {
  const { hw, hl } = ratios(pairs);
  const z = mul(beta, sub(hw, hl));
  return mul(1 / (1 - 2 * epsilon), sub(mul(epsilon, logSigmoid(neg(z))), mul(1 - epsilon, logSigmoid(z))));
}

/**
 * The binary classifier (Jung et al. 2024, without its shift): -log σ(β h(yw)) - log σ(-β h(yl)).
 * @formula dpo-bco-pair
 */
export function bcoPairLoss(pairs: Pairs, { beta }: Dials): Tensor {
  const { hw, hl } = ratios(pairs);
  return neg(add(logSigmoid(mul(beta, hw)), logSigmoid(mul(-beta, hl))));
}

/**
 * SPPO with hard probabilities (Wu et al. 2024, eq. 4.7 with P = 1 and 0): (h(yw) - 1/(2β))² + (h(yl) + 1/(2β))².
 * @formula dpo-sppo-hard
 */
export function sppoHardLoss(pairs: Pairs, { beta }: Dials): Tensor {
  const { hw, hl } = ratios(pairs);
  return add(square(sub(hw, 1 / (2 * beta))), square(add(hl, 1 / (2 * beta))));
}

/**
 * Alignment by optimal transport, paired (Melnyk et al. 2024): the i-th smallest margin of π_θ should exceed the i-th smallest of
 * π_ref, -log σ(β [sort(w - l)_i - sort(refW - refL)_i]).
 * @formula dpo-aot
 */
export function aotLoss({ w, l, refW, refL }: Pairs, { beta, labelSmoothing }: Dials): Tensor {
  return smoothed(mul(beta, sub(sort(sub(w, l)), sort(sub(refW, refL)))), labelSmoothing);
}

/**
 * The same, unpaired: -log σ(β [sort(h(yw))_i - sort(h(yl))_i]).
 * @formula dpo-aot-unpaired
 */
export function aotUnpairedLoss(pairs: Pairs, { beta, labelSmoothing }: Dials): Tensor {
  const { hw, hl } = ratios(pairs);
  return smoothed(mul(beta, sub(sort(hw), sort(hl))), labelSmoothing);
}

/**
 * Anchored preferences where chosen responses are better than the policy's own (D'Oosterlinck et al. 2024, eq. 7):
 * (1 - σ(β h(yw))) + σ(β h(yl)).
 * @formula dpo-apo-zero
 */
export function apoZeroLoss(pairs: Pairs, { beta }: Dials): Tensor {
  const { hw, hl } = ratios(pairs);
  return add(sub(1, sigmoid(mul(beta, hw))), sigmoid(mul(beta, hl)));
}

/**
 * ... and where they are worse (eq. 8): σ(β h(yw)) + (1 - σ(β [h(yw) - h(yl)])).
 * @formula dpo-apo-down
 */
export function apoDownLoss(pairs: Pairs, { beta }: Dials): Tensor {
  const { hw, hl } = ratios(pairs);
  return add(sigmoid(mul(beta, hw)), sub(1, sigmoid(mul(beta, sub(hw, hl)))));
}

/**
 * DiscoPOP (Lu et al. 2024, eq. 5): -log σ(z) (1 - m) + e^{-z} m, m = σ(z/τ), z = β [h(yw) - h(yl)].
 * @formula dpo-discopop
 */
export function discopopLoss(pairs: Pairs, { beta, discopopTau: tau }: Dials): Tensor {
  const { hw, hl } = ratios(pairs);
  const z = mul(beta, sub(hw, hl));
  const m = sigmoid(mul(1 / tau, z));
  const decayed = exp(sub(logSigmoid(mul(1 / tau, z)), z)); // e^{-z} m in one exponent: e^{-z} alone overflows where m is 0
  return add(mul(neg(logSigmoid(z)), sub(1, m)), decayed);
}

/**
 * Cloning of the chosen responses: -Σ log π_θ(yw | x) / Σ |yw|, the log loss of a token; the same number for every pair.
 * @formula dpo-sft
 */
export function sftLoss({ w, lengthW, tokensW = sum(lengthW) }: Pairs): Tensor {
  return neg(div(sum(w), tokensW));
}

/** Every loss by the name that the field's tools give it; each pair's own, `[P]`, or one number for all. */
export const losses = {
  sigmoid: dpoLoss,
  hinge: hingeLoss,
  ipo: ipoLoss,
  ipo_sum: ipoSumLoss,
  exo_pair: exoPairLoss,
  nca_pair: ncaPairLoss,
  robust: robustLoss,
  bco_pair: bcoPairLoss,
  sppo_hard: sppoHardLoss,
  aot: aotLoss,
  aot_unpaired: aotUnpairedLoss,
  apo_zero: apoZeroLoss,
  apo_down: apoDownLoss,
  discopop: discopopLoss,
  sft: sftLoss,
  sigmoid_norm: dpoNormLoss,
} as const satisfies Record<string, (pairs: Pairs, dials: Dials) => Tensor>;

export type LossName = keyof typeof losses;
