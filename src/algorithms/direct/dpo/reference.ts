import { type ArrayCache, contentHash, type PlainTree, type Rows } from "../../../data/index.ts";
import type { Answer } from "../../../mdp/index.ts";
import { answerScores, type ResponsePolicy } from "../../../policies/index.ts";

/** Answers that are scored together: always the same ones, so that the same bits come out whatever was in the cache. */
const TOGETHER = 64;

/**
 * log π_ref(y | x) of all rows, `[rows]`, each computed once: 64 rows at a time are looked up by the hash of π_ref and of their own
 * content, and computed and kept where they are not found.
 */
export async function referenceLogProbs(
  reference: ResponsePolicy,
  answers: Rows<Answer>,
  cache: ArrayCache | undefined,
): Promise<Float32Array> {
  const all = new Float32Array(answers.length);
  const policy = cache ? hashOf(reference) : "";
  for (let from = 0; from < all.length; from += TOGETHER) {
    const rows = await answers.get(numbersFrom(from, Math.min(all.length, from + TOGETHER)));
    const key = cache ? contentHash({ policy, answers: rows as unknown as PlainTree }) : "";
    const kept = await cache?.get(key);
    const values = kept?.length === rows.length ? kept : Float32Array.from((await answerScores(reference, rows)).logProb);
    if (values !== kept) await cache?.set(key, values);
    all.set(values, from);
  }
  return all;
}

/** The same of the rows of one minibatch, now. */
export async function liveLogProbs(reference: ResponsePolicy, answers: readonly Answer[]): Promise<Float32Array> {
  return Float32Array.from((await answerScores(reference, answers, { rows: answers.length })).logProb);
}

function hashOf({ model, theta }: ResponsePolicy): string {
  return contentHash({ model: model.description, theta });
}

function numbersFrom(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, k) => from + k);
}
