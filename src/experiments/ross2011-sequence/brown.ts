import type { Rng } from "../../autodiff/index.ts";
import type { Tagged } from "../../envs/index.ts";

/** How many texts of 2,000 words each category of the corpus has: `ca01` to `ca44` are press reports, and so on. */
const TEXTS = { a: 44, b: 27, c: 17, d: 17, e: 36, f: 48, g: 75, h: 30, j: 80, k: 29, l: 24, m: 6, n: 29, p: 29, r: 9 };

/** The names of the corpus' 500 texts, in a random order. */
export function shuffledTexts(random: Rng): string[] {
  const names = Object.entries(TEXTS).flatMap(([category, count]) =>
    Array.from({ length: count }, (_, i) => `c${category}${String(i + 1).padStart(2, "0")}`),
  );
  return Array.from(random.permutation(names.length), (i) => names[i]);
}

/** The sentences of a text: one a line, words as `word/tag`. */
export function sentencesOf(text: string): Tagged[] {
  return text
    .split("\n")
    .map((line) => line.split(/\s+/).filter((token) => token.includes("/")))
    .filter((tokens) => tokens.length > 0)
    .map((tokens) => ({
      words: tokens.map((token) => token.slice(0, token.lastIndexOf("/"))),
      tags: tokens.map((token) => plainTag(token.slice(token.lastIndexOf("/") + 1))),
    }));
}

/**
 * A tag without what doesn't tell the part of speech: marks of titles, headlines and cited words, of foreign words, of
 * negation, and the second part of a contraction.
 */
export function plainTag(tag: string): string {
  const [first] = tag.toLowerCase().replace(/^fw-/, "").split("+");
  const bare = first.replace(/(-(tl|hl|nc))+$/, "");
  return bare.length > 1 ? bare.replace(/\*$/, "") : bare;
}
