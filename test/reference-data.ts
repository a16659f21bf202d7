import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { dataFile, dataFolder } from "../src/cli/data-folder.ts";

/** Files that others made and published, which some tests read. They are no part of the repository: CONTRIBUTING.md says where they are from. */
const FILES = ["cartpole-expert.npz", "pendulum-expert.npz", "hh-harmless-base-test.jsonl.gz", "agreeableness.jsonl"] as const;

/** Where such a file lies; `undefined` if it is not at hand, and its tests are skipped: `it.skipIf(!file)`. */
export function referenceFile(name: (typeof FILES)[number]): string | undefined {
  return dataFile(name);
}

/** The lecture as text, from the folder `seed` beside that of the data; `undefined` if it is not at hand. */
export function lectureText(): string | undefined {
  const folder = join(dataFolder(), "..", "seed");
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return undefined;
  return readdirSync(folder)
    .map((name) => readFileSync(join(folder, name), "utf8"))
    .join("\n");
}
