import { actionColumn } from "../../../data/index.ts";
import { type Env, type StepBatch, size } from "../../../mdp/index.ts";
import { stepsAbsorbed } from "../../../rewards/index.ts";
import type { AdversarialState } from "../adversarial-irl.ts";

/** The learner's steps of the last rounds, the newest over the oldest. Plain data. */
export interface Memory {
  s: Float32Array;
  a: Int32Array | Float32Array;
  next: Float32Array;
  terminated: Uint8Array;
  /** Steps in the absorbing state that belong to each round. */
  absorbed: Float64Array;
  /** Rounds that were ever put in. */
  rounds: number;
}

export function emptyMemory(env: Env, perRound: number, rounds: number): Memory {
  const N = perRound * rounds;
  const D = size(env.observation);
  return {
    s: new Float32Array(N * D),
    a: actionColumn(env.action, N),
    next: new Float32Array(N * D),
    terminated: new Uint8Array(N),
    absorbed: new Float64Array(rounds),
    rounds: 0,
  };
}

/** Puts a round in, in the place of the oldest. */
export function remember(memory: Memory, steps: StepBatch, absorbed: number): void {
  const slot = memory.rounds % memory.absorbed.length;
  for (const name of ["s", "a", "next", "terminated"] as const) memory[name].set(steps[name], slot * steps[name].length);
  memory.absorbed[slot] = absorbed;
  memory.rounds++;
}

/** Steps that stand in it, and how many more belong to them in the absorbing state. */
export function remembered({ terminated, absorbed, rounds }: Memory): { N: number; absorbed: number } {
  const filled = Math.min(rounds, absorbed.length);
  return {
    N: (terminated.length / absorbed.length) * filled,
    absorbed: absorbed.subarray(0, filled).reduce((sum, n) => sum + n, 0),
  };
}

/**
 * Steps in the absorbing state that the episodes which ended in this round would have gone on for. A copy begins another episode
 * where it doesn't stand where its last step led.
 */
export function absorbedSteps(state: AdversarialState, { s, next, terminated }: StepBatch, maxSteps: number): number {
  const { ages, options } = state;
  const n = ages.length;
  const D = s.length / terminated.length;
  let absorbed = 0;
  for (let k = 0; k < terminated.length; k++) {
    const [led, from] = k < n ? [state.stood, k * D] : [next, (k - n) * D];
    let same = led !== null;
    for (let d = 0; d < D && same; d++) same = led![from + d] === s[k * D + d];
    const i = k % n;
    ages[i] = same ? ages[i] + 1 : 1;
    if (terminated[k] === 1) absorbed += stepsAbsorbed(ages[i], { gamma: options.gamma, maxSteps });
  }
  state.stood = next.slice(next.length - n * D);
  return absorbed;
}
