import type { MlpOptions } from "../../policies/index.ts";
import type { IqLearnOptions } from "./iq-learn.ts";

/** What is known to work in one environment: options of IQ-Learn (most of them SQIL's too), and of the policy it trains. */
export interface IqLearnPreset {
  readonly options: Partial<IqLearnOptions>;
  readonly policy: MlpOptions;
}

const choices: IqLearnPreset = { options: { updates: 3000 }, policy: { hidden: [64, 64] } };
const real: MlpOptions = { hidden: [64, 64], activation: "relu", scale: "state" };

/**
 * Settings by the environment's id; what is not said here stays at its default. The normalised returns (most likely actions, ten
 * demonstrations of the scripted experts, mean over seeds 0 to 2, real actions 0 and 1) are what they lead to, offline.
 */
export const iqLearnPresets: Readonly<Record<string, IqLearnPreset>> = {
  // 1.00
  "CartPole-v1": choices,
  // 1.00
  "Acrobot-v1": choices,
  // 1.01
  "MountainCar-v0": choices,
  // 1.00
  "MountainCarContinuous-v0": { options: { updates: 3000 }, policy: real },
  // 0.99, but for the most part by cloning: without it -0.3 to 0.6. An expert that always does the same has no largest Q: the critic
  // makes its actions ever better than those beside them, and the actor does not keep up.
  "Pendulum-v1": {
    options: { updates: 5000, gamma: 0.9, temperature: 0.1, learningRate: 2e-4, critics: 1, cloning: 10 },
    policy: { hidden: [64, 64], activation: "relu", scale: "fixed" },
  },
};
