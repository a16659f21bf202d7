import { ExpertError, type PendingRun, type Progress, RewardError } from "../algorithms/index.ts";
import { NotFiniteError } from "../autodiff/index.ts";
import { type Driven, drive, type RunFolder, StorageError } from "../runs/index.ts";
import { Interrupted } from "./exit.ts";
import { stopSignal } from "./signals.ts";
import { meter } from "./terminal.ts";

export interface Driving {
  /** What stands beside the progress. */
  readonly name: string;
  readonly every: number;
  show(row: object): string;
  /** What its work is counted in, so far. */
  rate(at: Progress): { readonly total: number; readonly unit: string } | undefined;
}

/**
 * Makes a run's rounds to the end with a meter, a checkpoint now and then, and Ctrl-C. Throws `Interrupted`, which says how it goes
 * on, and errors that say so too.
 */
export async function driven<Result>(
  run: PendingRun<unknown, object, Result>,
  folder: RunFolder,
  { name, every, show, rate }: Driving,
): Promise<Driven> {
  const { path } = folder;
  const stop = stopSignal("stopping after this round; press Ctrl-C once more to stop at once");
  const progress = meter(name);
  try {
    progress.at(run.progress(), "", rate(run.progress()));
    const done = await drive(run, folder, {
      everySeconds: every,
      stop: stop.signal,
      onRound: (row, at) => progress.at(at, show(row), rate(at)),
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
    progress.end();
    stop.release();
  }
}
