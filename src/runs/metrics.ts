import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { attempt, type Disk, disk, writeAll } from "./disk.ts";

/** How far the metrics go: what a checkpoint says of them. */
export interface Mark {
  readonly bytes: number;
  /** Of those bytes. */
  readonly sha256: string;
}

/**
 * The records of a run, one a line, in the order of its rounds. There is no wall-clock figure among them, so a run gives
 * the same file however often it was interrupted.
 */
export interface Metrics {
  append(record: object): void;
  /** How far it goes now. */
  mark(): Mark;
  /** Waits until all lines are on the medium. */
  sync(): void;
  close(): void;
}

export const METRICS = "metrics.jsonl";
const CLOCK = "clock.txt";

/** The mark of an empty file. */
export const nothing: Mark = { bytes: 0, sha256: createHash("sha256").digest("hex") };

/** Opens the metrics of a folder behind `from`: what stands after it belongs to rounds that will be made again, and is dropped. */
export function openMetrics(folder: string, from: Mark = nothing, d: Disk = disk): Metrics {
  const path = join(folder, METRICS);
  const hash = createHash("sha256");
  if (from.bytes > 0) hash.update(readFileSync(path).subarray(0, from.bytes));
  let { bytes } = from;
  const fd = attempt(path, () => {
    const opened = d.open(path, existsSync(path) ? "r+" : "w");
    d.truncate(opened, bytes);
    d.close(opened);
    return d.open(path, "a");
  });
  return {
    append(record) {
      const line = Buffer.from(`${JSON.stringify(record, plainly)}\n`);
      attempt(path, () => writeAll(d, fd, line));
      hash.update(line);
      bytes += line.length;
    },
    mark: () => ({ bytes, sha256: hash.copy().digest("hex") }),
    sync: () => attempt(path, () => d.sync(fd)),
    close: () => d.close(fd),
  };
}

/** What is wrong with the metrics up to a mark, in a few words, or `undefined` where they are what they were. */
export function metricsFault(folder: string, { bytes, sha256 }: Mark): string | undefined {
  const path = join(folder, METRICS);
  if (bytes === 0) return undefined;
  if (!existsSync(path)) return `${METRICS} is missing`;
  const found = readFileSync(path);
  if (found.length < bytes) return `${METRICS} has ${found.length} bytes, expected at least ${bytes}`;
  const same = createHash("sha256").update(found.subarray(0, bytes)).digest("hex") === sha256;
  return same ? undefined : `${METRICS} has another content than when it was saved`;
}

/**
 * Notes how long the run had taken after a round, wall clock, in a file of its own: it is no result, so it may differ between runs
 * that are the same, and nothing is lost with it.
 */
export function noteClock(folder: string, round: number, seconds: number): void {
  try {
    appendFileSync(join(folder, CLOCK), `${round} ${seconds.toFixed(3)}\n`);
  } catch {
    // the run's own files say it when the disk refuses
  }
}

/** The records of a folder, each with its `wallSeconds` where they were noted. A last line that was cut off by a kill is left out. */
export function readRecords(folder: string): Record<string, unknown>[] {
  const lines = (name: string) => {
    const path = join(folder, name);
    return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  };
  const noted = lines(CLOCK).map((line) => /^(\d+) ([\d.]+)$/.exec(line));
  const wall = new Map(noted.map((found) => [Number(found?.[1]), Number(found?.[2])])); // a round that was made twice: the last time
  return lines(METRICS).map((line, i) => {
    const record = JSON.parse(line);
    return wall.has(i + 1) ? { ...record, wallSeconds: wall.get(i + 1) } : record;
  });
}

/** Typed arrays as lists; numbers that JSON has no sign for by their names. */
function plainly(_key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(value as unknown as ArrayLike<number>) : value;
}
