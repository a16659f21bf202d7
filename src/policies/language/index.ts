export {
  type Checkpoint,
  checkVocabulary,
  type ReadFile,
  readCheckpoint,
  readTokenizer,
  type WriteCheckpointOptions,
  writeCheckpoint,
} from "./checkpoint.ts";
export { type Decoder, decoder } from "./decoder.ts";
export { type FamilyName, type Json as ConfigJson, readConfig, writeConfig } from "./families.ts";
export { type Cut, fitContext, type LanguageFamily, languageFamily } from "./family.ts";
export { type DecodedStep, type DecodeOptions, decodeTokens, type GenerateOptions } from "./generate.ts";
export { type LanguageModel, languageModel, pretrained, transformer } from "./language-model.ts";
export { firstTheta, type LoraOptions, loraFamily, mergeAdapter, readAdapter, writeAdapter } from "./lora.ts";
export { type Perplexity, perplexity } from "./perplexity.ts";
export { checkSampling, drawToken, isPlain, isRestricted, type SamplingOptions, tokenWeights } from "./sampling.ts";
export { tokenPolicy } from "./token-policy.ts";
export { type HeldWeights, held } from "./weights.ts";
