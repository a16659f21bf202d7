import type { Env } from "../../mdp/env.ts";
import { type Dataset, fitsEnv } from "../dataset.ts";
import { decodeColumns, encodeColumns } from "./columns.ts";
import { FormatError } from "./format-error.ts";
import { decodeImitation, encodeImitation } from "./imitation.ts";
import { decodeJsonl, encodeJsonl } from "./jsonl.ts";

export * from "./arrays.ts";
export * from "./columns.ts";
export * from "./format-error.ts";
export * from "./imitation.ts";
export * from "./jsonl.ts";
export * from "./npy.ts";
export * from "./npz.ts";
export * from "./safetensors.ts";
export * from "./tree.ts";

/** The formats that data sets are kept in, by the ending of the file's name. */
const CODECS: Readonly<Record<string, { decode(bytes: Uint8Array, env?: Env): Dataset; encode(data: Dataset): Uint8Array }>> = {
  ".jsonl": { decode: decodeJsonl, encode: encodeJsonl },
  ".npz": { decode: decodeImitation, encode: encodeImitation },
  ".safetensors": { decode: decodeColumns, encode: encodeColumns },
};

/** The endings of file names that `decodeDataset` and `encodeDataset` know. */
export const DATASET_ENDINGS: readonly string[] = Object.keys(CODECS);

/**
 * A data set from a file's bytes, in the format that its name ends with, checked against the environment if one is given.
 * Throws `FormatError`, in a line that begins with the name, on an unknown ending, on bytes that are empty, cut, damaged or
 * of another format, and on data that doesn't fit the environment.
 */
export function decodeDataset(name: string, bytes: Uint8Array, env?: Env): Dataset {
  const codec = codecFor(name);
  if (bytes.length === 0) throw new FormatError(`${name}: the file is empty`);
  try {
    const data = codec.decode(bytes, env);
    return env ? fitsEnv(data, env) : data;
  } catch (error) {
    if (error instanceof FormatError || error instanceof RangeError) throw new FormatError(`${name}: ${error.message}`);
    throw error;
  }
}

/** A data set as the bytes of a file, in the format that its name ends with. Throws on an unknown ending. */
export function encodeDataset(name: string, data: Dataset): Uint8Array {
  return codecFor(name).encode(data);
}

function codecFor(name: string) {
  const ending = DATASET_ENDINGS.find((known) => name.toLowerCase().endsWith(known));
  if (!ending)
    throw new FormatError(
      `${name}: the format is not known by its name; expected a name that ends in ${DATASET_ENDINGS.join(", ")}`,
    );
  return CODECS[ending];
}
