import type { MlpOptions } from "../../../policies/index.ts";
import type { AdversarialOptions } from "./options.ts";

/** What is known to work in one environment: options of both algorithms, of each by itself, and of the policy they train. */
export interface AdversarialPreset {
  readonly options: Partial<AdversarialOptions>;
  readonly gail?: Partial<AdversarialOptions>;
  readonly airl?: Partial<AdversarialOptions>;
  readonly policy: MlpOptions;
}

/**
 * As in the experiments of Ho & Ermon 2016 where the task is to come to an end: a reward that is never above 0 (every step more costs
 * something, which is known of the task, not learned), long rounds, few updates of a discriminator that nothing but its entropy holds back.
 */
const endSeeking: Partial<AdversarialOptions> = {
  rewardForm: "negative",
  ...{ rolloutSteps: 128, memory: 1, gamma: 0.995, lambda: 0.97 },
  ...{ rewardUpdates: 2, rewardRate: 3e-3, gradientPenalty: 0, rewardEntropy: 0.001 },
};

/** Beginning as the clone of a robot's expert, and going slowly, so that it is not lost while the discriminator learns. */
const robot: AdversarialPreset = {
  options: { steps: 200_000, warmStart: 8000, settle: 20, learningRate: 5e-5 },
  policy: { hidden: [128, 128] },
};

/**
 * Settings by the environment's id; what is not said here stays at its default. The normalised returns of GAIL, AIRL (most likely
 * actions, ten demonstrations of the scripted experts, mean over seeds 0 to 2, real actions 0 and 1 for AIRL) are what they lead to.
 */
export const adversarialPresets: Readonly<Record<string, AdversarialPreset>> = {
  "CartPole-v1": { options: {}, policy: { hidden: [32, 32] } },
  "CartPoleFixed-v1": { options: {}, policy: { hidden: [32, 32] } },
  // 1.00, 0.99; from nothing GAIL has 0.98
  "Acrobot-v1": {
    options: { steps: 150_000, warmStart: 3000 },
    gail: { ...endSeeking, settle: 5, learningRate: 3e-4 },
    airl: { settle: 10, learningRate: 1e-4 },
    policy: { hidden: [64, 64] },
  },
  // 0.98, 0.99. The expert's swings carry the car over the hill by a hair: a learner that draws some of its actions does better to swing
  // once more, and is paid for that, so it begins nearly certain of the expert's actions and goes slowly. GAIL from nothing, with `endSeeking`,
  // entropyBonus 0.005, 10 epochs and 300,000 steps, has 0.99, and is less even.
  "MountainCar-v0": {
    options: { steps: 150_000, learningRate: 1e-4 },
    gail: { warmStart: 8000, settle: 20, absorbing: true, rolloutSteps: 64 },
    airl: { warmStart: 5000, settle: 10 },
    policy: { hidden: [64, 64] },
  },
  // 1.00, 1.00: behavior cloning is as good, and stays so
  "MountainCarContinuous-v0": {
    options: { steps: 100_000, warmStart: 3000, settle: 10, absorbing: true, learningRate: 1e-4 },
    policy: { hidden: [32, 32], distribution: "gaussian", initialLogStd: -2 },
  },
  // 0.99, 0.97, from nothing. It never ends, so there is no absorbing state.
  "Pendulum-v1": {
    options: { gamma: 0.9, rolloutSteps: 64, gradientPenalty: 0.1, rewardRate: 3e-3, absorbing: false },
    policy: { hidden: [32, 32], activation: "relu", distribution: "gaussian" },
  },
  // 0.99, 0.93 and 0.98, 0.99 (seed 0, five demonstrations of the robots' experts); from nothing 0.91, 0.22 and 0.64, 0.47
  "Hopper-v5": robot,
  "HalfCheetah-v5": robot,
};
