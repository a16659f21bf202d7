import type { Rng } from "../../autodiff/index.ts";
import { type ActionColumn, actionColumn } from "../../data/index.ts";
import { type ActionSpace, type Space, type StepBatch, size } from "../../mdp/index.ts";

/** Steps (s, a, s'), a column for each of their parts, C rows each. */
export interface StepColumns {
  /** `[C, D]` */
  s: Float32Array;
  /** `[C, K]` */
  a: ActionColumn;
  /** `[C, D]`: what each step led to, before a new episode began. */
  next: Float32Array;
  /** `[C]`: 1 where the world ended the episode. */
  terminated: Uint8Array;
}

/** A replay buffer: steps side by side, the newest in the place of the oldest once there is no more room. Plain data. */
export interface Replay<More = unknown> {
  columns: StepColumns & More;
  /** Steps that were ever put in: the next one goes to row `added` modulo the capacity. */
  added: number;
}

/** Room for so many steps; `more` are further columns of it, of as many rows. */
export function replayOf<More = unknown>(
  observation: Space,
  action: ActionSpace,
  capacity: number,
  more: More = {} as More,
): Replay<More> {
  const D = size(observation);
  const columns = {
    s: new Float32Array(capacity * D),
    a: actionColumn(action, capacity),
    next: new Float32Array(capacity * D),
    terminated: new Uint8Array(capacity),
    ...more,
  };
  return { columns, added: 0 };
}

/** Steps that a replay buffer holds. */
export function heldSteps({ columns, added }: Replay): number {
  return Math.min(columns.terminated.length, added);
}

/** Adds a batch of n steps, column by column. */
export function remember<More = unknown>(replay: Replay<More>, steps: StepBatch & More): void {
  const columns = replay.columns as unknown as Readonly<Record<string, Float32Array>>;
  const from = steps as unknown as Readonly<Record<string, Float32Array>>;
  const capacity = replay.columns.terminated.length;
  const n = steps.terminated.length;
  for (let done = 0; done < n; ) {
    const at = replay.added % capacity;
    const count = Math.min(n - done, capacity - at);
    for (const name in columns) {
      const width = columns[name].length / capacity;
      columns[name].set(from[name].subarray(done * width, (done + count) * width), at * width);
    }
    done += count;
    replay.added += count;
  }
}

/** Columns that rows of steps are copied into: `going` is 1 where the episode went on. */
export interface StepRows {
  readonly s: Float32Array;
  readonly a: ActionColumn;
  readonly next: Float32Array;
  readonly going: Float32Array;
}

/** Copies `count` steps, drawn with replacement, to the rows from `at` on. */
export function recall(replay: Replay, random: Rng, count: number, into: StepRows, at: number): void {
  const { s, a, next, terminated } = replay.columns;
  const capacity = terminated.length;
  const [D, K, N] = [s.length / capacity, a.length / capacity, heldSteps(replay)];
  for (let row = at; row < at + count; row++) {
    const from = random.integer(N);
    for (let d = 0; d < D; d++) {
      into.s[row * D + d] = s[from * D + d];
      into.next[row * D + d] = next[from * D + d];
    }
    for (let k = 0; k < K; k++) into.a[row * K + k] = a[from * K + k];
    into.going[row] = 1 - terminated[from];
  }
}
