import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { attempt, disk, writeAll } from "../runs/disk.ts";
import { lock } from "../runs/lock.ts";

const lineSchema = z.object({
  /** Of everything that the run hangs on: with another setting it is another run. */
  key: z.string(),
  env: z.string(),
  algorithm: z.string(),
  seed: z.number().int(),
  /** Mean return of the episodes, in the environment's units, and each of them. */
  return: z.number(),
  returns: z.array(z.number()),
  /** Of the demonstrations. */
  pairs: z.number().int().optional(),
  /** That the expert gave, where it was asked. */
  labels: z.number().int().optional(),
  work: z.object({ done: z.number(), unit: z.string() }).optional(),
  seconds: z.number(),
  settings: z.record(z.string(), z.unknown()),
});

/** A run as the folder of a benchmark keeps it: a line of `runs.jsonl`. */
export type KeptRun = z.infer<typeof lineSchema>;

/** The folder of a benchmark, held by this process alone. */
export interface Kept {
  readonly file: string;
  /** Every run that stands in it, by its key. */
  readonly runs: ReadonlyMap<string, KeptRun>;
  /** Adds a run; it is on the medium when this returns. */
  add(run: KeptRun): void;
  release(): void;
}

/**
 * Opens the folder of a benchmark, or makes it. A last line that was cut off by a kill is dropped, and so is, with a word, one
 * that is no run. Throws a `LockedError` while another process is at work in it, a `StorageError` where the disk refuses.
 */
export function openKept(folder: string, say: (message: string) => void): Kept {
  attempt(folder, () => mkdirSync(folder, { recursive: true }));
  const release = lock(folder);
  const file = join(folder, "runs.jsonl");
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  const whole = text.slice(0, text.lastIndexOf("\n") + 1);
  const runs = new Map<string, KeptRun>();
  whole.split("\n").forEach((line, i) => {
    if (line === "") return;
    const run = parsed(line);
    if (run) runs.set(run.key, run);
    else say(`${file}: line ${i + 1} is no run of a benchmark; it is left out`);
  });
  const fd = attempt(file, () => {
    const opened = disk.open(file, existsSync(file) ? "r+" : "w");
    disk.truncate(opened, Buffer.byteLength(whole));
    disk.close(opened);
    return disk.open(file, "a");
  });
  return {
    file,
    runs,
    add(run) {
      attempt(file, () => {
        writeAll(disk, fd, Buffer.from(`${JSON.stringify(run)}\n`));
        disk.sync(fd);
      });
      runs.set(run.key, run);
    },
    release() {
      disk.close(fd);
      release();
    },
  };
}

function parsed(line: string): KeptRun | undefined {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
