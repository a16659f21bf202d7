import {
  add,
  compile,
  div,
  exp,
  input,
  logSoftmax,
  logSumExp,
  mul,
  neg,
  type Program,
  sub,
  sum,
} from "../../../autodiff/index.ts";
import type { Answer } from "../../../mdp/index.ts";
import {
  isPlain,
  isRestricted,
  type ResponseExpressions,
  type ResponseFeeds,
  type ResponseModel,
  type ResponsePolicy,
  type SamplingOptions,
  tokenWeights,
} from "../../../policies/index.ts";
import { placesOf } from "./places.ts";

/** The actions that one answer's draws could have given: 1 for each of them, `[T, V]`. */
export type Kept = Uint8Array;

/** What is added to the log-probability of an action that is left out. */
const NEVER = -1e9;

/**
 * The expressions of the distribution that responses are drawn from, under temperature τ and restricted to the actions S_t that top-k,
 * top-p and min-p left at draw t:
 *
 *     π̃_θ(a | ...) = 1{a ∈ S_t} π_θ(a | ...)^{1/τ} / Σ_{b ∈ S_t} π_θ(b | ...)^{1/τ}
 *
 * S_t is that of the policy that wrote. It stays for all that is computed of the answer, for π_ref too, so that ratios and divergences
 * compare distributions over the same actions (DeepSeek-AI 2025, "Keep Sampling Mask"); `kept` `[R, T, V]` is fed where something may
 * be left out, and is as large as the logits.
 *
 * @formula sampled-policy
 */
export function sampledFrom(
  expressions: ResponseExpressions,
  sampling: SamplingOptions,
  restricted: boolean,
): ResponseExpressions {
  const { temperature: tau = 1 } = sampling;
  const { mask, logits, logProbs } = expressions;
  if (isPlain(sampling) || !logits) return expressions;
  const tempered = div(logSoftmax(logits), tau);
  const z = restricted ? add(tempered, mul(NEVER, sub(1, input("kept", logits.shape)))) : tempered;
  const logZ = logSumExp(z, 2);
  const logPi = logSoftmax(z);
  return {
    ...expressions,
    logProbs: mul(mask, sub(div(logProbs, tau), logZ)),
    entropies: mul(mask, neg(sum(mul(exp(logPi), logPi), 2))),
  };
}

/** Throws where responses are to be drawn otherwise than from π_θ and its actions are no choices. */
export function checkSampled({ model }: ResponsePolicy, sampling: SamplingOptions): void {
  if (isPlain(sampling) || model.expressions({ rows: 1 }).logits) return;
  const { temperature, topK, topP, minP } = sampling;
  throw new RangeError(
    `the policy's actions are no choices, found temperature ${temperature}, topK ${topK}, topP ${topP}, minP ${minP}; expected 1, 0, 1 and 0`,
  );
}

/** Answers whose logits are looked at together: few, as there are as many numbers as actions to choose from. */
const TOGETHER = 8;

/** Says which actions each draw of some answers was made among. The action that was drawn is one of them. */
export function keeper(
  model: ResponseModel,
  sampling: SamplingOptions,
): (theta: Float32Array, answers: readonly Answer[]) => Promise<Kept[] | undefined> {
  let program: Promise<Program> | undefined;
  return async (theta, answers) => {
    if (!isRestricted(sampling)) return undefined;
    program ??= compile({ outputs: { logits: model.expressions({ rows: TOGETHER }).logits! }, params: model.params });
    const all: Kept[] = [];
    for (let from = 0; from < answers.length; from += TOGETHER) {
      const batch = answers.slice(from, from + TOGETHER);
      const feeds = model.feeds([...batch, ...new Array<Answer>(TOGETHER - batch.length).fill(batch[batch.length - 1])]);
      const logits = (await (await program).run({ ...feeds, theta })).logits as Float32Array;
      const V = logits.length / feeds.mask.length;
      const places = placesOf(feeds, TOGETHER);
      batch.forEach(({ y }, row) => {
        const kept = new Uint8Array(places[row].length * V);
        places[row].forEach((at, t) => {
          const weights = tokenWeights(logits, at * V, V, sampling);
          for (let v = 0; v < V; v++) if (weights[v] > 0) kept[t * V + v] = 1;
          kept[t * V + y.actions[t]] = 1; // on the edge, decoding a token at a time may round otherwise
        });
        all.push(kept);
      });
    }
    return all;
  };
}

/** `kept` `[R, T, V]` of a batch: 1 for all actions in prompts and padding. */
export function keptFeeds(feeds: ResponseFeeds, kept: readonly Kept[] | undefined): ResponseFeeds {
  if (!kept) return {};
  const places = placesOf(feeds, kept.length);
  const V = kept[0].length / places[0].length;
  const grid = new Float32Array(feeds.mask.length * V).fill(1);
  kept.forEach((own, row) => {
    places[row].forEach((at, t) => {
      grid.set(own.subarray(t * V, (t + 1) * V), at * V);
    });
  });
  return { kept: grid };
}
