import { Rng, rng } from "../autodiff/random.ts";
import type { Plain } from "../mdp/env.ts";
import type { Augment } from "./augment.ts";
import { type ActionColumn, actionColumn, type Dataset } from "./dataset.ts";
import { type PairReader, type Pairs, pairReader } from "./pairs.ts";

export interface MinibatchOptions {
  /** Pairs in a minibatch, B. */
  readonly size: number;
  readonly seed: number;
  /** How often the iterator goes through the data; `Infinity` for ever. */
  readonly epochs?: number;
  /** Leave out the pairs that don't fill a minibatch at the end of an epoch, instead of filling it up from the next one. */
  readonly dropLast?: boolean;
  /** Every pair drawn from all pairs (an "epoch" is then N draws), instead of every pair once an epoch. */
  readonly withReplacement?: boolean;
  /** Changes every pair as it is written into a batch. */
  readonly augment?: Augment;
  /** A weight for each pair, `[N]`: batches then carry `weight`. */
  readonly weights?: ArrayLike<number>;
}

/** B pairs, under the names of a loss's inputs. */
export type Minibatch = {
  /** `[B, D]` */
  readonly s: Float32Array;
  /** `[B, K]` */
  readonly a: ActionColumn;
  /** `[B]` */
  readonly weight?: Float32Array;
};

/** Where a stream of minibatches stands: plain, a few numbers. */
export type MinibatchState = { readonly [key: string]: Plain } & {
  readonly stream: Uint32Array;
  readonly epoch: number;
  readonly cursor: number;
};

export interface Minibatches extends IterableIterator<Minibatch> {
  /** Minibatches that the iterator has in all, from the beginning. */
  readonly total: number;
  /** Buffers for `count` minibatches, `[count, B, D]` and so on. */
  block(count: number): Minibatch;
  /** Writes the next `count` minibatches into a block, fewer at the end of the last epoch; gives how many. */
  fill(block: Minibatch, count: number): number;
  /** Where it stands: taken after a minibatch, it leads on to the next one. */
  state(): MinibatchState;
  /** Goes on from such a state, on the same data with the same options. Throws if it cannot be one of theirs. */
  restore(state: Plain): void;
}

/**
 * Shuffled minibatches of a data set's pairs, in buffers that are used again for every batch.
 *
 * All minibatches have the same size. One that the end of an epoch would cut short is filled up from the next epoch's
 * order, so that every pair is seen equally often; only after the last epoch are up to B - 1 pairs seen once more.
 *
 * The order of epoch e is drawn from the stream e of the seed by Fisher and Yates' shuffle, one exchange for each pair
 * taken, so an epoch begins without a pause and needs one `Uint32Array(N)`; it is found again from (seed, e, cursor). What
 * `augment` draws for the k-th pair taken in epoch e comes from a stream of (seed, e, k).
 * Throws on an empty selection, on sizes that are not positive whole numbers, and if `dropLast` would leave nothing.
 */
export function minibatches(source: Dataset | Pairs, options: MinibatchOptions): Minibatches {
  const { size: B, seed, epochs = 1, dropLast = false, withReplacement = false, weights, augment } = options;
  const reader = pairReader(source);
  const { N, D, K } = reader;
  check(reader, options);
  const perEpoch = Math.floor(N / B);
  const last = dropLast ? perEpoch * B : N; // pairs that an epoch gives
  const total = dropLast ? epochs * perEpoch : Math.ceil((epochs * N) / B);
  const stream = rng(seed);
  const order = new Uint32Array(withReplacement ? 0 : N);
  const which = new Uint32Array(B);
  const places = new Uint32Array(B);
  const block = (count: number): Minibatch => {
    const buffers = { s: new Float32Array(count * B * reader.D), a: actionColumn(source.actionSpace, count * B) };
    return weights ? { ...buffers, weight: new Float32Array(count * B) } : buffers;
  };
  const batch = block(1);
  const item: IteratorResult<Minibatch> = { done: false, value: batch };
  let epoch = 0;
  let cursor = 0; // pairs of this epoch that were taken
  let draws = stream.split(0);
  let changes = draws.split("augment");
  const chances = new Array<Rng>(augment ? B : 0);
  if (!withReplacement) identity(order);

  function begin(at: number): void {
    epoch = at;
    cursor = 0;
    draws = stream.split(at);
    changes = draws.split("augment");
    if (!withReplacement) identity(order);
  }

  /** Takes the next n pairs of this epoch: each a uniform one of those not yet taken. */
  function take(n: number, into: number): void {
    if (withReplacement) {
      for (let k = 0; k < n; k++) which[into + k] = Math.floor(draws.float() * N);
    } else {
      for (let k = 0; k < n; k++) places[k] = cursor + k + Math.floor(draws.float() * (N - cursor - k));
      for (let k = 0; k < n; k++) which[into + k] = order[places[k]]; // only waits for memory: see the pairs' reader
      for (let k = 0; k < n; k++) {
        const place = places[k];
        which[into + k] = order[place];
        order[place] = order[cursor + k];
      }
    }
    cursor += n;
  }

  /** Changes the pair in row k of a block, views of which the function gets. */
  function change(augment: Augment, { s, a }: Minibatch, k: number, chance: Rng): void {
    augment(s.subarray(k * D, (k + 1) * D), a.subarray(k * K, (k + 1) * K), chance);
  }

  function taken(): number {
    if (dropLast) return epoch * perEpoch + cursor / B;
    return Math.ceil((epoch * N + cursor) / B);
  }

  function write(into: Minibatch, at: number): void {
    for (let k = 0; k < B; ) {
      if (cursor === last) begin(epoch + 1);
      const n = Math.min(B - k, last - cursor);
      if (augment) for (let j = 0; j < n; j++) chances[k + j] = changes.split(cursor + j);
      take(n, k);
      k += n;
    }
    reader.read(which, 0, B, into.s, into.a, at);
    if (augment) for (let k = 0; k < B; k++) change(augment, into, at + k, chances[k]);
    if (weights && into.weight) for (let k = 0; k < B; k++) into.weight[at + k] = weights[which[k]];
  }

  return {
    total,
    block,
    fill(into, count) {
      mustHold(into, count, B, reader, weights !== undefined);
      const written = Math.min(count, total - taken());
      for (let b = 0; b < written; b++) write(into, b * B);
      return written;
    },
    next() {
      if (taken() >= total) return { done: true, value: undefined };
      write(batch, 0);
      return item;
    },
    state: () => ({ stream: stream.state(), epoch, cursor }),
    restore(saved) {
      const state = mustBeState(saved, N);
      stream.words.set(state.stream);
      begin(state.epoch);
      while (cursor < state.cursor) take(Math.min(B, state.cursor - cursor), 0);
    },
    [Symbol.iterator]() {
      return this;
    },
  };
}

function identity(order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) order[i] = i;
}

function check({ N }: PairReader, { size: B, epochs = 1, dropLast, weights }: MinibatchOptions): void {
  if (N === 0) throw new RangeError("minibatches take at least one pair, found none");
  if (!(Number.isInteger(B) && B > 0)) throw new RangeError(`the size of a minibatch is a positive whole number, found ${B}`);
  if (!(epochs === Infinity || (Number.isInteger(epochs) && epochs > 0))) {
    throw new RangeError(`epochs is a positive whole number or Infinity, found ${epochs}`);
  }
  if (dropLast && B > N) throw new RangeError(`dropLast leaves nothing of ${N} pairs in minibatches of ${B}; take smaller ones`);
  if (weights && weights.length !== N)
    throw new RangeError(`weights take one number for each of ${N} pairs, found ${weights.length}`);
}

function mustHold(block: Minibatch, count: number, B: number, { D, K }: PairReader, weighted: boolean): void {
  const pairs = count * B;
  if (block.s.length < pairs * D || block.a.length < pairs * K || (weighted && (block.weight?.length ?? 0) < pairs)) {
    throw new RangeError(
      `${count} minibatches of ${B} pairs take ${pairs * D} numbers of s and ${pairs * K} of a, the block has ${block.s.length} and ${block.a.length}; make it with block(${count})`,
    );
  }
}

function mustBeState(saved: Plain, N: number): MinibatchState {
  const state = saved as Partial<MinibatchState> | null;
  const whole = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;
  if (!(state?.stream instanceof Uint32Array && whole(state.epoch) && whole(state.cursor))) {
    throw new TypeError("the state to restore is not one of minibatches; expected { stream, epoch, cursor }");
  }
  new Rng(state.stream); // checks its length
  if (state.cursor > N) {
    throw new RangeError(
      `the state to restore has taken ${state.cursor} pairs of an epoch, this data has ${N}; restore it on the data it was taken from`,
    );
  }
  return state as MinibatchState;
}
