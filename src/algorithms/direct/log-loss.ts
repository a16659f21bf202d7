import {
  adam,
  adamW,
  add,
  cast,
  compile,
  compileUpdate,
  constant,
  constantSchedule,
  cosineSchedule,
  div,
  equal,
  gather,
  input,
  layout,
  linearSchedule,
  mean,
  mul,
  neg,
  type Optimizer,
  type Program,
  rmsprop,
  type Schedule,
  sgd,
  square,
  sub,
  sum,
  type Tensor,
  type Update,
} from "../../autodiff/index.ts";
import { describe, mustBeBelow, mustBeCounts, mustBePositive, mustNotBeNegative, size } from "../../mdp/index.ts";
import type { Normaliser, PolicyModel } from "../../policies/index.ts";

/** How theta is found: what every method that fits a policy to labelled states shares. */
export interface FitOptions {
  /** Pairs in a minibatch. */
  batchSize: number;
  /** The learning rate, at its largest. */
  learningRate: number;
  /** How the rate changes over the updates: stays, falls in a line, or falls along half a cosine to 0. */
  schedule: "constant" | "linear" | "cosine";
  /** Updates over which the rate first rises in a line. */
  warmup: number;
  /** Which optimizer follows the gradient. */
  optimizer: "adam" | "adamw" | "sgd" | "rmsprop";
  /** AdamW's decoupled decay, or plain L2 decay of `sgd`. */
  weightDecay: number;
  /** Momentum of `sgd`. */
  momentum: number;
  /** λ of λ/2 ‖θ‖² added to the loss. */
  l2: number;
  /** Weight of the policy's mean entropy, subtracted from the loss. */
  entropyBonus: number;
  /** The gradient is shortened to this length; 0 for never. */
  clipNorm: number;
}

export const fitDefaults: FitOptions = {
  batchSize: 32,
  learningRate: 3e-3,
  schedule: "cosine",
  warmup: 0,
  optimizer: "adam",
  weightDecay: 0,
  momentum: 0.9,
  l2: 0,
  entropyBonus: 0,
  clipNorm: 0,
};

/** Throws on an option that no update can be made with. */
export function checkFit(options: Omit<FitOptions, "l2" | "entropyBonus"> & Partial<FitOptions>): void {
  const { batchSize, learningRate, warmup, weightDecay, momentum, l2 = 0, entropyBonus = 0, clipNorm } = options;
  mustBeCounts({ batchSize });
  mustBeCounts({ warmup }, 0);
  mustBePositive({ learningRate });
  mustBeBelow(1, { momentum });
  mustNotBeNegative({ weightDecay, l2, entropyBonus, clipNorm });
}

/** The optimizer that the options describe, for a run of `total` updates. */
export function optimizerFor(options: FitOptions, total: number): Optimizer {
  const { learningRate: rate, warmup, weightDecay } = options;
  const schedules: Record<FitOptions["schedule"], () => Schedule> = {
    constant: () => (warmup > 0 ? constantSchedule(rate, warmup) : rate),
    linear: () => linearSchedule(rate, total, { warmup }),
    cosine: () => cosineSchedule(rate, total, { warmup }),
  };
  const learningRate = schedules[options.schedule]();
  switch (options.optimizer) {
    case "adam":
      return adam({ learningRate });
    case "adamw":
      return adamW({ learningRate, weightDecay });
    case "rmsprop":
      return rmsprop({ learningRate });
    case "sgd":
      return sgd({ learningRate, momentum: options.momentum, weightDecay });
  }
}

/** The vectors that the optimizer of the options keeps. */
export function slotNames(options: FitOptions): readonly string[] {
  return optimizerFor(options, 1).slots;
}

/** The states s `[B, D]` and actions a of a minibatch, as inputs. */
function pair(model: PolicyModel): { s: Tensor; a: Tensor } {
  return { s: input("s", ["B", size(model.observation)]), a: model.head.action("a") };
}

/**
 * (1/N) Σ log 1/π_θ(a_i | s_i), the log loss; with class weights w the mean is weighted, Σ w_a log 1/π / Σ w_a.
 * @formula log-loss
 */
function logLoss(model: PolicyModel, z: Tensor, a: Tensor, classWeights?: Float32Array): Tensor {
  const logPi = model.head.logProb(z, a);
  if (!classWeights) return neg(mean(logPi));
  const w = gather(constant(classWeights), a);
  return neg(div(sum(mul(w, logPi)), sum(w)));
}

/** Updates of θ by the log loss, with entropy bonus and L2 weight. Throws if class weights don't fit the actions. */
export function compileFit(
  model: PolicyModel,
  normal: Normaliser | undefined,
  options: FitOptions,
  total: number,
  classWeights?: Float32Array,
): Promise<Update> {
  if (classWeights && (model.action.kind !== "discrete" || model.action.n !== classWeights.length)) {
    throw new RangeError(
      `class weights are one number for each discrete action, found ${classWeights.length} for ${describe(model.action)}`,
    );
  }
  const { s, a } = pair(model);
  const z = model.forward(s, normal);
  let loss = logLoss(model, z, a, classWeights);
  if (options.entropyBonus !== 0) loss = sub(loss, mul(options.entropyBonus, mean(model.head.entropy(z))));
  if (options.l2 !== 0) {
    const squares = layout(model.params).params.map((p) => sum(square(p)));
    loss = add(
      loss,
      mul(
        options.l2 / 2,
        squares.reduce((x, y) => add(x, y)),
      ),
    );
  }
  const clip = options.clipNorm > 0 ? { clipNorm: options.clipNorm } : {};
  return compileUpdate({
    loss,
    params: model.params,
    optimizer: optimizerFor(options, total),
    dims: { B: options.batchSize },
    ...clip,
  });
}

/** The log loss and, for choices, the share of states on which the most likely action is the expert's: sums over a batch. */
export function compileScore(model: PolicyModel, normal: Normaliser | undefined): Promise<Program> {
  const { s, a } = pair(model);
  const z = model.forward(s, normal);
  const nll = neg(sum(model.head.logProb(z, a)));
  const outputs: Record<string, Tensor> = { nll };
  if (model.action.kind === "discrete") outputs.matches = sum(cast(equal(model.head.mode(z), a), "float32"));
  return compile({ outputs, params: model.params });
}
