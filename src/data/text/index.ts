export { pretrainedTokenizer, type TokenizerFiles } from "./pretrained-tokenizer.ts";
export {
  type Completion,
  completionSequences,
  type PackedRows,
  packRows,
  selectSequences,
  type TokenSequences,
  textSequences,
  tokenSequences,
} from "./sequences.ts";
export { encodePair, type Message, promptIds, type Tokenizer, unknownShare } from "./tokenizer.ts";
export { characters, readVocabulary, words } from "./vocabulary.ts";
