import { statSync } from "node:fs";
import type { TokenRows } from "../algorithms/direct/token-pages.ts";
import { rng } from "../autodiff/index.ts";
import {
  isBlank,
  type PreferenceRecord,
  plainText,
  type Rows,
  type TextPreference,
  type TextRating,
  type TextRecord,
  type Tokenizer,
  type TokenSequences,
  tokenisedPreferences,
  tokenisedRatings,
  tokenisedTexts,
  tokenSequences,
} from "../data/index.ts";
import type { Preference, Rating } from "../mdp/index.ts";
import { fitContext } from "../policies/index.ts";
import { openPreferences, openTexts, readPreferences, streamTexts } from "../runs/index.ts";
import { tellCuts, usableComparison, usableComparisons } from "./comparisons.ts";
import { BadInput, given } from "./exit.ts";
import { type LanguageParts, languageParts } from "./language-parts.ts";
import type { LanguageProblem } from "./language-problem.ts";
import { isPromptFile, promptLines } from "./prompts.ts";
import { counted, say } from "./terminal.ts";
import { moreWords, tellUnknown } from "./unknown.ts";

/** What is measured on: `8 held-out prompts`, or `8 training prompts, none being held out`. */
export function measuredOn(n: number, held: boolean, one: string): string {
  return held ? counted(n, `held-out ${one}`) : `${counted(n, `training ${one}`)}, none being held out`;
}

/** Demonstrations in tokens, those that are held out, the prompts of the first, and of the held-out ones (of all, where none are). */
export interface Texts {
  /** In memory, or read from the file a page at a time. */
  readonly training: TokenSequences | TokenRows;
  readonly held?: TokenSequences;
  readonly contexts: readonly Int32Array[];
  readonly prompts: readonly Int32Array[];
}

/** Comparisons, or ratings, in tokens. */
export interface Comparisons {
  readonly training: readonly Preference[] | Rows<Preference>;
  readonly held: readonly Preference[];
  /** Instead of comparisons, where the file has them. */
  readonly ratings?: readonly Rating[];
  readonly prompts: readonly Int32Array[];
}

/** What a recipe for language models may ask for. Each is made once. */
export interface LanguageIngredients {
  readonly problem: LanguageProblem;
  /** The model to begin with, its tokenizer, and the reference if one was named. */
  parts(): Promise<LanguageParts>;
  /** The data as texts that an expert wrote. */
  texts(): Promise<Texts>;
  /** The data as preferences. */
  comparisons(): Promise<Comparisons>;
  /** Says, the first time, which share of the data's tokens the vocabulary does not have; `of` which part of it, if not of all. */
  tellUnknown(tokenizer: Tokenizer, ids: Iterable<ArrayLike<number>>, of?: string): void;
}

/** A file of this many bytes is not taken into memory: its records are read when they are learned from. */
const LARGE = 1 << 28;
/** Records that a vocabulary is made of, where not all are in memory. */
const FIRST = 100_000;
/** Held-out comparisons at most: more cost time and say little more. */
const HELD = 1000;
/** Tokens of a plain text that stand for its prompt. */
const BEGINNING = 6;

export function languageIngredients(problem: LanguageProblem): LanguageIngredients {
  const once = <T>(make: () => Promise<T>): (() => Promise<T>) => {
    let made: Promise<T> | undefined;
    return () => {
      made ??= make();
      return made;
    };
  };
  const file = problem.data.path;
  const readTexts = async (which: "good" | "all", most = Infinity) => {
    const found: TextRecord[] = [];
    await given(async () => {
      for await (const record of streamTexts(file, which)) if (found.push(record) >= most) break;
    });
    if (found.length === 0) throw new BadInput(`${file}: found no texts, expected at least one`);
    return found;
  };
  const records = once(() => readTexts("good"));
  /** What a vocabulary is made of: all texts, the rejected ones too, or the first of a file that does not fit memory. */
  const firstRecords = async () => {
    if (isPromptFile(file)) return promptLines(file); // a vocabulary of prompts alone
    return readTexts("all", inPages(problem) ? FIRST : Infinity);
  };
  const parts = once(() => languageParts(problem, async () => (await firstRecords()).map(wholeText)));
  let told = false;
  const tell: Tell = (tokenizer, ids, of = "") => {
    if (!told) tellUnknown(tokenizer, ids, file + of, moreWords(typeof problem.model === "string"));
    told = true;
  };
  return {
    problem,
    parts,
    texts: once(async () =>
      inPages(problem) ? pagedTexts(problem, await parts(), tell) : textsOf(problem, await parts(), await records(), tell),
    ),
    comparisons: once(async () => comparisonsOf(problem, await parts(), tell)),
    tellUnknown: tell,
  };
}

type Tell = LanguageIngredients["tellUnknown"];

const wholeText = (record: TextRecord): string =>
  record.kind === "text" ? record.text : plainText(record.prompt) + plainText(record.completion);

async function textsOf(
  { data, seed }: LanguageProblem,
  parts: LanguageParts,
  records: readonly TextRecord[],
  tell: Tell,
): Promise<Texts> {
  const { tokenizer, context, values } = parts;
  const all = await naming(data.path, () => tokenisedTexts(tokenizer, answered(data.path, records, values.unusable)));
  tell(
    tokenizer,
    all.flatMap(({ x, y }) => [x, y]),
  );
  const order = rng(seed).split("held").permutation(all.length);
  const aside = Math.min(all.length - 1, Math.floor(values.validation * all.length));
  const pick = (numbers: Uint32Array | Int32Array) => Array.from(numbers.sort(), (i) => all[i]);
  const [held, training] = [pick(order.slice(0, aside)), pick(order.slice(aside))];
  const sequences = (list: typeof all) => naming(data.path, () => tokenSequences(tokenizer.size, list));
  return {
    training: await sequences(training),
    ...(aside > 0 ? { held: await sequences(held) } : {}),
    contexts: promptsOf(training, context),
    prompts: promptsOf(aside > 0 ? held : training, context),
  };
}

/** Texts of a file that stays where it stands; up to 1,000 records are held out. */
async function pagedTexts(
  { data, seed }: LanguageProblem,
  { tokenizer, context, values }: LanguageParts,
  tell: Tell,
): Promise<Texts> {
  const rows = await given(() => openTexts(data.path));
  const get = async (numbers: ArrayLike<number>) => {
    const found = await rows.get(numbers);
    return naming(data.path, () => found.map((records) => tokenisedTexts(tokenizer, records.filter(hasAnswer))));
  };
  const aside = Math.min(HELD, rows.length - 1, Math.floor(values.validation * rows.length));
  const order = rng(seed).split("held").permutation(rows.length);
  const held = (await get(order.slice(0, aside))).flat();
  const rest = order.slice(aside);
  const some = (await get(rest.slice(0, HELD))).flat();
  tell(
    tokenizer,
    some.flatMap(({ x, y }) => [x, y]),
    `, in ${counted(some.length, "record")} of it,`,
  );
  return {
    training: { length: rest.length, get: (numbers) => get(Array.from(numbers, (i) => rest[i])) },
    ...(aside > 0 ? { held: await naming(data.path, () => tokenSequences(tokenizer.size, held)) } : {}),
    contexts: promptsOf(some, context),
    prompts: promptsOf(aside > 0 ? held : some, context),
  };
}

const inPages = ({ data, language }: LanguageProblem): boolean =>
  data.path.toLowerCase().endsWith(".jsonl") && (language.paged === true || statSync(data.path).size > LARGE);

const promptsOf = (list: readonly { x: Int32Array; y: Int32Array }[], context: number) =>
  list.map(({ x, y }) => fitted(x.length > 0 ? x : y.slice(0, BEGINNING), context));
const hasAnswer = (record: TextRecord) => record.kind === "text" || !isBlank(record.completion);

/** Faulty records that a refusal names by their number. */
const NAMED = 5;

/** The records with something to learn: the others are refused (`BadInput`, with their numbers), or left out with their number. */
function answered(file: string, records: readonly TextRecord[], unusable: "refuse" | "leave-out"): readonly TextRecord[] {
  const empty = records.flatMap((record, i) => (hasAnswer(record) ? [] : [i + 1]));
  if (empty.length === 0) return records;
  if (unusable === "leave-out") {
    say(`${empty.length} of ${counted(records.length, "record")} left out: an empty completion`);
    return records.filter(hasAnswer);
  }
  const numbers = `${empty.slice(0, NAMED).join(", ")}${empty.length > NAMED ? ` and ${empty.length - NAMED} more` : ""}`;
  throw new BadInput(
    `${file}: record ${numbers}: the completion is empty; correct it, or leave such records out with --set unusable=leave-out`,
  );
}

/** Room for an answer is left behind a prompt. */
const fitted = (x: Int32Array, context: number) => x.slice(-Math.max(1, Math.floor(context / 2)));

async function comparisonsOf(problem: LanguageProblem, parts: LanguageParts, tell: Tell): Promise<Comparisons> {
  const { tokenizer, context, values } = parts;
  const { data, seed } = problem;
  const file = data.path;
  if (inPages(problem)) {
    // Read where it stands, a minibatch at a time.
    const rows = await given(() => openPreferences(file));
    const aside = Math.min(HELD, Math.floor(values.validation * rows.length));
    const order = rng(seed).split("held").permutation(rows.length);
    const get = async (numbers: ArrayLike<number>) => {
      const texts = (await rows.get(numbers)).map(comparison);
      const whole = await tokenisedPreferences(tokenizer, texts).get(texts.map((_, k) => k));
      return whole.map((pair, k) => usableComparison(file, texts[k], pair, numbers[k], parts));
    };
    const held = await get(order.slice(0, aside));
    const rest = order.slice(aside);
    const some = aside > 0 ? held : await get(rest.slice(0, HELD));
    tell(tokenizer, idsOf(some), `, in ${counted(some.length, "record")} of it,`);
    return {
      training: { length: rest.length, get: (numbers) => get(Array.from(numbers, (i) => rest[i])) },
      held,
      prompts: some.map(({ x }) => fitted(x as Int32Array, context)),
    };
  }
  const records = await given(() => readPreferences(file));
  if (records.length === 0) throw new BadInput(`${file}: found no records, expected at least one`);
  if (records[0].kind === "rating") return ratingsOf(file, records, parts, tell);
  const { pairs, tokens } = await usableComparisons(file, records.map(comparison), parts, values.unusable);
  if (pairs.length < 2)
    throw new BadInput(
      `${file}: ${pairs.length} of ${counted(records.length, "record")} can be learned from, expected at least 2`,
    );
  tell(tokenizer, idsOf(tokens));
  const order = rng(seed).split("held").permutation(pairs.length);
  const aside = Math.min(HELD, pairs.length - 1, Math.floor(values.validation * pairs.length));
  const held = Array.from(order.slice(0, aside).sort(), (i) => pairs[i]);
  const training = Array.from(order.slice(aside).sort(), (i) => pairs[i]);
  return { training, held, prompts: (aside > 0 ? held : training).map(({ x }) => fitted(x as Int32Array, context)) };
}

/** All ids of comparisons, their prompts once. */
export function* idsOf(pairs: Iterable<Preference>): Generator<ArrayLike<number>> {
  for (const { x, yw, yl } of pairs) yield* [x, yw.actions, yl.actions];
}

function ratingsOf(
  file: string,
  records: readonly PreferenceRecord[],
  { tokenizer, context, values }: LanguageParts,
  tell: Tell,
): Comparisons {
  const odd = records.findIndex(({ kind }) => kind !== "rating");
  if (odd >= 0)
    throw new BadInput(`${file}: record ${odd + 1} is a comparison, those before are ratings; expected one kind in a file`);
  const written = tokenisedRatings(tokenizer, records as readonly TextRating[]);
  const empty = written.findIndex(({ y }) => y.actions.length === 0);
  if (empty >= 0 && values.unusable === "refuse")
    throw new BadInput(
      `${file}: record ${empty + 1}: the completion is empty; correct it, or leave such records out with --set unusable=leave-out`,
    );
  const all = written.filter(({ y }) => y.actions.length > 0);
  const left = written.length - all.length;
  if (left > 0) say(`${left} of ${counted(written.length, "record")} left out: an empty response`);
  tell(
    tokenizer,
    all.flatMap(({ x, y }) => [x, y.actions]),
  );
  const { answers, cuts } = fitContext(all, context);
  tellCuts(cuts.length, counted(all.length, "answer"), context);
  return { training: [], held: [], ratings: answers, prompts: answers.map(({ x }) => fitted(x as Int32Array, context)) };
}

function comparison(record: PreferenceRecord): TextPreference {
  if (record.kind !== "preference") throw new BadInput("a rating stands among comparisons, expected one kind in a file");
  return record;
}

/** Refusals of texts, with the file's name. */
async function naming<T>(file: string, make: () => T): Promise<T> {
  try {
    return await given(make);
  } catch (error) {
    throw error instanceof BadInput ? new BadInput(`${file}: ${error.message}`, { cause: error }) : error;
  }
}
