export * from "./algorithm.ts";
export {
  type BehaviorCloningOptions,
  type BehaviorCloningProblem,
  type BehaviorCloningRecord,
  type BehaviorCloningState,
  behaviorCloning,
} from "./direct/behavior-cloning.ts";
export type { FitOptions } from "./direct/log-loss.ts";
export {
  actionLogLikelihood,
  type LearnedReward,
  type MaxentIrlOptions,
  type MaxentIrlProblem,
  type MaxentIrlRecord,
  type MaxentIrlResult,
  type MaxentIrlState,
  maxentIrl,
} from "./inverse/maxent-irl.ts";
export type { ExactExpert } from "./inverse/visits.ts";
