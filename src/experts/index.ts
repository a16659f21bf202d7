export { driver } from "./driver.ts";
export { type FragmentJudgeOptions, fragmentJudge } from "./fragment-judge.ts";
export { type LearnedExpert, learned } from "./learned.ts";
export { lexicon, readLexicon } from "./lexicon.ts";
export { type Planner, planner } from "./planner.ts";
export { expertsFor, makeExpert, type ScriptedExpert, scriptedExperts } from "./registry.ts";
export { acrobat, balancer, type Controller, climber, gentleClimber, swinger } from "./scripted.ts";
export { type WatchfulOptions, watchful } from "./watchful.ts";
