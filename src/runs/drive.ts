import type { PendingRun, Progress } from "../algorithms/algorithm.ts";
import type { Checkpoint } from "./checkpoints.ts";
import { noteClock } from "./metrics.ts";
import type { RunFolder } from "./store.ts";

export interface DriveOptions<Row> {
  /** Seconds between checkpoints, at least; 0 saves every round. */
  readonly everySeconds?: number;
  /** Stops after the round under way, with a checkpoint. */
  readonly stop?: AbortSignal;
  /** Told of every round. */
  readonly onRound?: (row: Row, progress: Progress, round: number) => void;
  /** Told, now and then, what a round is waiting for. */
  readonly onWait?: (what: string, progress: Progress, round: number) => void;
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
 * A round that waits for somebody outside (`Run.waiting`) is saved in the middle, so that no answer is lost, and doesn't keep
 * a stop waiting.
 *
 * If a round throws (a loss that is not finite, say), the newest state from before it that is at hand is saved, and the
 * error goes on to the caller; what was answered in a round that was waiting is saved then. Throws a `StorageError` where
 * the disk refuses.
 */
export async function drive<State, Row extends object, Result>(
  run: PendingRun<State, Row, Result>,
  folder: RunFolder,
  options: DriveOptions<Row> = {},
): Promise<Driven> {
  const { everySeconds = 2, stop, onRound, onWait } = options;
  const begin = clock();
  const before = folder.from?.seconds ?? 0;
  const seconds = () => before + clock() - begin;
  await run.ready;

  let round = folder.from?.round ?? 0;
  let part = folder.from?.part ?? 0;
  let saved = folder.from ?? { round: -1, part: 0 };
  let savedAt = clock();
  let saving = 0; // what the last save cost, in seconds
  const take = (): Checkpoint => ({ round, part, ...run.snapshot(), metrics: folder.metrics.mark(), seconds: seconds() });
  const save = (checkpoint: Checkpoint) => {
    if (checkpoint.round < saved.round || (checkpoint.round === saved.round && checkpoint.part <= saved.part)) return;
    const from = clock();
    folder.save(checkpoint);
    savedAt = clock();
    saving = savedAt - from;
    saved = checkpoint;
  };
  const due = () => everySeconds === 0 || clock() - savedAt >= Math.max(everySeconds, SHARE * saving);

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

  /** Saves the middle of a round. */
  const saveHalfway = () => {
    part += 1;
    save(take());
  };
  let answered: string | undefined; // what it waited for when it was last saved so

  /** The next round; `STOPPED` if it was told to stop while it waited for somebody. */
  const made = async (): Promise<Row | undefined | typeof STOPPED> => {
    const next = run.next();
    next.catch(() => {}); // if it is left behind, nobody is there to hear what it throws
    for (;;) {
      const first = await firstOf(next, stop, WAIT);
      if (first !== TICK) return first;
      const what = run.waiting?.();
      if (what === undefined) continue;
      onWait?.(what, run.progress(), round);
      if (what !== answered && (stop?.aborted || due())) {
        answered = what;
        saveHalfway();
      }
      if (stop?.aborted) return STOPPED;
    }
  };

  let finished = false;
  while (!stop?.aborted) {
    let row: Row | undefined | typeof STOPPED;
    try {
      row = await made();
    } catch (error) {
      save(kept);
      if (run.waiting) saveHalfway();
      throw error;
    }
    if (row === STOPPED) return { finished: false, rounds: round, seconds: seconds() };
    finished = row === undefined;
    if (row === undefined) break;
    round += 1;
    part = 0;
    answered = undefined;
    folder.metrics.append(row);
    noteClock(folder.path, round, seconds());
    onRound?.(row, run.progress(), round);
    if (clock() - keptAt >= SHARE * keeping) keep();
    if (due()) {
      if (kept.round < round) keep();
      save(kept);
    }
    await breath(); // let signals and timers be heard between rounds that never wait
  }
  if (kept.round < round) keep();
  save(kept);
  return { finished, rounds: round, seconds: seconds() };
}

/** Seconds between two looks at a round under way. */
const WAIT = 0.5;
const TICK = Symbol("tick");
const STOPPED = Symbol("stopped");

/** What a promise gives, or `TICK` when a while has passed or a stop is asked for, whichever is first. */
function firstOf<T>(promise: Promise<T>, stop: AbortSignal | undefined, seconds: number): Promise<T | typeof TICK> {
  return new Promise((resolve, reject) => {
    const tick = () => {
      clearTimeout(timer);
      stop?.removeEventListener("abort", tick);
      resolve(TICK);
    };
    const timer = setTimeout(tick, seconds * 1000);
    stop?.addEventListener("abort", tick, { once: true });
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      stop?.removeEventListener("abort", tick);
    });
  });
}

function clock(): number {
  return performance.now() / 1000;
}

function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
