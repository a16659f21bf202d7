import { apart, canWorkApart } from "./apart.ts";
import { conduct, type Job, type Played } from "./benchmark-cell.ts";

/** A job with its name, and what has to be done before it. */
export interface Task {
  readonly name: string;
  readonly job: Job;
  readonly after?: string;
}

export interface PoolOptions {
  /** Jobs at the same time. */
  readonly jobs: number;
  readonly onProgress: (name: string, share: number) => void;
  readonly onDone: (name: string, played: Played) => void;
  /** The others go on. */
  readonly onFailed: (name: string, error: string) => void;
}

/**
 * Does jobs, a few at the same time, each process one after the other, in their order as far as one needn't wait for another.
 * What waits for a job that failed fails too.
 */
export async function workThrough(tasks: readonly Task[], options: PoolOptions): Promise<void> {
  const { onProgress, onDone, onFailed } = options;
  const waiting = [...tasks];
  const open = new Set(tasks.map(({ name }) => name));
  const failed = new Set<string>();
  let wake = () => {};
  let ended = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const end = (name: string) => {
    open.delete(name);
    wake();
    ended = new Promise((resolve) => {
      wake = resolve;
    });
  };
  const fail = (name: string, error: string) => {
    failed.add(name);
    onFailed(name, error);
    end(name);
  };
  const slot = async () => {
    const worker = newWorker();
    try {
      while (waiting.length > 0) {
        const at = waiting.findIndex(({ after }) => after === undefined || !open.has(after));
        if (at < 0) {
          await ended;
          continue;
        }
        const [{ name, job, after }] = waiting.splice(at, 1);
        if (after !== undefined && failed.has(after)) {
          fail(name, `${after} failed`);
          continue;
        }
        try {
          onDone(name, await worker.work(job, (share) => onProgress(name, share)));
          end(name);
        } catch (error) {
          if (!(error instanceof JobError)) throw error;
          fail(name, error.message);
        }
      }
    } finally {
      worker.close();
    }
  };
  const together = canWorkApart ? Math.min(options.jobs, tasks.length) : 1;
  await Promise.all(Array.from({ length: together }, slot));
}

/** The job itself failed; whatever else is thrown is a fault of the pool or the disk. */
class JobError extends Error {
  override readonly name = "JobError";
}

function newWorker(): { work(job: Job, onProgress: (share: number) => void): Promise<Played>; close(): void } {
  const { work, close } = canWorkApart
    ? apart<Job, number, Played>(new URL("./benchmark-worker.js", import.meta.url))
    : { work: conduct, close: () => {} };
  return {
    work: (job, onProgress) => work(job, onProgress).catch((error) => Promise.reject(new JobError(error.message))),
    close,
  };
}
