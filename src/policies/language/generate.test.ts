import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile, initialise, input, layout, reshape, rng } from "../../autodiff/index.ts";
import { characters, pretrainedTokenizer, promptIds, type Tokenizer, words } from "../../data/index.ts";
import { hiddenStates, logits } from "../transformer.ts";
import { gpt2, llama, type TransformerConfig } from "../transformer-config.ts";
import { decoder } from "./decoder.ts";
import { languageFamily } from "./family.ts";
import { decodeTokens, respond } from "./generate.ts";
import { languageModel, transformer } from "./language-model.ts";
import { drawToken } from "./sampling.ts";

const sizes = { vocabulary: 31, context: 90, width: 16, layers: 2, heads: 4 };
const kinds: Record<string, TransformerConfig> = {
  "GPT-2": gpt2(sizes),
  "Llama with shared keys": llama({ ...sizes, keyValueHeads: 2 }),
  "GPT-NeoX": gpt2({ ...sizes, positions: { base: 10_000, width: 2 }, parallel: true, tied: false, activation: "gelu" }),
};

/** First values large enough for attention to matter. */
function drawn(family: ReturnType<typeof languageFamily>): Float32Array {
  const random = rng(5);
  return initialise(family.params, rng(4)).map((value) => value + 0.2 * random.normal());
}

describe.each(Object.entries(kinds))("decoding with a cache, %s", (_, config) => {
  it("gives the logits of the forward pass without one, for prompts of different lengths and beyond the first 64 slots", async () => {
    const family = languageFamily(config);
    const theta = drawn(family);
    const V = config.vocabulary;
    const random = rng(1);
    const rows = [1, 7, 59].map((n) => Array.from({ length: n }, () => random.integer(V)));
    const cached = decoder(family, theta);
    const ids = input("ids", [1, "T"], "int32");
    const { hidden } = hiddenStates(config, family.weights, ids, { positions: input("positions", ["T"], "int32") });
    const whole = await compile({ outputs: { z: reshape(logits(family.weights, hidden), ["T", V]) }, params: family.params });
    let z = await cached.begin(rows.map((row) => Int32Array.from(row)));
    for (let t = 0; t < 20; t++) {
      for (const [i, row] of [0, 1, 6, 19].includes(t) ? rows.entries() : []) {
        const positions = Int32Array.from(row, (_own, k) => k);
        const all = (await whole.run({ ids: Int32Array.from(row), positions, theta })).z;
        for (let v = 0; v < V; v++) {
          const wanted = all[(row.length - 1) * V + v];
          expect(Math.abs(z[i * V + v] - wanted), `row ${i}, step ${t}, token ${v}`).toBeLessThan(1e-4);
        }
      }
      const next = Int32Array.from(rows, () => random.integer(V));
      rows.forEach((row, i) => {
        row.push(next[i]);
      });
      z = await cached.append(next);
    }
    await whole.release();
  });
});

describe("generation", () => {
  const family = languageFamily(gpt2({ ...sizes, context: 24 }));
  const theta = drawn(family);
  const prompts = [Int32Array.of(3), Int32Array.of(5, 6, 7, 8)];
  const collect = async (rows: Int32Array[], streams: number[], options: object) => {
    const out: number[][] = rows.map(() => []);
    const random = streams.map((label) => rng(9).split(label));
    for await (const step of decodeTokens(family, theta, rows, random, options))
      out.forEach((row, i) => {
        if (step[i] >= 0) row.push(step[i]);
      });
    return out;
  };

  it("a row's tokens don't depend on the rows beside it, and the same seed gives the same tokens", async () => {
    const both = await collect(prompts, [0, 1], { maxLength: 12 });
    expect(both.map((row) => row.length)).toEqual([12, 12]);
    expect(await collect(prompts, [0, 1], { maxLength: 12 })).toEqual(both);
    expect((await collect([prompts[1]], [1], { maxLength: 12 }))[0]).toEqual(both[1]);
    expect((await collect([prompts[1]], [2], { maxLength: 12 }))[0]).not.toEqual(both[1]);
  });

  it("ends with a stop token, at the longest response, or with the context", async () => {
    const free = await collect(prompts, [0, 1], {});
    expect(free.map((row) => row.length)).toEqual([23, 20]);
    const stop = free[0][4];
    const stopped = await collect(prompts, [0, 1], { stop: [stop] });
    expect(stopped[0]).toEqual(free[0].slice(0, free[0].indexOf(stop) + 1));
    const at = free[1].indexOf(stop);
    expect(stopped[1]).toEqual(at < 0 ? free[1] : free[1].slice(0, at + 1));
  });

  it("temperature 0 takes the most likely token, and so do topK 1 and the smallest topP", async () => {
    const greedy = await collect(prompts, [0, 1], { temperature: 0 });
    for (const options of [{ topK: 1 }, { topP: 1e-9 }, { minP: 1 }])
      expect(await collect(prompts, [3, 4], options), JSON.stringify(options)).toEqual(greedy);
  });

  it("draws as often as the restricted softmax says", () => {
    const p = [0.4, 0.3, 0.15, 0.1, 0.05];
    const z = Float32Array.from([7, ...p.map(Math.log)]);
    const shares = (options: object) => {
      const counts = new Array(5).fill(0);
      const random = rng(2);
      for (let k = 0; k < 20_000; k++) counts[drawToken(z, 1, 5, options, random)]++;
      return counts.map((n) => n / 20_000);
    };
    const expectShares = (options: object, wanted: number[]) => {
      const total = wanted.reduce((a, b) => a + b, 0);
      shares(options).forEach((share, v) => {
        const q = wanted[v] / total;
        expect(Math.abs(share - q), `${JSON.stringify(options)}, token ${v}`).toBeLessThanOrEqual(
          4 * Math.sqrt((q * (1 - q)) / 20_000),
        );
      });
    };
    expectShares({}, p);
    expectShares(
      { temperature: 0.5 },
      p.map((own) => own ** 2),
    );
    expectShares({ topK: 3 }, [0.4, 0.3, 0.15, 0, 0]);
    expectShares({ topP: 0.69 }, [0.4, 0.3, 0, 0, 0]);
    expectShares({ topP: 0.71 }, [0.4, 0.3, 0.15, 0, 0]);
    expectShares({ minP: 0.3 }, [0.4, 0.3, 0.15, 0, 0]);
    // top-p counts what top-k has left: 0.4 / 0.85 and (0.4 + 0.3) / 0.85 = 0.82
    expectShares({ topK: 3, topP: 0.8 }, [0.4, 0.3, 0, 0, 0]);
  });

  it("options that mean nothing are refused", async () => {
    for (const [options, message] of [
      [{ temperature: -1 }, /temperature is 0 or a positive number, found -1/],
      [{ topK: 1.5 }, /topK is a whole number/],
      [{ topP: 0 }, /topP is above 0/],
      [{ minP: 2 }, /minP is from 0 to 1/],
      [{ maxLength: 0 }, /maxLength is at least 1, found 0/],
    ] as const)
      await expect(collect(prompts, [0, 1], options)).rejects.toThrow(message);
    await expect(collect([new Int32Array(25)], [0], {})).rejects.toThrow("prompt 0 has 25 tokens, expected 1 to 24, the context");
    await expect(collect([Int32Array.of(31)], [0], {})).rejects.toThrow("prompt 0 has the token 31, expected 0 to 30");
  });

  it("streams text whose pieces are the whole, and draws many prompts at once as one alone", async () => {
    const tokenizer = characters(["the quick brown fox jumps over the lazy dog – naïve"]);
    const speaking = transformer(gpt2({ ...sizes, vocabulary: 1 }), tokenizer);
    const model = languageModel(speaking, initialise(speaking.params, rng(1)));
    const pieces: string[] = [];
    for await (const piece of model.generate("the ", { seed: 3, maxLength: 20 })) pieces.push(piece);
    const [text, other] = await model.complete(["the ", "fox"], { seed: 3, maxLength: 20 });
    expect(pieces.join("")).toBe(text);
    expect(pieces.length).toBeGreaterThan(5);
    expect(other).not.toBe(text);
    const mute = languageModel(family, theta);
    await expect(mute.complete(["a"])).rejects.toThrow("the model has no tokenizer");
    expect(layout(speaking.params).size).toBe(model.theta.length);
  });
});

const read = (file: string) =>
  JSON.parse(readFileSync(new URL(`../../../test/data/policies/${file}.json`, import.meta.url), "utf8"));
const speakers: Record<string, Tokenizer> = {
  words: words(["The cat sat. The dog ran: a man, a bird."]),
  ...Object.fromEntries(
    Object.entries<{ files: Parameters<typeof pretrainedTokenizer>[0] }>(read("tokenizers")).map(([name, { files }]) => [
      name,
      pretrainedTokenizer(files),
    ]),
  ),
};

describe.each(Object.entries(speakers))("a response's text, tokenizer %s", (name, tokenizer) => {
  const family = transformer(gpt2({ ...sizes, vocabulary: 1 }), tokenizer);
  const model = languageModel(family, initialise(family.params, rng(1)));
  const prompts = Array.from({ length: 30 }, () => "The cat");
  const options = { seed: 2, maxLength: 12 };
  const whole = async (more: object) => {
    let text = "";
    for await (const piece of model.generate(prompts[0], { ...options, ...more })) text += piece;
    return text;
  };

  it("is what its tokens add to the text of the prompt, a space in front included", async () => {
    const x = promptIds(tokenizer, prompts[0]);
    const random = rng(2);
    const responses = await respond(
      family,
      model.theta,
      prompts.map(() => x),
      { random, maxLength: 12 },
    );
    const texts = await model.complete(prompts, options);
    texts.forEach((text, i) => {
      expect(tokenizer.decode(x) + text).toBe(tokenizer.decode([...x, ...responses[i][0].actions]));
    });
    expect(await whole({})).toBe(texts[0]);
    if (name !== "byte_level") expect(new Set(texts.map((text) => text.startsWith(" "))).size).toBe(2);
  });

  it("is cut before the first of the texts that stop it, whether it is streamed or whole", async () => {
    const texts = await model.complete(prompts, options);
    const stops = [texts[0].slice(2, 5), "z is not written", texts[0].slice(4, 6)];
    const cut = (text: string) => text.slice(0, Math.min(...stops.map((stop) => `${text}${stop}`.indexOf(stop)), text.length));
    const stopped = await model.complete(prompts, { ...options, stopTexts: stops });
    expect(stopped).toEqual(texts.map(cut));
    expect(stopped[0].length).toBeLessThan(texts[0].length);
    expect(await whole({ stopTexts: stops })).toBe(stopped[0]);
    expect(await whole({ stopTexts: [`${texts[0].slice(-2)} and more`] })).toBe(texts[0]);
    await expect(model.complete(prompts, { stopTexts: [""] })).rejects.toThrow("a stop text is empty");
  });
});

it("a text that stops a response ends its decoding, so that what follows is not computed", async () => {
  const tokenizer = characters(["the quick brown fox"]);
  const family = transformer(gpt2({ ...sizes, vocabulary: 1 }), tokenizer);
  const theta = initialise(family.params, rng(1));
  const x = promptIds(tokenizer, "the ");
  const [[free]] = await respond(family, theta, [x], { random: rng(3), maxLength: 20 });
  const stop = free.actions[7];
  const [[cut]] = await respond(family, theta, [x], { random: rng(3), maxLength: 20 }, (_, ids) => ids.includes(stop));
  expect(cut.actions).toEqual(free.actions.slice(0, free.actions.indexOf(stop) + 1));
});

it("a model that was made with a tokenizer has it in its type; one that was made without has perhaps one", () => {
  const tokenizer = characters(["abc"]);
  const config = gpt2({ ...sizes, vocabulary: tokenizer.size });
  const [known, open] = [languageFamily(config, tokenizer), languageFamily(config)].map((family) =>
    languageModel(family, drawn(family)),
  );
  const own: Tokenizer = languageModel(languageFamily(config, tokenizer), known.theta).model.tokenizer;
  expect(own).toBe(tokenizer);
  expect([known.model.tokenizer, open.model.tokenizer]).toEqual([tokenizer, undefined]);
});
