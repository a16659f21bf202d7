import { type Dataset, type Pairs, subsample } from "../../data/index.ts";
import { size } from "../../mdp/index.ts";
import { type Replay, replayOf } from "../../solvers/index.ts";

/** What an expert's trajectories say of steps: (s, a, s'), and where episodes begin. */
export interface ExpertSteps {
  readonly steps: Replay;
  /** The first observation of each trajectory, `[n, D]`. */
  readonly starts: Float32Array;
}

/**
 * The steps of demonstrations, every `every`-th of each trajectory (from a random one below, by the seed), each with the
 * observation that it led to. Throws on pairs, which don't say where a step led.
 */
export function expertSteps(demos: Dataset | Pairs, every: number, seed: number): ExpertSteps {
  if (!("offsets" in demos)) {
    throw new TypeError(
      "the demonstrations are pairs (s, a) without the states that follow; give whole trajectories, and thin them by the option subsample",
    );
  }
  const { observationSpace, actionSpace, observations, actions, offsets, terminated } = demos;
  const [D, K] = [size(observationSpace), size(actionSpace)];
  const kept = subsample(demos, { every, ...(every > 1 ? { seed } : {}) });
  const N = kept.steps!.length;
  const steps: Replay = replayOf(observationSpace, actionSpace, N);
  const { columns } = steps;
  for (let k = 0, i = 0; k < N; k++) {
    const [row, step] = [kept.rows![k], kept.steps![k]];
    while (offsets[i + 1] <= step) i++;
    for (let d = 0; d < D; d++) {
      columns.s[k * D + d] = observations[row * D + d];
      columns.next[k * D + d] = observations[(row + 1) * D + d];
    }
    for (let j = 0; j < K; j++) columns.a[k * K + j] = actions[step * K + j];
    columns.terminated[k] = step === offsets[i + 1] - 1 ? terminated[i] : 0;
  }
  steps.added = N;
  const starts = new Float32Array(terminated.length * D);
  for (let i = 0; i < terminated.length; i++)
    starts.set(observations.subarray((offsets[i] + i) * D, (offsets[i] + i + 1) * D), i * D);
  return { steps, starts };
}
