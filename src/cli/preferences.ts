import { closeSync, existsSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { countWords, pretrainedTokenizer, surveyPreferences } from "../data/index.ts";
import { streamPreferences } from "../runs/index.ts";
import { BadInput, given } from "./exit.ts";
import { print, printJson, short, table } from "./terminal.ts";

/** Whether a file is to be read as preferences: by its name, or, for JSON Lines, because it does not begin as demonstrations do. */
export function isPreferenceFile(file: string): boolean {
  const name = file.toLowerCase();
  if (name.endsWith(".gz") || name.endsWith(".parquet")) return true;
  if (!name.endsWith(".jsonl") || !existsSync(file)) return false;
  const fd = openSync(file, "r");
  try {
    const head = Buffer.alloc(4096);
    const text = head.toString("utf8", 0, readSync(fd, head, 0, head.length, 0));
    return /"(chosen|rejected|completion|answer_matching_behavior)"\s*:/.test(text);
  } finally {
    closeSync(fd);
  }
}

/** Says what a preference set holds: counts, lengths, and what can't teach anything. */
export async function inspectPreferences(file: string, options: { tokenizer?: string; json?: boolean }): Promise<void> {
  if (!existsSync(file)) throw new BadInput(`${file}: there is no such file, expected a preference set`);
  const tokens = await given(() => counter(options.tokenizer));
  const found = await given(() => surveyPreferences(streamPreferences(file), tokens));
  if (found.records === 0) throw new BadInput(`${file}: found no records, expected at least one`);
  const unit = options.tokenizer === undefined ? "words and signs" : "tokens";
  if (options.json) {
    printJson({ file, unit, ...found });
    return;
  }
  const many = (n: number) => n.toLocaleString("en-US");
  const share = (n: number) => (n === 0 ? "none" : `${many(n)} (${short((100 * n) / found.records)} %)`);
  print(
    table([
      ["file", file],
      ["records", many(found.records)],
      ["comparisons", many(found.preferences)],
      ...(found.ratings > 0 ? [["ratings", `${many(found.ratings)} (${many(found.good)} good)`]] : []),
      ["different prompts", many(found.prompts)],
      ["duplicates", share(found.duplicates)],
      ["identical pairs", share(found.identical)],
      ["contradictory", share(found.contradictory)],
      ["empty responses", share(found.empty)],
    ]),
  );
  print("");
  const rows = Object.entries(found.lengths).map(([name, s]) => [name, short(s.mean), short(s.std), short(s.min), short(s.max)]);
  print(table(rows, [`length in ${unit}`, "mean", "std", "min", "max"]));
}

/** What lengths are counted in: a checkpoint's tokens, or words and signs. */
function counter(folder: string | undefined): (text: string) => number {
  if (folder === undefined) return countWords;
  const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : undefined);
  const json = read("tokenizer.json");
  if (json === undefined) throw new BadInput(`${folder} has no tokenizer.json, expected the folder of a checkpoint`);
  const config = read("tokenizer_config.json");
  const tokenizer = pretrainedTokenizer({ "tokenizer.json": json, ...(config ? { "tokenizer_config.json": config } : {}) });
  return (text) => tokenizer.encode(text).length;
}
