// What a program needs first. The rooms have more: apprentice/envs, apprentice/policies, apprentice/autodiff, ...
// Nothing here needs Node: the same imports work in a page.

export * from "./algorithms/index.ts";
export * from "./data/index.ts";
export { checkEnv, defineEnv, environments, makeEnv } from "./envs/index.ts";
export * from "./evaluation/index.ts";
export { makeExpert } from "./experts/index.ts";
export * from "./mdp/index.ts";
export { withReward } from "./rewards/index.ts";
export { ppo, ppoPresets } from "./solvers/index.ts";
