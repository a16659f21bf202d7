import { sha256 } from "@noble/hashes/sha2.js";
import { encodeTree, type PlainTree } from "./codecs/tree.ts";

/** Arrays that are kept under the hash of what they were computed from. What is damaged counts as not there. */
export interface ArrayCache {
  get(key: string): Float32Array | undefined | Promise<Float32Array | undefined>;
  set(key: string, values: Float32Array): void | Promise<void>;
}

/** A cache that lasts as long as the process. */
export function memoryCache(): ArrayCache {
  const kept = new Map<string, Float32Array>();
  return {
    get: (key) => kept.get(key),
    set: (key, values) => {
      kept.set(key, values.slice());
    },
  };
}

/** The SHA-256 of a plain tree's content, in hexadecimal: equal trees have equal hashes. */
export function contentHash(tree: PlainTree): string {
  return Array.from(sha256(encodeTree(tree)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
