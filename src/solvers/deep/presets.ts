import type { MlpOptions } from "../../policies/index.ts";
import type { PpoOptions } from "./ppo.ts";

/** What is known to work in one environment: options of the algorithm, and of the policy it trains. */
export interface PpoPreset {
  readonly options: Partial<PpoOptions>;
  readonly policy: MlpOptions;
}

/** On robots: long rollouts, small steps, many of them. */
const robot: Partial<PpoOptions> = { copies: 8, rolloutSteps: 256, batchSize: 64, epochs: 10, learningRate: 3e-4 };

/**
 * Settings by the environment's id, for `train(ppo, { env, policy: mlp(env, preset.policy) }, preset.options)`, with a learned reward
 * too; what is not said here stays at its default. They were found by trying a few; the returns
 * (most likely actions, mean over seeds 0 to 4, the robots seed 0 alone) are what they lead to.
 */
export const ppoPresets: Readonly<Record<string, PpoPreset>> = {
  // 500
  "CartPole-v1": { options: { steps: 80_000 }, policy: { hidden: [32, 32] } },
  // -82
  "Acrobot-v1": { options: { steps: 150_000, copies: 32 }, policy: { hidden: [32, 32] } },
  // -107; the goal is reached by chance first: many copies, little discount, entropy for its own sake
  "MountainCar-v0": {
    options: { steps: 500_000, copies: 32, gamma: 0.9999, lambda: 0.98, entropyBonus: 0.01 },
    policy: { hidden: [32, 32] },
  },
  // 93; wide draws are mostly cut to full pushes, which reach the goal now and then, as small ones never do
  "MountainCarContinuous-v0": {
    options: { steps: 150_000, copies: 32, gamma: 0.9999, lambda: 0.9 },
    policy: { hidden: [32, 32], distribution: "gaussian", initialLogStd: 1 },
  },
  // -162
  "Pendulum-v1": {
    options: { steps: 250_000, copies: 32, rolloutSteps: 128, epochs: 10, gamma: 0.9 },
    policy: { hidden: [32, 32], activation: "relu", distribution: "gaussian" },
  },
  // 1000
  "InvertedPendulum-v5": { options: { steps: 50_000 }, policy: { hidden: [32, 32], distribution: "gaussian" } },
  // 3710; with narrow first draws it learns to stand
  "Hopper-v5": {
    options: { ...robot, steps: 1_000_000, gamma: 0.995 },
    policy: { hidden: [64, 64], distribution: "gaussian", initialLogStd: -0.5 },
  },
  // 5050, and 4740 with narrower first draws (-2)
  "HalfCheetah-v5": {
    options: { ...robot, steps: 500_000, gamma: 0.98, lambda: 0.92 },
    policy: { hidden: [64, 64], distribution: "gaussian", initialLogStd: -1 },
  },
};
