import type { Rng, TrainState, Update } from "../../autodiff/index.ts";

/** Columns of N rows by the names of a loss's inputs. */
export type Columns = Readonly<Record<string, Float32Array | Int32Array>>;

export interface EpochOptions {
  epochs: number;
  batchSize: number;
  /** Epochs end early once the KL divergence of one of them is larger; 0 for never. */
  targetKl: number;
}

/** Makes epochs of minibatch updates over columns of N rows. */
export interface Epochs {
  /** Means over the updates; `kl` and `clipped` over those of the last epoch alone. */
  run(state: TrainState, columns: Columns, random: Rng): Promise<Record<string, number>>;
}

/** Numbers that a block of minibatches may hold. */
const BLOCK_ENTRIES = 1 << 21;

/**
 * Every epoch goes through the rows in a new order; rows that don't fill a minibatch are left out of that epoch. As many
 * epochs as memory allows are made in one call; with a `targetKl` it is looked at after each.
 */
export function epochsOf(update: Update, N: number, columns: Columns, options: EpochOptions): Epochs {
  const { epochs, batchSize: B, targetKl } = options;
  const perEpoch = Math.floor(N / B);
  const entries = Object.values(columns).reduce((sum, column) => sum + column.length, 0);
  const most = targetKl > 0 ? 1 : Math.max(1, Math.floor(BLOCK_ENTRIES / entries));
  let perCall = epochs;
  while (perCall > most || epochs % perCall !== 0) perCall--;
  const block: Record<string, Float32Array | Int32Array> = {};
  for (const name in columns) block[name] = columns[name].slice(0, 0);
  for (const name in columns) {
    const length = (columns[name].length / N) * B * perEpoch * perCall;
    block[name] = columns[name] instanceof Int32Array ? new Int32Array(length) : new Float32Array(length);
  }
  const order = new Uint32Array(N);
  return {
    async run(state, columns, random) {
      const sums: Record<string, number> = {};
      let updates = 0;
      for (let epoch = 0; epoch < epochs; epoch += perCall) {
        for (let e = 0; e < perCall; e++) {
          random.permutation(N, order);
          for (const name in columns) gatherRows(columns[name], N, order, perEpoch * B, block[name], e * perEpoch * B);
        }
        const report = await update.run(state, block, perCall * perEpoch);
        updates += perCall * perEpoch;
        for (const name in report) {
          const last = name === "kl" || name === "clipped";
          if (last) sums[name] = 0;
          for (let k = last ? (perCall - 1) * perEpoch : 0; k < perCall * perEpoch; k++)
            sums[name] = (sums[name] ?? 0) + report[name][k];
        }
        if (targetKl > 0 && sums.kl / perEpoch > targetKl) break;
      }
      const means: Record<string, number> = { updates };
      for (const name in sums) means[name] = sums[name] / (name === "kl" || name === "clipped" ? perEpoch : updates);
      return means;
    },
  };
}

/** Row k of `into` from `at` on becomes row `order[k]` of a column of N rows. */
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
