import type { Actions, Observations } from "./env.ts";

/**
 * Anything that answers "what would you do here?" for a batch of observations `[n, D]` with `n` actions.
 * The answer may take minutes: a person may be behind it.
 */
export interface Expert {
  label(observations: Observations): Actions | Promise<Actions>;
}
