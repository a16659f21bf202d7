import type { Rng } from "../autodiff/random.ts";
import type { ActionColumn } from "./dataset.ts";

/**
 * Changes one pair of a minibatch in place, s `[D]` and a `[K]`: data that was not recorded but could have been. All its
 * chance comes from `random`, a stream that belongs to this place of this epoch; so it is the same whatever else is drawn,
 * and a resumed run goes on bit for bit.
 */
export type Augment = (s: Float32Array, a: ActionColumn, random: Rng) => void;

/** One change after the other, each with a stream of its own. */
export function inTurn(...changes: readonly Augment[]): Augment {
  return (s, a, random) => {
    changes.forEach((change, i) => {
      change(s, a, random.split(i));
    });
  };
}

/** The change with probability p. Throws on a p outside of 0 to 1. */
export function sometimes(p: number, change: Augment): Augment {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`sometimes(p, ...) takes a probability, found ${p}`);
  return (s, a, random) => {
    if (random.float() < p) change(s, a, random);
  };
}
