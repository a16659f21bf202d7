export { type Expectation, expectations } from "./expectations.ts";
export { improvementRows, markdownTable, scoreHead, scoreRows, scoreText, titleOf } from "./markdown.ts";
export { contenders, seeds, type Task, tasks, titles } from "./suite.ts";
export {
  type Cell,
  type Improvement,
  normalised,
  type Overall,
  type Reference,
  type Scored,
  type Summary,
  type SummaryOptions,
  summarise,
} from "./summary.ts";
