import { Template } from "@huggingface/jinja";
import { Tokenizer as Pretrained } from "@huggingface/tokenizers";
import { FormatError } from "../codecs/format-error.ts";
import { fromJson, isObject } from "../codecs/text.ts";
import type { Message, Tokenizer } from "./tokenizer.ts";

/** The texts of a tokenizer's files. */
export interface TokenizerFiles {
  readonly "tokenizer.json": string;
  readonly "tokenizer_config.json"?: string;
  /** Newer checkpoints keep the chat template beside the configuration. */
  readonly "chat_template.jinja"?: string;
}

/**
 * A tokenizer from a checkpoint's files. `end` adds ids that end a text, from the checkpoint's own configuration. Throws
 * `FormatError`, naming the file, on one that is not JSON or that the library can't read.
 */
export function pretrainedTokenizer(files: TokenizerFiles, end: readonly number[] = []): Tokenizer {
  const json = object(files["tokenizer.json"], "tokenizer.json");
  const config = object(files["tokenizer_config.json"] ?? "{}", "tokenizer_config.json");
  let inner: Pretrained;
  try {
    inner = new Pretrained(json, config);
  } catch (error) {
    throw new FormatError(`tokenizer.json: not a tokenizer that can be read: ${(error as Error).message.replaceAll("\n", " ")}`);
  }
  const encode = (text: string, special: boolean) => inner.encode(text, { add_special_tokens: special }).ids;
  const own = named(config.eos_token);
  const eos = own === undefined ? undefined : inner.token_to_id(own);
  const rest = named(config.unk_token);
  const unknown = rest === undefined || rest === own || rest === named(config.bos_token) ? undefined : inner.token_to_id(rest);
  const template = files["chat_template.jinja"] ?? templateOf(config.chat_template);
  let compiled: Template | undefined;
  return {
    size: Math.max(...inner.get_vocab(true).values()) + 1,
    begin: beginning(encode),
    end: [...new Set([...(eos === undefined ? [] : [eos]), ...end])],
    ...(unknown === undefined ? {} : { unknown }),
    encode: (text) => Int32Array.from(text === "" ? [] : encode(text, false)),
    decode: (ids) =>
      ids.length === 0 ? "" : inner.decode(Array.from(ids), { skip_special_tokens: true, clean_up_tokenization_spaces: false }),
    ...(template === undefined
      ? {}
      : {
          chat(messages: readonly Message[], options: { answer?: boolean } = {}) {
            compiled ??= new Template(template);
            const tokens = Object.fromEntries(
              ["bos_token", "eos_token", "pad_token", "unk_token"].map((name) => [name, named(config[name]) ?? ""]),
            );
            return compiled.render({ messages, add_generation_prompt: options.answer ?? false, ...tokens });
          },
        }),
    files: () => ({ ...files }),
  };
}

/** What the tokenizer puts in front of every text: the ids before those of a text itself. */
function beginning(encode: (text: string, special: boolean) => number[]): number[] {
  const [bare, full] = [encode("a", false), encode("a", true)];
  for (let at = 0; at + bare.length <= full.length; at++) {
    if (bare.every((id, i) => full[at + i] === id)) return full.slice(0, at);
  }
  return [];
}

function object(text: string, name: string): Readonly<Record<string, unknown>> {
  const value = fromJson(text, name);
  if (!isObject(value)) throw new FormatError(`${name} is not an object`);
  return value;
}

/** A special token is a text, or an object with its text. */
function named(token: unknown): string | undefined {
  if (typeof token === "string") return token;
  return isObject(token) && typeof token.content === "string" ? token.content : undefined;
}

/** A template is a text, or one of a list of named ones. */
function templateOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  const chosen = value.find((entry) => isObject(entry) && entry.name === "default") ?? value[0];
  return isObject(chosen) && typeof chosen.template === "string" ? chosen.template : undefined;
}
