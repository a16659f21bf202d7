import { readVocabulary, type Tokenizer } from "../../data/index.ts";
import type { Tagged } from "../../envs/index.ts";

export interface Corpus {
  readonly tokenizer: Tokenizer;
  /** Sentences, in the order in which they were given. */
  readonly texts: readonly string[];
}

export interface CorpusSizes {
  /** The most frequent words and signs in the vocabulary ... */
  readonly words: number;
  /** ... and those with a valence that occur at least so often. */
  readonly valued: number;
}

/**
 * Sentences of 8 to 30 words in lower case, at most 15 % of them outside of the vocabulary, which is the most frequent words with those
 * that the expert's taste knows. Every token begins with a space, so that a word is one token wherever it stands.
 */
export function corpusOf(
  sentences: readonly Tagged[],
  valences: ReadonlyMap<string, number>,
  { words, valued }: CorpusSizes,
): Corpus {
  const plain = sentences.map(({ words: list }) => list.map((word) => word.toLowerCase().replace(/^(``|'')$/, '"')));
  const counts = new Map<string, number>();
  for (const list of plain) for (const word of list) counts.set(word, (counts.get(word) ?? 0) + 1);
  const single = [...counts].filter(([word]) => /^([\p{L}\p{M}\p{N}_'’]+|[^\s\p{L}\p{M}\p{N}_'’])$/u.test(word));
  const sorted = single.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const chosen = sorted.filter(([word, count], i) => i < words || (valences.has(word) && count >= valued)).map(([word]) => word);
  const known = new Set(chosen);
  const kept = plain.filter(
    (list) => list.length >= 8 && list.length <= 30 && list.filter((word) => !known.has(word)).length <= 0.15 * list.length,
  );
  const pieces = chosen.map((word) => ` ${word}`);
  return {
    tokenizer: readVocabulary({ format: "apprentice-vocabulary", level: "words", pieces }),
    texts: kept.map((list) => list.map((word) => ` ${known.has(word) ? word : "*"}`).join("")),
  };
}
