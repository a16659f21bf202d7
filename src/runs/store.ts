import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { CHECKPOINTS, type Checkpoint, clearCheckpoints, newestCheckpoint, saveCheckpoint } from "./checkpoints.ts";
import { openColumns } from "./columns.ts";
import { attempt, type Disk, disk, isTemporary, removeTemporaries, writeWhole } from "./disk.ts";
import { LOCK, lock } from "./lock.ts";
import { type Metrics, openMetrics } from "./metrics.ts";

const CONFIG = "config.json";
const VERDICT = "verdict.json";

/** All that is needed to make a run again: every option as it was resolved. No wall clock, no secrets. */
export interface RunConfig {
  readonly format: 1;
  /** The algorithm's name: `bc`. */
  readonly algorithm: string;
  /** The environment's id, where there is one. */
  readonly env?: string;
  readonly seed: number;
  /** The algorithm's options, all of them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whatever else the problem was built from: the policy's settings, the demonstrations and their hash. */
  readonly problem: Readonly<Record<string, unknown>>;
  /** The command that began it. */
  readonly command: readonly string[];
  /** Of this package, of Node, of ONNX Runtime. */
  readonly versions: Readonly<Record<string, string>>;
}

/** A run's folder, held by this process alone. */
export interface RunFolder {
  readonly path: string;
  readonly config: RunConfig;
  /** Where it goes on from; absent at the beginning. */
  readonly from?: Checkpoint;
  /** The records of the run, those before `from` and those that are appended. */
  readonly metrics: Metrics;
  /** Saves a state with the metrics up to it. Throws a `StorageError`. */
  save(checkpoint: Checkpoint): void;
  /** Puts a file into the folder, whole or not at all. Throws a `StorageError`. */
  write(name: string, content: Uint8Array | string): void;
  /** Puts the verdict, which ends the run. */
  finish(verdict: object): void;
  release(): void;
}

/** A folder that was to hold a new run holds something else. */
export class FolderTakenError extends Error {
  readonly folder: string;
  readonly run: boolean;
  constructor(folder: string, holds: string, run: boolean) {
    super(`${folder} holds ${holds}, expected a folder that is new or empty`);
    this.name = "FolderTakenError";
    this.folder = folder;
    this.run = run;
  }
}

/** Throws a `FolderTakenError`, saying what is there, unless a path is free for a new run. */
export function mustBeFree(path: string): void {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) throw new FolderTakenError(path, "a file", false);
  const found = readdirSync(path).filter((name) => name !== LOCK && !isTemporary(name));
  if (found.length === 0) return;
  if (!found.includes(CONFIG)) throw new FolderTakenError(path, `other files (${found.slice(0, 3).join(", ")})`, false);
  throw new FolderTakenError(path, nameOf(path), true);
}

/** Makes the folder of a new run. Throws a `FolderTakenError`, a `LockedError` or a `StorageError`; nothing is written over. */
export function createRun(path: string, config: RunConfig, d: Disk = disk): RunFolder {
  mustBeFree(path);
  makeFolder(path, d);
  const unlock = lock(path, d);
  try {
    mustBeFree(path); // another process may have been quicker
    removeTemporaries(path, d);
    writeWhole(join(path, CONFIG), json(config), d);
    return folder(path, config, undefined, unlock, d);
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Opens a run to go on with it, from its newest sound checkpoint. `say` is told of damaged ones. Throws if the folder
 * holds no run or no sound checkpoint (`RangeError`), and a `LockedError` while another process is at work in it.
 */
export function openRun(path: string, say: (message: string) => void, d: Disk = disk): RunFolder {
  const config = readConfig(path);
  const unlock = lock(path, d);
  try {
    removeTemporaries(path, d);
    removeTemporaries(join(path, CHECKPOINTS), d);
    const from = newestCheckpoint(path, say);
    clearCheckpoints(path, from, d);
    return folder(path, config, from, unlock, d);
  } catch (error) {
    unlock();
    throw error;
  }
}

function folder(path: string, config: RunConfig, from: Checkpoint | undefined, unlock: () => void, d: Disk): RunFolder {
  makeFolder(join(path, CHECKPOINTS), d);
  const metrics = openMetrics(path, from?.metrics, d);
  const columns = openColumns(path, from?.columns, from?.growth, d);
  let released = false;
  return {
    path,
    config,
    ...(from ? { from } : {}),
    metrics,
    save(checkpoint) {
      metrics.sync(); // the lines that the checkpoint counts on come first
      saveCheckpoint(path, checkpoint, columns.save(checkpoint.growth), d);
    },
    write: (name, content) => writeWhole(join(path, name), content, d),
    finish: (verdict) => writeWhole(join(path, VERDICT), json(verdict), d),
    release() {
      if (released) return;
      released = true;
      try {
        metrics.close();
        columns.close();
      } finally {
        unlock();
      }
    },
  };
}

/** The configuration of a run. Throws a `RangeError` if there is none, or a damaged one. */
export function readConfig(path: string): RunConfig {
  const file = join(path, CONFIG);
  if (!existsSync(file)) {
    const found = existsSync(path) ? `no ${CONFIG}` : "no such folder";
    throw new RangeError(`${path} holds no run (found ${found}); expected the folder of a run, as train --out makes it`);
  }
  const value = parsed(readFileSync(file, "utf8"));
  if (value === undefined)
    throw new RangeError(`${file}: the JSON is damaged or cut short; restore it, or train again with another --out`);
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  throw new RangeError(
    `${file} is not the configuration of a run (${where}${issue.message}); restore it, or train again with another --out`,
  );
}

/** The verdict on a finished run; `undefined` before it is reached. */
export function readVerdict(path: string): Record<string, unknown> | undefined {
  const file = join(path, VERDICT);
  return existsSync(file) ? (parsed(readFileSync(file, "utf8")) as Record<string, unknown> | undefined) : undefined;
}

const schema = z.object({
  format: z.literal(1),
  algorithm: z.string(),
  env: z.string().optional(),
  seed: z.number().int(),
  options: z.record(z.string(), z.unknown()),
  problem: z.record(z.string(), z.unknown()),
  command: z.array(z.string()),
  versions: z.record(z.string(), z.string()),
});

function makeFolder(path: string, d: Disk): void {
  if (existsSync(path)) return;
  attempt(path, () => {
    d.makeFolder(path);
    d.syncFolder(dirname(path));
  });
}

function nameOf(path: string): string {
  const state = readVerdict(path) ? "a finished run" : "an unfinished run";
  try {
    const { algorithm, env, seed } = readConfig(path);
    return `${state} (${algorithm}${env ? ` on ${env}` : ""}, seed ${seed})`;
  } catch {
    return state;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
