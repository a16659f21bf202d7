import { readFileSync } from "node:fs";
import { gzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { referenceFile } from "../../../test/reference-data.ts";
import {
  characters,
  encodePreferenceParquet,
  gunzipped,
  type PreferenceRecord,
  preferenceLines,
  preferenceRows,
  words,
} from "../index.ts";
import { faultOf, surveyPreferences, type TextPreference, tokenisedPreferences } from "./index.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const all = async <T>(from: AsyncIterable<T>): Promise<T[]> => {
  const list: T[] = [];
  for await (const item of from) list.push(item);
  return list;
};
const read = (lines: readonly unknown[]) => all(preferenceLines([utf8(lines.map((line) => JSON.stringify(line)).join("\n"))]));

/** The bytes in pieces of n. */
function* pieces(bytes: Uint8Array, n: number) {
  for (let at = 0; at < bytes.length; at += n) yield bytes.subarray(at, at + n);
}

describe("what a comparison can't teach", () => {
  it("a response of blanks alone is an empty one, in texts and turns alike, and has no tokens", async () => {
    const turns = (content: string) => [{ role: "assistant", content }];
    const pair = { kind: "preference", prompt: "p", chosen: "a", rejected: " \n" } as const;
    expect([faultOf(pair), faultOf({ ...pair, chosen: turns(" "), rejected: turns("b") })]).toEqual(["rejected", "chosen"]);
    expect(faultOf({ ...pair, rejected: "a" })).toBe("same");
    expect(faultOf({ ...pair, rejected: "a " })).toBeUndefined();
    const [found] = await tokenisedPreferences(words(["p a \n"]), [pair]).get([0]);
    expect(found.yl.actions.length).toBe(0);
    expect(found.yw.actions.length).toBe(2);
  });
});

describe("preference sets", () => {
  const turns = (...contents: string[]) => contents.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content }));

  it("an explicit prompt, an implicit one, turns with roles, and ratings are read", async () => {
    const found = await read([
      { prompt: "Two and two?", chosen: " Four.", rejected: " Five." },
      { chosen: "The sky is blue today.", rejected: "The sky is black today." },
      { chosen: "\n\nHuman: Hi\n\nAssistant: Hello you", rejected: "\n\nHuman: Hi\n\nAssistant: Hello there" },
      { prompt: turns("Hi"), chosen: turns("", "Hello").slice(1), rejected: turns("", "Go").slice(1) },
      { chosen: turns("Hi", "Hello"), rejected: turns("Hi", "Go") },
      { prompt: "Two and two?", completion: " Four.", label: true },
      { question: "Are you kind?", answer_matching_behavior: " Yes", answer_not_matching_behavior: " No", statement: "..." },
    ]);
    expect(found.slice(0, 3)).toEqual([
      { kind: "preference", prompt: "Two and two?", chosen: " Four.", rejected: " Five." },
      { kind: "preference", prompt: "The sky is", chosen: " blue today.", rejected: " black today." },
      { kind: "preference", prompt: "\n\nHuman: Hi\n\nAssistant:", chosen: " Hello you", rejected: " Hello there" },
    ]);
    expect(found[4]).toEqual(found[3]);
    expect(found[5]).toEqual({ kind: "rating", prompt: "Two and two?", completion: " Four.", label: true });
    expect(found[6]).toEqual({ kind: "preference", prompt: "Are you kind?", chosen: " Yes", rejected: " No" });
  });

  it("a stream gives the same records however its bytes are cut into pieces, plain or under gzip", async () => {
    const lines = Array.from({ length: 40 }, (_, i) => ({ prompt: `ünïcode ${i} 🙂`, chosen: "a".repeat(i), rejected: "b" }));
    const bytes = utf8(lines.map((line) => JSON.stringify(line)).join("\r\n") + "\n\n");
    const whole = await all(preferenceLines([bytes]));
    expect(whole.length).toBe(40);
    for (const n of [1, 7, 100]) {
      expect(await all(preferenceLines(pieces(bytes, n)))).toEqual(whole);
      expect(await all(preferenceLines(gunzipped(pieces(gzipSync(bytes), n))))).toEqual(whole);
    }
  });

  it("Parquet gives back what was written, texts and turns and ratings", async () => {
    const sets: PreferenceRecord[][] = [
      [0, 1, 2].map((i) => ({ kind: "preference", prompt: `p${i} ü`, chosen: `c${i}`, rejected: i === 1 ? "" : `r${i}` })),
      [{ kind: "preference", prompt: turns("Hi"), chosen: turns("Yes"), rejected: turns("No") }],
      [true, false].map((label) => ({ kind: "rating", prompt: "p", completion: "c", label })),
    ];
    for (const records of sets) {
      const bytes = encodePreferenceParquet(records);
      const file = { byteLength: bytes.length, slice: (from: number, to?: number) => bytes.slice(from, to).buffer };
      expect(await all(preferenceRows(file))).toEqual(records);
    }
  });

  it("a survey counts duplicates, identical and contradictory pairs, and empty responses", async () => {
    const pair = (prompt: string, chosen: string, rejected: string) => ({ prompt, chosen, rejected });
    const survey = await surveyPreferences(
      await read([
        pair("p", "one two", "three."),
        pair("p", "one two", "three."),
        pair("p", "three.", "one two"),
        pair("q", "same", "same"),
        pair("q", " ", "other"),
        { prompt: "q", completion: "fine", label: true },
        { prompt: "q", completion: "fine", label: false },
      ]),
    );
    expect(survey).toMatchObject({ records: 7, preferences: 5, ratings: 2, good: 1, prompts: 2 });
    expect(survey).toMatchObject({ duplicates: 1, identical: 1, contradictory: 2, empty: 1 });
    expect(survey.first).toEqual({ duplicates: [2], identical: [4], contradictory: [3, 7], empty: [5] });
    expect(survey.lengths.chosen).toMatchObject({ min: 0, max: 2 });
    expect(survey.lengths.completion).toEqual({ mean: 1, std: 0, min: 1, max: 1 });
  });

  it("as token ids a prompt is a prefix that both responses share, and each response ends", async () => {
    const texts = (await read([{ prompt: "ab", chosen: "ba", rejected: "b", margin: 0.5 }])) as TextPreference[];
    const tokenizer = characters(["ab "]);
    const [{ x, yw, yl, margin }] = await tokenisedPreferences(tokenizer, texts).get([0]);
    expect(tokenizer.decode(x)).toBe("ab");
    expect(tokenizer.decode(yw.actions)).toBe("ba");
    expect(tokenizer.decode(yl.actions)).toBe("b");
    expect(yl.actions.length).toBe(1 + Math.min(1, tokenizer.end.length));
    expect(margin).toBe(0.5);
  });
});

describe("what is no preference set is refused by its line and what is wrong with it", () => {
  const good = JSON.stringify({ prompt: "p", chosen: "c", rejected: "r" });
  const bad: [string, string, RegExp][] = [
    ["malformed JSON", `${good}\n\n{"prompt": `, /^line 3 is not JSON: /],
    ["no object", `${good}\n[1]`, /^line 2 is \[1\], expected prompt, chosen, rejected/],
    ["a field that is missing", '{"prompt": "p", "chosen": "c"}', /^line 1 has the fields "prompt, chosen", expected/],
    [
      "a number for a text",
      '{"prompt": 3, "chosen": "c", "rejected": "r"}',
      /^line 1: prompt is 3, expected a text or a list of turns/,
    ],
    [
      "a margin that is no number",
      '{"prompt": "p", "chosen": "c", "rejected": "r", "margin": "much"}',
      /^line 1: margin is "much", expected a number: by how much/,
    ],
    [
      "a turn without a role",
      '{"chosen": [{"content": "c"}], "rejected": []}',
      /^line 1: chosen: turn 0 is .*, expected \{"role"/,
    ],
    ["a text against turns", '{"chosen": "c", "rejected": []}', /^line 1: one of chosen and rejected is a text/],
    ["a label that is none", '{"prompt": "p", "completion": "c", "label": 1}', /^line 1: label is 1, expected true or false/],
  ];
  it.each(bad)("%s", async (_name, text, message) => {
    await expect(all(preferenceLines([utf8(text)]))).rejects.toThrow(message);
  });

  it("bytes that are not UTF-8", async () => {
    const bytes = new Uint8Array([...utf8(`${good}\n{"prompt": "`), 0xff, 0xfe, ...utf8('"}')]);
    await expect(all(preferenceLines([bytes]))).rejects.toThrow(/^line 2 is not UTF-8 text \(byte 12\)/);
  });

  it("gzip data that are cut or damaged", async () => {
    const bytes = gzipSync(utf8(`${good}\n`.repeat(2000)));
    await expect(all(preferenceLines(gunzipped([bytes.subarray(0, bytes.length - 30)])))).rejects.toThrow(/gzip data are/);
    const broken = bytes.slice();
    broken[20] ^= 0x55;
    await expect(all(preferenceLines(gunzipped([broken])))).rejects.toThrow();
  });

  it("Parquet that is cut or something else", async () => {
    const bytes = encodePreferenceParquet([{ kind: "preference", prompt: "p", chosen: "c", rejected: "r" }]);
    for (const own of [bytes.slice(0, bytes.length - 9), utf8("no parquet at all"), new Uint8Array(0)]) {
      const file = { byteLength: own.length, slice: (from: number, to?: number) => own.slice(from, to).buffer };
      await expect(all(preferenceRows(file))).rejects.toThrow(/can't be read as Parquet/);
    }
  });
});

describe("public sets are read as they are (skipped where they are not at hand)", () => {
  const hh = referenceFile("hh-harmless-base-test.jsonl.gz");
  const persona = referenceFile("agreeableness.jsonl");

  it.skipIf(!hh)("2,312 human comparisons of dialogues", async () => {
    const records = await all(preferenceLines(gunzipped(pieces(readFileSync(hh!), 65536))));
    expect(records.length).toBe(2312);
    const odd = records.filter(
      ({ prompt, ...rest }) =>
        typeof prompt !== "string" ||
        !prompt.endsWith("\n\nAssistant:") ||
        !("chosen" in rest) ||
        (rest.chosen as string).startsWith("\n\nHuman:"),
    );
    expect(odd.length).toBe(0);
    const survey = await surveyPreferences(records);
    expect([survey.identical, survey.empty]).toEqual([0, 4]);
  });

  it.skipIf(!persona)("statements with the answer that matches a persona", async () => {
    const records = (await all(preferenceLines([readFileSync(persona!)]))) as TextPreference[];
    expect(records.length).toBe(1000);
    expect(new Set(records.flatMap(({ chosen, rejected }) => [chosen, rejected]))).toEqual(new Set([" Yes", " No"]));
  });
});
