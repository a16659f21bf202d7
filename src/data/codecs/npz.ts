import type { NumericArray } from "./arrays.ts";
import { FormatError } from "./format-error.ts";
import { decodeNpy, encodeNpy } from "./npy.ts";
import { MOST_UNPACKED, unzip, zip } from "./zip.ts";

/**
 * The arrays of an `.npz` archive, by name. Every one must be numbers or booleans: an object array is refused and named,
 * never unpickled. Unpacks no more than `limit` bytes. Throws `FormatError`.
 */
export function decodeNpz(bytes: Uint8Array, options: { limit?: number } = {}): Map<string, NumericArray> {
  const arrays = new Map<string, NumericArray>();
  for (const [file, content] of unzip(bytes, options.limit ?? MOST_UNPACKED)) {
    const name = file.replace(/\.npy$/, "");
    if (name === file) throw new FormatError(`the archive holds ${JSON.stringify(file)}, expected only .npy arrays`);
    try {
      arrays.set(name, decodeNpy(content));
    } catch (error) {
      if (error instanceof FormatError) throw new FormatError(`${name}: ${error.message}`);
      throw error;
    }
  }
  return arrays;
}

/** Arrays as an `.npz` archive, which `numpy.load` reads without pickles. */
export function encodeNpz(arrays: ReadonlyMap<string, NumericArray>, options: { compress?: boolean } = {}): Uint8Array {
  return zip(new Map(Array.from(arrays, ([name, array]) => [`${name}.npy`, encodeNpy(array)])), options);
}
