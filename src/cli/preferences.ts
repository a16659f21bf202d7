import { existsSync } from "node:fs";
import { countWords, type LengthSpread, surveyPreferences, surveyTexts, type TextRecord } from "../data/index.ts";
import { streamPreferences, streamTexts } from "../runs/index.ts";
import { BadInput, given } from "./exit.ts";
import { firstLine, noSuchFile } from "./files.ts";
import { loadTokenizer } from "./language-parts.ts";
import { promptLines } from "./prompts.ts";
import { print, printJson, short, table } from "./terminal.ts";

/** What a file for language models holds. */
export type KindOfTexts = "preferences" | "prompts" | "texts";

/** What a file's texts are, by its name and its first record; `undefined` for a file of demonstrations. */
export async function kindOfTexts(file: string): Promise<KindOfTexts | undefined> {
  const name = file.toLowerCase();
  if (/\.txt(\.gz)?$/.test(name)) return "texts";
  if (name.endsWith(".jsonl")) return existsSync(file) ? kindOfRecord(firstLine(file)) : undefined;
  if (!/\.(gz|json|parquet)$/.test(name)) return undefined;
  if (!existsSync(file)) return "preferences";
  try {
    await streamPreferences(file).next();
    return "preferences";
  } catch (error) {
    const text = await streamTexts(file)
      .next()
      .catch(() => undefined);
    if (text === undefined) throw new BadInput((error as Error).message, { cause: error });
    return "texts";
  }
}

/** What a line of JSON begins as: read by its fields, since it may be cut. */
function kindOfRecord(line: string): KindOfTexts | undefined {
  const has = (...names: string[]) => names.some((name) => new RegExp(`"${name}"\\s*:`).test(line));
  if (has("chosen", "rejected", "answer_matching_behavior", "label")) return "preferences";
  if (has("completion", "messages", "text")) return "texts";
  return has("prompt") ? "prompts" : undefined;
}

/** Says what a preference set holds: counts, lengths, and what can't teach anything. */
export async function inspectPreferences(file: string, options: { tokenizer?: string; json?: boolean }): Promise<void> {
  if (!existsSync(file)) throw noSuchFile(file, "a preference set");
  const tokens = await given(() => counter(options.tokenizer));
  const found = await given(() => surveyPreferences(streamPreferences(file), tokens));
  if (found.records === 0) throw new BadInput(`${file}: found no records, expected at least one`);
  const unit = options.tokenizer === undefined ? "words and signs" : "tokens";
  if (options.json) {
    printJson({ file, unit, ...found });
    return;
  }
  const many = (n: number) => n.toLocaleString("en-US");
  const share = (what: "duplicates" | "identical" | "contradictory" | "empty"): string => {
    const n = found[what];
    if (n === 0) return "none";
    const numbers = found.first[what].join(", ");
    return `${many(n)} (${short((100 * n) / found.records)} %): record ${numbers}${n > found.first[what].length ? ", ..." : ""}`;
  };
  print(
    table([
      ["file", file],
      ["records", many(found.records)],
      ["comparisons", many(found.preferences)],
      ...(found.ratings > 0 ? [["ratings", `${many(found.ratings)} (${many(found.good)} good)`]] : []),
      ["different prompts", many(found.prompts)],
      ["duplicates", share("duplicates")],
      ["identical pairs", share("identical")],
      ["contradictory", share("contradictory")],
      ["empty responses", share("empty")],
    ]),
  );
  printLengths(found.lengths, unit);
}

/** Says what a file of texts, or of prompts alone, holds: counts and lengths. */
export async function inspectTexts(
  file: string,
  kind: "prompts" | "texts",
  options: { tokenizer?: string; json?: boolean },
): Promise<void> {
  if (!existsSync(file)) throw noSuchFile(file, "texts");
  const tokens = await given(() => counter(options.tokenizer));
  const records = kind === "prompts" ? promptLines(file) : await given(() => textsIn(file));
  const { lengths, ...found } = surveyTexts(records, tokens);
  const named = kind === "prompts" ? { prompt: lengths.text } : lengths;
  if (found.records === 0) throw new BadInput(`${file}: found no ${kind}, expected at least one`);
  const unit = options.tokenizer === undefined ? "words and signs" : "tokens";
  if (options.json) {
    printJson({ file, holds: kind, unit, ...found, lengths: named });
    return;
  }
  const many = (n: number) => n.toLocaleString("en-US");
  const numbers = `${many(found.duplicates)}: ${kind === "prompts" ? "prompt" : "text"} ${found.first.join(", ")}${found.duplicates > found.first.length ? ", ..." : ""}`;
  print(
    table([
      ["file", file],
      ["holds", kind === "prompts" ? "prompts alone, to be answered (train rlhf, train dpo --expert)" : "texts (train sft)"],
      [kind, many(found.records)],
      ["different ones", many(found.different)],
      ["duplicates", found.duplicates === 0 ? "none" : numbers],
      ...(kind === "prompts" ? [] : [["responses to a prompt", many(found.completions)]]),
    ]),
  );
  printLengths(named, unit);
}

async function textsIn(file: string): Promise<TextRecord[]> {
  const records: TextRecord[] = [];
  for await (const record of streamTexts(file)) records.push(record);
  return records;
}

function printLengths(lengths: Readonly<Record<string, LengthSpread>>, unit: string): void {
  print("");
  const rows = Object.entries(lengths).map(([name, s]) => [name, short(s.mean), short(s.std), short(s.min), short(s.max)]);
  print(table(rows, [`length in ${unit}`, "mean", "std", "min", "max"]));
}

/** What lengths are counted in: a model's tokens, or words and signs. */
async function counter(folder: string | undefined): Promise<(text: string) => number> {
  if (folder === undefined) return countWords;
  const tokenizer = await loadTokenizer(folder);
  return (text) => tokenizer.encode(text).length;
}
