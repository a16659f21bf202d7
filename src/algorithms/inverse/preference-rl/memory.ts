import type { Rng } from "../../../autodiff/index.ts";
import type { Env, Trajectory } from "../../../mdp/index.ts";
import { type Replay, replayOf } from "../../../solvers/index.ts";

/** What the learner is not told of its steps: the world's own rewards, for experts that are made of them, and where episodes ended or were cut. */
export type Witnessed = {
  readonly rewards: Float64Array;
  readonly ended: Uint8Array;
};

/** The learner's steps of the last rounds, the newest over the oldest, C of each of n copies, `[C, n]`. */
export type Steps = Replay<Witnessed>;

export function noSteps(env: Env, copies: number, C: number): Steps {
  const N = C * copies;
  return replayOf(env.observation, env.action, N, { rewards: new Float64Array(N), ended: new Uint8Array(N) });
}

/** A fragment by its place: copy i from its step t on. */
export interface Place {
  readonly i: number;
  readonly t: number;
}

/** Every place at which k steps of one episode stand; and the most steps of one that do. */
export function places({ columns, added }: Steps, copies: number, k: number): { places: Place[]; longest: number } {
  const { ended } = columns;
  const [C, times] = [ended.length / copies, added / copies];
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
export function fragmentAt({ columns: memory }: Steps, copies: number, { i, t }: Place, k: number): Trajectory {
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
