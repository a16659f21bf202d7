import {
  adam,
  adamW,
  add,
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
  type Update,
} from "../../../autodiff/index.ts";
import { bradleyTerryLoss, centring, type RewardModel } from "../../../rewards/index.ts";

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

/** φ ← optimizer(φ, ∇ loss) on P comparisons: 2P answers in one pass of the network, the preferred first. */
export function compileRewardUpdate(reward: RewardModel, options: RewardUpdateOptions, total: number): Promise<Update> {
  const P = options.batchSize;
  const r = reward.reward({ rows: 2 * P });
  const [rw, rl] = [slice(r, 0, 0, P), slice(r, 0, P, 2 * P)];
  const fit = mean(bradleyTerryLoss(rw, rl, options.labelSmoothing, input("margin", [P])));
  return compileUpdate(
    {
      loss: options.centring > 0 ? add(fit, mul(options.centring, centring(rw, rl))) : fit,
      params: reward.params,
      optimizer: optimizerOf(options, total),
      metrics: {
        accuracy: mean(mul(0.5, add(1, sign(sub(rw, rl))))), // a tie counts one half
        chosen: mean(rw),
        rejected: mean(rl),
      },
      ...(options.clipNorm > 0 ? { clipNorm: options.clipNorm } : {}),
    },
    { threads: options.threads },
  );
}
