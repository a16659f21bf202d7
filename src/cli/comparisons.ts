import { faultOf, type RecordFault, type TextPreference, type Tokenizer, tokenisedPreferences } from "../data/index.ts";
import { type Preference, sameResponse } from "../mdp/index.ts";
import { fitContext } from "../policies/index.ts";
import { BadInput } from "./exit.ts";
import { counted, say } from "./terminal.ts";

/** What a comparison is read by. */
export interface Reader {
  readonly tokenizer: Tokenizer;
  /** Tokens of a prompt and a response together, at most. */
  readonly context: number;
}

/** Comparisons that can be learned from, or scored. */
export interface UsableComparisons {
  readonly pairs: readonly Preference[];
  /** The number, from 0, of the record of each. */
  readonly numbers: readonly number[];
  /** Both responses of every record, with their prompts, before anything was cut. */
  readonly tokens: readonly Preference[];
}

/** Why a comparison can't be used: what is written, or what of it a model reads. */
type Fault = RecordFault | "nothing" | "unknown" | "cut";

/** The fault in a few words, one and several of it, and what helps. */
const FAULTS: Readonly<Record<Fault, { readonly one: string; readonly many: string; readonly way: string }>> = {
  chosen: { one: "the chosen response is empty", many: "an empty response", way: "" },
  rejected: { one: "the rejected response is empty", many: "an empty response", way: "" },
  completion: { one: "the completion is empty", many: "an empty response", way: "" },
  same: { one: "chosen and rejected are the same response", many: "twice the same response", way: "" },
  nothing: {
    one: "a response has no tokens in this vocabulary",
    many: "a response without tokens",
    way: "take a model with another vocabulary",
  },
  unknown: {
    one: "chosen and rejected differ only in what the vocabulary does not have",
    many: "responses that differ only in what the vocabulary does not have",
    way: "take a larger vocabulary (--set vocabulary=N of a new model, or --tokenizer characters)",
  },
  cut: {
    one: "chosen and rejected differ only behind the end of the context",
    many: "responses that differ only behind the end of the context",
    way: "take a longer context (--set context=N of a new model)",
  },
};

/**
 * The comparisons of a file in tokens: those longer than the context are cut, and a note says so; those that say nothing are refused
 * (`BadInput`, with the number of the first), or left out with their number by kinds.
 */
export async function usableComparisons(
  file: string,
  texts: readonly TextPreference[],
  reader: Reader,
  unusable: "refuse" | "leave-out",
): Promise<UsableComparisons> {
  const tokens = await tokenisedPreferences(reader.tokenizer, texts).get(texts.map((_, i) => i));
  const [pairs, numbers]: [Preference[], number[]] = [[], []];
  const left = new Map<string, number>();
  let shortened = 0;
  tokens.forEach((whole, i) => {
    const { pair, fault, cut } = readAs(texts[i], whole, reader);
    if (fault) {
      if (unusable === "refuse") throw refused(file, i, fault);
      left.set(FAULTS[fault].many, (left.get(FAULTS[fault].many) ?? 0) + 1);
      return;
    }
    pairs.push(pair);
    numbers.push(i);
    if (cut) shortened += 1;
  });
  const out = texts.length - pairs.length;
  if (out > 0) {
    const kinds = [...left].map(([what, n]) => `${n} with ${what}`).join(", ");
    say(`${out} of ${counted(texts.length, "record")} ${out === 1 ? "is" : "are"} left out: ${kinds}`);
  }
  tellCuts(shortened, counted(pairs.length, "comparison"), reader.context);
  return { pairs, numbers, tokens };
}

/** One comparison as a model reads it. Throws `BadInput`, with its number, if it can't be used. */
export function usableComparison(
  file: string,
  text: TextPreference,
  whole: Preference,
  number: number,
  reader: Reader,
): Preference {
  const { pair, fault } = readAs(text, whole, reader);
  if (fault) throw refused(file, number, fault);
  return pair;
}

/** Says how many answers were cut, if any. */
export function tellCuts(n: number, of: string, context: number): void {
  if (n === 0) return;
  const what = "the prompts' beginnings are cut, then the responses' ends";
  say(`${n} of ${of} ${n === 1 ? "is" : "are"} longer than ${context} tokens: ${what}`);
}

function refused(file: string, number: number, fault: Fault): BadInput {
  const { one, way } = FAULTS[fault];
  const ways = way === "" ? "correct it, or leave" : `${way}, or leave`;
  return new BadInput(`${file}: record ${number + 1}: ${one}; ${ways} such records out with --set unusable=leave-out`);
}

function readAs(text: TextPreference, whole: Preference, reader: Reader): { pair: Preference; fault?: Fault; cut: boolean } {
  const written = faultOf(text);
  if (written) return { pair: whole, fault: written, cut: false };
  if (whole.yw.actions.length === 0 || whole.yl.actions.length === 0) return { pair: whole, fault: "nothing", cut: false };
  if (sameResponse(whole.yw, whole.yl)) return { pair: whole, fault: "unknown", cut: false };
  const pair = cutPair(begun(whole, reader.tokenizer), reader.context);
  const cut =
    pair.x.length < whole.x.length ||
    pair.yw.actions.length < whole.yw.actions.length ||
    pair.yl.actions.length < whole.yl.actions.length;
  return sameResponse(pair.yw, pair.yl) ? { pair, fault: "cut", cut } : { pair, cut };
}

/** Without a prompt, a response begins where the last text ended. */
function begun(pair: Preference, { end }: Tokenizer): Preference {
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
