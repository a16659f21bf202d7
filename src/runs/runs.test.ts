import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { faulty, systemError, unsynced } from "../../test/faulty-disk.ts";
import type { PendingRun } from "../algorithms/algorithm.ts";
import { rng } from "../autodiff/random.ts";
import { newestCheckpoint } from "./checkpoints.ts";
import { type Disk, disk, StorageError } from "./disk.ts";
import { drive } from "./drive.ts";
import { LockedError } from "./lock.ts";
import { readRecords } from "./metrics.ts";
import { createRun, FolderTakenError, mustBeFree, openRun, type RunConfig, type RunFolder, readConfig } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "apprentice-runs-"));
afterAll(() => rmSync(root, { recursive: true }));
let made = 0;
const newFolder = () => join(root, String(made++));

const config: RunConfig = {
  format: 1,
  algorithm: "walk",
  env: "Line-v0",
  seed: 7,
  options: { rounds: 5 },
  problem: {},
  command: ["train", "walk"],
  versions: {},
};

interface Walk {
  round: number;
  x: number;
  stream: number[];
}

/** A stand-in for an algorithm: a random walk whose next step hangs on everything before it. */
function walk(rounds: number, from?: Uint8Array, fails = Infinity): PendingRun<Walk, { round: number; x: number }, Walk> {
  const state: Walk = from
    ? JSON.parse(new TextDecoder().decode(from))
    : { round: 0, x: 0, stream: Array.from(rng(config.seed).words) };
  const random = rng(config.seed);
  random.words.set(state.stream);
  const next = async () => {
    if (state.round >= rounds) return undefined;
    if (state.round + 1 >= fails) throw new RangeError("the loss is NaN");
    state.round += 1;
    state.x = state.x * 0.9 + random.normal();
    state.stream = Array.from(random.words);
    return { round: state.round, x: state.x };
  };
  return {
    ready: Promise.resolve(),
    state,
    next,
    progress: () => ({ done: state.round, total: rounds, unit: "steps" }),
    checkpoint: () => new TextEncoder().encode(JSON.stringify(state)),
    snapshot: () => ({ bytes: new TextEncoder().encode(JSON.stringify(state)), growth: {} }),
    result: async () => state,
    async *[Symbol.asyncIterator]() {
      for (let row = await next(); row; row = await next()) yield row;
    },
  };
}

const ROUNDS = 5;
const twoNewest = ["000004.json", "000004.safetensors", "000005.json", "000005.safetensors"];
const quiet = () => {};

/** What a run comes to: the hash of its newest state and of its metrics. */
function outcome(path: string): { state: string; metrics: string; round: number | undefined } {
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const newest = newestCheckpoint(path, quiet);
  return { state: hash(newest!.bytes), metrics: hash(readFileSync(join(path, "metrics.jsonl"))), round: newest?.round };
}

async function whole(path: string, d: Disk = unsynced): Promise<void> {
  let folder: RunFolder | undefined;
  try {
    folder = createRun(path, config, d);
    await drive(walk(ROUNDS), folder, { everySeconds: 0 });
    folder.finish({ x: 1 });
  } finally {
    try {
      folder?.release();
    } catch {} // a disk that is gone takes the lock with it
  }
}

async function goOn(path: string, say: (message: string) => void = quiet): Promise<void> {
  const folder = existsSync(join(path, "config.json")) ? openRun(path, say, unsynced) : createRun(path, config, unsynced);
  await drive(walk(ROUNDS, folder.from?.bytes), folder, { everySeconds: 0 });
  folder.finish({ x: 1 });
  folder.release();
}

async function reference(): Promise<{ expected: ReturnType<typeof outcome>; calls: number }> {
  const path = newFolder();
  const counted = faulty(Infinity, systemError("none"), false);
  await whole(path, counted.disk);
  return { expected: outcome(path), calls: counted.calls() };
}

describe("a run's folder", () => {
  it("holds the configuration, one record a round, and the two newest checkpoints", async () => {
    const path = newFolder();
    await whole(path);
    expect(readdirSync(path).sort()).toEqual(["checkpoint", "clock.txt", "config.json", "metrics.jsonl", "verdict.json"]);
    expect(readdirSync(join(path, "checkpoint")).sort()).toEqual(twoNewest);
    expect(readConfig(path)).toEqual(config);
    expect(readRecords(path).map(({ round }) => round)).toEqual(Array.from({ length: ROUNDS }, (_, i) => i + 1));
  });

  it("is the same, bit for bit, wherever a kill stopped it: before every single call to the disk, then resumed", async () => {
    const { expected, calls } = await reference();
    expect(calls).toBeGreaterThan(70);
    for (let n = 1; n <= calls; n++) {
      const path = newFolder();
      const killed = faulty(n, systemError("killed"), true);
      await whole(path, killed.disk).catch(() => {});
      const complaints: string[] = [];
      await goOn(path, (message) => complaints.push(message));
      expect({ n, ...outcome(path), complaints }).toEqual({ n, ...expected, complaints: [] });
      expect(readdirSync(join(path, "checkpoint")).sort()).toEqual(twoNewest);
      expect(readdirSync(path).sort()).toEqual(["checkpoint", "clock.txt", "config.json", "metrics.jsonl", "verdict.json"]);
    }
  });

  it.each(["ENOSPC", "EIO"])(
    "keeps what was saved when any one call to the disk fails with %s, and says which file it was",
    async (code) => {
      const { expected, calls } = await reference();
      for (let n = 1; n <= calls; n++) {
        const path = newFolder();
        const error = await whole(path, faulty(n, systemError(code), false).disk).catch((thrown) => thrown);
        if (error !== undefined) {
          expect({ n, error }).toEqual({ n, error: expect.any(StorageError) });
          expect((error as StorageError).code).toBe(code);
          expect((error as StorageError).message).toContain(path);
        }
        const complaints: string[] = [];
        await goOn(path, (message) => complaints.push(message));
        expect({ n, ...outcome(path), complaints }).toEqual({ n, ...expected, complaints: [] });
      }
    },
  );

  it("refuses to hold a second run, and says what is in it", async () => {
    const path = newFolder();
    await whole(path);
    expect(() => createRun(path, config)).toThrow(FolderTakenError);
    expect(() => createRun(path, config)).toThrow(
      /holds a finished run \(walk on Line-v0, seed 7\), expected a folder that is new or empty/,
    );
    const other = newFolder();
    disk.makeFolder(other);
    mustBeFree(other);
    writeFileSync(join(other, "thesis.txt"), "all of it");
    expect(() => createRun(other, config)).toThrow(/holds other files \(thesis.txt\)/);
    expect(readFileSync(join(other, "thesis.txt"), "utf8")).toBe("all of it");
    expect(() => createRun(join(other, "thesis.txt"), config)).toThrow(/holds a file/);
  });

  it("says what is missing where there is no run to go on with", () => {
    expect(() => openRun(join(root, "nowhere"), quiet)).toThrow(
      /holds no run \(found no such folder\); expected the folder of a run/,
    );
    const path = newFolder();
    disk.makeFolder(path);
    writeFileSync(join(path, "config.json"), '{"format": 1, "algorithm": 3}');
    expect(() => openRun(path, quiet)).toThrow(/config.json is not the configuration of a run \(algorithm: /);
    writeFileSync(join(path, "config.json"), '{"format": 1, "algor');
    expect(() => openRun(path, quiet)).toThrow(/config.json: the JSON is damaged or cut short; restore it/);
  });
});

describe("a damaged checkpoint", () => {
  it("is detected whichever of its bytes was changed, and the one before it is used", async () => {
    const path = newFolder();
    await whole(path);
    const file = join(path, "checkpoint", "000005.safetensors");
    const sound = readFileSync(file);
    for (let at = 0; at < sound.length; at++) {
      const damaged = Buffer.from(sound);
      damaged[at] ^= 1 << (at % 8);
      writeFileSync(file, damaged);
      const complaints: string[] = [];
      expect(newestCheckpoint(path, (message) => complaints.push(message))?.round).toBe(4);
      expect(complaints).toEqual([
        "the checkpoint of round 5 is damaged (000005.safetensors has another sha256 than when it was saved); going on from the one before it, of round 4",
      ]);
    }
    for (const length of [0, 1, sound.length - 1]) {
      writeFileSync(file, sound.subarray(0, length));
      expect(newestCheckpoint(path, quiet)?.round).toBe(4);
    }
    rmSync(file);
    expect(newestCheckpoint(path, quiet)?.round).toBe(4);
  });

  it("is one whose manifest was damaged, too: what is read is never another state", async () => {
    const path = newFolder();
    await whole(path);
    const { state, metrics } = outcome(path);
    const file = join(path, "checkpoint", "000005.json");
    const sound = readFileSync(file);
    for (let at = 0; at < sound.length; at++) {
      const damaged = Buffer.from(sound);
      damaged[at] ^= 1 << (at % 7);
      writeFileSync(file, damaged);
      const found = outcome(path);
      if (found.round === 5) expect(found).toEqual({ state, metrics, round: 5 });
      else expect(found.round).toBe(4);
    }
  });

  it("does not change the outcome: the run goes on from the one before", async () => {
    const { expected } = await reference();
    const path = newFolder();
    await whole(path);
    truncateSync(join(path, "checkpoint", "000005.safetensors"), 10);
    const complaints: string[] = [];
    await goOn(path, (message) => complaints.push(message));
    expect(complaints).toHaveLength(1);
    expect(outcome(path)).toEqual(expected);
  });

  it("is an error in one line when there is no sound one", async () => {
    const path = newFolder();
    await whole(path);
    for (const name of ["000004", "000005"]) truncateSync(join(path, "checkpoint", `${name}.safetensors`), 10);
    expect(() => openRun(path, quiet)).toThrow(/no checkpoint in .* is sound, found 2 damaged; expected one to go on from/);
  });

  it("is also one whose metrics were changed under it", async () => {
    const path = newFolder();
    await whole(path);
    const file = join(path, "metrics.jsonl");
    writeFileSync(file, readFileSync(file, "utf8").slice(0, -5));
    const complaints: string[] = [];
    await goOn(path, (message) => complaints.push(message));
    expect(complaints[0]).toMatch(/damaged \(metrics.jsonl has \d+ bytes, expected at least \d+\)/);
    expect(readRecords(path)).toHaveLength(ROUNDS);
  });
});

describe("driving a run", () => {
  it("notes the time that its rounds took, beside the records: a resumed run's goes on from the one before", async () => {
    const path = newFolder();
    await whole(path);
    const times = readRecords(path).map(({ wallSeconds }) => wallSeconds as number);
    expect(times).toHaveLength(ROUNDS);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(readFileSync(join(path, "metrics.jsonl"), "utf8")).not.toContain("wallSeconds");
    writeFileSync(join(path, "clock.txt"), "1 0.5\n2 0.7\n2 0.9\n3 1.");
    expect(readRecords(path).map(({ wallSeconds }) => wallSeconds)).toEqual([0.5, 0.9, ...new Array(ROUNDS - 2).fill(undefined)]);
  });

  it("saves a state when it is stopped, and goes on from there", async () => {
    const { expected } = await reference();
    const path = newFolder();
    const folder = createRun(path, config);
    const stop = new AbortController();
    const stopped = await drive(walk(ROUNDS), folder, {
      stop: stop.signal,
      onRound: (_, __, round) => round === 3 && stop.abort(),
    });
    folder.release();
    expect(stopped).toMatchObject({ finished: false, rounds: 3 });
    expect(newestCheckpoint(path, quiet)?.round).toBe(3);
    await goOn(path);
    expect(outcome(path)).toEqual(expected);
  });

  it("keeps the last good state when a round goes wrong", async () => {
    const path = newFolder();
    const folder = createRun(path, config);
    await expect(drive(walk(ROUNDS, undefined, 4), folder, { everySeconds: 1000 })).rejects.toThrow("the loss is NaN");
    folder.release();
    const round = newestCheckpoint(path, quiet)?.round ?? -1;
    expect(round).toBeGreaterThanOrEqual(0); // how new it is hangs on the clock; that it is there does not
    expect(round).toBeLessThanOrEqual(3);
  });

  it("writes one checkpoint only where the run is short", async () => {
    const path = newFolder();
    let syncs = 0;
    const folder = createRun(path, config, { ...disk, sync: () => void syncs++ });
    syncs = 0;
    await drive(walk(ROUNDS), folder, {});
    folder.release();
    expect(syncs).toBe(3); // metrics, state, manifest
  });
});

describe("the lock of a folder", () => {
  it("keeps a second process out as long as the first is alive, and no longer", async () => {
    const path = newFolder();
    await whole(path);
    const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
    writeFileSync(join(path, "lock"), JSON.stringify({ pid: other.pid, host: hostname() }));
    expect(() => openRun(path, quiet)).toThrow(new RegExp(`is in use by process ${other.pid}; wait until that has ended`));
    other.kill("SIGKILL");
    await new Promise((resolve) => other.on("close", resolve));
    openRun(path, quiet).release();
    expect(existsSync(join(path, "lock"))).toBe(false);
  });

  it("keeps a second part of the same process out", () => {
    const path = newFolder();
    const first = createRun(path, config);
    expect(() => openRun(path, quiet)).toThrow(LockedError);
    first.release();
    openRun(path, quiet).release();
  });

  // elsewhere the system doesn't say when a process started
  it.skipIf(process.platform !== "linux")("is not fooled by a number of a process that is used again", () => {
    const path = newFolder();
    createRun(path, config).release();
    writeFileSync(join(path, "lock"), JSON.stringify({ pid: process.ppid, host: hostname(), started: "1" }));
    const folder = openRun(path, quiet);
    expect(JSON.parse(readFileSync(join(path, "lock"), "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
    folder.release();
    expect(existsSync(join(path, "lock"))).toBe(false);
  });

  it("leaves the lock of another machine alone", () => {
    const path = newFolder();
    createRun(path, config).release();
    writeFileSync(join(path, "lock"), JSON.stringify({ pid: 1, host: "elsewhere" }));
    expect(() => openRun(path, quiet)).toThrow(/in use by process 1 on elsewhere; if that has ended, remove/);
  });
});
