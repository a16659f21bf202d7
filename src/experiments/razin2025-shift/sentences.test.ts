import { describe, expect, it } from "vitest";
import { rng } from "../../autodiff/index.ts";
import { readVocabulary } from "../../data/index.ts";
import { disjointPairs, halves, mixed, onlySeen, respelt, type Sentence, shifted, withCapitals, worth } from "./sentences.ts";

const valences = new Map(Object.entries({ good: 3, fine: 3, bad: -3, awful: -3, lone: 1 }));
const sentence = (text: string): Sentence => ({ words: text.split(" "), tags: text.split(" ").map(() => "jj") });
const list = ["a good day", "a fine day", "a bad day", "an awful day", "a lone day"].map(sentence);

describe("sentences in other words", () => {
  it("are worth the same, in words of the half that no comparison has", () => {
    for (let seed = 0; seed < 20; seed++) {
      const split = halves(list, valences, rng(seed));
      expect(split.seen.has("lone")).toBe(false);
      for (const one of list.filter((own) => onlySeen(own, valences, split))) {
        const other = shifted(one, split);
        expect(worth(other, valences)).toBe(worth(one, valences));
        expect(onlySeen(other, valences, split)).toBe(false);
      }
    }
  });

  it("in another spelling have another token for each valued word, which pretraining mixes with the first", () => {
    const pieces = [" a", " good", " day"];
    const tokenizer = withCapitals(readVocabulary({ format: "apprentice-vocabulary", level: "words", pieces }), valences);
    expect(tokenizer.size).toBe(2 + 3 + 1);
    expect(respelt(list[0], valences).words).toEqual(["a", "GOOD", "day"]);
    const random = rng(0);
    const texts = new Set(Array.from({ length: 40 }, () => mixed(" a good day", valences, random)));
    expect([...texts].sort()).toEqual([" a GOOD day", " a good day"]);
    expect(tokenizer.decode(tokenizer.encode(" a GOOD day"))).toBe(" a GOOD day");
  });

  it("stand in at most one comparison of a test, the better one first", () => {
    const many = Array.from({ length: 40 }, (_, i) => ({ ...list[i % 5] }));
    const pairs = disjointPairs(many, valences, 100, rng(1));
    expect(pairs.length).toBeGreaterThan(5);
    expect(new Set(pairs.flat()).size).toBe(2 * pairs.length);
    for (const [better, worse] of pairs) expect(worth(better, valences)).toBeGreaterThan(worth(worse, valences));
  });
});
