import { existsSync } from "node:fs";
import { z } from "zod";
import type { Tokenizer } from "../data/index.ts";
import { lexicon, readLexicon } from "../experts/index.ts";
import { type Answer, type PreferenceExpert, scoringExpert } from "../mdp/index.ts";
import { BadInput, given } from "./exit.ts";
import { readBytes } from "./files.ts";

/** Who says how good a response is. */
export interface Scorer {
  /** Prefers the response of the larger score. */
  readonly expert: PreferenceExpert;
  score(answers: readonly Answer[]): Promise<number[]>;
}

/**
 * The scorer that `--expert` names for responses: a file of words with weights, or the address of a server that answers
 * `{"items": [{"prompt", "response"}]}` with `{"scores": [...]}`. Throws `BadInput` if it is neither.
 */
export async function findScorer(expert: string, tokenizer: Tokenizer): Promise<Scorer> {
  const texts = ({ x, y }: Answer) => ({ prompt: tokenizer.decode(x), response: tokenizer.decode(y.actions) });
  const score = /^https?:\/\//.test(expert) ? remote(expert) : await words(expert);
  const own = (answers: readonly Answer[]) => score(answers.map(texts));
  return { expert: scoringExpert(own), score: own };
}

type Item = { readonly prompt: string; readonly response: string };

async function words(file: string): Promise<(items: readonly Item[]) => Promise<number[]>> {
  if (!existsSync(file))
    throw new BadInput(
      `${file}: there is no such file; expected words with weights (a word, a tab and a number a line), or an address http://...`,
    );
  try {
    const taste = lexicon(await given(() => readLexicon(new TextDecoder().decode(readBytes(file)))));
    return async (items) => items.map(({ response }) => taste(response));
  } catch (error) {
    throw error instanceof BadInput ? new BadInput(`${file}: ${error.message}`, { cause: error }) : error;
  }
}

const answer = z.object({ scores: z.array(z.number()) });

function remote(url: string): (items: readonly Item[]) => Promise<number[]> {
  return async (items) => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ items }),
    });
    if (!response.ok) throw new Error(`${url} answered with status ${response.status}, expected 200 and {"scores": [...]}`);
    const read = answer.safeParse(await response.json());
    if (!read.success || read.data.scores.length !== items.length)
      throw new Error(`${url}: expected {"scores": [...]} with ${items.length} numbers`);
    return read.data.scores;
  };
}
