import type { Progress } from "../algorithms/index.ts";
import { experiments, type Outcome } from "../experiments/index.ts";
import { serve } from "./apart.ts";
import { readData } from "./data-folder.ts";
import { readPackage } from "./packages.ts";

/** What a worker is told. */
export interface Assignment {
  readonly id: string;
  readonly quick: boolean;
  readonly seeds?: number;
}

/** Runs an experiment and takes its time. */
export async function conduct(
  { id, quick, seeds }: Assignment,
  onProgress: (progress: Progress) => void,
): Promise<{ outcome: Outcome; seconds: number }> {
  const experiment = experiments.find((one) => one.id === id);
  if (!experiment) throw new RangeError(`unknown experiment "${id}"`);
  const began = performance.now();
  const repetitions = seeds === undefined ? {} : { seeds };
  const outcome = await experiment.run({ quick, ...repetitions, onProgress, read: readPackage, readData });
  return { outcome, seconds: (performance.now() - began) / 1000 };
}

serve(import.meta.url, conduct);
