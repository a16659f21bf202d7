import { sha256 } from "@noble/hashes/sha2.js";
import { utf8 } from "../codecs/text.ts";
import { faultOf } from "./faults.ts";
import { type PreferenceRecord, plainText } from "./record.ts";
import type { TextRecord } from "./text-record.ts";

/** How lengths are spread, in tokens. */
export interface LengthSpread {
  readonly mean: number;
  readonly std: number;
  readonly min: number;
  readonly max: number;
}

/** What a preference set holds. */
export interface PreferenceSurvey {
  readonly records: number;
  readonly preferences: number;
  readonly ratings: number;
  /** Ratings that say good. */
  readonly good: number;
  /** Different prompts. */
  readonly prompts: number;
  /** Records whose prompt and responses (in their order) stood before. */
  readonly duplicates: number;
  /** Comparisons of a response with itself. */
  readonly identical: number;
  /** Comparisons, or ratings, that say the opposite of one before. */
  readonly contradictory: number;
  /** Records with a response of nothing but blanks. */
  readonly empty: number;
  /** The numbers, from 1, of the first few records of these four kinds. */
  readonly first: Readonly<Record<"duplicates" | "identical" | "contradictory" | "empty", readonly number[]>>;
  readonly lengths: Readonly<Record<string, LengthSpread>>;
}

/** Words and signs, for want of a tokenizer. */
export const countWords = (text: string): number => text.match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu)?.length ?? 0;

/** Records whose numbers are told. */
const FIRST = 5;

/** Goes through a preference set once; keeps a few dozen bytes of each record, whatever its length. */
export async function surveyPreferences(
  records: Iterable<PreferenceRecord> | AsyncIterable<PreferenceRecord>,
  tokens: (text: string) => number = countWords,
): Promise<PreferenceSurvey> {
  const counts = { records: 0, preferences: 0, ratings: 0, good: 0, duplicates: 0, identical: 0, contradictory: 0, empty: 0 };
  const first = { duplicates: [] as number[], identical: [] as number[], contradictory: [] as number[], empty: [] as number[] };
  const found = (what: keyof typeof first) => {
    counts[what] += 1;
    if (first[what].length < FIRST) first[what].push(counts.records);
  };
  const prompts = new Set<string>();
  const seen = new Set<string>();
  const lengths = new Map<string, Spread>();
  const measure = (name: string, text: string) => {
    const spread = lengths.get(name) ?? new Spread();
    lengths.set(name, spread);
    spread.add(tokens(text));
  };
  for await (const record of records) {
    const prompt = plainText(record.prompt);
    prompts.add(hash(prompt));
    counts.records += 1;
    measure("prompt", prompt);
    const responses = record.kind === "preference" ? (["chosen", "rejected"] as const) : (["completion"] as const);
    const texts = responses.map((name) => plainText((record as unknown as Record<string, string>)[name]));
    responses.forEach((name, i) => {
      measure(name, texts[i]);
    });
    const fault = faultOf(record);
    const identical = fault === "same";
    if (identical) found("identical");
    else if (fault) found("empty");
    const [own, opposite] =
      record.kind === "preference"
        ? [hash(prompt, texts[0], texts[1]), hash(prompt, texts[1], texts[0])]
        : [hash(prompt, texts[0], String(record.label)), hash(prompt, texts[0], String(!record.label))];
    if (record.kind === "preference") counts.preferences += 1;
    else counts.ratings += 1;
    if (record.kind === "rating" && record.label) counts.good += 1;
    if (seen.has(own)) found("duplicates");
    else if (!identical && seen.has(opposite)) found("contradictory");
    seen.add(own);
  }
  const spreads = Object.fromEntries([...lengths].map(([name, spread]) => [name, spread.result()]));
  return { ...counts, first, prompts: prompts.size, lengths: spreads };
}

/** What a file of texts, or of prompts, holds. */
export interface TextSurvey {
  readonly records: number;
  readonly different: number;
  /** Records that stood before, and the numbers, from 1, of the first few of them. */
  readonly duplicates: number;
  readonly first: readonly number[];
  /** Responses to a prompt; the others are whole texts. */
  readonly completions: number;
  readonly lengths: Readonly<Record<string, LengthSpread>>;
}

/** Goes through texts (prompts: texts too) once. */
export function surveyTexts(records: Iterable<TextRecord>, tokens: (text: string) => number = countWords): TextSurvey {
  const seen = new Set<string>();
  const first: number[] = [];
  const counts = { records: 0, duplicates: 0, completions: 0 };
  const lengths = new Map<string, Spread>();
  for (const record of records) {
    counts.records += 1;
    if (record.kind === "completion") counts.completions += 1;
    const parts =
      record.kind === "text"
        ? { text: record.text }
        : { prompt: plainText(record.prompt), completion: plainText(record.completion) };
    const own = hash(...Object.values(parts));
    if (seen.has(own)) {
      counts.duplicates += 1;
      if (first.length < FIRST) first.push(counts.records);
    }
    seen.add(own);
    for (const [name, text] of Object.entries(parts)) {
      const spread = lengths.get(name) ?? new Spread();
      lengths.set(name, spread);
      spread.add(tokens(text));
    }
  }
  const spreads = Object.fromEntries([...lengths].map(([name, spread]) => [name, spread.result()]));
  return { ...counts, different: seen.size, first, lengths: spreads };
}

/** Half of a SHA-256 of parts with their lengths, as a short text. */
function hash(...parts: string[]): string {
  const digest = sha256(utf8(parts.map((part) => `${part.length}:${part}`).join("")));
  return String.fromCharCode(...new Uint16Array(digest.slice(0, 16).buffer));
}

/** Welford's running mean and deviation. */
class Spread {
  n = 0;
  mean = 0;
  squares = 0;
  min = Infinity;
  max = -Infinity;
  add(x: number): void {
    const before = x - this.mean;
    this.mean += before / ++this.n;
    this.squares += before * (x - this.mean);
    this.min = Math.min(this.min, x);
    this.max = Math.max(this.max, x);
  }
  result(): LengthSpread {
    return { mean: this.mean, std: Math.sqrt(this.squares / this.n), min: this.min, max: this.max };
  }
}
