import type { Rng, TrainState, Update } from "../../autodiff/index.ts";

/** Columns of N rows by the names of a loss's inputs. */
export type Columns = Readonly<Record<string, Float32Array | Int32Array>>;

export interface EpochOptions {
  /** Times that every row is seen in a round. */
  epochs: number;
  /** Rows in a minibatch. */
  batchSize: number;
  /** No further epoch is begun once the KL divergence in one was larger; 0 for never. */
  targetKl: number;
}

/** What the updates of a round came to: means over all of them, except `kl` and `clipped`. */
export interface Losses {
  /** How many there were. */
  updates: number;
  loss: number;
  policyLoss: number;
  valueLoss: number;
  /** In nats. */
  entropy: number;
  /** KL(π_old ‖ π_θ) in the last epoch, estimated, in nats. */
  kl: number;
  /** The share of rows in the last epoch whose ratio was beyond the clip range. */
  clipped: number;
  gradNorm: number;
}

const means = ["loss", "policyLoss", "valueLoss", "entropy", "gradNorm"] as const;
const lasts = ["kl", "clipped"] as const;

/** Epochs of minibatch updates over columns of N rows. */
export interface Epochs {
  run(state: TrainState, random: Rng): Promise<Losses>;
}

/** Numbers that a block of minibatches may hold. */
const BLOCK_ENTRIES = 1 << 21;

/**
 * Each epoch goes through the rows in a new order; rows that don't fill a minibatch are left out of that epoch. As many
 * epochs as fit into memory are made in one call; where the KL divergence may stop them, one.
 */
export function epochsOf(update: Update, columns: Columns, N: number, options: EpochOptions): Epochs {
  const { epochs, batchSize: B, targetKl } = options;
  const perEpoch = Math.floor(N / B);
  const perCall = targetKl > 0 ? 1 : largestDivisor(epochs, BLOCK_ENTRIES / entries(columns));
  const block = rowsLike(columns, N, perCall * perEpoch * B);
  const order = new Uint32Array(N);
  return {
    async run(state, random) {
      const losses: Losses = { updates: 0, loss: 0, policyLoss: 0, valueLoss: 0, entropy: 0, kl: 0, clipped: 0, gradNorm: 0 };
      for (let epoch = 0; epoch < epochs; epoch += perCall) {
        for (let e = 0; e < perCall; e++) {
          random.permutation(N, order);
          for (const name in columns) gatherRows(columns[name], N, order, perEpoch * B, block[name], e * perEpoch * B);
        }
        const report = await update.run(state, block, perCall * perEpoch);
        losses.updates += perCall * perEpoch;
        for (const name of means) losses[name] += sum(report[name]);
        for (const name of lasts) losses[name] = sum(report[name].subarray(-perEpoch)) / perEpoch;
        if (targetKl > 0 && losses.kl > targetKl) break;
      }
      for (const name of means) losses[name] /= losses.updates;
      return losses;
    },
  };
}

/** Row at + k of `into` becomes row `order[k]` of a column of N rows, for `count` of them. */
function gatherRows(
  column: Float32Array | Int32Array,
  N: number,
  order: Uint32Array,
  count: number,
  into: Float32Array | Int32Array,
  at: number,
): void {
  const width = column.length / N;
  for (let k = 0, to = at * width; k < count; k++) {
    for (let d = 0, from = order[k] * width; d < width; d++) into[to++] = column[from++];
  }
}

function rowsLike(columns: Columns, N: number, rows: number): Columns {
  const room = (column: Float32Array | Int32Array) => {
    const length = (column.length / N) * rows;
    return column instanceof Int32Array ? new Int32Array(length) : new Float32Array(length);
  };
  return Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, room(column)]));
}

function largestDivisor(n: number, most: number): number {
  for (let k = Math.min(n, Math.floor(most)); k > 1; k--) if (n % k === 0) return k;
  return 1;
}

function entries(columns: Columns): number {
  return Object.values(columns).reduce((total, column) => total + column.length, 0);
}

function sum(values: Float32Array): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
