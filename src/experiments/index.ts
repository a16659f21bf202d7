import type { Experiment } from "./experiment.ts";
import { lecture } from "./lecture.ts";

export * from "./experiment.ts";
export * from "./lecture.ts";

/** Every experiment, in the order in which the lecture comes to it. */
export const experiments: readonly Experiment[] = lecture.flatMap(({ slides }) => slides.flatMap((slide) => slide.experiments));
