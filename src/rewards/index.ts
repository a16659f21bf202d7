export { bradleyTerryLoss, preferenceProbability } from "./bradley-terry.ts";
export { type Features, features, indicators, mustFit, nameOf, type RewardOver } from "./features.ts";
export { implicitReward, implicitRewardOf } from "./implicit.ts";
export { expectedReward, featureCounts, type LinearReward, linearReward, linearValues, rewardTable } from "./linear.ts";
export { type CompiledReward, compileReward, type NeuralReward, neuralReward } from "./network.ts";
