export { addAbsorbing, type Horizon, stepsAbsorbed } from "./absorbing.ts";
export { bradleyTerryLoss, centring, preferenceProbability } from "./bradley-terry.ts";
export { cautious } from "./ensemble.ts";
export { type ExplicitOptions, explicitReward, explicitRewardModel, linearRewardModel } from "./explicit.ts";
export { type Features, features, indicators, mustFit, nameOf, type RewardOver } from "./features.ts";
export { fragmentLoss, fragmentPreference, fragmentReturns, standardMembers } from "./fragments.ts";
export {
  generativeReward,
  generativeRewardModel,
  type Verification,
  type VerificationTexts,
  verification,
} from "./generative.ts";
export { type ImplicitOptions, implicitReward, implicitRewardModel, implicitRewardOf } from "./implicit.ts";
export { expectedReward, featureCounts, type LinearReward, linearReward, linearValues, rewardTable } from "./linear.ts";
export { type RewardForm, rewardForms, rewardOfLogit } from "./logit.ts";
export { type CompiledReward, compileReward, type NeuralReward, neuralReward } from "./network.ts";
export { onnxReward } from "./onnx-reward.ts";
export type { ResponseReward } from "./response-reward.ts";
export {
  type AnswerRewards,
  answerRewards,
  type Known,
  knownOfRows,
  type LearnedRewardModel,
  type RewardModel,
  rewardOfAnswers,
} from "./reward-model.ts";
export {
  mustShareTokenizer,
  type RewardModelChoice,
  readRewardModel,
  rewardModelFiles,
  rewardModelOn,
  type TextRewardModel,
} from "./reward-model-files.ts";
export {
  type Calibration,
  calibrationOf,
  judgeRewards,
  type RewardJudgement,
  rankedRight,
  relativeMargin,
} from "./reward-model-judgement.ts";
export { noRewards, standardise } from "./running.ts";
export { loadReward, type SavedReward } from "./saved.ts";
export { type Shaping, shaped, shapedNumber } from "./shaping.ts";
export { spectral, spectralNumbers } from "./spectral.ts";
export {
  encodeAbsorbing,
  encodedSteps,
  encodeSteps,
  needsNext,
  type StepEncoding,
  type StepOver,
  type Steps,
  stepEncoding,
  stepInputs,
} from "./step-encoding.ts";
export { type StepNetwork, type StepNetworkOptions, type StepValue, stepNetwork } from "./step-network.ts";
export { type StepReward, type StepRewardOptions, stepReward } from "./step-reward.ts";
export { withReward } from "./with-reward.ts";
