import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { encodePreferenceParquet, recordLines, type TextPreference } from "../data/index.ts";
import { diskCache } from "./array-cache.ts";
import { openPreferences, readPreferences } from "./preferences.ts";

const folder = mkdtempSync(join(tmpdir(), "preferences-"));
afterAll(() => rmSync(folder, { recursive: true }));
const records = Array.from(
  { length: 50 },
  (_, i): TextPreference => ({ kind: "preference", prompt: `p${i} ü`, chosen: "c".repeat(i + 1), rejected: "r" }),
);
const lines = `${records.map((record) => JSON.stringify(record)).join("\n\n")}\n`;

describe("preference files", () => {
  it("are read to the end, or here and there without being kept in memory: the same records", async () => {
    const [jsonl, parquet] = [join(folder, "pairs.jsonl"), join(folder, "pairs.parquet")];
    writeFileSync(jsonl, lines);
    writeFileSync(parquet, encodePreferenceParquet(records));
    expect(await readPreferences(jsonl)).toEqual(records);
    expect(await readPreferences(parquet)).toEqual(records);
    const rows = await openPreferences(jsonl);
    expect(rows.length).toBe(50);
    expect(await rows.get([49, 0, 7, 7])).toEqual([records[49], records[0], records[7], records[7]]);
    rows.close();
  });

  it("are read as an array of JSON too, as many published sets are, however it is broken into lines", async () => {
    const file = join(folder, "pairs.json");
    const odd = { prompt: 'a "quoted, [word]" \\', chosen: "{", rejected: "]", more: [{ deep: [1, ","] }] };
    const all = [...records, odd].map((record) => JSON.parse(JSON.stringify(record)));
    const wanted = [...records, { kind: "preference", prompt: odd.prompt, chosen: odd.chosen, rejected: odd.rejected }];
    for (const text of [JSON.stringify(all), `\ufeff \n${JSON.stringify(all, null, 2)}\n`]) {
      writeFileSync(file, text);
      expect(await readPreferences(file)).toEqual(wanted);
      writeFileSync(`${file}.gz`, gzipSync(text));
      expect(await readPreferences(`${file}.gz`)).toEqual(wanted);
      const found = [];
      for await (const record of recordLines(
        Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte)),
        (value) => value,
      ))
        found.push(record);
      expect(found).toEqual(all);
    }
    writeFileSync(file, "[ ]");
    expect(await readPreferences(file)).toEqual([]);
    for (const [text, message] of [
      ['[{"prompt": "p", "chosen": "c", "rejected": "r"}, {"prompt": "p"}]', /pairs.json: record 2 has the fields "prompt"/],
      ['[{"prompt": "p", "chosen": "c", "rejected": "r"},', /the array has no end behind 1 records; the file is cut/],
      ['[] {"prompt": "p"}', /there is text behind the end of the array/],
      ["[,]", /record 1 is not JSON/],
    ] as const) {
      writeFileSync(file, text);
      await expect(readPreferences(file), text).rejects.toThrow(message);
    }
  });

  it("errors name the file, the line and what would do", async () => {
    const file = join(folder, "bad.jsonl");
    writeFileSync(file, `${lines}{"prompt": "p"}\n`);
    await expect(readPreferences(file)).rejects.toThrow(/bad\.jsonl: line 100 has the fields "prompt", expected prompt, chosen/);
    await expect(openPreferences(file)).rejects.toThrow(/bad\.jsonl: line 100 has the fields "prompt"/);
    writeFileSync(file, `${lines}{"prompt"\n`);
    await expect(openPreferences(file)).rejects.toThrow(/bad\.jsonl: line 100 is not JSON/);
    await expect(readPreferences(join(folder, "pairs.txt"))).rejects.toThrow(/pairs\.txt: the format is not known by its name/);
  });
});

describe("a cache of arrays on the disk", () => {
  it("gives back every bit, and takes what is damaged for missing", () => {
    const cache = diskCache(join(folder, "cache"));
    const [key, values] = ["0123456789abcdef", Float32Array.of(1.5, -0, 3e-40, -7)];
    expect(cache.get(key)).toBeUndefined();
    cache.set(key, values);
    expect(diskCache(join(folder, "cache")).get(key)).toEqual(values);
    const [name] = readdirSync(join(folder, "cache"));
    const bytes = readFileSync(join(folder, "cache", name));
    bytes[bytes.length - 2] ^= 1;
    writeFileSync(join(folder, "cache", name), bytes);
    expect(cache.get(key)).toBeUndefined();
    cache.set(key, values);
    expect(cache.get(key)).toEqual(values);
    expect(() => cache.get("../../etc")).toThrow(/a key is a hash/);
  });
});
