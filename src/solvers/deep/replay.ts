import type { Rng } from "../../autodiff/index.ts";
import { type ActionColumn, actionColumn } from "../../data/index.ts";
import { type ActionSpace, type Space, size } from "../../mdp/index.ts";

/** Steps (s, a, s') side by side, the newest in the place of the oldest once there is no more room. Plain data. */
export interface Replay {
  /** `[capacity, D]` */
  s: Float32Array;
  /** `[capacity, K]` */
  a: ActionColumn;
  /** `[capacity, D]`: what each step led to, before a new episode began. */
  next: Float32Array;
  /** `[capacity]`: 1 where the world ended the episode. */
  terminated: Uint8Array;
  /** Steps that it holds. */
  size: number;
  /** Where the next one goes. */
  cursor: number;
}

/** Room for so many steps. */
export function replayOf(observation: Space, action: ActionSpace, capacity: number): Replay {
  const D = size(observation);
  return {
    s: new Float32Array(capacity * D),
    a: actionColumn(action, capacity),
    next: new Float32Array(capacity * D),
    terminated: new Uint8Array(capacity),
    size: 0,
    cursor: 0,
  };
}

/** Adds a batch of n steps. */
export function remember(
  replay: Replay,
  steps: {
    readonly s: Float32Array;
    readonly a: ArrayLike<number>;
    readonly next: Float32Array;
    readonly terminated: Uint8Array;
  },
): void {
  const capacity = replay.terminated.length;
  const n = steps.terminated.length;
  const [D, K] = [replay.s.length / capacity, replay.a.length / capacity];
  for (let i = 0; i < n; i++) {
    const at = replay.cursor;
    for (let d = 0; d < D; d++) {
      replay.s[at * D + d] = steps.s[i * D + d];
      replay.next[at * D + d] = steps.next[i * D + d];
    }
    for (let k = 0; k < K; k++) replay.a[at * K + k] = steps.a[i * K + k];
    replay.terminated[at] = steps.terminated[i];
    replay.cursor = (at + 1) % capacity;
    replay.size = Math.min(capacity, replay.size + 1);
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
  const capacity = replay.terminated.length;
  const [D, K] = [replay.s.length / capacity, replay.a.length / capacity];
  for (let row = at; row < at + count; row++) {
    const from = random.integer(replay.size);
    for (let d = 0; d < D; d++) {
      into.s[row * D + d] = replay.s[from * D + d];
      into.next[row * D + d] = replay.next[from * D + d];
    }
    for (let k = 0; k < K; k++) into.a[row * K + k] = replay.a[from * K + k];
    into.going[row] = 1 - replay.terminated[from];
  }
}
