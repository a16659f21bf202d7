import {
  exp,
  gather,
  input,
  logSoftmax,
  mul,
  neg,
  type ParamTree,
  reshape,
  sum,
  type Tensor,
  takeAlongAxis,
} from "../../autodiff/index.ts";
import type { Tokenizer } from "../../data/index.ts";
import type { Answer, Plain } from "../../mdp/index.ts";
import type { BatchShape, ResponseExpressions, ResponseFeeds, ResponseModel } from "../response.ts";
import { hiddenStates, logits, type TransformerWeights, transformerParams } from "../transformer.ts";
import type { TransformerConfig } from "../transformer-config.ts";
import { respond } from "./generate.ts";

/** A family of language models π_θ(y | x) = Π_t π_θ(y_t | x, y_1, ..., y_{t-1}): a policy whose actions are tokens. */
export interface LanguageFamily extends ResponseModel {
  readonly config: TransformerConfig;
  readonly tokenizer: Tokenizer | undefined;
  /** What the transformer computes with: parameters, and inputs for what is frozen. */
  readonly weights: TransformerWeights;
  /** The arrays of those inputs. */
  readonly frozen: Readonly<Record<string, Float32Array>>;
}

/** All transformers of a configuration. Throws on a configuration that does not add up. */
export function languageFamily(
  config: TransformerConfig,
  tokenizer: Tokenizer,
): LanguageFamily & { readonly tokenizer: Tokenizer };
export function languageFamily(config: TransformerConfig, tokenizer?: Tokenizer): LanguageFamily;
export function languageFamily(config: TransformerConfig, tokenizer?: Tokenizer): LanguageFamily {
  const params = transformerParams(config);
  return familyOf({
    config,
    tokenizer,
    params,
    weights: params,
    frozen: {},
    description: { kind: "transformer", ...plain(config) },
  });
}

/** A family from its parts. */
export function familyOf(parts: {
  readonly config: TransformerConfig;
  readonly tokenizer: Tokenizer | undefined;
  readonly params: ParamTree;
  readonly weights: TransformerWeights;
  readonly frozen: Readonly<Record<string, Float32Array>>;
  readonly description: { readonly [key: string]: Plain };
}): LanguageFamily {
  const family: LanguageFamily = {
    ...parts,
    expressions: (batch) => expressions(parts.config, parts.weights, batch),
    feeds: (answers, prefix = "") => ({ ...answerFeeds(parts.config, answers, prefix), ...parts.frozen }),
    respond: (theta, contexts, options) => respond(family, theta, contexts, options),
    length: (y) => y.actions.length,
  };
  return family;
}

/** The configuration as it is written into files. */
export function plain(config: TransformerConfig): { readonly [key: string]: Plain } {
  return JSON.parse(JSON.stringify(config));
}

/** Sequences are padded to a multiple of this, so that few different shapes occur. */
const GRID = 8;

/**
 * log π(y_t | x, y_1 .. y_{t-1}) for answers side by side. Logits are computed only where they predict a token of a response.
 */
function expressions(
  config: TransformerConfig,
  w: TransformerWeights,
  { rows: R, prefix = "" }: BatchShape,
): ResponseExpressions {
  const { width: D, vocabulary: V } = config;
  const [L, T] = ["L", "T"].map((side) => `${prefix.replace(/\W/g, "_")}${side}_`);
  const named = (name: string, shape: (number | string)[], dtype: "int32" | "float32" = "int32") =>
    input(`${prefix}${name}`, shape, dtype);
  const ids = named("ids", [R, L]);
  const { hidden: all } = hiddenStates(config, w, ids, { positions: named("positions", [L]) });
  const mask = named("mask", [R, T], "float32");
  const hidden = gather(all, named("at", [R, T]));
  const z = logits(w, reshape(hidden, [-1, D]));
  const logPi = logSoftmax(z);
  const y = reshape(named("y", [R, T]), [-1]);
  const grid = (x: Tensor) => mul(reshape(x, [R, T]), mask);
  return {
    mask,
    hidden,
    logits: reshape(z, [R, T, V]),
    logProbs: grid(takeAlongAxis(logPi, y)),
    entropies: grid(neg(sum(mul(exp(logPi), logPi), 1))),
    last: gather(all, named("last", [R])),
  };
}

/** The arrays of those inputs. Throws, naming the row, on an answer that has no prompt or response, or that doesn't fit. */
function answerFeeds(config: TransformerConfig, answers: readonly Answer[], prefix: string): ResponseFeeds {
  const R = answers.length;
  if (R === 0) throw new RangeError("feeds take at least one answer, found none");
  let [L, T] = [0, 0];
  answers.forEach(({ x, y }, row) => {
    checkAnswer(config, x, y.actions, row);
    L = Math.max(L, x.length + y.actions.length);
    T = Math.max(T, y.actions.length);
  });
  L = Math.min(config.context, Math.ceil(L / GRID) * GRID);
  T = Math.min(L, Math.ceil(T / GRID) * GRID);
  const [ids, at, targets] = [new Int32Array(R * L), new Int32Array(R * T), new Int32Array(R * T)];
  const mask = new Float32Array(R * T);
  const last = new Int32Array(R);
  answers.forEach(({ x, y: { actions } }, row) => {
    ids.set(x, row * L);
    ids.set(actions, row * L + x.length);
    targets.set(actions, row * T);
    mask.fill(1, row * T, row * T + actions.length);
    const from = row * L + x.length - 1; // the position that predicts y_1
    for (let t = 0; t < T; t++) at[row * T + t] = from + Math.min(t, actions.length - 1);
    last[row] = from + actions.length;
  });
  const positions = Int32Array.from({ length: L }, (_, t) => t);
  const own = { ids, positions, at, y: targets, mask, last };
  return Object.fromEntries(Object.entries(own).map(([name, array]) => [prefix + name, array]));
}

function checkAnswer(config: TransformerConfig, x: ArrayLike<number>, y: ArrayLike<number>, row: number): void {
  const { vocabulary, context } = config;
  if (x.length === 0)
    throw new RangeError(
      `answer ${row}: the prompt has no tokens, expected at least one; begin it with the tokenizer's begin or end token`,
    );
  if (y.length === 0)
    throw new RangeError(`answer ${row}: the response has no tokens, expected at least one; leave empty responses out`);
  if (x.length + y.length > context) {
    throw new RangeError(
      `answer ${row}: ${x.length} tokens of prompt and ${y.length} of response, the context has ${context}; cut them with fitContext`,
    );
  }
  for (const list of [x, y])
    for (let i = 0; i < list.length; i++)
      if (!(Number.isInteger(list[i]) && list[i] >= 0 && list[i] < vocabulary))
        throw new RangeError(
          `answer ${row}: token ${list[i]}, expected 0 to ${vocabulary - 1}; tokenise it with this model's tokenizer`,
        );
}

/** What was cut so that prompt and response fit: tokens at the beginning of the prompt, tokens at the end of the response. */
export interface Cut {
  readonly row: number;
  readonly prompt: number;
  readonly response: number;
}

/**
 * Answers that fit a context of `context` tokens: a prompt loses its beginning, down to half of the context, and only then a
 * response its end. `cuts` says of which rows how many tokens are gone.
 */
export function fitContext<A extends Answer>(answers: readonly A[], context: number): { answers: A[]; cuts: Cut[] } {
  const cuts: Cut[] = [];
  const fitted = answers.map((answer, row): A => {
    const [n, T] = [answer.x.length, answer.y.actions.length];
    if (n + T <= context) return answer;
    const prompt = Math.min(n, Math.max(Math.floor(context / 2), context - T));
    const response = Math.min(T, context - prompt);
    cuts.push({ row, prompt: n - prompt, response: T - response });
    return {
      ...answer,
      x: answer.x.subarray(n - prompt),
      y: { ...answer.y, actions: answer.y.actions.subarray(0, response) },
    };
  });
  return { answers: fitted, cuts };
}
