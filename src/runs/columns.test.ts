import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { faulty, systemError, unsynced } from "../../test/faulty-disk.ts";
import { type Algorithm, resume, start } from "../algorithms/algorithm.ts";
import { rng } from "../autodiff/random.ts";
import { extended } from "../data/extended.ts";
import { newestCheckpoint } from "./checkpoints.ts";
import { type Disk, disk, StorageError } from "./disk.ts";
import { drive } from "./drive.ts";
import { createRun, openRun, type RunConfig } from "./store.ts";

const root = mkdtempSync(join(tmpdir(), "apprentice-columns-"));
afterAll(() => rmSync(root, { recursive: true }));
let made = 0;
const newFolder = () => join(root, String(made++));
const config: RunConfig = {
  ...{ format: 1, algorithm: "gather", seed: 7, options: {}, problem: {}, command: ["train", "gather"], versions: {} },
};

interface Gathered {
  round: number;
  sum: number;
  data: { values: Float32Array; ticks: Uint8Array };
  /** What was answered in the round under way. */
  pending: number[];
}

type Ask = (k: number) => number | Promise<number>;

/** Gathers three numbers a round from somebody who may take his time; the next hangs on all that there are. */
const gather: Algorithm<{ ask: Ask; rounds: number }, { seed: number }, Gathered, object, Gathered> = {
  name: "gather",
  about: "",
  defaults: { seed: 0 },
  init: async () => ({ round: 0, sum: 0, data: { values: new Float32Array(0), ticks: new Uint8Array(0) }, pending: [] }),
  async iterate(state, { ask }) {
    while (state.pending.length < 3) {
      const answer = await ask(3 * state.round + state.pending.length);
      state.pending.push(answer);
    }
    state.data.values = extended(state.data.values, state.pending);
    state.data.ticks = extended(state.data.ticks, [state.round]);
    state.sum = state.data.values.reduce((a, b) => a + b, 0);
    state.pending = [];
    state.round += 1;
    return { round: state.round, sum: state.sum };
  },
  done: (state) => state.round >= 5,
  progress: (state) => ({ done: state.round, total: 5, unit: "rounds" }),
  result: async (state) => state,
  grows: ["data/values", "data/ticks"],
  waiting: ({ pending }) => (pending.length > 0 ? `${3 - pending.length} more` : undefined),
};
const problem = { ask: (k: number) => rng(3).split(k).normal(), rounds: 5 };

/** The same answers; what is asked is noted. */
const noting = (asked: number[]) => ({
  ...problem,
  ask(k: number) {
    asked.push(k);
    return problem.ask(k);
  },
});

const quiet = () => {};

function outcome(path: string): object {
  const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const newest = newestCheckpoint(path, quiet);
  return { state: hash(newest!.bytes), growth: newest?.growth, metrics: hash(readFileSync(join(path, "metrics.jsonl"))) };
}

async function whole(path: string, d: Disk): Promise<void> {
  const folder = createRun(path, config, d);
  try {
    await drive(start(gather, problem), folder, { everySeconds: 0 });
  } finally {
    try {
      folder.release();
    } catch {} // a disk that is gone takes the lock with it
  }
}

async function goOn(path: string, say: (message: string) => void = quiet, d = unsynced): Promise<void> {
  const folder = existsSync(join(path, "config.json")) ? openRun(path, say, d) : createRun(path, config, d);
  await drive(folder.from ? resume(gather, problem, folder.from) : start(gather, problem), folder, { everySeconds: 0 });
  folder.release();
}

describe("columns that only grow", () => {
  it("are written once: every checkpoint adds what is new, and the newest state is theirs and its own together", async () => {
    const path = newFolder();
    let written = 0;
    await whole(path, {
      ...unsynced,
      write: (fd, bytes) => {
        if (bytes.length === 12) written += 1; // three numbers
        return disk.write(fd, bytes);
      },
    });
    expect(written).toBe(5);
    expect(readdirSync(join(path, "columns")).sort()).toEqual(["data.ticks.bin", "data.values.bin"]);
    expect(statSync(join(path, "columns", "data.values.bin")).size).toBe(60);
    const { growth, bytes } = newestCheckpoint(path, quiet)!;
    expect(growth["data/values"]).toEqual(Float32Array.from({ length: 15 }, (_, k) => problem.ask(k)));
    expect(growth["data/ticks"]).toEqual(Uint8Array.of(0, 1, 2, 3, 4));
    const state = await resume(gather, problem, { growth, bytes }).result();
    expect(state.data.values).toHaveLength(15);
  });

  it("are the same wherever a kill stopped the run: before every single call to the disk, then resumed", async () => {
    const reference = newFolder();
    const counted = faulty(Infinity, systemError("none"), false);
    await whole(reference, counted.disk);
    const expected = outcome(reference);
    for (let n = 1; n <= counted.calls(); n++) {
      const path = newFolder();
      await whole(path, faulty(n, systemError("killed"), true).disk).catch(() => {});
      const complaints: string[] = [];
      await goOn(path, (message) => complaints.push(message));
      expect({ n, ...outcome(path), complaints }).toEqual({ n, ...expected, complaints: [] });
    }
  });

  it("keep what was saved when any one call to the disk fails, and say which file it was", async () => {
    const reference = newFolder();
    const counted = faulty(Infinity, systemError("none"), false);
    await whole(reference, counted.disk);
    const expected = outcome(reference);
    for (let n = 1; n <= counted.calls(); n++) {
      const path = newFolder();
      const error = await whole(path, faulty(n, systemError("ENOSPC"), false).disk).catch((thrown) => thrown);
      if (error !== undefined) expect({ n, error }).toEqual({ n, error: expect.any(StorageError) });
      const complaints: string[] = [];
      await goOn(path, (message) => complaints.push(message));
      expect({ n, ...outcome(path), complaints }).toEqual({ n, ...expected, complaints: [] });
    }
  });

  it("that were damaged are noticed: the run goes on from the checkpoint before, if that is sound", async () => {
    const reference = newFolder();
    await whole(reference, unsynced);
    const expected = outcome(reference);
    const file = (path: string) => join(path, "columns", "data.values.bin");
    const damage: [(path: string) => void, RegExp][] = [
      [
        (path) => truncateSync(file(path), 50),
        /data.values.bin has 50 bytes, expected at least 60\); going on from the one before it, of round 4/,
      ],
      [(path) => writeFileSync(file(path), readFileSync(file(path)).fill(1, 49, 52)), /another content than when it was saved/],
    ];
    for (const [spoil, complaint] of damage) {
      const path = newFolder();
      await whole(path, unsynced);
      spoil(path);
      const complaints: string[] = [];
      await goOn(path, (message) => complaints.push(message));
      expect(complaints).toEqual([expect.stringMatching(complaint)]);
      expect(outcome(path)).toEqual(expected);
    }
    const path = newFolder();
    await whole(path, unsynced);
    rmSync(file(path));
    expect(() => openRun(path, quiet)).toThrow(/no checkpoint in .* is sound, found 2 damaged/);
  });

  it("may not shrink", async () => {
    const path = newFolder();
    const folder = createRun(path, config, unsynced);
    const metrics = folder.metrics.mark();
    const save = (round: number, length: number) =>
      folder.save({ round, part: 0, bytes: new Uint8Array(1), growth: { a: new Int32Array(length) }, metrics, seconds: 0 });
    save(1, 3);
    expect(() => save(2, 2)).toThrow(/the column a got shorter, from 12 to 8 bytes; it may only grow/);
    folder.release();
  });
});

describe("a round that waits for somebody", () => {
  it("is saved in the middle: killed there, it asks again only for what is missing", async () => {
    const reference = newFolder();
    await whole(reference, unsynced);
    const path = newFolder();
    const folder = createRun(path, config, unsynced);
    // answers the first four questions, then leaves the run waiting for ever
    const slow = { ...problem, ask: (k: number) => (k < 4 ? problem.ask(k) : new Promise<number>(() => {})) };
    const waits: string[] = [];
    void drive(start(gather, slow), folder, { everySeconds: 0, onWait: (what) => waits.push(what) });
    while (waits.length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(new Set(waits)).toEqual(new Set(["2 more"]));
    expect(readdirSync(join(path, "checkpoint")).sort()).toEqual([
      "000001-000001.json",
      "000001-000001.safetensors",
      "000001.json",
      "000001.safetensors",
    ]);
    folder.release(); // the process is gone
    const asked: number[] = [];
    const again = openRun(path, quiet, unsynced);
    expect(again.from).toMatchObject({ round: 1, part: 1 });
    const noted = noting(asked);
    await drive(resume(gather, noted, again.from!), again, { everySeconds: 0 });
    again.release();
    expect(asked[0]).toBe(4);
    expect(asked).toHaveLength(11);
    expect(outcome(path)).toEqual(outcome(reference));
    expect(readdirSync(join(path, "checkpoint"))).toHaveLength(4);
  });

  it("doesn't keep a stop waiting", async () => {
    const path = newFolder();
    const folder = createRun(path, config, unsynced);
    const slow = { ...problem, ask: (k: number) => (k < 5 ? problem.ask(k) : new Promise<number>(() => {})) };
    const stop = new AbortController();
    const stopped = await drive(start(gather, slow), folder, { stop: stop.signal, onWait: () => stop.abort() });
    folder.release();
    expect(stopped).toMatchObject({ finished: false, rounds: 1 });
    expect(newestCheckpoint(path, quiet)).toMatchObject({ round: 1, part: 1 });
  });

  it("keeps its answers when it goes wrong", async () => {
    const path = newFolder();
    const folder = createRun(path, config, unsynced);
    const failing = {
      ...problem,
      ask: (k: number) => {
        if (k === 8) throw new RangeError("no more");
        return problem.ask(k);
      },
    };
    await expect(drive(start(gather, failing), folder, { everySeconds: 1000 })).rejects.toThrow("no more");
    folder.release();
    const again = openRun(path, quiet, unsynced);
    expect(again.from).toMatchObject({ round: 2, part: 1 });
    const asked: number[] = [];
    const noted = noting(asked);
    await drive(resume(gather, noted, again.from!), again, {});
    again.release();
    expect(asked[0]).toBe(8);
  });
});
