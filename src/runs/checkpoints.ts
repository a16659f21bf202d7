import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, type Disk, disk, writeWhole } from "./disk.ts";
import { type Mark, metricsFault } from "./metrics.ts";

/** A state of a run between two rounds, and how far the metrics went then. */
export interface Checkpoint {
  /** Rounds made. */
  readonly round: number;
  /** The state, as `Run.checkpoint` gives it. */
  readonly bytes: Uint8Array;
  readonly metrics: Mark;
  /** Spent on training so far, wall clock, in all processes that worked on the run. */
  readonly seconds: number;
}

/** What stands in the JSON file beside a state. */
interface Manifest {
  readonly round: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly metrics: Mark;
  readonly seconds: number;
}

export const CHECKPOINTS = "checkpoint";

/** How many are kept: the newest, and the one before it for the day the newest is damaged. */
const GENERATIONS = 2;

/**
 * Saves a checkpoint as two files of the folder `checkpoint`: the state, and then a manifest with its hash, which makes it
 * count. The two newest stay. Throws a `StorageError`; the earlier ones are whole then.
 */
export function saveCheckpoint(folder: string, { round, bytes, metrics, seconds }: Checkpoint, d: Disk = disk): void {
  const manifest: Manifest = { round, bytes: bytes.length, sha256: sha256(bytes), metrics, seconds };
  writeWhole(stateFile(folder, round), bytes, d);
  writeWhole(manifestFile(folder, round), `${JSON.stringify(manifest, null, 2)}\n`, d);
  for (const old of rounds(folder).slice(GENERATIONS)) drop(folder, old, d);
}

/**
 * The newest checkpoint that is sound: its state and the metrics up to it have the hashes they were saved with. `say` is
 * told of each that is not. `undefined` if none was saved yet. Throws a `RangeError` if there are some and none is sound.
 */
export function newestCheckpoint(folder: string, say: (message: string) => void): Checkpoint | undefined {
  const saved = rounds(folder);
  for (const [i, round] of saved.entries()) {
    const read = readCheckpoint(folder, round);
    if (typeof read !== "string") return read;
    const next = saved[i + 1];
    const way = next === undefined ? "there is none before it" : `going on from the one before it, of round ${next}`;
    say(`the checkpoint of round ${round} is damaged (${read}); ${way}`);
  }
  if (saved.length === 0) return undefined;
  throw new RangeError(
    `no checkpoint in ${join(folder, CHECKPOINTS)} is sound, found ${saved.length} damaged; expected one to go on from; train again with another --out`,
  );
}

/** Removes what a kill or a damage left behind: checkpoints after the round that is gone on from, a third one, states without a manifest. */
export function clearCheckpoints(folder: string, round: number, d: Disk = disk): void {
  const whole = new Set(
    rounds(folder)
      .filter((saved) => saved <= round)
      .slice(0, GENERATIONS),
  );
  for (const found of new Set([...rounds(folder), ...rounds(folder, "safetensors")])) {
    if (!whole.has(found)) drop(folder, found, d);
  }
}

function drop(folder: string, round: number, d: Disk): void {
  for (const path of [manifestFile(folder, round), stateFile(folder, round)]) {
    attempt(path, () => d.remove(path)); // the manifest first, so that none is left without its state
  }
}

/** The rounds of which checkpoints were saved (their manifests stand there), newest first. */
function rounds(folder: string, ending: "json" | "safetensors" = "json"): number[] {
  const path = join(folder, CHECKPOINTS);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith(`.${ending}`) && /^\d{6,}\.[a-z]+$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => b - a);
}

/** A checkpoint, or what is wrong with it. */
function readCheckpoint(folder: string, round: number): Checkpoint | string {
  const name = `${digits(round)}.safetensors`;
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(manifestFile(folder, round), "utf8"));
  } catch {
    return `${digits(round)}.json is no JSON`;
  }
  if (manifest?.round !== round || typeof manifest.sha256 !== "string" || typeof manifest.metrics?.sha256 !== "string") {
    return `${digits(round)}.json is not the manifest of a checkpoint`;
  }
  if (!existsSync(stateFile(folder, round))) return `${name} is missing`;
  const bytes = readFileSync(stateFile(folder, round));
  if (bytes.length !== manifest.bytes) return `${name} has ${bytes.length} bytes, expected ${manifest.bytes}`;
  if (sha256(bytes) !== manifest.sha256) return `${name} has another sha256 than when it was saved`;
  const { metrics, seconds } = manifest;
  return metricsFault(folder, metrics) ?? { round, bytes, metrics, seconds };
}

function stateFile(folder: string, round: number): string {
  return join(folder, CHECKPOINTS, `${digits(round)}.safetensors`);
}

function manifestFile(folder: string, round: number): string {
  return join(folder, CHECKPOINTS, `${digits(round)}.json`);
}

function digits(round: number): string {
  return String(round).padStart(6, "0");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
