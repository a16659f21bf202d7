import type { Experiment } from "./experiment.ts";
import { horizon } from "./horizon/run.ts";
import { pdl } from "./pdl/run.ts";

export * from "./experiment.ts";

/** Every experiment, in the order in which the lecture comes to it. */
export const experiments: readonly Experiment[] = [pdl, horizon];
