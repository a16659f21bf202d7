import {
  adam,
  compile,
  compileUpdate,
  cosineSchedule,
  input,
  layout,
  mean,
  neg,
  type Program,
  type Rng,
  type TrainState,
} from "../../../autodiff/index.ts";
import { actionColumn } from "../../../data/index.ts";
import { type StepBatch, size } from "../../../mdp/index.ts";
import type { Normaliser, PolicyModel } from "../../../policies/index.ts";

const BATCH = 64;
const RATE = 3e-3;
const BLOCK = 128;

/**
 * Behavior cloning for the policy's part of θ, in place: θ ← argmin (1/N) Σ log 1/π_θ(a_i | s_i) by `updates` minibatches, so that
 * the first round begins near the expert. The critic's part stays as it was.
 */
export async function warmStart(
  theta: Float32Array,
  policy: PolicyModel,
  steps: StepBatch,
  normal: Normaliser | undefined,
  { updates, random }: { readonly updates: number; readonly random: Rng },
): Promise<void> {
  const D = size(policy.observation);
  const K = size(policy.action);
  const N = steps.terminated.length;
  const P = layout(policy.params).size;
  const z = policy.forward(input("s", ["B", D]), normal);
  const update = await compileUpdate({
    loss: neg(mean(policy.head.logProb(z, policy.head.action("a")))),
    params: policy.params,
    optimizer: adam({ learningRate: cosineSchedule(RATE, updates) }),
    dims: { B: BATCH },
    clipNorm: 1,
  });
  const state: TrainState = { theta: theta.slice(0, P), slots: [new Float32Array(P), new Float32Array(P)], t: 0 };
  while (state.t < updates) {
    const count = Math.min(BLOCK, updates - state.t);
    const s = new Float32Array(count * BATCH * D);
    const a = actionColumn(policy.action, count * BATCH);
    for (let k = 0; k < count * BATCH; k++) {
      const row = random.integer(N);
      s.set(steps.s.subarray(row * D, (row + 1) * D), k * D);
      for (let j = 0; j < K; j++) a[k * K + j] = steps.a[row * K + j];
    }
    await update.run(state, { s, a }, count);
  }
  theta.set(state.theta);
  await update.release();
}

/** log π_θ(a | s) `[B]` and the most likely action of observations that are normalised already. */
export function compilePolicy(policy: PolicyModel): Promise<Program> {
  const z = policy.forward(input("s", ["B", size(policy.observation)]));
  const logPi = policy.head.logProb(z, policy.head.action("a"));
  return compile({ outputs: { logPi, mode: policy.head.mode(z) }, params: policy.params });
}
