import { type Algorithm, type PendingRun, resume, type Snapshot, start } from "../algorithms/index.ts";
import { type ArrayCache, meanOf } from "../data/index.ts";
import { meanInterval, pairedDifference } from "../evaluation/index.ts";
import { languageSettings } from "./language-settings.ts";
import type { Curve } from "./recipe.ts";
import type { Sample } from "./samples.ts";
import { type Readings, type Settings, settings } from "./settings.ts";
import type { LanguageIngredients } from "./texts.ts";

/** One line of what a language model came to: a number, before the first update and after the last. */
export interface Measure {
  /** Its name in JSON. */
  readonly id: string;
  readonly name: string;
  readonly before?: number;
  readonly after: number;
  /** 95 % of the number afterwards. */
  readonly interval?: readonly [number, number];
}

/** Measures without intervals that are none: one number alone says nothing of its spread. */
export function finite(measures: readonly Measure[]): Measure[] {
  return measures.map(({ interval, ...rest }) => (interval?.every(Number.isFinite) ? { ...rest, interval } : rest));
}

/** Responses that are drawn to each prompt where they are scored before and after: one alone says little of the prompt. */
export const DRAWS = 4;

/**
 * Scores of responses to the same prompts, `DRAWS` to each: their mean before and after, and the change from prompt to prompt, whose
 * interval says whether there was one.
 */
export function beforeAndAfter(id: string, name: string, before: ArrayLike<number>, after: ArrayLike<number>): Measure[] {
  const ofPrompts = (scores: ArrayLike<number>) =>
    Float64Array.from({ length: scores.length / DRAWS }, (_, i) =>
      meanOf(Array.from({ length: DRAWS }, (_, k) => scores[i * DRAWS + k])),
    );
  const [old, now] = [ofPrompts(before), ofPrompts(after)];
  const { mean, low, high } = meanInterval(now);
  const change = pairedDifference(now, old);
  const undecided = change.low <= 0 && change.high >= 0;
  return [
    { id, name, before: meanOf(old), after: mean, interval: [low, high] },
    {
      id: `${id}Change`,
      name: `its change, prompt by prompt${undecided ? ": undecided" : ""}`,
      after: change.mean,
      interval: [change.low, change.high],
    },
  ];
}

/** How the divergence is named: it is a mean over drawn responses, so it may fall below 0, which the divergence itself never does. */
export function klName(over?: string): string {
  return `KL to the reference (nats a response, estimated from samples${over === undefined ? "" : ` for ${over}`})`;
}

/** What a run came to. Plain data. */
export interface LanguageVerdict {
  /** What was measured on, in words: `120 held-out texts`. */
  readonly on: string;
  readonly measures: readonly Measure[];
  /** Held-out prompts, answered before and after. */
  readonly samples: readonly Sample[];
}

/** A problem with what is to be done when it is solved. */
export interface Built<Problem, Options, Result> {
  readonly problem: Problem;
  /** Options that follow from the data or the model. */
  readonly options?: Partial<Options>;
  judge(result: Result): Promise<LanguageVerdict>;
  /** Files to keep, by folders in the run's folder: `model` is what --model, generate and evaluate read. */
  files(result: Result): ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;
}

/** What is shared by the runs of a folder. */
export interface Shared {
  /** Log-probabilities of references, by what they were computed from. */
  readonly cache: ArrayCache;
}

/** What an algorithm for language models is to the command line. */
export interface LanguageRecipeParts<Problem, Options extends object, State extends object, Row extends object, Result> {
  readonly algorithm: Algorithm<Problem, Options, State, Row, Result>;
  readonly learner: string;
  /** The folder in a run's folder that holds what was learned, `model` if it is none other. */
  readonly folder?: string;
  /** How options are read: words to choose from, bounds. */
  readonly readings: Readings<Options>;
  /** Other defaults than the algorithm's. */
  readonly preset?: Partial<Options>;
  /** Which of `--reference`, `--expert` and `--reward` mean something to it. */
  readonly takes: readonly ("reference" | "expert" | "reward")[];
  /** Settings of language models that would mean nothing to it. */
  readonly idle?: readonly string[];
  build(ingredients: LanguageIngredients, options: Options, shared: Shared): Promise<Built<Problem, Options, Result>>;
  show(row: Row): string;
  /** Tokens that a round has learned from. */
  tokens(row: Row, before: Row | undefined): number;
  readonly curves: readonly Curve[];
}

/** A recipe whose types are its own business. */
export interface LanguageRecipe {
  readonly name: string;
  readonly about: string;
  readonly learner: string;
  readonly folder: string;
  readonly takes: readonly ("reference" | "expert" | "reward")[];
  /** The settings that are the algorithm's options; the others are the model's and the data's. */
  readonly options: readonly string[];
  readonly settings: Settings;
  readonly curves: readonly Curve[];
  /** Throws on options that can't be, whatever the problem. */
  check(options: Readonly<Record<string, unknown>>): void;
  prepare(
    ingredients: LanguageIngredients,
    options: Readonly<Record<string, unknown>>,
    shared: Shared,
  ): Promise<PreparedLanguage>;
}

export interface PreparedLanguage {
  start(): PendingRun<unknown, object, unknown>;
  resume(checkpoint: Uint8Array | Snapshot): PendingRun<unknown, object, unknown>;
  judge(result: unknown): Promise<LanguageVerdict>;
  files(result: unknown): ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;
  show(row: object): string;
  tokens(row: object, before: object | undefined): number;
}

const without = (known: Settings, names: readonly string[]): Settings =>
  Object.fromEntries(Object.entries(known).filter(([name]) => !names.includes(name)));

export function languageRecipe<Problem, Options extends object, State extends object, Row extends object, Result>(
  parts: LanguageRecipeParts<Problem, Options, State, Row, Result>,
): LanguageRecipe {
  const { algorithm, learner, takes, curves } = parts;
  const { seed: _seed, ...defaults } = { ...algorithm.defaults, ...parts.preset } as Options & { seed?: number };
  const own = settings(defaults as Options, parts.readings);
  return {
    name: algorithm.name,
    about: algorithm.about,
    learner,
    folder: parts.folder ?? "model",
    takes,
    curves,
    options: Object.keys(own),
    settings: { ...own, ...without(languageSettings, parts.idle ?? []) },
    check: (options) => algorithm.check?.(options as Options),
    async prepare(ingredients, given, shared) {
      const options = given as Options;
      const built = await parts.build(ingredients, options, shared);
      return {
        start: () => start(algorithm, built.problem, { ...options, ...built.options }),
        resume: (checkpoint) => resume(algorithm, built.problem, checkpoint),
        async judge(result) {
          const verdict = await built.judge(result as Result);
          return { ...verdict, measures: finite(verdict.measures) };
        },
        files: (result) => built.files(result as Result),
        show: (row) => parts.show(row as Row),
        tokens: (row, before) => parts.tokens(row as Row, before as Row | undefined),
      };
    },
  };
}
