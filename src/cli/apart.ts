import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a process that works for another answers: how far its job is, and at the end what it came to or why it failed. */
type Message<Share, Result> =
  | { readonly kind: "progress"; readonly share: Share }
  | { readonly kind: "done"; readonly result: Result }
  | { readonly kind: "failed"; readonly error: Error };

/** Milliseconds between two reports of progress. */
const EVERY = 200;

/** Whether processes can be started: from its sources Node could not load them. */
export const canWorkApart = import.meta.url.endsWith(".js");

/** A process that does one job after the other. */
export interface Apart<Job, Share, Result> {
  /** Rejects with what the job threw, or with an `EndedEarly`; the next job then gets a new process. */
  work(job: Job, onProgress: (share: Share) => void): Promise<Result>;
  close(): void;
}

/** The process ended before its job did: it crashed, or was killed. */
export class EndedEarly extends Error {
  override readonly name = "EndedEarly";
}

const children = new Set<ChildProcess>();

/**
 * A process beside this one, made of a module that calls `serve`. What runs there can't hold up this one's signals, and a crash of
 * native code there is one job's failure. It inherits the environment and Node's options (memory limits), and ends with this
 * process, however that ends.
 */
export function apart<Job, Share, Result>(module: URL): Apart<Job, Share, Result> {
  let open: ChildProcess | undefined;
  let hear: (message: Message<Share, Result>) => void = () => {};
  const start = () => {
    // What it prints is for people, also where this process' standard output is for programs.
    const child = fork(module, { serialization: "advanced", stdio: ["ignore", 2, 2, "ipc"] });
    if (children.size === 0) process.on("exit", killAll);
    children.add(child);
    const lost = (why: string) => {
      children.delete(child);
      if (children.size === 0) process.off("exit", killAll);
      if (open !== child) return;
      open = undefined;
      hear({ kind: "failed", error: new EndedEarly(`its process ended early, ${why}`) });
    };
    child.on("message", (message) => hear(message as Message<Share, Result>));
    child.on("error", (error) => lost(error.message));
    child.on("exit", (code, signal) => lost(signal === null ? `with code ${code}` : `by ${signal}`));
    return child;
  };
  return {
    work: (job, onProgress) =>
      new Promise((resolve, reject) => {
        open ??= start();
        hear = (message) => {
          if (message.kind === "progress") onProgress(message.share);
          else if (message.kind === "done") resolve(message.result);
          else reject(message.error);
        };
        open.send(job as object, (error) => {
          if (error) open?.kill("SIGKILL"); // it is gone, or as good as that
        });
      }),
    close: () => {
      const child = open;
      open = undefined;
      child?.kill("SIGKILL"); // an exit would have to wait for native code
    },
  };
}

function killAll(): void {
  for (const child of children) child.kill("SIGKILL");
}

/** Does what the process that started this one asks for. Does nothing if `module`, the caller's address, was not started so. */
export function serve<Job, Share, Result>(
  module: string,
  conduct: (job: Job, onProgress: (share: Share) => void) => Promise<Result>,
): void {
  if (!process.connected || process.argv[1] !== fileURLToPath(module)) return;
  const tell = (message: Message<Share, Result>) => process.connected && process.send?.(message);
  // Ctrl-C reaches every process of a terminal: the one that started this one says what it means.
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => {});
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL")); // whoever asked is gone
  process.on("message", async (job) => {
    let told = -Infinity;
    try {
      const result = await conduct(job as Job, (share) => {
        const now = performance.now();
        if (now - told < EVERY) return;
        told = now;
        tell({ kind: "progress", share });
      });
      tell({ kind: "done", result });
    } catch (error) {
      tell({ kind: "failed", error: error as Error });
    }
  });
}
