import type { ActionSpace, Env } from "../../mdp/env.ts";
import { type Space, size } from "../../mdp/space.ts";
import { actionColumn, count, type Dataset, dataset, fitsEnv } from "../dataset.ts";
import { type NumericArray, numbers, numericArray } from "./arrays.ts";
import { FormatError } from "./format-error.ts";
import { headerOf, isHeader, readHeader } from "./header.ts";
import { inferred } from "./inferred.ts";
import { decodeNpz, encodeNpz } from "./npz.ts";
import { fromJson, fromUtf8, utf8 } from "./text.ts";
import { decodeTransitions } from "./transitions.ts";

/**
 * Demonstrations in the layout of the Python library `imitation`: `obs` `[N + n, ...]`, `acts` `[N, ...]`, `rews` `[N]`,
 * `terminal` `[n]` and `indices` `[n - 1]`, the steps where trajectories 1, 2, ... begin. `rews` may be missing, where rewards are not
 * known, and `indices` where there is one trajectory.
 *
 * Files of ours carry their spaces, in `metadata`. Without it they are the environment's; without an environment they are
 * read off the numbers: whole actions become choices up to the largest seen, real ones a box without bounds, and
 * observations of type uint8 stay bytes. Foreign files don't tell a time limit from an end, so where an environment is
 * given a trajectory that has as many steps as its limit counts as cut. Archives of transitions, as d3rlpy and D4RL name their arrays, are
 * read too (`docs/data.md`). Throws `FormatError` if an array is missing or
 * has the wrong shape, and `RangeError` if the numbers are no trajectories or don't fit the environment.
 */
export function decodeImitation(bytes: Uint8Array, env?: Env, options: { limit?: number } = {}): Dataset {
  const arrays = decodeNpz(bytes, options);
  if (!arrays.has("obs") && arrays.has("observations")) return decodeTransitions(arrays, env);
  const get = (name: string, axes: number | undefined): NumericArray => {
    const array = arrays.get(name);
    if (!array) {
      throw new FormatError(
        `the archive has no array ${name}, expected obs, acts, rews (or none), terminal and indices; found ${[...arrays.keys()].join(", ")}; docs/data.md has the layouts`,
      );
    }
    const most = axes ?? Infinity;
    if (array.shape.length < 1 || array.shape.length > most) {
      throw new FormatError(
        `${name} has the shape [${array.shape.join(", ")}], expected ${axes === 1 ? "one axis" : "at least one axis"}`,
      );
    }
    return array;
  };
  const [obs, acts, terminal] = [get("obs", undefined), get("acts", undefined), get("terminal", 1)];
  const n = terminal.shape[0];
  const steps = acts.shape[0];
  const rews = arrays.has("rews") ? get("rews", 1) : numericArray("float64", [steps], new Float64Array(steps).fill(Number.NaN));
  const indices = n === 1 && !arrays.has("indices") ? numericArray("int64", [0], new BigInt64Array(0)) : get("indices", 1);
  if (indices.shape[0] !== n - 1) {
    throw new FormatError(`${n} trajectories begin at ${n - 1} indices after the first, found ${indices.shape[0]}`);
  }
  if (obs.shape[0] !== steps + n || rews.shape[0] !== steps) {
    throw new FormatError(
      `${n} trajectories of ${steps} actions have ${steps + n} rows of obs and ${steps} of rews, found ${obs.shape[0]} and ${rews.shape[0]}`,
    );
  }
  const starts = numbers(indices);
  starts.forEach((start, i) => {
    const before = i === 0 ? 0 : starts[i - 1];
    if (!(Number.isInteger(start) && start > before && start < steps)) {
      throw new FormatError(
        `trajectory ${i + 1} begins at step ${start}, expected a whole number between ${before + 1} and ${steps - 1}`,
      );
    }
  });
  const described = arrays.get("metadata");
  const text = described && described.dtype === "uint8" ? fromUtf8(described.data, "metadata") : undefined;
  const json = text === undefined ? undefined : fromJson(text, "metadata");
  const header = isHeader(json) ? readHeader(json, obs.data.length) : undefined;
  if (header && !header.silent && !arrays.has("rews")) {
    throw new FormatError('the archive has no array rews; where rewards are not known its metadata says "rewards": false');
  }
  const flags = numbers(terminal);
  const data = {
    observationSpace: header?.observationSpace ?? inferred(obs, env?.observation),
    actionSpace: header?.actionSpace ?? (inferred(acts, env?.action) as ActionSpace),
    observations: obs.dtype === "uint8" && header?.bytes !== false ? obs.data : Float32Array.from(numbers(obs)),
    actions: new Int32Array(0),
    rewards: Float64Array.from(numbers(rews)),
    offsets: Uint32Array.of(0, ...starts, steps),
    terminated: Uint8Array.from(flags, (flag) => (flag ? 1 : 0)),
    metadata: header?.metadata ?? {},
  };
  if (!header && env) {
    for (let i = 0; i < n; i++) if (data.offsets[i + 1] - data.offsets[i] >= env.maxSteps) data.terminated[i] = 0;
  }
  const read = dataset({ ...data, actions: actionsFrom(acts, data.actionSpace) });
  return env ? fitsEnv(read, env) : read;
}

/** A data set in that layout, with its spaces and metadata in one more array, which other readers leave alone. */
export function encodeImitation(data: Dataset, options: { compress?: boolean } = {}): Uint8Array {
  const n = count(data);
  const rows = data.rewards.length + n;
  const shape = (space: Space) => (space.kind === "discrete" ? [] : space.kind === "box" ? space.shape : [size(space)]);
  const { observations, actions } = data;
  const obsShape = [rows, ...shape(data.observationSpace)];
  const actsShape = [data.rewards.length, ...shape(data.actionSpace)];
  const arrays = new Map<string, NumericArray>([
    [
      "obs",
      observations instanceof Uint8Array
        ? numericArray("uint8", obsShape, observations)
        : data.observationSpace.kind === "discrete"
          ? numericArray("int64", obsShape, whole(observations))
          : numericArray("float32", obsShape, observations),
    ],
    [
      "acts",
      actions instanceof Int32Array
        ? numericArray("int64", actsShape, whole(actions))
        : numericArray("float32", actsShape, actions),
    ],
    ...(data.rewards.every(Number.isNaN)
      ? []
      : [["rews", numericArray("float64", [data.rewards.length], data.rewards)] as const]),
    ["terminal", numericArray("bool", [n], data.terminated)],
    ["indices", numericArray("int64", [n - 1], whole(data.offsets.subarray(1, n)))],
  ]);
  const text = utf8(JSON.stringify(headerOf(data)));
  arrays.set("metadata", numericArray("uint8", [text.length], text));
  return encodeNpz(arrays, options);
}

/** Whole numbers as NumPy keeps them by default. */
function whole(column: ArrayLike<number>): BigInt64Array {
  const out = new BigInt64Array(column.length);
  for (let i = 0; i < out.length; i++) out[i] = BigInt(column[i]);
  return out;
}

/** Actions in the column that their space asks for; what is no whole number stays visible as an error, not rounded. */
function actionsFrom(acts: NumericArray, space: ActionSpace) {
  const values = numbers(acts);
  const column = actionColumn(space, acts.shape[0]);
  if (column.length !== values.length) {
    throw new FormatError(`acts has the shape [${acts.shape.join(", ")}], the header says ${size(space)} numbers each`);
  }
  column.set(values);
  if (column instanceof Int32Array) {
    const odd = values.findIndex((value, i) => value !== column[i]);
    if (odd >= 0) throw new FormatError(`acts has ${values[odd]} at ${odd}, expected a whole number: the actions are choices`);
  }
  return column;
}
