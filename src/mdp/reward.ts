import type { Actions, Observations } from "./env.ts";

/** N steps (s, a, s'), row by row. */
export interface StepBatch {
  /** `[N, D]` */
  readonly s: Observations;
  /** `[N]` or `[N, K]`, as the environment got them. */
  readonly a: Actions;
  /** `[N, D]`: what each step led to, before a new episode began. */
  readonly next: Observations;
  /** `[N]`: 1 where the world ended the episode. */
  readonly terminated: Uint8Array;
}

/** r(s, a, s') of a batch of steps, `[N]`. A learned one may answer differently from one call to the next. */
export type Reward = (steps: StepBatch) => ArrayLike<number> | Promise<ArrayLike<number>>;
