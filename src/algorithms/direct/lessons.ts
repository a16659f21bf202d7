import type { TrainState } from "../../autodiff/index.ts";
import type { MinibatchState } from "../../data/index.ts";

/** Demonstrations of one kind as behavior cloning learns from them: pairs (s, a) of a world, or tokens with their contexts. */
export interface Lessons {
  /** Updates in which all pairs are seen once. */
  readonly perEpoch: number;
  /** Makes the next `updates` updates of θ by minibatches of the log loss; gives the sums of loss and gradient norm over them (of texts, of tokens). */
  learn(learner: TrainState, updates: number): Promise<{ loss: number; gradNorm: number; tokens?: number }>;
  /** The log loss (in nats) on the held-out pairs and, for choices, the share that θ's most likely action gets right. */
  readonly validate?: (theta: Float32Array) => Promise<Score>;
  /** Where the stream of minibatches stands, unless the number of updates says it. */
  state?(): MinibatchState;
  /** What should be known of how the demonstrations were used. */
  readonly note?: string;
}

export interface Score {
  readonly loss: number;
  readonly accuracy?: number;
}
