import type { Actions, Observations } from "./env.ts";
import type { Places } from "./policy.ts";

/**
 * Anything that answers "what would you do here?" for a batch of observations `[n, D]` with `n` actions.
 * The answer may take minutes: a person may be behind it.
 */
export interface Expert {
  label(observations: Observations): Actions | Promise<Actions>;
}

/** What an expert sees who watches the learner: `n` states in which somebody is about to act. */
export interface Watched {
  /** `[n, D]` */
  readonly observations: Observations;
  /** `[n, K]`: what the learner would do. */
  readonly proposed: Actions;
  /** `[n]`: 1 where the expert acted in the step before this one, 0 where the learner did and where an episode begins. */
  readonly inControl: Uint8Array;
  readonly places: Places;
}

/**
 * An expert who watches and takes over when it sees fit, and hands back again (Kelly et al. 2019). What it does once it is
 * in control is what it answers to `label`.
 */
export interface InterveningExpert extends Expert {
  /** Who acts next, `[n]`: 1 for the expert, 0 for the learner. */
  takesOver(watched: Watched): Uint8Array | Promise<Uint8Array>;
}
