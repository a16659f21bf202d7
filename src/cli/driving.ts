import { ExpertError, type PendingRun, type Progress, RewardError, type Snapshot } from "../algorithms/index.ts";
import { NotFiniteError } from "../autodiff/index.ts";
import { type Driven, drive, openRun, type RunConfig, type RunFolder, readVerdict, StorageError } from "../runs/index.ts";
import { given, Interrupted } from "./exit.ts";
import { type Listening, onStop, stopSignal } from "./signals.ts";
import { duration, meter, parts, say } from "./terminal.ts";
import { versions } from "./versions.ts";

export interface Driving {
  /** What stands beside the progress. */
  readonly name: string;
  readonly every: number;
  show(row: object): string;
  /** What its work is counted in, so far. */
  rate(at: Progress): { readonly total: number; readonly unit: string } | undefined;
  /** Work done since the command began, the round under way included, where that is known. */
  drawn?(): number;
}

/**
 * Makes a run's rounds to the end with a meter, a checkpoint now and then, and Ctrl-C. Throws `Interrupted`, which says how it goes
 * on, and errors that say so too.
 */
export async function driven<Result>(
  run: PendingRun<unknown, object, Result>,
  folder: RunFolder,
  { name, every, show, rate, drawn = () => 0 }: Driving,
): Promise<Driven> {
  const { path } = folder;
  const stop = stopSignal("stopping after this round; press Ctrl-C once more to stop at once");
  const progress = meter(name);
  let said = "";
  let before = drawn();
  const beat = heartbeat(progress.live, (seconds) => {
    if (run.waiting?.() !== undefined) return; // that is said instead
    const at = run.progress();
    const now = { ...at, done: Math.min(at.total, at.done + drawn() - before) };
    progress.at(now, parts(said, `${duration(seconds)} in this round`), rate(now));
  });
  try {
    progress.at(run.progress(), "", rate(run.progress()));
    const done = await drive(run, folder, {
      everySeconds: every,
      stop: stop.signal,
      onRound(row, at) {
        said = show(row);
        before = drawn();
        beat.again();
        progress.at(at, said, rate(at));
      },
      onWait: (what, at) => progress.at(at, `waiting for ${what}`),
    });
    if (done.finished) return done;
    progress.end();
    throw new Interrupted(`stopped after round ${done.rounds}; go on with: apprentice train --resume ${path}`);
  } catch (error) {
    if (error instanceof StorageError) {
      throw new Error(`${error.message}; make room and go on with: apprentice train --resume ${path}`, { cause: error });
    }
    if (error instanceof ExpertError || error instanceof RewardError) {
      throw new Error(`${error.message}; go on with: apprentice train --resume ${path}`, { cause: error });
    }
    if (!(error instanceof NotFiniteError)) throw error;
    throw new Error(`${error.message}; the last good checkpoint is kept in ${path}/checkpoint`, { cause: error });
  } finally {
    beat.end();
    progress.end();
    stop.release();
  }
}

/** Seconds after which a round is a long one: on a bar, and where every sign of life is a line more. */
const LONG = { live: 2, lines: 5 };

/** Tells, now and then, for how many seconds the round under way has gone on, if it is a long one; lines become rarer. */
function heartbeat(live: boolean, tell: (seconds: number) => void): { again(): void; end(): void } {
  const first = live ? LONG.live : LONG.lines;
  let began = performance.now();
  let due = first;
  const timer = setInterval(() => {
    const seconds = (performance.now() - began) / 1000;
    if (seconds < due) return;
    if (!live) due = 2 * seconds;
    tell(seconds);
  }, 500);
  return {
    again() {
      began = performance.now();
      due = first;
    },
    end: () => clearInterval(timer),
  };
}

/** What can be begun, and gone on with. */
interface Startable<Result> {
  start(): PendingRun<unknown, object, Result>;
  resume(checkpoint: Uint8Array | Snapshot): PendingRun<unknown, object, Result>;
}

/**
 * Opens a run that was stopped, or killed, says where it goes on from and hands it to whoever does the work. Throws `BadInput` if
 * the folder can't be opened or its problem can't be made again.
 */
export async function reopened<Result, Prepared, Made>(
  path: string,
  config: RunConfig,
  prepare: () => Promise<Prepared & Startable<Result>>,
  work: (folder: RunFolder, prepared: Prepared, run: PendingRun<unknown, object, Result>) => Promise<Made>,
): Promise<Made> {
  const now = versions();
  for (const [name, then] of Object.entries(config.versions)) {
    if (now[name] !== then) say(`note: the run began with ${name} ${then}, this is ${now[name]}: its last bits may differ`);
  }
  const folder = await given(() => openRun(path, say));
  try {
    const prepared = await given(prepare);
    const { from } = folder;
    if (readVerdict(path)) say(`${path}: this run is finished`);
    else if (from) say(`${path}: going on from the checkpoint of round ${from.round}`);
    else say(`${path}: no checkpoint was saved yet, beginning again`);
    const run = from ? prepared.resume(from) : prepared.start();
    await given(() => run.ready);
    return await work(folder, prepared, run);
  } finally {
    folder.release();
  }
}

/** Ctrl-C while a verdict is reached: what was trained is kept. */
export function untilVerdict(folder: RunFolder): Listening {
  return onStop(() => {
    folder.release();
    say(`stopped before the verdict; go on with: apprentice train --resume ${folder.path}`);
  });
}
