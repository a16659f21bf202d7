import type { MlpOptions } from "../../../policies/index.ts";
import type { PreferenceRlOptions } from "./options.ts";

/** What is known to work in one environment: options of the algorithm, and of the policy it trains. */
export interface PreferenceRlPreset {
  readonly options: Partial<PreferenceRlOptions>;
  readonly policy: MlpOptions;
}

/** Settings by the environment's id; what is not said here stays at its default. */
export const preferenceRlPresets: Readonly<Record<string, PreferenceRlPreset>> = {
  // With all fragments alike and most labels early, the reward is about right before the policy has settled on anything.
  "Pendulum-v1": {
    options: {
      ...{ steps: 61_440, copies: 16, rolloutSteps: 128, epochs: 10, gamma: 0.95, batchSize: 128, explore: 2 },
      ...{ sessions: 8, initialShare: 0.5, labelSchedule: "inverse-quadratic", selection: "random" },
      ...{ members: 2, rewardUpdates: 150 },
    },
    policy: { hidden: [32, 32], activation: "relu", distribution: "gaussian" },
  },
  "HalfCheetah-v5": {
    options: {
      ...{ steps: 100_000, copies: 8, rolloutSteps: 256, batchSize: 128, epochs: 10 },
      ...{ learningRate: 1e-3, gamma: 0.98, lambda: 0.92 },
    },
    policy: { hidden: [32, 32], distribution: "gaussian", initialLogStd: -1 },
  },
};
