import {
  adam,
  adamW,
  add,
  compileAccumulated,
  compileUpdate,
  constantSchedule,
  cosineSchedule,
  input,
  linearSchedule,
  mean,
  mul,
  type Optimizer,
  sgd,
  sign,
  slice,
  sub,
  type Tensor,
  type TrainState,
} from "../../../autodiff/index.ts";
import { bradleyTerryLoss, centring, type RewardModel } from "../../../rewards/index.ts";
import { inParts } from "../../micro-batch.ts";

/** How φ is found. */
export interface RewardUpdateOptions {
  /** Comparisons in a minibatch. */
  batchSize: number;
  /** The learning rate, at its largest. */
  learningRate: number;
  /** How the rate changes over the updates: stays, falls in a line, or falls along half a cosine to 0. */
  schedule: "constant" | "linear" | "cosine";
  /** Updates over which the rate first rises in a line. */
  warmup: number;
  /** Which optimizer follows the gradient. */
  optimizer: "adam" | "adamw" | "sgd";
  /** AdamW's decoupled decay, or plain L2 decay of `sgd`. */
  weightDecay: number;
  /** The gradient is shortened to this length; 0 for never. */
  clipNorm: number;
  /** ε: the share of comparisons that are taken to be the wrong way round. */
  labelSmoothing: number;
  /** The weight of E[(rw + rl)²], which pulls rewards to mean 0. */
  centring: number;
  /** Comparisons whose gradient is computed at once, a divisor of `batchSize`; 0 for all. Fewer take less memory, the update is the same. */
  microBatch: number;
  /** Cores that one update may use. */
  threads: number;
}

/** What an update reports. */
export const REPORTED = ["loss", "gradNorm", "accuracy", "chosen", "rejected"] as const;

/** The optimizer that the options describe, for a run of `total` updates. */
export function optimizerOf(options: RewardUpdateOptions, total: number): Optimizer {
  const { learningRate: rate, warmup, weightDecay } = options;
  const learningRate = {
    constant: () => (warmup > 0 ? constantSchedule(rate, warmup) : rate),
    linear: () => linearSchedule(rate, total, { warmup }),
    cosine: () => cosineSchedule(rate, total, { warmup }),
  }[options.schedule]();
  if (options.optimizer === "sgd") return sgd({ learningRate, weightDecay });
  return options.optimizer === "adam" ? adam({ learningRate }) : adamW({ learningRate, weightDecay });
}

export type RewardMeasures = Record<(typeof REPORTED)[number], number>;

/** The inputs of comparisons from..to of a minibatch: the preferred answers, the others behind them. */
export type RewardFeeds = (from: number, to: number) => Record<string, Float32Array | Int32Array>;

/** φ ← optimizer(φ, ∇ loss) on the comparisons of a minibatch. */
export type RewardUpdate = (phi: TrainState, feeds: RewardFeeds) => Promise<RewardMeasures>;

/** Compiles the update: in one pass of the network, or in passes of `microBatch` comparisons whose gradients are added up. */
export async function compileRewardUpdate(
  reward: RewardModel,
  options: RewardUpdateOptions,
  total: number,
): Promise<RewardUpdate> {
  const { batchSize, microBatch, clipNorm, threads } = options;
  const optimizer = optimizerOf(options, total);
  const clip = clipNorm > 0 ? { clipNorm } : {};
  if (microBatch === 0 || microBatch === batchSize) {
    const { loss, metrics } = objective(reward, options, batchSize);
    const update = await compileUpdate({ loss, params: reward.params, optimizer, metrics, ...clip }, { threads });
    return async (phi, feeds) => {
      const report = await update.run(phi, feeds(0, batchSize));
      return Object.fromEntries(REPORTED.map((name) => [name, report[name][0]])) as RewardMeasures;
    };
  }
  // Sums of parts instead of means, so that all of them together are the sum over the minibatch.
  const { loss, metrics } = objective(reward, options, microBatch);
  const whole = (mean: Tensor) => mul(microBatch, mean);
  const sums = Object.fromEntries(Object.entries(metrics).map(([name, own]) => [name, whole(own)]));
  const update = await compileAccumulated({ loss: whole(loss), params: reward.params, optimizer, sums, ...clip }, { threads });
  return async (phi, feeds) => {
    const found = await update.run(phi, inParts(batchSize, microBatch, feeds), batchSize);
    const means = Object.fromEntries(Object.entries(found.sums).map(([name, sum]) => [name, sum / batchSize]));
    return { ...means, loss: found.loss, gradNorm: found.gradNorm } as RewardMeasures;
  };
}

/** The loss of P comparisons, 2P answers in one pass of the network, the preferred first; and what is reported of them. */
function objective(
  reward: RewardModel,
  options: RewardUpdateOptions,
  P: number,
): { loss: Tensor; metrics: Record<string, Tensor> } {
  const r = reward.reward({ rows: 2 * P });
  const [rw, rl] = [slice(r, 0, 0, P), slice(r, 0, P, 2 * P)];
  const fit = mean(bradleyTerryLoss(rw, rl, options.labelSmoothing, input("margin", [P])));
  return {
    loss: options.centring > 0 ? add(fit, mul(options.centring, centring(rw, rl))) : fit,
    metrics: {
      accuracy: mean(mul(0.5, add(1, sign(sub(rw, rl))))), // a tie counts one half
      chosen: mean(rw),
      rejected: mean(rl),
    },
  };
}
