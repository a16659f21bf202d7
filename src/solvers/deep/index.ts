export { type Critic, mlpCritic } from "./critic.ts";
export { type Advantages, gae, type ValuedSteps } from "./gae.ts";
export { type PpoOptions, type PpoProblem, type PpoRecord, type PpoState, ppo } from "./ppo.ts";
export { type PpoPreset, ppoPresets } from "./presets.ts";
