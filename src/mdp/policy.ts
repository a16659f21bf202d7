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
  /** Where in their episodes the rows stand: for whoever looks at the clock, or remembers something within an episode. */
  readonly places?: Places;
}

/** Which episode each row of a batch belongs to, and how many steps of it came before; `[n]` each. */
export interface Places {
  readonly episode: Int32Array;
  readonly step: Int32Array;
}

/** pi(a | s), for batches: anything that chooses actions from observations. */
export interface Policy {
  readonly observation: Space;
  readonly action: ActionSpace;
  /** `[n, D]` observations to `n` actions. The array may be reused by the next call. */
  act(observations: Observations, options?: ActOptions): Actions | Promise<Actions>;
}
