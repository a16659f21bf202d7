import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Growth } from "../algorithms/growth.ts";
import { areMarks, type ColumnMarks, readColumns } from "./columns.ts";
import { attempt, type Disk, disk, writeWhole } from "./disk.ts";
import { type Mark, metricsFault } from "./metrics.ts";

/** A state of a run after some round, and how far the metrics went then. */
export interface Checkpoint {
  /** Rounds made. */
  readonly round: number;
  /** 0 between two rounds; 1, 2, ... for those saved in the middle of the next one, while it waited for somebody. */
  readonly part: number;
  /** The state but for what only grows, as `Run.snapshot` gives it. */
  readonly bytes: Uint8Array;
  /** What only grows. */
  readonly growth: Growth;
  /** How far the files of that go, for one that was read from a folder. */
  readonly columns?: ColumnMarks;
  readonly metrics: Mark;
  /** Spent on training so far, wall clock, in all processes that worked on the run. */
  readonly seconds: number;
}

/** What stands in the JSON file beside a state. */
interface Manifest {
  readonly round: number;
  readonly part: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly metrics: Mark;
  readonly columns: ColumnMarks;
  readonly seconds: number;
}

export const CHECKPOINTS = "checkpoint";

/** How many are kept: the newest, and the one before it for the day the newest is damaged. */
const GENERATIONS = 2;

/**
 * Saves a checkpoint, the columns of which are saved already: two files of the folder `checkpoint`, the state, and then a
 * manifest with its hash, which makes it count. The two newest stay. Throws a `StorageError`; the earlier ones are whole then.
 */
export function saveCheckpoint(folder: string, checkpoint: Checkpoint, columns: ColumnMarks, d: Disk = disk): void {
  const { round, part, bytes, metrics, seconds } = checkpoint;
  const manifest: Manifest = { round, part, bytes: bytes.length, sha256: sha256(bytes), metrics, columns, seconds };
  const name = nameOf(checkpoint);
  writeWhole(stateFile(folder, name), bytes, d);
  writeWhole(manifestFile(folder, name), `${JSON.stringify(manifest, null, 2)}\n`, d);
  for (const old of saves(folder).slice(GENERATIONS)) drop(folder, old, d);
}

/**
 * The newest checkpoint that is sound: its state and the metrics up to it have the hashes they were saved with. `say` is
 * told of each that is not. `undefined` if none was saved yet. Throws a `RangeError` if there are some and none is sound.
 */
export function newestCheckpoint(folder: string, say: (message: string) => void): Checkpoint | undefined {
  const saved = saves(folder);
  for (const [i, name] of saved.entries()) {
    const read = readCheckpoint(folder, name);
    if (typeof read !== "string") return read;
    const next = saved[i + 1];
    const way = next === undefined ? "there is none before it" : `going on from the one before it, of round ${roundOf(next)}`;
    say(`the checkpoint of round ${roundOf(name)} is damaged (${read}); ${way}`);
  }
  if (saved.length === 0) return undefined;
  throw new RangeError(
    `no checkpoint in ${join(folder, CHECKPOINTS)} is sound, found ${saved.length} damaged; expected one to go on from; train again with another --out`,
  );
}

/** Removes what a kill or a damage left behind: checkpoints after the one that is gone on from, a third one, states without a manifest. */
export function clearCheckpoints(folder: string, from?: Checkpoint, d: Disk = disk): void {
  const whole = new Set(
    saves(folder)
      .filter((name) => from && later(nameOf(from), name) >= 0)
      .slice(0, GENERATIONS),
  );
  for (const found of new Set([...saves(folder), ...saves(folder, "safetensors")])) {
    if (!whole.has(found)) drop(folder, found, d);
  }
}

function drop(folder: string, name: string, d: Disk): void {
  for (const path of [manifestFile(folder, name), stateFile(folder, name)]) {
    attempt(path, () => d.remove(path)); // the manifest first, so that none is left without its state
  }
}

/** The names of the checkpoints that were saved (their manifests stand there), newest first. */
function saves(folder: string, ending: "json" | "safetensors" = "json"): string[] {
  const path = join(folder, CHECKPOINTS);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .map((name) => /^(\d{6,}(?:-\d{6,})?)\.([a-z]+)$/.exec(name))
    .filter((match) => match?.[2] === ending)
    .map((match) => (match as RegExpExecArray)[1])
    .sort((a, b) => later(b, a));
}

/** Above 0 if the checkpoint of name a is later than that of name b. */
function later(a: string, b: string): number {
  const [[roundA, partA = 0], [roundB, partB = 0]] = [a, b].map((name) => name.split("-").map(Number));
  return roundA - roundB || partA - partB;
}

/** A checkpoint, or what is wrong with it. */
function readCheckpoint(folder: string, name: string): Checkpoint | string {
  const state = `${name}.safetensors`;
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(manifestFile(folder, name), "utf8"));
  } catch {
    return `${name}.json is no JSON`;
  }
  const texts = typeof manifest?.sha256 === "string" && typeof manifest.metrics?.sha256 === "string";
  if (!texts || !areMarks(manifest.columns) || nameOf(manifest) !== name) {
    return `${name}.json is not the manifest of a checkpoint`;
  }
  if (!existsSync(stateFile(folder, name))) return `${state} is missing`;
  const bytes = readFileSync(stateFile(folder, name));
  if (bytes.length !== manifest.bytes) return `${state} has ${bytes.length} bytes, expected ${manifest.bytes}`;
  if (sha256(bytes) !== manifest.sha256) return `${state} has another sha256 than when it was saved`;
  const { round, part, metrics, columns, seconds } = manifest;
  const fault = metricsFault(folder, metrics);
  if (fault !== undefined) return fault;
  const growth = readColumns(folder, columns);
  if (typeof growth === "string") return growth;
  return { round, part, bytes, growth, columns, metrics, seconds };
}

function stateFile(folder: string, name: string): string {
  return join(folder, CHECKPOINTS, `${name}.safetensors`);
}

function manifestFile(folder: string, name: string): string {
  return join(folder, CHECKPOINTS, `${name}.json`);
}

/** `000004`, or `000004-000002` in the middle of round 5. */
function nameOf({ round, part }: { readonly round: number; readonly part: number }): string {
  return part === 0 ? digits(round) : `${digits(round)}-${digits(part)}`;
}

function roundOf(name: string): number {
  return Number.parseInt(name, 10);
}

function digits(round: number): string {
  return String(round).padStart(6, "0");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
