import type { Plain } from "../../mdp/env.ts";
import { type NumericArray, numericArray } from "./arrays.ts";
import { FormatError } from "./format-error.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import { fromJson, isObject } from "./text.ts";

const KEY = "apprentice.tree";
const MOST_DEPTH = 500;

/** A plain tree, in which values may also be missing (`undefined`), as options left out are. */
export type PlainTree = Plain | undefined | readonly PlainTree[] | { readonly [key: string]: PlainTree };

/**
 * A plain tree as safetensors bytes, with a content hash: the checkpoint format. Every typed array is an array of the file,
 * named by its path (`policy/w0`); the rest is JSON in the metadata, where a value that JSON has no form for stands as an
 * object with one `$` key. Reading gives every bit back: NaN, infinities, -0 and `undefined` too; but an array that
 * stood in two places comes back as two. Throws, naming the path, on what is not plain, and on a tree deeper than 500.
 */
export function encodeTree(tree: PlainTree): Uint8Array {
  const arrays = new Map<string, NumericArray>();
  const skeleton = toJson(tree, [], arrays);
  return encodeSafetensors(arrays, new Map([[KEY, JSON.stringify(skeleton)]]));
}

/** The tree of such bytes. Throws `FormatError` if they are damaged, or no tree. */
export function decodeTree(bytes: Uint8Array): Plain {
  const { arrays, metadata, hash } = decodeSafetensors(bytes);
  const text = metadata.get(KEY);
  if (text === undefined || hash !== "verified") {
    throw new FormatError("the file holds arrays but no tree: it is a foreign safetensors file, not a checkpoint");
  }
  return fromTagged(fromJson(text, "the tree"), arrays, 0) as Plain;
}

function toJson(value: PlainTree, path: readonly string[], arrays: Map<string, NumericArray>): unknown {
  if (value === undefined) return { $undefined: true };
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") {
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? "-0" : String(value) };
  }
  const array = fromTyped(value);
  if (array) {
    const name = nameOf(path);
    arrays.set(name, array);
    return { $array: name };
  }
  if (path.length >= MOST_DEPTH)
    throw new RangeError(`the tree is deeper than ${MOST_DEPTH} at ${nameOf(path.slice(0, 8))}/...; is it circular?`);
  if (Array.isArray(value)) return Array.from(value, (item: PlainTree, i) => toJson(item, [...path, String(i)], arrays));
  const prototype = typeof value === "object" ? Object.getPrototypeOf(value) : undefined;
  if (typeof value !== "object" || (prototype !== Object.prototype && prototype !== null)) {
    const kind = typeof value === "object" ? (value as object).constructor?.name : typeof value;
    throw new TypeError(
      `${nameOf(path) || "the tree"} is of type ${kind}, expected numbers, strings, lists, plain objects or Float64Array, Float32Array, Int32Array, Uint32Array, Uint8Array`,
    );
  }
  const keys = Object.keys(value);
  const entries = keys.map((key) => [key, toJson((value as Readonly<Record<string, PlainTree>>)[key], [...path, key], arrays)]);
  const object = Object.fromEntries(entries);
  return keys.some((key) => key.startsWith("$")) ? { $object: object } : object;
}

function fromTagged(json: unknown, arrays: ReadonlyMap<string, NumericArray>, depth: number): PlainTree {
  if (depth > MOST_DEPTH) throw new FormatError(`the tree is deeper than ${MOST_DEPTH}`);
  if (Array.isArray(json)) return json.map((item) => fromTagged(item, arrays, depth + 1));
  if (!isObject(json)) return json as PlainTree;
  const entries = (object: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(Object.entries(object).map(([key, item]) => [key, fromTagged(item, arrays, depth + 1)]));
  const [tag] = Object.keys(json);
  if (!tag?.startsWith("$")) return entries(json);
  const held = json[tag];
  switch (tag) {
    case "$undefined":
      return undefined;
    case "$number":
      return Number(held);
    case "$object":
      if (isObject(held)) return entries(held);
      break;
    case "$array": {
      const array = arrays.get(String(held));
      if (array) return array.data as Exclude<typeof array.data, BigInt64Array> as Plain;
    }
  }
  throw new FormatError(`the tree has ${JSON.stringify(json).slice(0, 80)}, which this program cannot read; use a later one`);
}

function fromTyped(value: unknown): NumericArray | undefined {
  if (value instanceof Float64Array) return numericArray("float64", [value.length], value);
  if (value instanceof Float32Array) return numericArray("float32", [value.length], value);
  if (value instanceof Int32Array) return numericArray("int32", [value.length], value);
  if (value instanceof Uint32Array) return numericArray("uint32", [value.length], value);
  if (value instanceof Uint8Array) return numericArray("uint8", [value.length], value);
  return undefined;
}

/** A path as a name, no two alike: `~` and `/` inside a key are written `~0` and `~1`, as in a JSON pointer (RFC 6901). */
function nameOf(path: readonly string[]): string {
  const name = path.map((key) => key.replaceAll("~", "~0").replaceAll("/", "~1")).join("/");
  return name === "__metadata__" ? "~__metadata__" : name; // the one name that the format keeps for itself
}
