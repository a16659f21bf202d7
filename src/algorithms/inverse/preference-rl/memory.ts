import type { Rng } from "../../../autodiff/index.ts";
import { type ActionColumn, actionColumn } from "../../../data/index.ts";
import { type Env, type StepBatch, size, type Trajectory } from "../../../mdp/index.ts";

/** The learner's steps of the last rounds, the newest over the oldest, `[C, n]` each. Plain data. */
export interface Steps {
  s: Float32Array;
  a: ActionColumn;
  next: Float32Array;
  /** The world's own; for experts that are made of them. */
  rewards: Float64Array;
  terminated: Uint8Array;
  /** 1 where an episode ended, also where it was cut. */
  ended: Uint8Array;
  /** Steps of each copy that were ever put in. */
  times: number;
}

export function noSteps(env: Env, copies: number, C: number): Steps {
  const N = C * copies;
  const D = size(env.observation);
  return {
    s: new Float32Array(N * D),
    a: actionColumn(env.action, N),
    next: new Float32Array(N * D),
    rewards: new Float64Array(N),
    terminated: new Uint8Array(N),
    ended: new Uint8Array(N),
    times: 0,
  };
}

/** A round of T steps of n copies, with what the learner is not told. */
export interface Round extends StepBatch {
  readonly rewards: Float64Array;
  readonly ended: Uint8Array;
}

/** Puts a round in, in the place of the oldest. */
export function remember(memory: Steps, round: Round, copies: number): void {
  const T = round.ended.length / copies;
  const C = memory.ended.length / copies;
  const at = memory.times % C;
  for (const name of ["s", "a", "next", "rewards", "terminated", "ended"] as const) {
    memory[name].set(round[name], (at * round[name].length) / T);
  }
  memory.times += T;
}

/** A fragment by its place: copy i from its step t on. */
export interface Place {
  readonly i: number;
  readonly t: number;
}

/** Every place at which k steps of one episode stand; and the most steps of one that do. */
export function places({ ended, times }: Steps, copies: number, k: number): { places: Place[]; longest: number } {
  const C = ended.length / copies;
  const from = Math.max(0, times - C);
  const found: Place[] = [];
  let longest = 0;
  for (let i = 0; i < copies; i++) {
    let begin = from;
    for (let t = from; t < times; t++) {
      const length = t + 1 - begin;
      if (length > longest) longest = length;
      if (length >= k) found.push({ i, t: t + 1 - k });
      if (ended[(t % C) * copies + i] === 1) begin = t + 1;
    }
  }
  return { places: found, longest };
}

/** The k steps at a place, as a trajectory of their own. */
export function fragmentAt(memory: Steps, copies: number, { i, t }: Place, k: number): Trajectory {
  const C = memory.ended.length / copies;
  const D = memory.s.length / memory.ended.length;
  const K = memory.a.length / memory.ended.length;
  const observations = new Float32Array((k + 1) * D);
  const actions = memory.a.slice(0, k * K);
  const rewards = new Float64Array(k);
  let row = 0;
  for (let j = 0; j < k; j++) {
    row = ((t + j) % C) * copies + i;
    observations.set(memory.s.subarray(row * D, (row + 1) * D), j * D);
    actions.set(memory.a.subarray(row * K, (row + 1) * K), j * K);
    rewards[j] = memory.rewards[row];
  }
  observations.set(memory.next.subarray(row * D, (row + 1) * D), k * D);
  return { observations, actions, rewards, terminated: memory.terminated[row] === 1 };
}

/**
 * n pairs of different fragments of k steps. Throws if no trajectory in memory is as long as a fragment.
 */
export function drawPairs(memory: Steps, copies: number, k: number, n: number, random: Rng): [Trajectory, Trajectory][] {
  const { places: all, longest } = places(memory, copies, k);
  if (all.length < 2) {
    throw new RangeError(
      `fragments have ${k} steps, the longest trajectory of the last rounds has ${longest}; make fragmentLength smaller, at most about ${Math.max(1, longest >> 1)}`,
    );
  }
  return Array.from({ length: n }, () => {
    const first = random.integer(all.length);
    const second = (first + 1 + random.integer(all.length - 1)) % all.length;
    return [fragmentAt(memory, copies, all[first], k), fragmentAt(memory, copies, all[second], k)];
  });
}
