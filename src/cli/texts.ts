import { statSync } from "node:fs";
import type { TokenRows } from "../algorithms/direct/token-pages.ts";
import { rng } from "../autodiff/index.ts";
import {
  type PreferenceRecord,
  plainText,
  type Rows,
  type TextPreference,
  type TextRating,
  type TextRecord,
  type TokenSequences,
  tokenisedPreferences,
  tokenisedRatings,
  tokenisedTexts,
  tokenSequences,
} from "../data/index.ts";
import { type Preference, type Rating, sameResponse } from "../mdp/index.ts";
import { fitContext } from "../policies/index.ts";
import { openPreferences, openTexts, readPreferences, streamTexts } from "../runs/index.ts";
import { BadInput, given } from "./exit.ts";
import { type LanguageParts, type LanguageProblem, languageParts } from "./language.ts";
import { say } from "./terminal.ts";

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
  const records = once(async () => {
    const found: TextRecord[] = [];
    await given(async () => {
      for await (const record of streamTexts(file)) found.push(record);
    });
    if (found.length === 0) throw new BadInput(`${file}: found no texts, expected at least one`);
    return found;
  });
  /** The first records, which is what a vocabulary of a file that does not fit memory is made of. */
  const firstRecords = async () => {
    if (!inPages(problem)) return records();
    const found: TextRecord[] = [];
    await given(async () => {
      for await (const record of streamTexts(file)) if (found.push(record) >= FIRST) break;
    });
    return found;
  };
  const parts = once(() => languageParts(problem, async () => (await firstRecords()).map(wholeText)));
  return {
    problem,
    parts,
    texts: once(async () =>
      inPages(problem) ? pagedTexts(problem, await parts()) : textsOf(problem, await parts(), await records()),
    ),
    comparisons: once(async () => comparisonsOf(problem, await parts())),
  };
}

const wholeText = (record: TextRecord): string =>
  record.kind === "text" ? record.text : plainText(record.prompt) + plainText(record.completion);

async function textsOf({ data, seed }: LanguageProblem, parts: LanguageParts, records: readonly TextRecord[]): Promise<Texts> {
  const { tokenizer, context, values } = parts;
  const all = await naming(data.path, () =>
    tokenisedTexts(tokenizer, values.unusable === "refuse" ? records : records.filter(hasAnswer)),
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
async function pagedTexts({ data, seed }: LanguageProblem, { tokenizer, context, values }: LanguageParts): Promise<Texts> {
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
const hasAnswer = (record: TextRecord) => record.kind === "text" || plainText(record.completion) !== "";
/** Room for an answer is left behind a prompt. */
const fitted = (x: Int32Array, context: number) => x.slice(-Math.max(1, Math.floor(context / 2)));

async function comparisonsOf(problem: LanguageProblem, { tokenizer, context, values }: LanguageParts): Promise<Comparisons> {
  const { data, seed } = problem;
  const file = data.path;
  const check = (pair: Preference, number: number) => problemOf(cutPair(begun(pair, tokenizer), context), number);
  if (inPages(problem)) {
    // Read where it stands, a minibatch at a time.
    const rows = await given(() => openPreferences(file));
    const pairs = tokenisedPreferences(tokenizer, { length: rows.length, get: async (n) => (await rows.get(n)).map(comparison) });
    const aside = Math.min(HELD, Math.floor(values.validation * rows.length));
    const order = rng(seed).split("held").permutation(rows.length);
    const get = async (numbers: ArrayLike<number>) =>
      (await pairs.get(numbers)).map((pair, k) => {
        const { pair: cut, fault } = check(pair, numbers[k]);
        if (fault) throw new BadInput(`${file}: ${fault}`);
        return cut;
      });
    const held = await get(order.slice(0, aside));
    const rest = order.slice(aside);
    return {
      training: { length: rest.length, get: (numbers) => get(Array.from(numbers, (i) => rest[i])) },
      held,
      prompts: held.map(({ x }) => fitted(x as Int32Array, context)),
    };
  }
  const records = await given(() => readPreferences(file));
  if (records.length === 0) throw new BadInput(`${file}: found no records, expected at least one`);
  if (records[0].kind === "rating") return ratingsOf(file, records, tokenizer, context);
  const numbers = Uint32Array.from(records, (_, i) => i);
  const all = await tokenisedPreferences(tokenizer, records.map(comparison)).get(numbers);
  const usable: Preference[] = [];
  let [cut, left] = [0, 0];
  all.forEach((pair, i) => {
    const { pair: shorter, fault } = check(pair, i);
    if (fault && values.unusable === "refuse")
      throw new BadInput(`${file}: ${fault}; correct it, or leave such records out with --set unusable=leave-out`);
    if (fault) left += 1;
    else {
      usable.push(shorter);
      if (shorter.x.length < pair.x.length || shorter.yw.actions.length < pair.yw.actions.length) cut += 1;
    }
  });
  if (usable.length < 2)
    throw new BadInput(`${file}: ${usable.length} of ${records.length} records can be learned from, expected at least 2`);
  if (left > 0) say(`${left} of ${records.length} records are left out: an empty response, or twice the same one`);
  if (cut > 0)
    say(
      `${cut} of ${usable.length} comparisons are longer than ${context} tokens: the prompts' beginnings are cut, then the responses' ends`,
    );
  const order = rng(seed).split("held").permutation(usable.length);
  const aside = Math.min(HELD, usable.length - 1, Math.floor(values.validation * usable.length));
  const held = Array.from(order.slice(0, aside).sort(), (i) => usable[i]);
  const training = Array.from(order.slice(aside).sort(), (i) => usable[i]);
  return { training, held, prompts: (aside > 0 ? held : training).map(({ x }) => fitted(x as Int32Array, context)) };
}

function ratingsOf(
  file: string,
  records: readonly PreferenceRecord[],
  tokenizer: LanguageParts["tokenizer"],
  context: number,
): Comparisons {
  const odd = records.findIndex(({ kind }) => kind !== "rating");
  if (odd >= 0)
    throw new BadInput(`${file}: record ${odd + 1} is a comparison, those before are ratings; expected one kind in a file`);
  const all = tokenisedRatings(tokenizer, records as readonly TextRating[]);
  const empty = all.findIndex(({ y }) => y.actions.length === 0);
  if (empty >= 0) throw new BadInput(`${file}: record ${empty + 1}: the completion is empty; leave it out`);
  const { answers, cuts } = fitContext(all, context);
  if (cuts.length > 0)
    say(
      `${cuts.length} of ${all.length} answers are longer than ${context} tokens: the prompts' beginnings are cut, then the responses' ends`,
    );
  return { training: [], held: [], ratings: answers, prompts: answers.map(({ x }) => fitted(x as Int32Array, context)) };
}

function comparison(record: PreferenceRecord): TextPreference {
  if (record.kind !== "preference") throw new BadInput("a rating stands among comparisons, expected one kind in a file");
  return record;
}

/** Without a prompt, a response begins where the last text ended. */
function begun(pair: Preference, { end }: LanguageParts["tokenizer"]): Preference {
  return pair.x.length > 0 ? pair : { ...pair, x: Int32Array.from(end.slice(0, 1)) };
}

/** Both responses behind the same part of the prompt, so that the longer one fits. */
function cutPair(pair: Preference, context: number): Preference {
  const longer = pair.yw.actions.length >= pair.yl.actions.length ? pair.yw : pair.yl;
  const { answers, cuts } = fitContext([{ x: pair.x, y: longer }], context);
  if (cuts.length === 0) return pair;
  const x = answers[0].x;
  const end = (y: Preference["yw"]) => ({ ...y, actions: y.actions.slice(0, context - x.length) });
  return { ...pair, x, yw: end(pair.yw), yl: end(pair.yl) };
}

function problemOf(pair: Preference, number: number): { pair: Preference; fault?: string } {
  const record = `record ${number + 1}`;
  if (pair.yw.actions.length === 0) return { pair, fault: `${record}: the chosen response is empty` };
  if (pair.yl.actions.length === 0) return { pair, fault: `${record}: the rejected response is empty` };
  if (sameResponse(pair.yw, pair.yl)) return { pair, fault: `${record}: chosen and rejected are the same response` };
  return { pair };
}

/** Refusals of texts, with the file's name. */
async function naming<T>(file: string, make: () => T): Promise<T> {
  try {
    return await given(make);
  } catch (error) {
    throw error instanceof BadInput ? new BadInput(`${file}: ${error.message}`, { cause: error }) : error;
  }
}
