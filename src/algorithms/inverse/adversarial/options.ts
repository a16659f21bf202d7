import type { RewardForm, StepOver } from "../../../rewards/index.ts";
import type { PpoOptions } from "../../../solvers/index.ts";

/** How the discriminator is built, trained and read. */
export interface DiscriminatorOptions {
  /** What it looks at: the state; also the action; also the next state; also whether the world ended the episode. */
  over: StepOver;
  rewardHidden: number[];
  rewardActivation: "tanh" | "relu" | "silu";
  /** How its logit becomes a reward. */
  rewardForm: RewardForm;
  /** f = g + γ h(s') − h(s) instead of g alone. */
  shaping: boolean;
  /** An absorbing state after every end that the world makes. */
  absorbing: boolean;
  /** Discriminators side by side, and how much their disagreement costs. */
  members: number;
  doubt: number;
  /** Updates a round, of minibatches with this many steps of the expert and as many of the learner. */
  rewardUpdates: number;
  rewardBatch: number;
  rewardRate: number;
  /** AdamW's decoupled decay. */
  rewardDecay: number;
  /** λ of λ E[(‖∇_x f(x)‖ − 1)²] between the expert's steps and the learner's. */
  gradientPenalty: number;
  /** The share of a minibatch that the penalty is taken on: it costs several times what the loss does. */
  penaltyShare: number;
  /** Layers that stretch nothing. */
  spectral: boolean;
  /** Labels are 1 − this and this instead of 1 and 0. */
  labelSmoothing: number;
  /** Standard deviation of what is added to every entry of a row, in units of the demonstrations' own. */
  noise: number;
  /** Weight of the entropy of D, which keeps it from being sure. */
  rewardEntropy: number;
  /** Rounds of the learner's steps that it is trained on, this one included. */
  memory: number;
  /** Bring rewards to mean 0 and deviation 1; only where all episodes have one length. */
  standardiseRewards: boolean;
}

export interface AdversarialOptions extends Omit<PpoOptions, "normalise">, DiscriminatorOptions {
  /** Whose moments observations are normalised by: the demonstrations', those of the learner's steps so far, or nobody's. */
  normalise: "demos" | "running" | "none";
  /** Updates of behavior cloning before the first round; 0 for none. */
  warmStart: number;
  /** Rounds at first in which only discriminator and critic learn. */
  settle: number;
  /** The first episode of copy i of n is cut after a share (i + 1) / n of its steps, so that copies don't begin all at once. */
  stagger: boolean;
  /** Of every trajectory only each k-th step is shown, from a drawn one on, as in the experiments of Ho & Ermon 2016; 1 for all. */
  every: number;
  /** Share of the trajectories that is held out (rounded down). */
  validation: number;
  /** Which policy is given: the last, the one nearest to the expert's steps, or the one that agrees best with held-out pairs. */
  keep: "last" | "distance" | "disagreement";
}

/** What GAIL and AIRL share. */
export const adversarialDefaults: Omit<AdversarialOptions, "over" | "rewardForm" | "shaping"> = {
  steps: 200_000,
  copies: 32,
  rolloutSteps: 32,
  epochs: 6,
  batchSize: 256,
  learningRate: 1e-3,
  schedule: "linear",
  gamma: 0.99,
  lambda: 0.95,
  clipRange: 0.2,
  valueClip: 0,
  valueWeight: 0.5,
  entropyBonus: 0,
  clipNorm: 0.5,
  targetKl: 0,
  normaliseAdvantages: true,
  scaleRewards: true,
  rewardHidden: [32, 32],
  rewardActivation: "tanh",
  absorbing: false,
  members: 1,
  doubt: 0,
  rewardUpdates: 8,
  rewardBatch: 128,
  rewardRate: 1e-3,
  rewardDecay: 0,
  gradientPenalty: 1,
  penaltyShare: 1,
  spectral: false,
  labelSmoothing: 0,
  noise: 0,
  rewardEntropy: 0,
  memory: 4,
  standardiseRewards: false,
  normalise: "demos",
  warmStart: 0,
  settle: 0,
  stagger: true,
  every: 1,
  validation: 0.1,
  keep: "last",
  seed: 0,
};
