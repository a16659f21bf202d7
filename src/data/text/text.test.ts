import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pretrainedTokenizer, type TokenizerFiles } from "./pretrained-tokenizer.ts";
import { encodePair, promptIds, type Tokenizer, unknownShare } from "./tokenizer.ts";
import { characters, readVocabulary, words } from "./vocabulary.ts";

interface Reference {
  files: TokenizerFiles;
  strings: { text: string; bare: number[]; full: number[]; decoded: string }[];
  chat?: { messages: { role: string; content: string }[]; text: string };
}

const references: Record<string, Reference> = JSON.parse(
  readFileSync(new URL("../../../test/data/policies/tokenizers.json", import.meta.url), "utf8"),
);
const CORPUS = [
  "The film was a quiet triumph, and the audience knew it.",
  "Don't: it's  too  long?\nNo.\n\nnaïve – 12,345 👩‍👩‍👧",
];
const own: Record<string, Tokenizer> = { characters: characters(CORPUS), words: words(CORPUS) };
const tokenizers: Record<string, Tokenizer> = {
  ...Object.fromEntries(Object.entries(references).map(([name, { files }]) => [name, pretrainedTokenizer(files)])),
  ...own,
};
const STRINGS = references.byte_level.strings.map(({ text }) => text);

describe.each(Object.keys(references))("a tokenizer from its files (%s)", (name) => {
  const { strings, chat } = references[name];
  const tokenizer = tokenizers[name];

  it("gives the ids and the texts that Python's library gives", () => {
    for (const { text, bare, full, decoded } of strings) {
      expect(Array.from(tokenizer.encode(text)), JSON.stringify(text)).toEqual(bare);
      if (text !== "") expect(Array.from(promptIds(tokenizer, text)), JSON.stringify(text)).toEqual(full);
      expect(tokenizer.decode(bare), JSON.stringify(text)).toBe(decoded);
    }
  });

  it("says which ids end a text, and how many there are", () => {
    expect(tokenizer.end).toEqual([name === "byte_level" ? 0 : 2]);
    expect(tokenizer.begin).toEqual(name === "byte_level" ? [] : [1]);
    expect(tokenizer.size).toBeGreaterThan(Math.max(...strings.flatMap(({ full }) => full)));
  });

  it("writes a conversation by its template, where it has one", () => {
    if (!chat) return expect(tokenizer.chat).toBeUndefined();
    expect(tokenizer.chat?.(chat.messages, { answer: true })).toBe(chat.text);
  });
});

describe.each(Object.keys(tokenizers))("prompt and response, %s", (name) => {
  const tokenizer = tokenizers[name];
  const known = (text: string) => tokenizer.decode(tokenizer.encode(text)) === text;

  it("the ids of a prompt are a prefix of those of prompt and response, and together they are the text", () => {
    for (const prompt of STRINGS) {
      for (const response of STRINGS) {
        const { x, y } = encodePair(tokenizer, prompt, response);
        expect(x, JSON.stringify([prompt, response])).toEqual(promptIds(tokenizer, prompt));
        if (known(prompt) && known(response) && known(prompt + response))
          expect(tokenizer.decode([...x, ...y]), JSON.stringify([prompt, response])).toBe(prompt + response);
        const closed = encodePair(tokenizer, prompt, response, { end: true });
        expect(Array.from(closed.y)).toEqual([...y, tokenizer.end[0]]);
      }
    }
  });

  it("where the border lies between tokens anyway, they are the ids of the whole text", () => {
    let borders = 0;
    for (const prompt of STRINGS) {
      for (const response of STRINGS) {
        const [x, whole] = [promptIds(tokenizer, prompt), Array.from(promptIds(tokenizer, prompt + response))];
        if (x.some((id, i) => whole[i] !== id) || !known(prompt + response)) continue;
        const { y } = encodePair(tokenizer, prompt, response);
        expect([...x, ...y], JSON.stringify([prompt, response])).toEqual(whole);
        borders++;
      }
    }
    expect(borders).toBeGreaterThan(STRINGS.length / 2);
  });
});

describe("vocabularies of our own", () => {
  it("any text of known characters comes back as it was", () => {
    const alphabet = [...new Set([...CORPUS.join("")])];
    const text = fc.array(fc.constantFrom(...alphabet), { maxLength: 40 }).map((list) => list.join(""));
    fc.assert(
      fc.property(text, (sample) => {
        expect(own.characters.decode(own.characters.encode(sample))).toBe(sample);
      }),
    );
  });

  it("words are cut so that they are the text again, side by side, and those unknown are marked", () => {
    for (const text of CORPUS) expect(own.words.decode(own.words.encode(text))).toBe(text);
    expect(own.words.decode(own.words.encode("The zebra was"))).toBe("The \uFFFD was");
    expect(unknownShare(own.words, [own.words.encode("The zebra was"), own.words.encode("The")])).toBe(1 / 4);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
        const all = words([text]);
        expect(all.decode(all.encode(text))).toBe(text);
      }),
    );
  });

  it("words that a model puts right behind one another are parted: 1959 and Houston are no 1959Houston", () => {
    const few = words(["Houston", "1959 was late"]);
    const ids = [...few.encode("1959"), ...few.encode("Houston"), ...few.encode(" was")];
    expect(few.decode(ids)).toBe("1959 Houston was");
  });

  it("the most frequent come first, at most as many as asked for, and a file brings them back", () => {
    const few = words(["b b a a a c"], { most: 5 });
    expect(few.size).toBe(5);
    expect(few.decode([2, 3, 4])).toBe(" a b c");
    const again = readVocabulary(JSON.parse(few.files()["vocabulary.json"]));
    expect(again.encode("b a c")).toEqual(few.encode("b a c"));
    expect(() => words([])).toThrow("a vocabulary is made from texts, found none");
    expect(() => words(["a"], { most: 2 })).toThrow("a vocabulary has more than 2 tokens, found most = 2");
    expect(() => readVocabulary({})).toThrow("no vocabulary of characters or words");
    expect(() => readVocabulary({ format: "apprentice-vocabulary", level: "syllables" })).toThrow(/found|expected "characters"/);
  });

  it("a tokenizer file that is none is refused by its name", () => {
    expect(() => pretrainedTokenizer({ "tokenizer.json": "{" })).toThrow(/tokenizer\.json is not JSON/);
    expect(() => pretrainedTokenizer({ "tokenizer.json": "[]" })).toThrow("tokenizer.json is not an object");
    expect(() => pretrainedTokenizer({ "tokenizer.json": "{}" })).toThrow("tokenizer.json: not a tokenizer that can be read");
  });
});
