import type { Rng } from "../autodiff/random.ts";
import type { ActionSpace, Actions, Observations } from "./env.ts";
import type { Space } from "./space.ts";

export interface ActOptions {
  /** The most likely action (or the mean) instead of a draw. */
  readonly deterministic?: boolean;
  /**
   * Where draws come from; needed unless `deterministic`. One generator for all rows, or one for each row: then a row's
   * action doesn't depend on the rows beside it.
   */
  readonly rng?: Rng | readonly Rng[];
}

/** pi(a | s), for batches: anything that chooses actions from observations. */
export interface Policy {
  readonly observation: Space;
  readonly action: ActionSpace;
  /** `[n, D]` observations to `n` actions. The array may be reused by the next call. */
  act(observations: Observations, options?: ActOptions): Actions | Promise<Actions>;
}
