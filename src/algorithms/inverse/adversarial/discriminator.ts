import {
  abs,
  adam,
  adamW,
  add,
  cast,
  compile,
  compileUpdate,
  div,
  expandDims,
  grad,
  greater,
  input,
  mean,
  mul,
  neg,
  type Program,
  sigmoid,
  slice,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Update,
} from "../../../autodiff/index.ts";
import type { StepNetwork } from "../../../rewards/index.ts";
import type { DiscriminatorOptions } from "./options.ts";

/** The scalars that describe one update of a discriminator. */
export interface Discrimination {
  readonly loss: Tensor;
  readonly metrics: Readonly<Record<"expertAccuracy" | "learnerAccuracy" | "discriminatorEntropy" | "penalty", Tensor>>;
}

/**
 * The loss of a discriminator D = σ(l) on rows x `[2 B, W]`, the expert's first and the learner's after them, with labels y:
 *
 *     l = f(x)                        GAIL (Ho & Ermon 2016)
 *     l = f(x) − log π(a | s)         AIRL (Fu et al. 2018): D = e^f / (e^f + π)
 *     L = −E[y log D + (1 − y) log(1 − D)] − c E[H(D)] + λ E[(‖∇_x̂ f(x̂)‖ − 1)²]
 *
 * y = 1 − ε for the expert and ε for the learner, x̂ = u x_E + (1 − u) x_π between the first of the two, u
 * `[penalisedRows]` (Gulrajani et al. 2017).
 * The other inputs are logPi `[2 B]` where `policyAware`, and u where λ > 0. Members of an ensemble are judged one by one.
 * @formula discriminator-loss
 */
export function discrimination(network: StepNetwork, options: DiscriminatorOptions, policyAware: boolean): Discrimination {
  const { rewardBatch: B, labelSmoothing: eps, rewardEntropy, gradientPenalty } = options;
  const { width } = network.encoding;
  const x = input("x", [2 * B, width]);
  const logPi = policyAware ? input("logPi", [2 * B]) : undefined;
  const average = (parts: readonly Tensor[]) =>
    div(
      parts.reduce((a, b) => add(a, b)),
      parts.length,
    );
  const logits = network.forward(x).map(({ f }) => (logPi ? sub(f, logPi) : f));
  const each = logits.map((l) => {
    const [expert, learner] = [slice(l, 0, 0, B), slice(l, 0, B, 2 * B)];
    // −log D = softplus(−l), −log(1 − D) = softplus(l)
    const against = (z: Tensor, y: number) => mean(add(mul(y, softplus(neg(z))), mul(1 - y, softplus(z))));
    const D = sigmoid(l);
    return {
      loss: mul(0.5, add(against(expert, 1 - eps), against(learner, eps))),
      entropy: mean(sub(softplus(l), mul(D, l))),
      expertAccuracy: mean(cast(greater(expert, 0), "float32")),
      learnerAccuracy: mean(cast(greater(0, learner), "float32")),
    };
  });
  let loss = average(each.map((own) => own.loss));
  const entropy = average(each.map((own) => own.entropy));
  if (rewardEntropy !== 0) loss = sub(loss, mul(rewardEntropy, entropy));
  let penalty: Tensor = mul(0, loss);
  if (gradientPenalty > 0) {
    const G = penalisedRows(options);
    const u = expandDims(input("u", [G]), 1);
    const between = add(mul(u, slice(x, 0, 0, G)), mul(sub(1, u), slice(x, 0, B, B + G)));
    penalty = average(
      network.forward(between).map(({ f }) => {
        const [slope] = grad(sum(f), [between]);
        return mean(square(sub(sqrt(add(sum(square(slope), 1), 1e-12)), 1)));
      }),
    );
    loss = add(loss, mul(gradientPenalty, penalty));
  }
  return {
    loss,
    metrics: {
      expertAccuracy: average(each.map((own) => own.expertAccuracy)),
      learnerAccuracy: average(each.map((own) => own.learnerAccuracy)),
      discriminatorEntropy: entropy,
      penalty: abs(penalty),
    },
  };
}

/** Rows that the gradient penalty is taken between. */
export function penalisedRows({ rewardBatch, penaltyShare }: Pick<DiscriminatorOptions, "rewardBatch" | "penaltyShare">): number {
  return Math.ceil(rewardBatch * penaltyShare);
}

/** Updates of the discriminator's parameters. */
export function compileDiscriminator(network: StepNetwork, options: DiscriminatorOptions, policyAware: boolean): Promise<Update> {
  const { rewardRate: learningRate, rewardDecay: weightDecay } = options;
  const { loss, metrics } = discrimination(network, options, policyAware);
  const optimizer = weightDecay > 0 ? adamW({ learningRate, weightDecay }) : adam({ learningRate });
  return compileUpdate({ loss, metrics, params: network.params, optimizer });
}

/** f of encoded rows, one output a member: `f0`, `f1`, ... */
export function compileValues(network: StepNetwork): Promise<Program> {
  const x = input("x", ["B", network.encoding.width]);
  const outputs = Object.fromEntries(network.forward(x).map(({ f }, i) => [`f${i}`, f]));
  return compile({ outputs, params: network.params });
}
