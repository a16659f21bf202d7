export { type AnswerScores, answerScores } from "./answer-scores.ts";
export { categorical } from "./categorical.ts";
export { clockedPolicy } from "./clocked.ts";
export { type CnnOptions, type Convolution, cnn } from "./cnn.ts";
export { type Doubt, ensembleDoubt, ensemblePolicy } from "./ensemble.ts";
export { type GaussianOptions, gaussian, squashedGaussian } from "./gaussian.ts";
export { actionArray, type Head, type Outputs } from "./head.ts";
export * from "./language/index.ts";
export { mixturePolicy } from "./mixture.ts";
export { linearPolicy, type MlpOptions, mlp } from "./mlp.ts";
export { type HeadOptions, headFor, type PolicyModel, parameterCount, type Spaces, usualDistribution } from "./model.ts";
export { type Activation, activations, type DenseOptions, dense, type Network } from "./network.ts";
export { type NeuralPolicy, neuralPolicy } from "./neural.ts";
export { featureCount, type Normaliser, normaliser, observationFeatures } from "./observation.ts";
export { loadPolicy, type OnnxPolicy } from "./onnx-policy.ts";
export type {
  BatchShape,
  RespondOptions,
  ResponseExpressions,
  ResponseFeeds,
  ResponseModel,
  ResponsePolicy,
} from "./response.ts";
export { type PlayOn, type ResponsesOptions, responsesOf } from "./responses.ts";
export { putRows, rowsWhere, takeRows } from "./rows.ts";
export { tableOf, tabular } from "./tabular.ts";
export {
  type BlockWeights,
  hiddenStates,
  type KeysValues,
  type LinearWeights,
  type LowRank,
  logits,
  type NormWeights,
  type Places as TokenPlaces,
  type TransformerWeights,
  transformerParams,
} from "./transformer.ts";
export {
  gpt2,
  llama,
  type RotaryConfig,
  type TransformerActivation,
  type TransformerConfig,
  type TransformerSizes,
} from "./transformer-config.ts";
