import type { Tokenizer } from "../../data/index.ts";
import type { ResponsePolicy } from "../response.ts";
import type { TransformerConfig } from "../transformer-config.ts";
import { type ReadFile, readCheckpoint, type WriteCheckpointOptions, writeCheckpoint } from "./checkpoint.ts";
import { type LanguageFamily, languageFamily } from "./family.ts";
import { completeTexts, type GenerateOptions, generateText } from "./generate.ts";
import { mergeAdapter } from "./lora.ts";

/** A language model: a family with its parameters. It speaks, and it can be saved. */
export interface LanguageModel extends ResponsePolicy {
  readonly model: LanguageFamily;
  /** The config.json that it was read with, whose other entries are kept when it is saved. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** The response to a prompt, piece by piece as its text grows. */
  generate(prompt: string, options?: GenerateOptions): AsyncIterable<string>;
  /** The responses to many prompts at once. */
  complete(prompts: readonly string[], options?: GenerateOptions): Promise<string[]>;
  /** The files of a checkpoint in the Hugging Face layout; adapters are merged into the weights. */
  files(options?: WriteCheckpointOptions): Map<string, Uint8Array>;
}

/** A language model from its family and parameters, which are not copied. `json` is a config.json whose other entries are kept. */
export function languageModel<Family extends LanguageFamily>(
  family: Family,
  theta: Float32Array,
  json?: Readonly<Record<string, unknown>>,
): LanguageModel & { readonly model: Family } {
  const { config, tokenizer } = family;
  return {
    model: family,
    theta,
    ...(json ? { json } : {}),
    generate: (prompt, options) => generateText(family, theta, prompt, options),
    complete: (prompts, options) => completeTexts(family, theta, prompts, options),
    files: (options) =>
      writeCheckpoint(
        { config, theta: mergeAdapter(family, theta), ...(tokenizer ? { tokenizer } : {}), ...(json ? { json } : {}) },
        options,
      ),
  };
}

/** A language model from a checkpoint's files. Throws `FormatError` as `readCheckpoint` does. */
export async function pretrained(read: ReadFile): Promise<LanguageModel> {
  const { config, theta, tokenizer, json } = await readCheckpoint(read);
  return languageModel(languageFamily(config, tokenizer), theta, json);
}

/** A family for training from the start: a transformer of a configuration that fits a tokenizer. */
export function transformer(
  config: Omit<TransformerConfig, "vocabulary">,
  tokenizer: Tokenizer,
): LanguageFamily & { readonly tokenizer: Tokenizer } {
  return languageFamily({ ...config, vocabulary: tokenizer.size }, tokenizer);
}
