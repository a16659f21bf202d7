import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deserialize, serialize } from "node:v8";
import type { Outcome } from "../experiments/index.ts";
import { writeWhole } from "../runs/index.ts";
import { versions } from "./versions.ts";

/** What came out of an experiment, and the time that it took. */
export interface Result {
  readonly outcome: Outcome;
  readonly seconds: number;
}

/** Results of experiments of a command that has not ended yet, in a folder beside its report. */
export interface Kept {
  of(id: string): Result | undefined;
  keep(id: string, result: Result): void;
  /** When the report is written: nothing stays behind. */
  clear(): void;
}

/**
 * A result is found again by the same program with the same options alone: its name has a hash of both, and of every file of the
 * program. What can't be read is measured again.
 */
export function keptResults(folder: string, options: { readonly quick: boolean; readonly seeds?: number }): Kept {
  const key = createHash("sha256")
    .update(JSON.stringify([options.quick, options.seeds ?? null, versions()]))
    .update(program())
    .digest("hex")
    .slice(0, 16);
  const file = (id: string) => join(folder, `${id}-${key}.v8`);
  return {
    of: (id) => {
      if (!existsSync(file(id))) return undefined;
      try {
        return deserialize(readFileSync(file(id)));
      } catch {
        return undefined;
      }
    },
    keep: (id, result) => {
      mkdirSync(folder, { recursive: true });
      writeWhole(file(id), serialize(result));
    },
    clear: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A hash of this program's files. */
function program(): string {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const hash = createHash("sha256");
  for (const name of readdirSync(root, { recursive: true, encoding: "utf8" }).sort()) {
    if (/\.(js|ts|json)$/.test(name) && !/\.(d|test)\.ts$/.test(name)) hash.update(name).update(readFileSync(join(root, name)));
  }
  return hash.digest("hex");
}
