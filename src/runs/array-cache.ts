import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ArrayCache, decodeTree, encodeTree } from "../data/index.ts";
import { type Disk, disk, writeWhole } from "./disk.ts";

/**
 * A cache of arrays in a folder, a file for each key, whole or not at all. Files carry a hash of their content: one that is damaged
 * counts as not there, and is written again. Throws a `StorageError` where the disk refuses.
 */
export function diskCache(folder: string, d: Disk = disk): ArrayCache {
  const file = (key: string) => {
    if (!/^[0-9a-f]{8,128}$/.test(key))
      throw new RangeError(`a key is a hash in hexadecimal, found ${JSON.stringify(key.slice(0, 40))}`);
    return join(folder, `${key}.safetensors`);
  };
  return {
    get(key) {
      const path = file(key);
      if (!existsSync(path)) return undefined;
      try {
        const { values } = decodeTree(readFileSync(path)) as { readonly values?: unknown };
        return values instanceof Float32Array ? values : undefined;
      } catch {
        return undefined;
      }
    },
    set(key, values) {
      mkdirSync(folder, { recursive: true });
      writeWhole(file(key), encodeTree({ values }), d);
    },
  };
}
