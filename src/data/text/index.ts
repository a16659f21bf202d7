export { pretrainedTokenizer, type TokenizerFiles } from "./pretrained-tokenizer.ts";
export { encodePair, type Message, promptIds, type Tokenizer } from "./tokenizer.ts";
export { characters, readVocabulary, words } from "./vocabulary.ts";
