import { rng } from "../autodiff/random.ts";
import type { ActionSpace } from "../mdp/env.ts";
import { describe, type Space, size } from "../mdp/space.ts";
import { type ActionColumn, actionColumn, count, type Dataset, type ObservationColumn } from "./dataset.ts";

/**
 * N pairs (s, a) without the order of trajectories: a subsample of a data set, or states that were labelled one by one.
 * Pair k is row `rows[k]` of the observations and row `steps[k]` of the actions; without these two it is row k of both.
 */
export interface Pairs {
  readonly observationSpace: Space;
  readonly actionSpace: ActionSpace;
  /** `[*, D]` */
  readonly observations: ObservationColumn;
  /** `[*, K]` */
  readonly actions: ActionColumn;
  /** `[N]` */
  readonly rows?: Uint32Array;
  /** `[N]` */
  readonly steps?: Uint32Array;
}

/** Pairs from a batch of states and their labels, `[N, D]` and `[N, K]`. Throws if the lengths don't agree. */
export function pairs(
  observationSpace: Space,
  actionSpace: ActionSpace,
  observations: ObservationColumn,
  actions: ArrayLike<number>,
): Pairs {
  const states = observations.length / size(observationSpace);
  const labels = actions.length / size(actionSpace);
  if (states !== labels || !Number.isInteger(states)) {
    throw new RangeError(
      `pairs take as many observations ${describe(observationSpace)} as actions ${describe(actionSpace)}, found ${states} and ${labels}`,
    );
  }
  const column = actionColumn(actionSpace, states);
  column.set(actions);
  return { observationSpace, actionSpace, observations, actions: column };
}

/**
 * Every k-th pair of every trajectory, as views into the same columns. With a seed each trajectory starts at its own random
 * offset below k (and below T, so that none is lost), as in the experiments of Ho & Ermon 2016; without one, at 0. Throws a
 * RangeError if `every` is no positive whole number.
 */
export function subsample(data: Dataset, options: { every: number; seed?: number }): Pairs {
  const { every, seed } = options;
  if (!(Number.isInteger(every) && every >= 1)) throw new RangeError(`subsample takes every k-th pair, k >= 1, found ${every}`);
  const generator = seed === undefined ? undefined : rng(seed);
  const n = count(data);
  const first = Uint32Array.from({ length: n }, (_, i) => {
    const T = data.offsets[i + 1] - data.offsets[i];
    return generator ? generator.integer(Math.min(every, T)) : 0;
  });
  let N = 0;
  for (let i = 0; i < n; i++) N += Math.ceil((data.offsets[i + 1] - data.offsets[i] - first[i]) / every);
  const rows = new Uint32Array(N);
  const steps = new Uint32Array(N);
  let k = 0;
  for (let i = 0; i < n; i++) {
    for (let step = data.offsets[i] + first[i]; step < data.offsets[i + 1]; step += every) {
      rows[k] = step + i;
      steps[k++] = step;
    }
  }
  const { observationSpace, actionSpace, observations, actions } = data;
  return { observationSpace, actionSpace, observations, actions, rows, steps };
}

/** How many pairs (s, a) a data set or a selection has. */
export function pairCount(source: Dataset | Pairs): number {
  if ("offsets" in source) return source.rewards.length;
  return source.rows?.length ?? source.observations.length / size(source.observationSpace);
}

/** Copies pairs to where a batch wants them. */
export interface PairReader {
  readonly N: number;
  readonly D: number;
  readonly K: number;
  /** Writes the pairs `which[from .. to)` to the rows from `at` on of s `[*, D]` and a `[*, K]`. */
  read(which: Uint32Array, from: number, to: number, s: Float32Array, a: ActionColumn, at: number): void;
}

/** Rows of so many numbers or more are copied in one go. */
const WIDE = 64;

/** log2 of how many steps share an entry of the table below. */
const SHIFT = 6;

/**
 * A reader of the pairs of a data set or of a selection. Observation rows run ahead of steps by one for each trajectory
 * before them, so a step needs its trajectory's number: a table has it for every 64th step, and at most 63 comparisons
 * lead on from there, however many trajectories there are.
 */
export function pairReader(source: Dataset | Pairs): PairReader {
  const { observations, actions } = source;
  const N = pairCount(source);
  const D = size(source.observationSpace);
  const K = size(source.actionSpace);
  const locate = "offsets" in source ? locateSteps(source.offsets, N) : locatePairs(source);
  let capacity = 0;
  let rows = new Uint32Array(0);
  let steps = new Uint32Array(0);
  let touched = new Float32Array(0);
  return {
    N,
    D,
    K,
    read(which, from, to, s, a, at) {
      const n = to - from;
      if (n > capacity) {
        capacity = n;
        rows = new Uint32Array(n);
        steps = new Uint32Array(n);
        touched = new Float32Array(n);
      }
      locate(which, from, to, rows, steps);
      // In large data every row is a cache miss. A loop that does nothing else lets the processor wait for many at once.
      for (let k = 0; k < n; k++) touched[k] = observations[rows[k] * D];
      if (K === 1) for (let k = 0; k < n; k++) a[at + k] = actions[steps[k]];
      else for (let k = 0; k < n; k++) for (let j = 0; j < K; j++) a[(at + k) * K + j] = actions[steps[k] * K + j];
      for (let k = 0; k < n; k++) {
        const row = rows[k] * D;
        const into = (at + k) * D;
        if (D < WIDE) for (let d = 0; d < D; d++) s[into + d] = observations[row + d];
        else s.set(observations.subarray(row, row + D), into);
      }
    },
  };
}

/** Writes where the pairs `which[from .. to)` stand: their observation rows and their steps. */
type Locate = (which: Uint32Array, from: number, to: number, rows: Uint32Array, steps: Uint32Array) => void;

function locateSteps(offsets: Uint32Array, N: number): Locate {
  const table = new Uint32Array((N >>> SHIFT) + 1);
  for (let entry = 0, i = 0; entry < table.length; entry++) {
    while (offsets[i + 1] <= entry << SHIFT && i + 2 < offsets.length) i++;
    table[entry] = i;
  }
  return (which, from, to, rows, steps) => {
    for (let k = from; k < to; k++) {
      const step = which[k];
      let i = table[step >>> SHIFT];
      while (offsets[i + 1] <= step) i++;
      rows[k - from] = step + i;
      steps[k - from] = step;
    }
  };
}

function locatePairs(source: Pairs): Locate {
  const known = { rows: source.rows, steps: source.steps };
  return (which, from, to, rows, steps) => {
    for (let k = from; k < to; k++) {
      rows[k - from] = known.rows ? known.rows[which[k]] : which[k];
      steps[k - from] = known.steps ? known.steps[which[k]] : which[k];
    }
  };
}

/**
 * The pairs of some trajectories of a data set, in their order, as views into the same columns. Throws if one does not exist, or
 * none is given.
 */
export function pairsOf(data: Dataset, trajectories: ArrayLike<number>): Pairs {
  const n = count(data);
  const { observationSpace, actionSpace, observations, actions, offsets } = data;
  const chosen = Array.from(trajectories, (i) => {
    if (!(Number.isInteger(i) && i >= 0 && i < n)) {
      throw new RangeError(`trajectory ${i} does not exist, the data set has 0 to ${n - 1}`);
    }
    return i;
  });
  const N = chosen.reduce((sum, i) => sum + offsets[i + 1] - offsets[i], 0);
  if (N === 0) throw new RangeError("pairsOf takes at least one trajectory, found none");
  const rows = new Uint32Array(N);
  const steps = new Uint32Array(N);
  let k = 0;
  for (const i of chosen) {
    for (let step = offsets[i]; step < offsets[i + 1]; step++) {
      rows[k] = step + i;
      steps[k++] = step;
    }
  }
  return { observationSpace, actionSpace, observations, actions, rows, steps };
}

/** All pairs in their order, copied, in the types of their columns: `[N, D]` and `[N, K]`. */
export function pairColumns(source: Dataset | Pairs): { observations: ObservationColumn; actions: ActionColumn } {
  const D = size(source.observationSpace);
  const N = pairCount(source);
  const make = source.observations instanceof Uint8Array ? Uint8Array : Float32Array;
  const observations = new make(N * D);
  const locate = "offsets" in source ? locateSteps(source.offsets, N) : locatePairs(source);
  const [which, row, step] = [new Uint32Array(1), new Uint32Array(1), new Uint32Array(1)];
  for (let k = 0; k < N; k++) {
    which[0] = k;
    locate(which, 0, 1, row, step);
    observations.set(source.observations.subarray(row[0] * D, (row[0] + 1) * D), k * D);
  }
  return { observations, actions: allActions(source) };
}

/** All actions in the order of the pairs, copied: `[N, K]`. */
export function allActions(source: Dataset | Pairs): ActionColumn {
  const N = pairCount(source);
  const steps = "offsets" in source ? undefined : source.steps;
  if (!steps) return source.actions.slice();
  const K = size(source.actionSpace);
  const a = actionColumn(source.actionSpace, N);
  for (let k = 0; k < N; k++) for (let j = 0; j < K; j++) a[k * K + j] = source.actions[steps[k] * K + j];
  return a;
}

/** All pairs in their order, copied, observations as reals: s `[N, D]`, a `[N, K]`. */
export function allPairs(source: Dataset | Pairs): { s: Float32Array; a: ActionColumn } {
  const reader = pairReader(source);
  const s = new Float32Array(reader.N * reader.D);
  const a = actionColumn(source.actionSpace, reader.N);
  reader.read(
    Uint32Array.from({ length: reader.N }, (_, k) => k),
    0,
    reader.N,
    s,
    a,
    0,
  );
  return { s, a };
}

/**
 * Mean and standard deviation of the observations that an action was taken in, entry by entry, `[D]`:
 * μ = (1/N) Σ s_i, σ² = (1/N) Σ (s_i − μ)². A constant entry has σ = 0.
 */
export function moments(source: Dataset | Pairs): { mean: Float64Array; std: Float64Array } {
  const reader = pairReader(source);
  const { N, D } = reader;
  const CHUNK = Math.max(1, Math.min(1024, Math.floor((1 << 20) / D)));
  const which = new Uint32Array(CHUNK);
  const s = new Float32Array(CHUNK * D);
  const a = actionColumn(source.actionSpace, CHUNK);
  const mean = new Float64Array(D);
  const std = new Float64Array(D);
  const each = (visit: (row: number) => void) => {
    for (let start = 0; start < N; start += CHUNK) {
      const length = Math.min(CHUNK, N - start);
      for (let k = 0; k < length; k++) which[k] = start + k;
      reader.read(which, 0, length, s, a, 0);
      for (let k = 0; k < length; k++) visit(k * D);
    }
  };
  each((row) => {
    for (let d = 0; d < D; d++) mean[d] += s[row + d] / N;
  });
  each((row) => {
    for (let d = 0; d < D; d++) std[d] += (s[row + d] - mean[d]) ** 2 / N;
  });
  for (let d = 0; d < D; d++) std[d] = Math.sqrt(std[d]);
  return { mean, std };
}
