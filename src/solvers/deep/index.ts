export { type ActionCritic, mlpActionCritic } from "./action-critic.ts";
export type { ObjectiveOptions } from "./clipped-objective.ts";
export type { Episodes } from "./collect.ts";
export { type Critic, mlpCritic } from "./critic.ts";
export type { EpochOptions, Losses as PolicyGradientLosses } from "./epochs.ts";
export type { EstimateOptions } from "./estimate.ts";
export { type Ended as EndedEpisodes, type Explorer, explorerOf } from "./explorer.ts";
export { type Advantages, gae, type ValuedSteps } from "./gae.ts";
export type { RewardScale } from "./normalisation.ts";
export { type PpoOptions, type PpoProblem, type PpoRecord, type PpoState, ppo, ppoOptionsOf } from "./ppo.ts";
export { type PpoPreset, ppoPresets } from "./presets.ts";
export { twinOf } from "./rebind.ts";
export {
  heldSteps,
  type Replay,
  recall,
  remember,
  replayOf,
  type StepColumns,
  type StepRows,
} from "./replay.ts";
export { type Section, sectioned } from "./sections.ts";
export { type SoftQ, type SoftQOptions, softQ } from "./soft-q.ts";
