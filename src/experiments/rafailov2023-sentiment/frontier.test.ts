import { describe, expect, it } from "vitest";
import { characters, readVocabulary } from "../../data/index.ts";
import { corpusOf } from "./corpus.ts";
import { frontier, meanDifference } from "./frontier.ts";
import { readAfinn, tasteOf } from "./taste.ts";

const curve = (a: number, b: number) => (kl: number) => 0.5 + a * Math.sqrt(kl) + b * kl;
const points = (f: (kl: number) => number, kls: readonly number[]) => kls.map((kl) => ({ kl, reward: f(kl) }));

describe("frontiers of reward against divergence", () => {
  it("a curve r₀ + a √KL + b KL is found again from its points, whatever lies behind the reach", () => {
    const f = curve(2, -0.3);
    const fitted = frontier([...points(f, [0.1, 0.5, 1, 2, 4]), { kl: 9, reward: -50 }], 0.5, 4);
    for (const kl of [0.2, 1.5, 3.9]) expect(fitted(kl)).toBeCloseTo(f(kl), 8);
    expect(() => frontier([{ kl: 1, reward: 1 }], 0.5, 4)).toThrow(/two points or more, found 1/);
  });

  it("differences are taken where both curves go", () => {
    const [high, low] = [points(curve(2, 0), [0.5, 1, 4]), points(curve(1, 0), [0.5, 1, 2, 16])];
    // √KL at 20 levels from a quarter of √4 to all of it: 1.25 in the mean.
    expect(meanDifference(high, low, 0.5)).toBeCloseTo(1.25, 8);
    expect(meanDifference(low, high, 0.5)).toBeCloseTo(-1.25, 8);
  });
});

describe("the expert's taste", () => {
  it("is the sum of the valences of a response's words", () => {
    const tokenizer = readVocabulary({ format: "apprentice-vocabulary", level: "words", pieces: [" good", " war", " the"] });
    const taste = tasteOf(tokenizer, new Map(Object.entries({ good: 3, war: -2 })));
    const y = { actions: tokenizer.encode(" the good good war") };
    expect([...taste([{ x: tokenizer.encode(" good"), y }])]).toEqual([4]);
    expect(tasteOf(characters(["ab"]), new Map())([{ x: y.actions, y: { actions: Int32Array.of(1) } }])[0]).toBe(0);
    expect(() => readAfinn("good: 3")).toThrow(/found 1 words in AFINN's list/);
  });

  it("is about words that the corpus' vocabulary keeps, rare as they are", () => {
    const sentence = (text: string) => ({ words: text.split(" "), tags: [] });
    const common = "a b c d e f g h";
    const sentences = [...new Array(4).fill(sentence(common)), sentence("a b c d e f g war"), sentence("x y z x y z x y z")];
    const { tokenizer, texts } = corpusOf(sentences, new Map([["war", -2]]), { words: 8, valued: 1 });
    expect(tokenizer.size).toBe(2 + 8 + 1);
    expect(texts).toEqual([...new Array(4).fill(` ${common.replaceAll(" ", " ")}`), " a b c d e f g war"]);
  });
});
