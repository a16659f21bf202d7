import { Rng, rng } from "../../../autodiff/index.ts";
import { actionColumn, deviations } from "../../../data/index.ts";
import { actionDistance, type Env, type StepBatch, size } from "../../../mdp/index.ts";
import { normaliser } from "../../../policies/index.ts";
import { encodeSteps, stepEncoding } from "../../../rewards/index.ts";
import type { AdversarialState } from "../adversarial-irl.ts";
import { energyDistance } from "./diagnosis.ts";

/** Rows of each kind that the energy distance is taken between, and held-out states that are asked about, in a round. */
const COMPARED = 128;
const ASKED = 512;

/** How far the learner is from the expert, without a reward. */
export interface Compared {
  readonly distance: number;
  /** On held-out states, where there are any. */
  readonly disagreement?: number;
}

/** The learner's most likely actions in rows of observations; `a` is of no account. */
type Modes = (state: AdversarialState, s: Float32Array, a: Int32Array | Float32Array) => Promise<Float32Array>;

/** Compares rounds with the same steps of the expert, held-out ones where there are enough. */
export function comparison(
  { options, shown }: AdversarialState,
  env: Env,
  { expert, held }: { readonly expert: StepBatch; readonly held: StepBatch | undefined },
  modes: Modes,
): (state: AdversarialState, steps: StepBatch) => Promise<Compared> {
  const [D, K] = [size(env.observation), size(env.action)];
  const fixed = rng(options.seed).split("compared");
  const reference = held ?? expert;
  const pairRows = stepEncoding(env, "sa");
  const scale = normaliser({ mean: shown.mean, std: deviations(shown) });
  const chosen = (N: number, most: number, random: Rng) => Array.from({ length: Math.min(N, most) }, () => random.integer(N));
  const encoded = (steps: StepBatch, which: readonly number[]) => {
    const x = new Float32Array(which.length * pairRows.width);
    encodeSteps(pairRows, steps, scale, x, 0, which);
    return x;
  };
  const theirs = encoded(reference, chosen(reference.terminated.length, COMPARED, fixed));
  const asked = held ? chosen(held.terminated.length, ASKED, fixed) : [];
  const s = Float32Array.from(asked.flatMap((row) => [...reference.s.subarray(row * D, (row + 1) * D)]));
  const a = actionColumn(env.action, asked.length);
  asked.forEach((row, k) => {
    for (let j = 0; j < K; j++) a[k * K + j] = reference.a[row * K + j];
  });
  return async (state, steps) => {
    const now = encoded(steps, chosen(steps.terminated.length, COMPARED, new Rng(state.stream)));
    const distance = energyDistance(now, theirs, pairRows.width);
    if (!held) return { distance };
    return { distance, disagreement: actionDistance(env.action, await modes(state, s, a), a, asked.length) };
  };
}
