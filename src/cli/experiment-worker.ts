import { parentPort, workerData } from "node:worker_threads";
import type { Progress } from "../algorithms/index.ts";
import { experiments, type Outcome } from "../experiments/index.ts";
import { readPackage } from "./packages.ts";

/** What a worker is told. */
export interface Assignment {
  readonly id: string;
  readonly quick: boolean;
  readonly seeds?: number;
}

/** What it answers: how far it is, and at the end what came out. An error ends the worker. */
export type Message =
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "done"; readonly outcome: Outcome; readonly seconds: number };

/** Milliseconds between two reports of progress. */
const EVERY = 100;

/** Runs an experiment and takes its time. */
export async function conduct(
  { id, quick, seeds }: Assignment,
  onProgress: (progress: Progress) => void,
): Promise<{ outcome: Outcome; seconds: number }> {
  const experiment = experiments.find((one) => one.id === id);
  if (!experiment) throw new RangeError(`unknown experiment "${id}"`);
  const began = performance.now();
  const outcome = await experiment.run({ quick, ...(seeds === undefined ? {} : { seeds }), onProgress, read: readPackage });
  return { outcome, seconds: (performance.now() - began) / 1000 };
}

if (parentPort) {
  const port = parentPort;
  let told = -Infinity;
  const tell = (message: Message) => port.postMessage(message);
  const result = await conduct(workerData as Assignment, (progress) => {
    const now = performance.now();
    if (now - told < EVERY) return;
    told = now;
    tell({ kind: "progress", progress });
  });
  tell({ kind: "done", ...result });
}
