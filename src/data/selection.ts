import { rng } from "../autodiff/random.ts";
import { describe, sameSpace, size } from "../mdp/space.ts";
import { actionColumn, count, type Dataset, dataset, type Metadata } from "./dataset.ts";
import { type Pairs, pairsOf } from "./pairs.ts";

/** The trajectories of several data sets, one after the other. Metadata stays where all agree. Throws if their spaces differ. */
export function concat(...sets: readonly Dataset[]): Dataset {
  if (sets.length === 0) throw new RangeError("concat takes at least one data set, found none");
  const [first] = sets;
  for (const [i, { observationSpace, actionSpace }] of sets.entries()) {
    for (const [what, found, expected] of [
      ["observations", observationSpace, first.observationSpace],
      ["actions", actionSpace, first.actionSpace],
    ] as const) {
      if (!sameSpace(found, expected)) {
        const bounds = describe(found) === describe(expected) ? " with other bounds" : "";
        throw new RangeError(
          `data set ${i} has ${what} ${describe(found)}${bounds}, data set 0 has ${describe(expected)}; bring them under one environment with fitsEnv`,
        );
      }
    }
  }
  const metadata = Object.fromEntries(
    Object.entries(first.metadata).filter(([key, value]) => sets.every((set) => set.metadata[key as keyof Metadata] === value)),
  );
  const picked = sets.flatMap((set) => Array.from({ length: count(set) }, (_, i) => ({ set, i })));
  return gathered(first, metadata, picked);
}

/** The trajectories of the given numbers, copied, in that order. Throws if one does not exist, or none is given. */
export function select(data: Dataset, indices: ArrayLike<number>): Dataset {
  const n = count(data);
  const picked = Array.from(indices, (i) => {
    if (!(Number.isInteger(i) && i >= 0 && i < n)) {
      throw new RangeError(`trajectory ${i} does not exist, the data set has 0 to ${n - 1}`);
    }
    return { set: data, i };
  });
  return gathered(data, data.metadata, picked);
}

/** The first n trajectories, as views into the same columns. Throws unless there are as many. */
export function take(data: Dataset, n: number): Dataset {
  if (!(Number.isInteger(n) && n >= 1 && n <= count(data))) {
    throw new RangeError(`take(n) takes 1 to ${count(data)} trajectories of this data set, found ${n}`);
  }
  const steps = data.offsets[n];
  return {
    ...data,
    observations: data.observations.subarray(0, (steps + n) * size(data.observationSpace)),
    actions: data.actions.subarray(0, steps * size(data.actionSpace)),
    rewards: data.rewards.subarray(0, steps),
    offsets: data.offsets.subarray(0, n + 1),
    terminated: data.terminated.subarray(0, n),
  };
}

/**
 * A seeded split by trajectory, so that no validation state comes from a trajectory that was trained on: about
 * `validation` (a fraction) of the trajectories are set aside, at least one, and at least one is left. Both halves keep
 * the order. Throws if there is only one trajectory.
 */
export function split(data: Dataset, options: SplitOptions): { train: Dataset; validation: Dataset } {
  const { train, validation } = sides(data, options);
  return { train: select(data, train), validation: select(data, validation) };
}

/** The pairs of the two halves that `split` makes, in the same order, as views into the same columns: nothing is copied. */
export function splitPairs(data: Dataset, options: SplitOptions): { train: Pairs; validation: Pairs } {
  const { train, validation } = sides(data, options);
  return { train: pairsOf(data, train), validation: pairsOf(data, validation) };
}

export interface SplitOptions {
  /** The share of trajectories that is set aside. */
  readonly validation: number;
  readonly seed: number;
}

function sides(data: Dataset, { validation, seed }: SplitOptions): { train: Uint32Array; validation: Uint32Array } {
  const n = count(data);
  if (!(validation > 0 && validation < 1)) throw new RangeError(`validation is a fraction between 0 and 1, found ${validation}`);
  if (n < 2)
    throw new RangeError(
      "a split by trajectory takes at least 2 trajectories, found 1; train without validation, or record more",
    );
  const aside = Math.min(n - 1, Math.max(1, Math.round(n * validation)));
  const order = rng(seed).permutation(n);
  return { train: order.subarray(aside).sort(), validation: order.subarray(0, aside).sort() };
}

/** Copies picked trajectories into new columns. They are known to be sound: what is checked again is only that there is one. */
function gathered(like: Dataset, metadata: Metadata, picked: readonly { set: Dataset; i: number }[]): Dataset {
  const { observationSpace, actionSpace } = like;
  const n = picked.length;
  const D = size(observationSpace);
  const K = size(actionSpace);
  const offsets = new Uint32Array(n + 1);
  picked.forEach(({ set, i }, k) => {
    offsets[k + 1] = offsets[k] + set.offsets[i + 1] - set.offsets[i];
  });
  const steps = offsets[n];
  const bytes = picked.every(({ set }) => set.observations instanceof Uint8Array);
  const observations = bytes ? new Uint8Array((steps + n) * D) : new Float32Array((steps + n) * D);
  const actions = actionColumn(actionSpace, steps);
  const rewards = new Float64Array(steps);
  const terminated = new Uint8Array(n);
  picked.forEach(({ set, i }, k) => {
    const from = set.offsets[i];
    const to = set.offsets[i + 1];
    observations.set(set.observations.subarray((from + i) * D, (to + i + 1) * D), (offsets[k] + k) * D);
    actions.set(set.actions.subarray(from * K, to * K), offsets[k] * K);
    rewards.set(set.rewards.subarray(from, to), offsets[k]);
    terminated[k] = set.terminated[i];
  });
  const parts = { observationSpace, actionSpace, observations, actions, rewards, offsets, terminated, metadata };
  return n === 0 ? dataset(parts) : parts;
}
