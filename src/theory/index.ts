export * from "./bounds.ts";
export * from "./horizon.ts";
export { differenceUnderExpert, differenceUnderLearner } from "./performance-difference.ts";
export { type Pair, policyValue, valueGap } from "./returns.ts";
