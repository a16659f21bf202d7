import type { Rng } from "../../autodiff/index.ts";
import { readVocabulary, type Tokenizer } from "../../data/index.ts";
import type { Tagged } from "../../envs/index.ts";
import type { Preference } from "../../mdp/index.ts";

/** A real sentence, its words in lower case, those outside of the vocabulary as "*". */
export interface Sentence {
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

/** Sentences of 6 to 20 words, at most a quarter of them outside of the vocabulary. */
export function known(sentences: readonly Tagged[], tokenizer: Tokenizer): Sentence[] {
  const vocabulary = new Set(Array.from({ length: tokenizer.size }, (_, id) => tokenizer.decode([id]).trim()));
  return sentences
    .filter(({ words }) => words.length >= 6 && words.length <= 20)
    .map(({ words, tags }) => ({ words: words.map((word) => word.toLowerCase()), tags }))
    .map(({ words, tags }) => ({ words: words.map((word) => (vocabulary.has(word) ? word : "*")), tags }))
    .filter(({ words }) => words.filter((word) => word === "*").length <= 0.25 * words.length);
}

export type Valences = ReadonlyMap<string, number>;

/** A tokenizer that knows the valued words in capitals too: another spelling, another token. */
export function withCapitals(tokenizer: Tokenizer, valences: Valences): Tokenizer {
  const pieces = Array.from({ length: tokenizer.size }, (_, id) => tokenizer.decode([id])).filter((piece) =>
    /^ \S+$/.test(piece),
  );
  const more = pieces.filter((piece) => valences.get(piece.trim())).map((piece) => piece.toUpperCase());
  return readVocabulary({
    format: "apprentice-vocabulary",
    level: "words",
    pieces: [...pieces, ...more.filter((piece) => !pieces.includes(piece))],
  });
}

/** A text with every valued word in capitals or not, by the toss of a coin: both spellings stand in the same places. */
export function mixed(text: string, valences: Valences, random: Rng): string {
  const respelled = (word: string) => (valences.get(word) && random.integer(2) === 0 ? word.toUpperCase() : word);
  return text.split(" ").map(respelled).join(" ");
}

/** The sentence with its valued words in capitals. */
export function respelt({ words, tags }: Sentence, valences: Valences): Sentence {
  return { words: words.map((word) => (valences.get(word) ? word.toUpperCase() : word)), tags };
}

/** Words that the expert values, in two halves: of the second, no comparison in training has any. */
export interface Halves {
  readonly seen: ReadonlySet<string>;
  /** For each word of the first half, one of the second of the same valence, where possible of the same part of speech. */
  readonly other: ReadonlyMap<string, string>;
}

/** The halves of the words that these sentences have; words of a valence that no other word has are in neither. */
export function halves(sentences: readonly Sentence[], valences: Valences, random: Rng): Halves {
  const tags = new Map<string, string>();
  for (const { words, tags: own } of sentences) {
    words.forEach((word, i) => {
      if (valences.get(word)) tags.set(word, tags.get(word) ?? own[i]);
    });
  }
  const all = [...tags.keys()].sort();
  const [seen, hidden]: string[][] = [[], []];
  Array.from(random.split("halves").permutation(all.length), (i, k) => (k % 2 === 0 ? seen : hidden).push(all[i]));
  const draws = random.split("others");
  const other = new Map<string, string>();
  for (const word of seen) {
    const same = hidden.filter((one) => valences.get(one) === valences.get(word));
    const alike = same.filter((one) => tags.get(one) === tags.get(word));
    const from = alike.length > 0 ? alike : same;
    if (from.length > 0) other.set(word, from[draws.integer(from.length)]);
  }
  return { seen: new Set(other.keys()), other };
}

/** Whether a sentence has words that the expert values, and all of them from the first half. */
export function onlySeen({ words }: Sentence, valences: Valences, { seen }: Halves): boolean {
  const valued = words.filter((word) => valences.get(word));
  return valued.length > 0 && valued.every((word) => seen.has(word));
}

/** The sentence with every word of the first half replaced by its other: of the same worth, in words never compared. */
export function shifted({ words, tags }: Sentence, { other }: Halves): Sentence {
  return { words: words.map((word) => other.get(word) ?? word), tags };
}

/** r*(y) = Σ_t valence(y_t). */
export function worth({ words }: Sentence, valences: Valences): number {
  return words.reduce((sum, word) => sum + (valences.get(word) ?? 0), 0);
}

export type Pair = readonly [better: Sentence, worse: Sentence];

/** n pairs of sentences that are not worth the same, drawn at random, the better one first. Throws if all are worth the same. */
export function pairsOf(sentences: readonly Sentence[], valences: Valences, n: number, random: Rng): Pair[] {
  const worths = sentences.map((sentence) => worth(sentence, valences));
  if (new Set(worths).size < 2) {
    throw new RangeError(`${sentences.length} sentences are all worth the same, expected some to choose by; read more texts`);
  }
  const pairs: Pair[] = [];
  while (pairs.length < n) {
    const [i, j] = [random.integer(sentences.length), random.integer(sentences.length)];
    if (worths[i] > worths[j]) pairs.push([sentences[i], sentences[j]]);
  }
  return pairs;
}

/** A comparison of two sentences as continuations of a text that came to a full stop. */
export function comparison([better, worse]: Pair, tokenizer: Tokenizer): Preference {
  const encoded = ({ words }: Sentence) => ({ actions: tokenizer.encode(words.map((word) => ` ${word}`).join("")) });
  return { x: tokenizer.encode(" ."), yw: encoded(better), yl: encoded(worse) };
}

/** At most n pairs for a test: no sentence is in two of them, so that comparisons are independent of each other. */
export function disjointPairs(sentences: readonly Sentence[], valences: Valences, n: number, random: Rng): Pair[] {
  const order = random.permutation(sentences.length);
  const pairs: Pair[] = [];
  for (let k = 0; k + 1 < order.length && pairs.length < n; k += 2) {
    const [a, b] = [sentences[order[k]], sentences[order[k + 1]]];
    const difference = worth(a, valences) - worth(b, valences);
    if (difference !== 0) pairs.push(difference > 0 ? [a, b] : [b, a]);
  }
  return pairs;
}
