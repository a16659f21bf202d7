import { encodePair, type Tokenizer } from "./tokenizer.ts";

/**
 * n sequences of tokens, one behind the other, with what is to be imitated marked: token t of a sequence is an action a that the
 * expert took in the state s, the tokens before it. So they are demonstrations: Σ learn pairs (s, a).
 */
export interface TokenSequences {
  /** V: ids are below this. */
  readonly vocabulary: number;
  readonly tokens: Int32Array;
  /** 1 where a token is the expert's, 0 in prompts. */
  readonly learn: Uint8Array;
  /** `[n + 1]` */
  readonly offsets: Uint32Array;
}

/** A prompt and the expert's response to it. */
export interface Completion {
  readonly prompt: string;
  readonly completion: string;
}

/** Whole texts, every token of which is learned, closed by the tokenizer's end token. Throws if there is none. */
export function textSequences(tokenizer: Tokenizer, texts: Iterable<string>): TokenSequences {
  const end = tokenizer.end.slice(0, 1);
  return tokenSequences(
    tokenizer.size,
    Array.from(texts, (text) => ({
      x: new Int32Array(0),
      y: Int32Array.from([...tokenizer.begin, ...tokenizer.encode(text), ...end]),
    })),
  );
}

/** Prompts with responses, of which only the responses (and the end token behind them) are learned. Throws if there is none. */
export function completionSequences(tokenizer: Tokenizer, completions: Iterable<Completion>): TokenSequences {
  return tokenSequences(
    tokenizer.size,
    Array.from(completions, ({ prompt, completion }) => encodePair(tokenizer, prompt, completion, { end: true })),
  );
}

/** Sequences x, y of ids, of which y is learned. Throws on an id outside the vocabulary and if there is no sequence of two tokens. */
export function tokenSequences(
  vocabulary: number,
  list: readonly { x: ArrayLike<number>; y: ArrayLike<number> }[],
): TokenSequences {
  const kept = list.filter(({ x, y }) => y.length > 0 && x.length + y.length > 1);
  if (kept.length === 0) throw new RangeError("the texts have no sequence of at least two tokens; there is nothing to predict");
  const total = kept.reduce((sum, { x, y }) => sum + x.length + y.length, 0);
  const tokens = new Int32Array(total);
  const learn = new Uint8Array(total);
  const offsets = new Uint32Array(kept.length + 1);
  kept.forEach(({ x, y }, i) => {
    const at = offsets[i];
    tokens.set(Array.from(x), at);
    tokens.set(Array.from(y), at + x.length);
    offsets[i + 1] = at + x.length + y.length;
    learn.fill(1, at + x.length, offsets[i + 1]);
  });
  const odd = tokens.findIndex((id) => !(id >= 0 && id < vocabulary));
  if (odd >= 0)
    throw new RangeError(`token ${odd} is ${tokens[odd]}, expected 0 to ${vocabulary - 1}; use the model's own tokenizer`);
  return { vocabulary, tokens, learn, offsets };
}

/** The sequences of the given numbers, copied. */
export function selectSequences(all: TokenSequences, which: ArrayLike<number>): TokenSequences {
  const part = (i: number, column: Int32Array | Uint8Array) => column.subarray(all.offsets[i], all.offsets[i + 1]);
  const chosen = Array.from(which);
  const offsets = new Uint32Array(chosen.length + 1);
  chosen.forEach((i, k) => {
    offsets[k + 1] = offsets[k] + all.offsets[i + 1] - all.offsets[i];
  });
  const tokens = new Int32Array(offsets[chosen.length]);
  const learn = new Uint8Array(tokens.length);
  chosen.forEach((i, k) => {
    tokens.set(part(i, all.tokens), offsets[k]);
    learn.set(part(i, all.learn), offsets[k]);
  });
  return { vocabulary: all.vocabulary, tokens, learn, offsets };
}

/** Rows of one length L with sequences side by side: what a transformer reads at once. */
export interface PackedRows {
  readonly length: number;
  readonly rows: number;
  /** `[R, L]`; 0 where a row is not filled. */
  readonly ids: Int32Array;
  /** `[R, L]`: the place of a token in its own sequence. */
  readonly positions: Int32Array;
  /** `[R, L]`: the number of its sequence within the row, from 1; 0 where the row is not filled. */
  readonly segments: Int32Array;
  /** `[R, L]`: 1 where the token is learned, from the one before it. */
  readonly learn: Uint8Array;
  /** Tokens that are learned. */
  readonly targets: number;
  /** Sequences longer than a row: their later pieces don't see the earlier ones. */
  readonly cut: number;
}

/** Rows that are tried for a place before a new one is begun. */
const OPEN = 32;

/**
 * Sequences packed into rows of `length` tokens, each into the first of the latest rows where it fits; with `alone` every
 * sequence has a row of its own. A longer one is cut into pieces of that length, each of which begins with the last token of the
 * one before, so that every token is learned once. Throws a RangeError if `length` is below 2 or no sequence has a second
 * token.
 */
export function packRows(all: TokenSequences, length: number, options: { alone?: boolean } = {}): PackedRows {
  if (!(Number.isInteger(length) && length >= 2)) throw new RangeError(`rows have at least 2 tokens, found ${length}`);
  const pieces: { from: number; to: number; row: number; at: number; segment: number }[] = [];
  let cut = 0;
  const filled: { used: number; segments: number }[] = [];
  for (let i = 0; i + 1 < all.offsets.length; i++) {
    const [begin, end] = [all.offsets[i], all.offsets[i + 1]];
    if (end - begin > length) cut++;
    for (let from = begin; from < end - 1 || from === begin; from += length - 1) {
      const to = Math.min(end, from + length);
      if (!all.learn.subarray(from + 1, to).includes(1)) continue;
      const n = to - from;
      let row = options.alone ? filled.length : Math.max(0, filled.length - OPEN);
      while (row < filled.length && filled[row].used + n > length) row++;
      if (row === filled.length) filled.push({ used: 0, segments: 0 });
      pieces.push({ from, to, row, at: filled[row].used, segment: ++filled[row].segments });
      filled[row].used += n;
    }
  }
  const R = filled.length;
  if (R === 0) throw new RangeError("the sequences have no token to learn behind another one");
  const [ids, positions, segments] = [0, 1, 2].map(() => new Int32Array(R * length));
  const learn = new Uint8Array(R * length);
  let targets = 0;
  for (const { from, to, row, at, segment } of pieces) {
    const start = row * length + at;
    ids.set(all.tokens.subarray(from, to), start);
    learn.set(all.learn.subarray(from + 1, to), start + 1);
    for (let t = 0; t < to - from; t++) {
      positions[start + t] = t;
      segments[start + t] = segment;
      if (t > 0) targets += all.learn[from + t];
    }
  }
  return { length, rows: R, ids, positions, segments, learn, targets, cut };
}
