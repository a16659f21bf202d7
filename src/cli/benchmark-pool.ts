import { Worker } from "node:worker_threads";
import { conduct, type Job, type Played } from "./benchmark-cell.ts";
import type { Message } from "./benchmark-worker.ts";

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
 * Does jobs, a few at the same time, each thread one after the other, in their order as far as one needn't wait for another.
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
    const thread = newThread();
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
          onDone(name, await thread.work(job, (share) => onProgress(name, share)));
          end(name);
        } catch (error) {
          if (!(error instanceof JobError)) throw error;
          fail(name, error.message);
        }
      }
    } finally {
      await thread.close();
    }
  };
  // From its sources this runs without threads: Node can't load them there.
  const together = threaded ? Math.min(options.jobs, tasks.length) : 1;
  await Promise.all(Array.from({ length: together }, slot));
}

const threaded = import.meta.url.endsWith(".js");

/** The job itself failed; whatever else is thrown is a fault of the pool or the disk. */
class JobError extends Error {
  override readonly name = "JobError";
}

interface Thread {
  work(job: Job, onProgress: (share: number) => void): Promise<Played>;
  close(): Promise<unknown>;
}

function newThread(): Thread {
  if (!threaded) {
    const work: Thread["work"] = (job, onProgress) =>
      conduct(job, onProgress).catch((error) => Promise.reject(new JobError(error.message)));
    return { work, close: async () => {} };
  }
  let worker: Worker | undefined;
  let hear: (message: Message) => void = () => {};
  const open = () => {
    const current = new Worker(new URL("./benchmark-worker.js", import.meta.url));
    const lost = (error: string) => {
      if (worker === current) worker = undefined; // the next job gets a new one
      hear({ kind: "failed", error });
    };
    current.on("message", (message: Message) => hear(message));
    current.on("error", (error) => lost((error as Error).message));
    current.on("exit", (code) => lost(`its thread ended early, with code ${code}`));
    return current;
  };
  return {
    work: (job, onProgress) =>
      new Promise((resolve, reject) => {
        worker ??= open();
        hear = (message) => {
          if (message.kind === "progress") onProgress(message.share);
          else if (message.kind === "done") resolve(message.played);
          else reject(new JobError(message.error));
        };
        worker.postMessage(job);
      }),
    close: async () => worker?.terminate(),
  };
}
