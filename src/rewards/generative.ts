import { exp, sum, type Tensor } from "../autodiff/index.ts";
import type { Tokenizer } from "../data/index.ts";
import type { Answer, Context } from "../mdp/index.ts";
import type { ResponsePolicy } from "../policies/index.ts";
import type { RewardModel } from "./reward-model.ts";

/**
 * The reward of a verdict in words: how likely a language model says that the answer is right (Razin et al. 2025, section 2.1;
 * Zhang et al. 2024),
 *
 *     r(x, y) = π_θ("Yes" | I[x, y]),  I[x, y] the question, the answer, and "is the answer correct?"
 *
 * @formula generative-reward
 */
export function generativeReward(logPiYes: Tensor): Tensor {
  return exp(logPiYes);
}

/** How an answer is put to a verifier. */
export interface Verification {
  /** I[x, y] as the verifier's context. */
  prompt(answer: Answer): Context;
  /** The tokens of "Yes". */
  readonly yes: Int32Array;
}

export interface VerificationTexts {
  /** What is asked behind the answer. */
  readonly question?: string;
  readonly yes?: string;
}

/** The verification prompt of token sequences: x, y without its end token, then the question. Throws if "yes" has no tokens. */
export function verification(tokenizer: Tokenizer, texts: VerificationTexts = {}): Verification {
  const { question = "\nIs the answer correct? Answer:", yes = " Yes" } = texts;
  const asked = tokenizer.encode(question);
  const ends = new Set(tokenizer.end);
  const answer = tokenizer.encode(yes);
  if (answer.length === 0) throw new RangeError(`${JSON.stringify(yes)} has no tokens, expected a word that a verifier can say`);
  return {
    yes: answer,
    prompt({ x, y: { actions } }) {
      const length = ends.has(actions[actions.length - 1]) ? actions.length - 1 : actions.length;
      return Int32Array.from([...x, ...actions.subarray(0, length), ...asked]);
    },
  };
}

/** Generative reward models: language models as verifiers, from the one that is given on. */
export function generativeRewardModel({ model, theta }: ResponsePolicy, { prompt, yes }: Verification): RewardModel {
  const y = { actions: yes };
  return {
    params: model.params,
    description: { kind: "generative", yes: Array.from(yes), policy: model.description },
    reward: (batch) => generativeReward(sum(model.expressions(batch).logProbs, 1)),
    feeds: (answers, prefix) =>
      model.feeds(
        answers.map((answer) => ({ x: prompt(answer), y })),
        prefix,
      ),
    first: () => theta.slice(),
  };
}
