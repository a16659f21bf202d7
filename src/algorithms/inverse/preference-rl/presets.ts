import type { MlpOptions } from "../../../policies/index.ts";
import type { PreferenceRlOptions } from "./options.ts";

/** What is known to work in one environment: options of the algorithm, and of the policy it trains. */
export interface PreferenceRlPreset {
  readonly options: Partial<PreferenceRlOptions>;
  readonly policy: MlpOptions;
}

/** Settings by the environment's id; what is not said here stays at its default. */
export const preferenceRlPresets: Readonly<Record<string, PreferenceRlPreset>> = {
  "Pendulum-v1": {
    options: { steps: 61_440, copies: 8, rolloutSteps: 128, epochs: 10, gamma: 0.9, batchSize: 64 },
    policy: { hidden: [32, 32], activation: "relu", distribution: "gaussian" },
  },
};
