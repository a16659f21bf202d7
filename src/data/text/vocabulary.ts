import { FormatError } from "../codecs/format-error.ts";
import { isObject, shown } from "../codecs/text.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The token that closes a text; it has no text of its own. */
const END = 0;
/** The token of whatever is not in the vocabulary. */
const UNKNOWN = 1;
const SPECIAL = ["<end>", "<unknown>"];
const UNKNOWN_TEXT = "\uFFFD";

/** One token a character (Unicode code point) that occurs in the texts, the most frequent first; id 0 ends a text, 1 is any other character. */
export function characters(texts: Iterable<string>, options: { most?: number } = {}): Tokenizer {
  return listed(
    "characters",
    frequent(texts, options.most, (text) => [...text]),
  );
}

/** One token a word (with the space before it), number or sign that occurs in the texts, the most frequent first, at most `most`. */
export function words(texts: Iterable<string>, options: { most?: number } = {}): Tokenizer {
  return listed("words", frequent(texts, options.most, pieces));
}

/** Words and signs, each with the one space in front of it; further blanks one by one. Side by side they are the text again. */
function pieces(text: string): string[] {
  return text.match(/ ?[\p{L}\p{M}\p{N}_'’]+| ?[^\s\p{L}\p{M}\p{N}_'’]|\s/gu) ?? [];
}

const WORD_ENDS = /[\p{L}\p{M}\p{N}_'’]$/u;
const WORD_BEGINS = /^[\p{L}\p{M}\p{N}_'’]/u;

function frequent(texts: Iterable<string>, most: number | undefined, cut: (text: string) => string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of texts) for (const piece of cut(text)) counts.set(piece, (counts.get(piece) ?? 0) + 1);
  if (counts.size === 0) throw new RangeError("a vocabulary is made from texts, found none");
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([piece]) => piece);
  if (most !== undefined && !(Number.isInteger(most) && most > SPECIAL.length))
    throw new RangeError(`a vocabulary has more than ${SPECIAL.length} tokens, found most = ${most}`);
  return most === undefined ? sorted : sorted.slice(0, most - SPECIAL.length);
}

function listed(level: "characters" | "words", pieceList: readonly string[]): Tokenizer {
  const vocabulary = [...SPECIAL, ...pieceList];
  const ids = new Map(vocabulary.map((piece, id) => [piece, id]));
  for (const [id, piece] of SPECIAL.entries()) if (ids.get(piece) === id) ids.delete(piece);
  const cut = level === "characters" ? (text: string) => [...text] : pieces;
  return {
    size: vocabulary.length,
    begin: [],
    end: [END],
    unknown: UNKNOWN,
    encode: (text) => Int32Array.from(cut(text), (piece) => ids.get(piece) ?? UNKNOWN),
    decode(list) {
      const texts = Array.from(list, (id) =>
        id === END ? "" : id === UNKNOWN ? UNKNOWN_TEXT : (vocabulary[id] ?? UNKNOWN_TEXT),
      );
      if (level === "characters") return texts.join("");
      // No text has one word right behind another: where a model writes that, or one is unknown, a space stands between them.
      const parts = (i: number) => WORD_ENDS.test(texts[i - 1] ?? "") && (list[i] === UNKNOWN || WORD_BEGINS.test(texts[i]));
      return texts.map((text, i) => (parts(i) ? ` ${text}` : text)).join("");
    },
    files: () => ({ "vocabulary.json": JSON.stringify({ format: "apprentice-vocabulary", level, pieces: pieceList }) }),
  };
}

/** A character or word tokenizer from the file that it keeps. Throws `FormatError`. */
export function readVocabulary(json: unknown): Tokenizer {
  if (!isObject(json) || json.format !== "apprentice-vocabulary")
    throw new FormatError("this is no vocabulary of characters or words");
  const { level, pieces: list } = json;
  if (level !== "characters" && level !== "words")
    throw new FormatError(`the vocabulary has level ${shown(level)}, expected "characters" or "words"`);
  if (!Array.isArray(list) || !list.every((piece): piece is string => typeof piece === "string"))
    throw new FormatError("the vocabulary's pieces are not a list of texts");
  return listed(level, list);
}
