import { mustBeBelow, mustBeCounts, mustBePositive, mustNotBeNegative } from "../../../mdp/index.ts";
import { type RewardForm, rewardForms, type StepOver } from "../../../rewards/index.ts";
import { type PpoOptions, ppo, ppoOptionsOf } from "../../../solvers/index.ts";

/** How the discriminator is built, trained and read. */
export interface DiscriminatorOptions {
  /** What it looks at: the state; also the action; also the next state; also whether the world ended the episode. */
  over: StepOver;
  /** Widths of the hidden layers of the discriminator. */
  rewardHidden: number[];
  /** The activation function between its layers. */
  rewardActivation: "tanh" | "relu" | "silu";
  /**
   * How D, the chance that a step is the expert's, becomes a reward. `positive`: −log(1 − D), for which every step more is worth
   * something. `negative`: log D, every step more costs something. `both`: their sum. `forward-kl`: −l e^l, l = log D − log(1 − D).
   */
  rewardForm: RewardForm;
  /** The logit is f = g + γ h(s′) − h(s), h a network of its own, instead of g alone: g is then the reward that can be carried elsewhere. */
  shaping: boolean;
  /** Lead every end that the world makes to an absorbing state with a reward of its own, so that ending is neither free nor a loss. */
  absorbing: boolean;
  /** Discriminators side by side, whose mean is the reward. */
  members: number;
  /** How much the members' disagreement costs: their standard deviation times this is subtracted from the reward. */
  doubt: number;
  /** Updates of the discriminator in a round. */
  rewardUpdates: number;
  /** Steps of the expert in its minibatch, and as many of the learner. */
  rewardBatch: number;
  /** The discriminator's learning rate. */
  rewardRate: number;
  /** AdamW's decoupled decay of the discriminator's weights. */
  rewardDecay: number;
  /** λ of λ E[(‖∇_x f(x)‖ − 1)²] between the expert's steps and the learner's. */
  gradientPenalty: number;
  /** The share of a minibatch that the penalty is taken on: it costs several times what the loss does. */
  penaltyShare: number;
  /** Divide the discriminator's weights by their largest singular values (spectral normalisation), so that no layer stretches its input. */
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
  ...ppo.defaults,
  steps: 200_000,
  copies: 32,
  rolloutSteps: 32,
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
};

/** The learner's own options. */
export function ppoOptions(options: AdversarialOptions): PpoOptions {
  return ppoOptionsOf({ ...options, normalise: options.normalise !== "none" });
}

/** Throws on an option that can't be. */
export function checkOptions(options: AdversarialOptions): void {
  const { rewardUpdates, rewardBatch, memory, members, every, warmStart, settle } = options;
  mustBeCounts({ rewardUpdates, rewardBatch, memory, members, every });
  mustBeCounts({ warmStart, settle }, 0);
  const { rewardRate, rewardDecay, gradientPenalty, noise, rewardEntropy, doubt } = options;
  mustBePositive({ rewardRate });
  mustNotBeNegative({ rewardDecay, gradientPenalty, noise, rewardEntropy, doubt });
  const { labelSmoothing, penaltyShare, validation, absorbing, gamma, rewardForm } = options;
  mustBeBelow(0.5, { labelSmoothing });
  mustBeBelow(1, { validation });
  if (!(penaltyShare > 0 && penaltyShare <= 1))
    throw new RangeError(`penaltyShare is ${penaltyShare}, expected a share above 0 and up to 1`);
  if (absorbing && !(gamma < 1))
    throw new RangeError(`the value of an absorbing state needs gamma < 1, found ${gamma}; discount, or leave it out`);
  if (!rewardForms.includes(rewardForm))
    throw new RangeError(`rewardForm is "${rewardForm}", expected one of ${rewardForms.join(", ")}`);
}
