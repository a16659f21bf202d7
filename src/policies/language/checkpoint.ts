import { FormatError } from "../../data/codecs/format-error.ts";
import { fromJson, fromUtf8, isObject, utf8 } from "../../data/codecs/text.ts";
import {
  decodeSafetensors,
  encodeSafetensors,
  type NumericArray,
  numbers,
  pretrainedTokenizer,
  readVocabulary,
  realArray,
  type Tokenizer,
} from "../../data/index.ts";
import type { TransformerConfig } from "../transformer-config.ts";
import { type FamilyName, readConfig, writeConfig } from "./families.ts";
import { type CheckpointTensor, fromTensors, toTensors } from "./tensors.ts";

/** Gives a file of a checkpoint's folder, or `undefined` where there is none: from a disk, a server, memory. */
export type ReadFile = (name: string) => Promise<Uint8Array | undefined>;

/** A language model as its folder holds it. */
export interface Checkpoint {
  readonly config: TransformerConfig;
  readonly theta: Float32Array;
  readonly tokenizer?: Tokenizer;
  /** config.json as it was read; what is not about the transformer is kept when it is saved again. */
  readonly json?: Readonly<Record<string, unknown>>;
}

/**
 * A checkpoint in the Hugging Face layout: config.json; model.safetensors, or the shards that model.safetensors.index.json lists
 * (F32, F16 or BF16); tokenizer.json and tokenizer_config.json if they are there. Throws `FormatError`, naming the file, on one
 * that is missing or damaged, on weights that don't fit (every name and shape is listed), and on a tokenizer with more tokens
 * than the embedding has rows.
 */
export async function readCheckpoint(read: ReadFile): Promise<Checkpoint & { readonly family: FamilyName }> {
  const json = await readJson(read, "config.json");
  if (!isObject(json))
    throw new FormatError("config.json is missing or not an object; expected a folder in the Hugging Face layout");
  const { family, config } = readConfig(json);
  const { tensors, file } = await readWeights(read);
  let theta: Float32Array;
  try {
    theta = fromTensors(family, config, tensors);
  } catch (error) {
    throw new FormatError(`${file}: ${(error as Error).message}`);
  }
  const tokenizer = await readTokenizer(read, json);
  if (tokenizer) checkVocabulary(tokenizer, config);
  return { family, config, theta, json, ...(tokenizer ? { tokenizer } : {}) };
}

/** Throws if a tokenizer gives ids that have no embedding. */
export function checkVocabulary(tokenizer: Tokenizer, config: TransformerConfig): void {
  if (tokenizer.size <= config.vocabulary) return;
  throw new FormatError(
    `${Object.keys(tokenizer.files())[0]}: the tokenizer has ids up to ${tokenizer.size - 1}, the embedding has ${config.vocabulary} rows; take the tokenizer that the weights were trained with`,
  );
}

export interface WriteCheckpointOptions {
  readonly dtype?: "float32" | "float16" | "bfloat16";
  /** Bytes of weights in a file, after which another one is begun; one file without it. */
  readonly shardBytes?: number;
}

/** The files of a checkpoint in the Hugging Face layout, by their names. Throws if no family of theirs has such a transformer. */
export function writeCheckpoint(checkpoint: Checkpoint, options: WriteCheckpointOptions = {}): Map<string, Uint8Array> {
  const { config, theta, tokenizer } = checkpoint;
  const { dtype = "float32", shardBytes = Infinity } = options;
  const { family, json } = writeConfig(config, checkpoint.json);
  // What ends a text, unless the configuration says it: other libraries would take that of the family's first model.
  const own = { bos_token_id: tokenizer?.begin[0] ?? null, eos_token_id: tokenizer?.end[0] ?? null };
  const files = new Map([["config.json", text({ ...own, ...json, torch_dtype: dtype, dtype })]]);
  const shards: Map<string, NumericArray>[] = [new Map()];
  let room = shardBytes;
  let total = 0;
  for (const [name, { shape, data }] of toTensors(family, config, theta)) {
    const array = realArray(dtype, shape, data);
    const bytes = array.data.byteLength;
    if (bytes > room && shards[shards.length - 1].size > 0) {
      shards.push(new Map());
      room = shardBytes;
    }
    shards[shards.length - 1].set(name, array);
    room -= bytes;
    total += bytes;
  }
  const metadata = new Map([["format", "pt"]]);
  if (shards.length === 1) files.set("model.safetensors", encodeSafetensors(shards[0], metadata));
  else {
    const number = (k: number) => String(k).padStart(5, "0");
    const map: Record<string, string> = {};
    shards.forEach((shard, k) => {
      const file = `model-${number(k + 1)}-of-${number(shards.length)}.safetensors`;
      files.set(file, encodeSafetensors(shard, metadata));
      for (const name of shard.keys()) map[name] = file;
    });
    files.set("model.safetensors.index.json", text({ metadata: { total_size: total }, weight_map: map }));
  }
  for (const [name, content] of Object.entries(tokenizer?.files() ?? {})) files.set(name, utf8(content));
  return files;
}

function text(value: unknown): Uint8Array {
  return utf8(`${JSON.stringify(value, null, 2)}\n`);
}

async function readJson(read: ReadFile, name: string): Promise<unknown> {
  const bytes = await read(name);
  return bytes && fromJson(fromUtf8(bytes, name), name);
}

async function readWeights(read: ReadFile): Promise<{ tensors: Map<string, CheckpointTensor>; file: string }> {
  const single = "model.safetensors";
  const whole = await read(single);
  if (whole) return { tensors: tensorsOf(single, whole), file: single };
  const index = "model.safetensors.index.json";
  const json = await readJson(read, index);
  if (json === undefined) throw new FormatError(`neither ${single} nor ${index} is there; expected the weights in one of them`);
  const map = isObject(json) ? json.weight_map : undefined;
  if (!isObject(map) || !Object.values(map).every((file) => typeof file === "string"))
    throw new FormatError(`${index}: expected { "weight_map": { name: file } }`);
  const tensors = new Map<string, CheckpointTensor>();
  for (const file of new Set(Object.values(map) as string[])) {
    if (!/^[\w.-]+$/.test(file))
      throw new FormatError(`${index}: ${JSON.stringify(file)} is not the name of a file in the folder`);
    const bytes = await read(file);
    if (!bytes) throw new FormatError(`${file} is missing; ${index} lists it`);
    const own = tensorsOf(file, bytes);
    for (const [name, tensor] of own) {
      if (map[name] !== file)
        throw new FormatError(`${file}: ${name} is in it, but ${index} says ${map[name] ?? "nothing of it"}`);
      tensors.set(name, tensor);
    }
  }
  const lost = Object.keys(map).filter((name) => !tensors.has(name));
  if (lost.length > 0) throw new FormatError(`${index}: it lists ${lost.join(", ")}, which the files don't have`);
  return { tensors, file: index };
}

/** The real arrays of a safetensors file. Throws `FormatError`, naming the file. */
export function tensorsOf(file: string, bytes: Uint8Array): Map<string, CheckpointTensor> {
  try {
    const out = new Map<string, CheckpointTensor>();
    for (const [name, array] of decodeSafetensors(bytes).arrays) {
      const data = numbers(array);
      out.set(name, { shape: array.shape, data: data instanceof Float32Array ? data : Float32Array.from(data) });
    }
    return out;
  } catch (error) {
    if (error instanceof FormatError) throw new FormatError(`${file}: ${error.message}`);
    throw error;
  }
}

/** The tokenizer among a checkpoint's files, if there is one; `json` is its config.json. Throws `FormatError`, naming the file. */
export async function readTokenizer(
  read: ReadFile,
  json: Readonly<Record<string, unknown>> = {},
): Promise<Tokenizer | undefined> {
  const own = await readJson(read, "vocabulary.json");
  if (own !== undefined) return readVocabulary(own);
  const texts: Record<string, string> = {};
  for (const name of ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]) {
    const bytes = await read(name);
    if (bytes) texts[name] = fromUtf8(bytes, name);
  }
  if (!texts["tokenizer.json"]) return undefined;
  const ends = [json.eos_token_id].flat().filter((id): id is number => typeof id === "number");
  return pretrainedTokenizer({ ...texts, "tokenizer.json": texts["tokenizer.json"] }, ends);
}
