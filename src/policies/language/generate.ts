import { type Rng, rng as seeded } from "../../autodiff/index.ts";
import { promptIds, type Tokenizer } from "../../data/index.ts";
import type { Context, Response } from "../../mdp/index.ts";
import type { RespondOptions } from "../response.ts";
import { decoder } from "./decoder.ts";
import type { LanguageFamily } from "./family.ts";
import { checkSampling, drawToken, type SamplingOptions } from "./sampling.ts";

export interface DecodeOptions extends SamplingOptions {
  /** The most tokens of a response; without it, as many as the context allows. */
  readonly maxLength?: number;
  /** Tokens that end a response, which they close; without them those of the tokenizer. */
  readonly stop?: readonly number[];
}

/** What one step of decoding gave: a token for each row, and -1 for rows that have ended. */
export type DecodedStep = Int32Array;

/**
 * Responses to prompts of any lengths, a token of each at a time: y_t ~ π_θ(· | x, y_1, ..., y_{t-1}), row i drawn from
 * `random[i]`. A row ends with a stop token, at `maxLength`, or where the context is full. The array is used again by the next
 * step. `ended` may end a row for a reason of its own, when the row's number and its new token are given to it. Throws a
 * RangeError if `maxLength` is below 1.
 */
export async function* decodeTokens(
  family: LanguageFamily,
  theta: Float32Array,
  prompts: readonly Int32Array[],
  random: readonly Rng[],
  options: DecodeOptions = {},
  ended: (row: number, token: number) => boolean = () => false,
): AsyncGenerator<DecodedStep, void> {
  checkSampling(options);
  const { maxLength = Infinity, stop = family.tokenizer?.end ?? [] } = options;
  if (!(maxLength >= 1)) throw new RangeError(`maxLength is at least 1, found ${maxLength}`);
  const { vocabulary: V, context } = family.config;
  const ends = new Set(stop);
  const own = decoder(family, theta);
  let z = await own.begin(prompts);
  const step = new Int32Array(prompts.length);
  const over = prompts.map(() => false);
  for (let t = 0; ; t++) {
    prompts.forEach((prompt, i) => {
      step[i] = -1;
      if (over[i]) return;
      const token = drawToken(z, i * V, V, options, random[i]);
      step[i] = token;
      over[i] = ended(i, token) || ends.has(token) || t + 1 >= maxLength || prompt.length + t + 1 >= context;
    });
    yield step;
    if (over.every((done) => done)) return;
    z = await own.append(step.map((token, i) => (over[i] ? -1 : token)));
  }
}

/** Rows that are decoded side by side: more give little more speed and take memory. */
const ROWS = 64;

/**
 * Responses as a `ResponseModel` draws them: response j to context i from the stream i n + j. `ended` is asked of the response
 * with that number, as long as it is so far.
 */
export async function respond(
  family: LanguageFamily,
  theta: Float32Array,
  contexts: readonly Context[],
  options: RespondOptions & DecodeOptions,
  ended?: (response: number, tokens: readonly number[]) => boolean,
): Promise<Response[][]> {
  const { random, n = 1 } = options;
  const responses: number[][] = Array.from({ length: contexts.length * n }, () => []);
  for (let from = 0; from < responses.length; from += ROWS) {
    const rows = responses.slice(from, from + ROWS);
    const prompts = rows.map((_, k) => Int32Array.from(contexts[Math.floor((from + k) / n)]));
    const streams = rows.map((_, k) => random.split(from + k));
    const over = ended && ((k: number, token: number) => ended(from + k, [...rows[k], token]));
    for await (const step of decodeTokens(family, theta, prompts, streams, options, over))
      rows.forEach((row, k) => {
        if (step[k] >= 0) row.push(step[k]);
      });
  }
  return contexts.map((_, i) => responses.slice(i * n, (i + 1) * n).map((row) => ({ actions: Int32Array.from(row) })));
}

export interface GenerateOptions extends DecodeOptions {
  readonly seed?: number;
  /** Texts that end a response, beside the tokens that do; it is cut before the first of them. */
  readonly stopTexts?: readonly string[];
}

/**
 * The response to a prompt, piece by piece as its text grows: side by side the pieces are the whole text, as it stands behind
 * the prompt. Throws without a tokenizer, and on a prompt without tokens or beyond the context.
 */
export async function* generateText(
  family: LanguageFamily,
  theta: Float32Array,
  prompt: string,
  options: GenerateOptions = {},
): AsyncGenerator<string, void> {
  const tokenizer = requireTokenizer(family);
  const stops = stopsOf(options);
  const x = textPrompt(tokenizer, prompt);
  const textOf = textBehind(tokenizer, x);
  const ids: number[] = [];
  let said = 0;
  for await (const [token] of decodeTokens(family, theta, [x], [stream(options)], options)) {
    ids.push(token);
    const text = textOf(ids);
    const end = firstStop(text, stops);
    // A character may take several tokens; until its last one comes its place holds a replacement.
    const whole = end >= 0 ? end : stopBegins(text.endsWith("\uFFFD") ? text.slice(0, -1) : text, stops);
    if (whole > said) {
      yield text.slice(said, whole);
      said = whole;
    }
    if (end >= 0) return;
  }
  const text = textOf(ids);
  if (text.length > said) yield text.slice(said);
}

/** The responses to many prompts at once, as they stand behind them; prompt i draws from the stream i of the seed. */
export async function completeTexts(
  family: LanguageFamily,
  theta: Float32Array,
  prompts: readonly string[],
  options: GenerateOptions = {},
): Promise<string[]> {
  const tokenizer = requireTokenizer(family);
  const stops = stopsOf(options);
  const contexts = prompts.map((prompt) => textPrompt(tokenizer, prompt));
  const textOf = contexts.map((x) => textBehind(tokenizer, x));
  const random = seeded(options.seed ?? 0);
  const ended = (i: number, ids: readonly number[]) => firstStop(textOf[i](ids), stops) >= 0;
  const responses = await respond(family, theta, contexts, { ...options, random }, stops.length > 0 ? ended : undefined);
  return responses.map(([{ actions }], i) => {
    const text = textOf[i](Array.from(actions));
    const end = firstStop(text, stops);
    return end < 0 ? text : text.slice(0, end);
  });
}

/** Tokens of a prompt that are read again with its response: a tokenizer writes a word otherwise at the beginning of a text. */
const BEHIND = 8;

/** From a response's tokens to its text as it stands behind the prompt x, a space between the two included. */
function textBehind(tokenizer: Tokenizer, x: Int32Array): (ids: readonly number[]) => string {
  const last = Array.from(x.slice(-BEHIND));
  const before = tokenizer.decode(last);
  return (ids) => {
    const both = tokenizer.decode([...last, ...ids]);
    return both.startsWith(before) ? both.slice(before.length) : tokenizer.decode(ids);
  };
}

function stopsOf({ stopTexts = [] }: GenerateOptions): readonly string[] {
  if (stopTexts.includes("")) throw new RangeError("a stop text is empty, expected a text such as a line's end; leave it out");
  return stopTexts;
}

/** Where the first of the stop texts begins, or -1. */
function firstStop(text: string, stops: readonly string[]): number {
  const found = stops.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
  return found.length === 0 ? -1 : Math.min(...found);
}

/** Where a stop text may have begun that is not whole yet; the text's length if none has. */
function stopBegins(text: string, stops: readonly string[]): number {
  const open = stops.map((stop) => {
    let n = Math.min(stop.length - 1, text.length);
    while (n > 0 && !text.endsWith(stop.slice(0, n))) n--;
    return n;
  });
  return text.length - Math.max(0, ...open);
}

/** A single prompt draws as the first of many does. */
const stream = (options: GenerateOptions) => seeded(options.seed ?? 0).split(0);

/** An empty prompt begins where the last text ended. */
function textPrompt(tokenizer: Tokenizer, prompt: string): Int32Array {
  const ids = promptIds(tokenizer, prompt);
  return ids.length === 0 ? Int32Array.from(tokenizer.end.slice(0, 1)) : ids;
}

function requireTokenizer(family: LanguageFamily): Tokenizer {
  if (!family.tokenizer) throw new TypeError("the model has no tokenizer; give one to read and write text, or use tokens");
  return family.tokenizer;
}
