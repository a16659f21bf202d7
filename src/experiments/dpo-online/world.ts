import type { Rng } from "../../autodiff/index.ts";
import { type Answer, type Choice, discrete, type Preference, type PreferenceExpert } from "../../mdp/index.ts";
import { type ResponsePolicy, responsesOf, tabular } from "../../policies/index.ts";

/** Contexts, answers to each. */
export const X = 4;
export const Y = 64;
export const BETA = 0.1;
/** How unevenly π_ref answers: the deviation of its logits. */
const UNEVEN = 2;

/** A table of rewards and a reference that doesn't know of them. */
export interface World {
  /** `[X, Y]`. */
  readonly r: Float64Array;
  /** `[X, Y]`. */
  readonly logRef: Float64Array;
}

export function worldOf(random: Rng): World {
  const normal = (stream: Rng, scale: number) => Float64Array.from({ length: X * Y }, () => scale * stream.normal());
  return { r: normal(random.split("r"), 1), logRef: logSoftmax(normal(random.split("reference"), UNEVEN)) };
}

/** Somebody who prefers as Bradley and Terry's model says, p*(y₁ ≻ y₂ | x) = σ(r(x, y₁) − r(x, y₂)). */
export function expertOf({ r }: World, random: Rng): PreferenceExpert {
  const reward = ({ x, y }: Answer) => r[x[0] * Y + y.actions[0]];
  return {
    prefer: (comparisons) =>
      comparisons.map(({ x, y1, y2 }): Choice => {
        const margin = reward({ x, y: y1 }) - reward({ x, y: y2 });
        return random.float() < 1 / (1 + Math.exp(-margin)) ? 1 : 0;
      }),
  };
}

/** π_ref as a policy with a parameter for every answer. */
export function referenceOf({ logRef }: World): ResponsePolicy {
  const model = responsesOf(tabular({ observation: discrete(X), action: discrete(Y) }));
  return { model, theta: Float32Array.from(logRef) };
}

/** Comparisons of two different answers that `drawn` gives to a context, as the expert decides them. */
export async function comparisons(
  n: number,
  drawn: (x: number) => number,
  expert: PreferenceExpert,
  random: Rng,
): Promise<Preference[]> {
  const pairs = Array.from({ length: n }, () => {
    const x = random.integer(X);
    const y1 = drawn(x);
    let y2 = drawn(x);
    while (y2 === y1) y2 = drawn(x);
    const response = (y: number) => ({ actions: Int32Array.of(y) });
    return { x: Float32Array.of(x), y1: response(y1), y2: response(y2) };
  });
  const choices = await expert.prefer(pairs);
  return pairs.map(({ x, y1, y2 }, i) => (choices[i] === 1 ? { x, yw: y1, yl: y2 } : { x, yw: y2, yl: y1 }));
}

/** (J(π) − J(π_ref)) / (J(π*) − J(π_ref)), J(π) = E[r] − β KL(π ‖ π_ref), π* = π_ref exp(r/β) / Z, for which J(π*) = E[β log Z]. */
export function shareOf({ r, logRef }: World, logits: ArrayLike<number>): number {
  const logPi = logSoftmax(Float64Array.from(logits));
  let [own, reference, best] = [0, 0, 0];
  for (let x = 0; x < X; x++) {
    let Z = 0;
    for (let i = x * Y; i < (x + 1) * Y; i++) {
      own += Math.exp(logPi[i]) * (r[i] - BETA * (logPi[i] - logRef[i]));
      reference += Math.exp(logRef[i]) * r[i];
      Z += Math.exp(logRef[i] + r[i] / BETA);
    }
    best += BETA * Math.log(Z);
  }
  return (own - reference) / (best - reference);
}

/** Each context's row of `[X, Y]` numbers, less the logarithm of its sum of exponentials. */
export function logSoftmax(logits: Float64Array): Float64Array {
  return logits.map((value, i) => {
    const from = i - (i % Y);
    const row = logits.subarray(from, from + Y);
    const largest = row.reduce((a, b) => Math.max(a, b));
    return value - largest - Math.log(row.reduce((sum, v) => sum + Math.exp(v - largest), 0));
  });
}
