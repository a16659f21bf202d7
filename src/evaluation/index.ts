export * from "./aggregate.ts";
export { disagreementByTrajectory } from "./disagreement.ts";
export * from "./statistics.ts";
export { type DisagreementEstimate, type JudgeOptions, judge, type Verdict } from "./verdict.ts";
