import { meanOf } from "../../../data/index.ts";
import type { REPORTED } from "./update.ts";

/** What every update measures, under the names that the tools of the field log. */
export type Measured = Record<(typeof REPORTED)[number], number> & {
  loss: number;
  /** ‖∇θ‖ before it is shortened. */
  grad_norm: number;
};

/** Means over updates. Throws if there are none. */
export function meansOf(seen: readonly Measured[]): Measured {
  const names = Object.keys(seen[0]) as (keyof Measured)[];
  return Object.fromEntries(names.map((name) => [name, meanOf(seen.map((row) => row[name]))])) as Measured;
}

/**
 * Says so where the policy has gone far: more than a nat a token from the reference. Of single actions nothing is said: their
 * divergence has a bound, and a good policy may reach it.
 */
export function farAway({ kl, tokens }: { readonly kl?: number; readonly tokens?: number }): string | undefined {
  if (kl === undefined || tokens === undefined || tokens < 2 || kl < tokens) return undefined;
  return (
    `the policy is ${kl.toPrecision(3)} nats a response from the reference, more than one for each of its ${tokens.toPrecision(3)} tokens: ` +
    "a larger beta, a lower learningRate or fewer updates hold it nearer"
  );
}

/**
 * Says so where chosen responses become less likely than they were under the reference, by more than twice the standard error of
 * the round: the loss only asks that the rejected ones fall further.
 */
export function fallingToo(seen: readonly Measured[], beta: number): string | undefined {
  if (seen.length < 2) return undefined;
  const nats = seen.map((row) => row["rewards/chosen"] / beta);
  const chosen = meanOf(nats);
  const error = Math.sqrt(meanOf(nats.map((x) => (x - chosen) ** 2)) / (nats.length - 1));
  const rejected = meanOf(seen.map((row) => row["rewards/rejected"])) / beta;
  if (!(chosen < -2 * error) || rejected >= chosen) return undefined;
  return (
    `the log-probabilities of chosen responses fall too: ${-chosen.toPrecision(3)} nats below the reference's (rejected ones ` +
    `${-rejected.toPrecision(3)}); a part of sft in the loss holds them up`
  );
}
