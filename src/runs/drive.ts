import type { PendingRun, Progress } from "../algorithms/algorithm.ts";
import type { Checkpoint } from "./checkpoints.ts";
import type { RunFolder } from "./store.ts";

export interface DriveOptions<Row> {
  /** Seconds between checkpoints, at least; 0 saves every round. */
  readonly everySeconds?: number;
  /** Stops after the round under way, with a checkpoint. */
  readonly stop?: AbortSignal;
  /** Told of every round. */
  readonly onRound?: (row: Row, progress: Progress, round: number) => void;
}

export interface Driven {
  /** Whether the algorithm has nothing left to do; otherwise it was stopped. */
  readonly finished: boolean;
  /** Rounds made, those before the last resumption included. */
  readonly rounds: number;
  /** Spent on them, wall clock. */
  readonly seconds: number;
}

/** Saving takes at most one part in this many of the time. */
const SHARE = 20;

/**
 * Makes a run's rounds to the end, writing each record and, now and then, a checkpoint. The clock decides when a
 * checkpoint is written, never what is in it, so neither a kill nor a slow disk changes the results.
 *
 * If a round throws (a loss that is not finite, say), the newest state from before it that is at hand is saved, and the
 * error goes on to the caller. Throws a `StorageError` where the disk refuses.
 */
export async function drive<State, Row extends object, Result>(
  run: PendingRun<State, Row, Result>,
  folder: RunFolder,
  options: DriveOptions<Row> = {},
): Promise<Driven> {
  const { everySeconds = 2, stop, onRound } = options;
  const begin = clock();
  const before = folder.from?.seconds ?? 0;
  const seconds = () => before + clock() - begin;
  await run.ready;

  let round = folder.from?.round ?? 0;
  let saved = folder.from?.round ?? -1;
  let savedAt = clock();
  let saving = 0; // what the last save cost, in seconds
  const take = (): Checkpoint => ({ round, bytes: run.checkpoint(), metrics: folder.metrics.mark(), seconds: seconds() });
  const save = (checkpoint: Checkpoint) => {
    if (checkpoint.round <= saved) return;
    const from = clock();
    folder.save(checkpoint);
    savedAt = clock();
    saving = savedAt - from;
    saved = checkpoint.round;
  };

  // A state is also kept in memory, as often as is cheap: what is saved should a round go wrong.
  let kept = folder.from ?? take();
  let keptAt = clock();
  let keeping = 0;
  const keep = () => {
    const from = clock();
    kept = take();
    keptAt = clock();
    keeping = keptAt - from;
  };

  let finished = false;
  while (!stop?.aborted) {
    let row: Row | undefined;
    try {
      row = await run.next();
    } catch (error) {
      save(kept);
      throw error;
    }
    finished = row === undefined;
    if (row === undefined) break;
    round += 1;
    folder.metrics.append(row);
    onRound?.(row, run.progress(), round);
    if (clock() - keptAt >= SHARE * keeping) keep();
    if (everySeconds === 0 || clock() - savedAt >= Math.max(everySeconds, SHARE * saving)) {
      if (kept.round < round) keep();
      save(kept);
    }
    await breath(); // let signals and timers be heard between rounds that never wait
  }
  if (kept.round < round) keep();
  save(kept);
  return { finished, rounds: round, seconds: seconds() };
}

function clock(): number {
  return performance.now() / 1000;
}

function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
