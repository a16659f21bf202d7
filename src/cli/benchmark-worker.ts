import { parentPort } from "node:worker_threads";
import { conduct, type Job, type Played } from "./benchmark-cell.ts";

/** What a thread answers: how far its job is, and at the end what it came to or why it failed. Then it takes the next. */
export type Message =
  | { readonly kind: "progress"; readonly share: number }
  | { readonly kind: "done"; readonly played: Played }
  | { readonly kind: "failed"; readonly error: string };

/** Milliseconds between two reports of progress. */
const EVERY = 200;

if (parentPort) {
  const port = parentPort;
  const tell = (message: Message) => port.postMessage(message);
  port.on("message", async (job: Job) => {
    let told = -Infinity;
    try {
      const played = await conduct(job, (share) => {
        const now = performance.now();
        if (now - told < EVERY) return;
        told = now;
        tell({ kind: "progress", share });
      });
      tell({ kind: "done", played });
    } catch (error) {
      tell({ kind: "failed", error: (error as Error).message });
    }
  });
}
