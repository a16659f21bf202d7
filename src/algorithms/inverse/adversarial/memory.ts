import type { StepBatch } from "../../../mdp/index.ts";
import { stepsAbsorbed } from "../../../rewards/index.ts";
import { heldSteps, type Replay, remember } from "../../../solvers/index.ts";
import type { AdversarialState } from "../adversarial-irl.ts";

/** The learner's steps of the last rounds, and for each of these rounds how many more belong to it in the absorbing state. */
interface Rounds {
  readonly memory: Replay;
  readonly absorbed: Float64Array;
}

/** Puts a round in, in the place of the oldest. */
export function rememberRound({ memory, absorbed }: Rounds, steps: StepBatch, more: number): void {
  absorbed[(memory.added / steps.terminated.length) % absorbed.length] = more;
  remember(memory, steps);
}

/** Steps that stand in it, and how many more belong to them in the absorbing state. */
export function remembered({ memory, absorbed }: Rounds): { N: number; absorbed: number } {
  const N = heldSteps(memory);
  const rounds = (N * absorbed.length) / memory.columns.terminated.length;
  return { N, absorbed: absorbed.subarray(0, rounds).reduce((sum, n) => sum + n, 0) };
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
