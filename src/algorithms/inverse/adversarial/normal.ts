import { deviations, include, noMoments, type RunningMoments } from "../../../data/index.ts";
import type { StepBatch } from "../../../mdp/index.ts";
import { type Normaliser, normaliser } from "../../../policies/index.ts";
import type { AdversarialState } from "../adversarial-irl.ts";

/** The moments of the states that are shown. */
export function momentsOf({ s, terminated }: StepBatch): RunningMoments {
  const shown = noMoments(s.length / terminated.length);
  include(shown, s);
  return shown;
}

/** The normaliser that the policy of this round sees through. */
export function policyNormal({ generator }: AdversarialState): Normaliser | undefined {
  return generator.normaliser ?? undefined;
}

/** What the discriminator's rows are normalised by. */
export function rewardNormal(state: AdversarialState): Normaliser | undefined {
  return state.options.normalise === "running" ? policyNormal(state) : normalOf(state);
}

/** The normaliser of the demonstrations' moments; none where nothing is normalised. A choice stays the number it is. */
export function normalOf({ options, shown }: Pick<AdversarialState, "options" | "shown">): Normaliser | undefined {
  return options.normalise === "none" ? undefined : normaliser({ mean: shown.mean, std: deviations(shown) });
}

/** Observations as the policy's network sees them. */
export function seen(s: Float32Array, normal: Normaliser | undefined): Float32Array {
  if (!normal) return s;
  const { mean, std } = normal;
  const D = mean.length;
  return s.map((value, k) => (value - mean[k % D]) / std[k % D]);
}
