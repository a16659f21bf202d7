/** Text to token ids and back. */
export interface Tokenizer {
  /** Ids are below this. */
  readonly size: number;
  /** Put in front of a prompt, such as a begin-of-text token; often nothing. */
  readonly begin: readonly number[];
  /** The ids that end a text. */
  readonly end: readonly number[];
  /** The id of whatever the vocabulary does not have; absent where it can write every text. */
  readonly unknown?: number;
  /** The ids of a text as it stands, without anything put in front or behind. */
  encode(text: string): Int32Array;
  /** The text of ids; tokens without a text of their own (begin, end) are left out. */
  decode(ids: ArrayLike<number>): string;
  /** A conversation as the text that the model was trained on; absent where the tokenizer has no template. */
  chat?(messages: readonly Message[], options?: { answer?: boolean }): string;
  /** The files that a checkpoint keeps of it, by their names. */
  files(): Readonly<Record<string, string>>;
}

/** A turn of a conversation. */
export interface Message {
  readonly role: string;
  readonly content: string;
}

/** A prompt's ids, with what the tokenizer puts in front. */
export function promptIds(tokenizer: Tokenizer, prompt: string): Int32Array {
  return Int32Array.from([...tokenizer.begin, ...tokenizer.encode(prompt)]);
}

/** The share of ids that stand for text that the vocabulary does not have, from 0 to 1. */
export function unknownShare({ unknown }: Tokenizer, lists: Iterable<ArrayLike<number>>): number {
  if (unknown === undefined) return 0;
  let [found, all] = [0, 0];
  for (const ids of lists) {
    for (let t = 0; t < ids.length; t++) if (ids[t] === unknown) found += 1;
    all += ids.length;
  }
  return all === 0 ? 0 : found / all;
}

/** Texts that end where any tokenizer would begin a new token. */
const ANCHORS = ["\n", ".", ":"];

/**
 * Ids of a prompt and of the response to it. The prompt's are those it has alone, so that they are a prefix of the two
 * together, as they are when the response is generated; the response's are those it has in its place where the border is one
 * between tokens anyway, and otherwise those it has on its own (then " the" stays one token and "the" loses no space).
 * With `end` the tokenizer's end token closes the response.
 */
export function encodePair(
  tokenizer: Tokenizer,
  prompt: string,
  response: string,
  options: { end?: boolean } = {},
): { x: Int32Array; y: Int32Array } {
  const x = promptIds(tokenizer, prompt);
  const close = options.end ? tokenizer.end.slice(0, 1) : [];
  return { x, y: Int32Array.from([...responseIds(tokenizer, prompt, x, response), ...close]) };
}

function responseIds(tokenizer: Tokenizer, prompt: string, x: Int32Array, response: string): Int32Array {
  if (response === "") return new Int32Array(0);
  const fits = (y: Int32Array) => y.length > 0 && tokenizer.decode([...x, ...y]) === prompt + response;
  const whole = promptIds(tokenizer, prompt + response);
  if (x.every((id, i) => whole[i] === id) && fits(whole.subarray(x.length))) return whole.subarray(x.length);
  const alone = tokenizer.encode(response);
  if (fits(alone)) return alone;
  // A tokenizer that marks the first word of every text by a space: what stands behind an anchor has no such mark.
  for (const anchor of ANCHORS) {
    const before = tokenizer.encode(anchor);
    const both = tokenizer.encode(anchor + response);
    if (before.every((id, i) => both[i] === id) && fits(both.subarray(before.length))) return both.subarray(before.length);
  }
  return alone;
}
