import { cast, concat, constant, mul, oneHot, reshape, slice, sub, type Tensor } from "../autodiff/index.ts";
import { describe, type Observations, type Space, size } from "../mdp/index.ts";

/** What observations are shifted and scaled by before the network sees them, per entry: (s - mean) / std. */
export interface Normaliser {
  /** `[D]` */
  readonly mean: Float32Array;
  /** `[D]`; 1 where an entry never varies. */
  readonly std: Float32Array;
}

/** A normaliser from moments; an entry that (almost) never varies is shifted only. */
export function normaliser(moments: { mean: ArrayLike<number>; std: ArrayLike<number> }): Normaliser {
  return { mean: Float32Array.from(moments.mean), std: Float32Array.from(moments.std, (std) => (std > 1e-6 ? std : 1)) };
}

/** How many features an observation becomes: choices become one-hot. */
export function featureCount(space: Space): number {
  switch (space.kind) {
    case "discrete":
      return space.n;
    case "multi-discrete":
      return space.ns.reduce((sum, n) => sum + n, 0);
    case "box":
      return size(space);
    case "dict":
      return Object.values(space.spaces).reduce((sum, part) => sum + featureCount(part), 0);
  }
}

/** The features of flat observations s `[B, size(space)]`: `[B, featureCount(space)]`; real entries are normalised if asked. */
export function observationFeatures(space: Space, s: Tensor, normal?: Normaliser): Tensor {
  return encode(space, s, 0, normal);
}

function encode(space: Space, s: Tensor, from: number, normal?: Normaliser): Tensor {
  const to = from + size(space);
  switch (space.kind) {
    case "discrete":
      return choice(slice(s, 1, from, to), space.n);
    case "multi-discrete":
      return concat(
        space.ns.map((n, i) => choice(slice(s, 1, from + i, from + i + 1), n)),
        1,
      );
    case "box": {
      const own = slice(s, 1, from, to);
      if (!normal) return own;
      const scale = Float32Array.from(normal.std.subarray(from, to), (std) => 1 / std);
      return mul(sub(own, constant(normal.mean.subarray(from, to))), constant(scale));
    }
    case "dict": {
      const parts: Tensor[] = [];
      let at = from;
      for (const part of Object.values(space.spaces)) {
        parts.push(encode(part, s, at, normal));
        at += size(part);
      }
      return concat(parts, 1);
    }
  }
}

function choice(column: Tensor, n: number): Tensor {
  return oneHot(cast(reshape(column, [column.shape[0]]), "int32"), n);
}

/**
 * How many observations of a space stand in a batch that a policy is asked about. Throws, saying what is wrong, if they don't stand in a
 * `Float32Array`, if the last is not whole, or if a number is not finite: a network would answer with NaN, or with its first choice.
 */
export function mustBeObservations(space: Space, batch: Observations): number {
  const D = size(space);
  if (!(batch instanceof Float32Array)) {
    const found = (batch as object | null | undefined)?.constructor?.name ?? String(batch);
    throw new TypeError(
      `the policy takes observations in a Float32Array, ${D} numbers each (${describe(space)}), found ${found}; Float32Array.from(numbers) makes one`,
    );
  }
  const n = batch.length / D;
  if (!Number.isInteger(n)) {
    throw new RangeError(
      `the policy takes observations of ${D} numbers each (${describe(space)}), found ${batch.length} numbers`,
    );
  }
  for (let i = 0; i < batch.length; i++) {
    if (!Number.isFinite(batch[i])) {
      throw new RangeError(`observation ${Math.floor(i / D)} has ${batch[i]} at entry ${i % D}, expected a finite number`);
    }
  }
  return n;
}
