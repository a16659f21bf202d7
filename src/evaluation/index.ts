export * from "./aggregate.ts";
export { disagreementByTrajectory } from "./disagreement.ts";
export { judgePreferences, klFrom, type PreferenceVerdict } from "./preferences.ts";
export * from "./statistics.ts";
export { FEW, type Part, studentInterval, studentQuantile } from "./student.ts";
export { type DisagreementEstimate, type JudgeOptions, judge, type Verdict } from "./verdict.ts";
