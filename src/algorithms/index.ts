export * from "./algorithm.ts";
export {
  type BehaviorCloningOptions,
  type BehaviorCloningProblem,
  type BehaviorCloningRecord,
  type BehaviorCloningState,
  behaviorCloning,
} from "./direct/behavior-cloning.ts";
export type { FitOptions } from "./direct/log-loss.ts";
