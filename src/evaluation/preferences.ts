import { rng } from "../autodiff/index.ts";
import type { Context, Preference } from "../mdp/index.ts";
import { type AnswerScores, answerScores, type ResponsePolicy } from "../policies/index.ts";
import { type Interval, meanInterval, wilson } from "./statistics.ts";

/** How well a policy ranks comparisons that an expert decided. */
export interface PreferenceVerdict {
  readonly comparisons: number;
  /** The share in which the policy finds the chosen response more likely than the other, with Wilson's interval. */
  readonly likelier: Interval;
  /** The mean of log π(yw | x) and of log π(yl | x), in nats. */
  readonly chosen: Interval;
  readonly rejected: Interval;
  /** The share in which the implicit reward log π(y | x)/π_ref(y | x) is larger for the chosen response. */
  readonly accuracy?: Interval;
  /** The mean difference of the two implicit rewards at β = 1, in nats. */
  readonly margin?: Interval;
}

/**
 * Compares a policy, and the change from a reference, with what an expert preferred, by the implicit reward at β = 1 (Rafailov
 * et al. 2023, section 4), in nats a response:
 *
 *     r̂(x, y) = log π(y | x)/π_ref(y | x)
 *
 * A tie counts one half. `seed` draws the bootstrap of the means' intervals. Throws a RangeError on no comparisons.
 */
export async function judgePreferences(
  policy: ResponsePolicy,
  preferences: readonly Preference[],
  { reference, seed = 0 }: { readonly reference?: ResponsePolicy; readonly seed?: number } = {},
): Promise<PreferenceVerdict> {
  if (preferences.length === 0) throw new RangeError("there are no comparisons to judge by; expected at least one");
  const scores = async (own: ResponsePolicy): Promise<[Float64Array, Float64Array]> => {
    const of = async (name: "yw" | "yl"): Promise<AnswerScores> =>
      answerScores(
        own,
        preferences.map((pair) => ({ x: pair.x, y: pair[name] })),
      );
    return [(await of("yw")).logProb, (await of("yl")).logProb];
  };
  const mean = (values: ArrayLike<number>) => meanInterval(values, { seed });
  const share = (values: ArrayLike<number>): Interval => {
    const known = Array.from(values).reduce((sum, x) => sum + x, 0); // a tie counts one half
    return { ...wilson(Math.round(known), values.length), mean: known / values.length };
  };
  const larger = (difference: number) => (difference > 0 ? 1 : difference === 0 ? 0.5 : 0);
  const [w, l] = await scores(policy);
  const alone = {
    comparisons: preferences.length,
    likelier: share(w.map((own, i) => larger(own - l[i]))),
    chosen: mean(w),
    rejected: mean(l),
  };
  if (!reference) return alone;
  const [refW, refL] = await scores(reference);
  const margins = w.map((own, i) => own - refW[i] - (l[i] - refL[i]));
  return { ...alone, accuracy: share(margins.map(larger)), margin: mean(margins) };
}

/**
 * KL(π ‖ π_ref) in nats a response, from one response y ~ π(· | x) to each context: the mean of log π(y | x)/π_ref(y | x), and what
 * was drawn.
 */
export async function klFrom(
  policy: ResponsePolicy,
  reference: ResponsePolicy,
  contexts: readonly Context[],
  { seed = 0, maxLength }: { readonly seed?: number; readonly maxLength?: number } = {},
): Promise<Interval> {
  const options = { random: rng(seed).split("kl"), ...(maxLength === undefined ? {} : { maxLength }) };
  const drawn = await policy.model.respond(policy.theta, contexts, options);
  const answers = contexts.map((x, i) => ({ x, y: drawn[i][0] }));
  const pi = (await answerScores(policy, answers)).logProb;
  const piRef = (await answerScores(reference, answers)).logProb;
  return meanInterval(
    pi.map((logPi, i) => logPi - piRef[i]),
    { seed },
  );
}
