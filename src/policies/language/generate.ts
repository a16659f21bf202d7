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
 * step. Throws a RangeError if `maxLength` is below 1.
 */
export async function* decodeTokens(
  family: LanguageFamily,
  theta: Float32Array,
  prompts: readonly Int32Array[],
  random: readonly Rng[],
  options: DecodeOptions = {},
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
      over[i] = ends.has(token) || t + 1 >= maxLength || prompt.length + t + 1 >= context;
    });
    yield step;
    if (over.every((done) => done)) return;
    z = await own.append(step.map((token, i) => (over[i] ? -1 : token)));
  }
}

/** Rows that are decoded side by side: more give little more speed and take memory. */
const ROWS = 64;

/** Responses as a `ResponseModel` draws them: response j to context i from the stream i n + j. */
export async function respond(
  family: LanguageFamily,
  theta: Float32Array,
  contexts: readonly Context[],
  options: RespondOptions & DecodeOptions,
): Promise<Response[][]> {
  const { random, n = 1 } = options;
  const responses: number[][] = Array.from({ length: contexts.length * n }, () => []);
  for (let from = 0; from < responses.length; from += ROWS) {
    const rows = responses.slice(from, from + ROWS);
    const prompts = rows.map((_, k) => Int32Array.from(contexts[Math.floor((from + k) / n)]));
    const streams = rows.map((_, k) => random.split(from + k));
    for await (const step of decodeTokens(family, theta, prompts, streams, options))
      rows.forEach((row, k) => {
        if (step[k] >= 0) row.push(step[k]);
      });
  }
  return contexts.map((_, i) => responses.slice(i * n, (i + 1) * n).map((row) => ({ actions: Int32Array.from(row) })));
}

export interface GenerateOptions extends DecodeOptions {
  readonly seed?: number;
}

/**
 * The response to a prompt, piece by piece as its text grows: side by side the pieces are the whole text. Throws without a
 * tokenizer, and on a prompt without tokens or beyond the context.
 */
export async function* generateText(
  family: LanguageFamily,
  theta: Float32Array,
  prompt: string,
  options: GenerateOptions = {},
): AsyncGenerator<string, void> {
  const tokenizer = requireTokenizer(family);
  const ids: number[] = [];
  let said = 0;
  for await (const [token] of decodeTokens(family, theta, [textPrompt(tokenizer, prompt)], [stream(options)], options)) {
    ids.push(token);
    const text = tokenizer.decode(ids);
    // A character may take several tokens; until its last one comes its place holds a replacement.
    const whole = text.endsWith("\uFFFD") ? text.slice(0, -1).length : text.length;
    if (whole > said) {
      yield text.slice(said, whole);
      said = whole;
    }
  }
  const text = tokenizer.decode(ids);
  if (text.length > said) yield text.slice(said);
}

/** The responses to many prompts at once; prompt i draws from the stream i of the seed. */
export async function completeTexts(
  family: LanguageFamily,
  theta: Float32Array,
  prompts: readonly string[],
  options: GenerateOptions = {},
): Promise<string[]> {
  const tokenizer = requireTokenizer(family);
  const contexts = prompts.map((prompt) => textPrompt(tokenizer, prompt));
  const random = seeded(options.seed ?? 0);
  const responses = await respond(family, theta, contexts, { ...options, random });
  return responses.map(([{ actions }]) => tokenizer.decode(actions));
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
