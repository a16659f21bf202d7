import type { MlpOptions } from "../../../policies/index.ts";
import type { AdversarialOptions } from "./options.ts";

/** What is known to work in one environment: options of the algorithm, and of the policy it trains. */
export interface AdversarialPreset {
  readonly options: Partial<AdversarialOptions>;
  readonly policy: MlpOptions;
}

/** Settings by the environment's id, for GAIL and AIRL alike; what is not said here stays at its default. */
export const adversarialPresets: Readonly<Record<string, AdversarialPreset>> = {
  "CartPole-v1": { options: {}, policy: { hidden: [32, 32] } },
  "CartPoleFixed-v1": { options: {}, policy: { hidden: [32, 32] } },
};
