import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { characters } from "../data/index.ts";
import { inspect } from "./data.ts";
import { kindOfTexts } from "./preferences.ts";

const folder = mkdtempSync(join(tmpdir(), "inspect-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the command prints. */
async function printed(file: string, options: { json?: boolean; tokenizer?: string } = {}): Promise<string> {
  const parts: string[] = [];
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => parts.push(String(text)) > 0);
  try {
    await inspect(file, options);
  } finally {
    write.mockRestore();
  }
  return parts.join("");
}

describe("apprentice data inspect on preferences", () => {
  const file = join(folder, "pairs.jsonl");
  const pair = (prompt: string, chosen: string, rejected: string) => JSON.stringify({ prompt, chosen, rejected });
  const pairs = [pair("p", "a b", "c"), pair("p", "c", "a b"), pair("q", "x", "x"), pair("p", "a b", "c"), pair("q", "", "y")];
  writeFileSync(file, pairs.join("\n"));

  it("shows counts, lengths, duplicates, identical and contradictory pairs", async () => {
    const text = await printed(file);
    for (const line of [
      /records +5/,
      /comparisons +5/,
      /different prompts +2/,
      /duplicates +1 \(20 %\)/,
      /identical pairs +1 \(20 %\)/,
      /contradictory +1 \(20 %\): record 2$/m,
      /empty responses +1 \(20 %\): record 5$/m,
      /length in words and signs +mean +std +min +max/,
      /chosen +1.2/,
    ])
      expect(text).toMatch(line);
    const json = JSON.parse(await printed(file, { json: true }));
    expect(json).toMatchObject({ file, records: 5, duplicates: 1, identical: 1, contradictory: 1, empty: 1 });
  });

  it("tells preferences from demonstrations by what is in the file", async () => {
    const other = join(folder, "demos.jsonl");
    writeFileSync(other, '{"format": "apprentice-dataset"}\n');
    expect(await Promise.all([file, other, "x.parquet"].map(kindOfTexts))).toEqual(["preferences", undefined, "preferences"]);
  });

  it("says what prompts alone and texts are, and counts them by a tokenizer of one's own", async () => {
    const [prompts, texts] = [join(folder, "prompts.jsonl"), join(folder, "texts.txt")];
    writeFileSync(prompts, '{"prompt": "a b"}\n{"prompt": "c"}\n{"prompt": "a b"}\n');
    writeFileSync(texts, "One text.\n\nAnother text here.\n");
    expect(await printed(prompts)).toMatch(/holds +prompts alone.*\nprompts +3\ndifferent ones +2\nduplicates +1: prompt 3/);
    expect(await printed(texts)).toMatch(/holds +texts.*\ntexts +2\n/);
    expect(JSON.parse(await printed(texts, { json: true }))).toMatchObject({ holds: "texts", records: 2, completions: 0 });
    writeFileSync(join(folder, "vocabulary.json"), characters(["abc "]).files()["vocabulary.json"]);
    const counted = JSON.parse(await printed(prompts, { json: true, tokenizer: folder }));
    expect(counted).toMatchObject({ unit: "tokens", lengths: { prompt: { max: 3 } } });
  });

  it("a malformed line is refused with the file's name and its number", async () => {
    const bad = join(folder, "bad.jsonl");
    writeFileSync(bad, `${pairs[0]}\n{"prompt": "p", "chosen"\n`);
    await expect(inspect(bad, {})).rejects.toThrow(/bad\.jsonl: line 2 is not JSON/);
    await expect(inspect(join(folder, "none.parquet"), {})).rejects.toThrow(/there is no such file/);
  });
});
