import { describe, expect, it } from "vitest";
import { compile, neg, sum } from "../../autodiff/index.ts";
import { characters, completionSequences, packRows, textSequences, tokenSequences } from "../../data/index.ts";
import { firstTheta, gpt2, languageFamily, llama, loraFamily, mergeAdapter, perplexity } from "../../policies/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { supervisedFineTuning } from "./behavior-cloning.ts";
import type { TokenRows } from "./token-pages.ts";

const texts = [
  "the cat sat on the mat.",
  "a dog ran.",
  "the mat was red and the cat was not.",
  "no.",
  "who sat where the cat sat?",
];
const tokenizer = characters(texts);
const sizes = { vocabulary: tokenizer.size, context: 40, width: 16, layers: 1, heads: 2 };
const family = languageFamily(llama(sizes), tokenizer);
const theta = firstTheta(family, 1);
const completions = texts.map((text) => ({ prompt: text.slice(0, text.length / 2), completion: text.slice(text.length / 2) }));
const demos = completionSequences(tokenizer, completions);
const quick = { validation: 0, epochs: 1, batchSize: 100 };
const firstLoss = async (options: object) => {
  const run = start(supervisedFineTuning, { demos, policy: family, theta }, { ...quick, ...options });
  return { loss: (await run.next())!.loss, theta: run.state.learner.theta };
};

describe("supervised fine-tuning is behavior cloning of texts", () => {
  it("the loss is the mean of log 1/π over the tokens of the responses, as the policy says it of the answers; prompts are masked", async () => {
    const { mask, logProbs } = family.expressions({ rows: texts.length });
    const program = await compile({ outputs: { nll: neg(sum(logProbs)), n: sum(mask) }, params: family.params });
    const answers = texts.map((_, i) => {
      const [from, to] = [demos.offsets[i], demos.offsets[i + 1]];
      const begin = from + demos.learn.subarray(from, to).indexOf(1);
      return { x: demos.tokens.subarray(from, begin), y: { actions: demos.tokens.subarray(begin, to) } };
    });
    expect(answers.map(({ y }) => tokenizer.decode(y.actions))).toEqual(completions.map(({ completion }) => completion));
    const out = await program.run({ ...family.feeds(answers), theta });
    expect(out.n[0]).toBe(answers.reduce((n, { y }) => n + y.actions.length, 0));
    const { loss } = await firstLoss({});
    expect(loss).toBeCloseTo(out.nll[0] / out.n[0], 5);
    await program.release();
  });

  it("packing, micro-batches and chunks of logits change memory and speed, not the update", async () => {
    const whole = await firstLoss({});
    expect(packRows(demos, 40).rows).toBeLessThan(packRows(demos, 40, { alone: true }).rows);
    for (const options of [{ packing: false }, { microBatch: 1 }, { microBatch: 2, logits: 7 }, { threads: 2 }]) {
      const other = await firstLoss(options);
      expect(other.loss, JSON.stringify(options)).toBeCloseTo(whole.loss, 5);
      // Adam divides by the gradient's size: where a gradient is nearly nothing, rounding decides on the step.
      const apart = other.theta.filter((value, i) => Math.abs(value - whole.theta[i]) > 2e-5);
      expect(apart.length / whole.theta.length, JSON.stringify(options)).toBeLessThan(0.002);
    }
  });

  it("a resumed run equals an uninterrupted one bit for bit", async () => {
    const problem = { demos: textSequences(tokenizer, texts), policy: family };
    const options = { epochs: 3, batchSize: 2, length: 16, validation: 0.2, patience: 2, seed: 4 };
    const whole = await train(supervisedFineTuning, problem, options);
    const run = start(supervisedFineTuning, problem, options);
    await run.next();
    const rest = resume(supervisedFineTuning, problem, run.checkpoint());
    const records = [];
    for await (const record of rest) records.push(record);
    expect(records).toEqual(whole.records.slice(1));
    expect((await rest.result()).policy.theta).toEqual(whole.policy.theta);
    expect(whole.records[0].note).toMatch(/\d of 4 sequences are longer than 16 tokens and were cut into pieces/);
    const judged = whole.records.find(({ validationLoss }) => validationLoss !== undefined)!;
    expect(judged.perplexity).toBeCloseTo(Math.exp(judged.validationLoss!), 6);
  });

  it("few texts are read as often as 500 updates take, many once, unless it is said how often", async () => {
    const totalOf = async (options: object) => {
      const run = start(supervisedFineTuning, { demos, policy: family, theta }, { validation: 0, batchSize: 1, ...options });
      await run.ready;
      return run.progress().total;
    };
    const rows = packRows(demos, 40).rows;
    expect(await totalOf({})).toBe(500);
    expect(await totalOf({ epochs: 2 })).toBe(2 * rows);
    expect(await totalOf({ updates: 3 })).toBe(3);
    const many = completionSequences(
      tokenizer,
      Array.from({ length: 600 }, () => completions[0]),
    );
    const run = start(supervisedFineTuning, { demos: many, policy: family }, { validation: 0, batchSize: 1, packing: false });
    await run.ready;
    expect(run.progress().total).toBe(600);
  });

  it("a model that learns its texts by heart is kept as it was when it read others best, and the last record says when", async () => {
    const problem = { demos: textSequences(tokenizer, texts.slice(0, 2)), validation: textSequences(tokenizer, texts.slice(2)) };
    const run = (options: object) =>
      train(supervisedFineTuning, { ...problem, policy: family, theta }, { epochs: 60, learningRate: 0.02, ...options });
    const [best, last] = [await run({}), await run({ keep: "last" })];
    const lossOf = async ({ policy }: typeof best) => (await perplexity(family, policy.theta, problem.validation)).loss;
    const losses = best.records.map(({ validationLoss }) => validationLoss!);
    expect(await lossOf(best)).toBeCloseTo(Math.min(...losses), 4);
    expect(await lossOf(last)).toBeCloseTo(losses[losses.length - 1], 4);
    expect(await lossOf(last)).toBeGreaterThan(1.05 * (await lossOf(best)));
    const lowest = losses.indexOf(Math.min(...losses)) + 1;
    expect(best.records[59].note).toContain(`the held-out loss was lowest after epoch ${lowest} (`);
    expect(best.records[59].note).toContain("what was best is kept");
    expect(last.records[59].note).toContain("the last is kept");
    expect(best.records.slice(0, 59).every(({ note }) => note === undefined)).toBe(true);
  });

  it("a run of one epoch measures the held-out loss at its half too, so that its end can say whether it still fell", async () => {
    const all = textSequences(tokenizer, [...texts, ...texts]);
    const problem = { demos: all, validation: all, policy: family, theta };
    const options = { epochs: 1, batchSize: 1, packing: false, schedule: "constant", learningRate: 3e-4 } as const;
    const { records } = await train(supervisedFineTuning, problem, options);
    expect(records.flatMap((row) => (row.validationLoss === undefined ? [] : [row.updates]))).toEqual([5, 10]);
  });

  it("texts that are read a page at a time are all learned once an epoch, and a run goes on bit for bit from any page", async () => {
    const all = textSequences(tokenizer, texts);
    const pairs = texts.map((_, i) => ({
      x: new Int32Array(0),
      y: all.tokens.slice(all.offsets[i], all.offsets[i + 1]),
    }));
    const read: number[] = [];
    const rows: TokenRows = {
      length: pairs.length,
      get(numbers) {
        read.push(numbers.length);
        return Array.from(numbers, (i) => [pairs[i]]);
      },
    };
    const problem = { demos: rows, policy: family, theta };
    const options = { epochs: 3, batchSize: 2, page: 2, seed: 4 };
    const whole = await train(supervisedFineTuning, problem, options);
    expect(Math.max(...read)).toBe(2);
    const tokens = pairs.reduce((n, { y }) => n + y.length, 0);
    expect(whole.records.map((record) => record.tokens)).toEqual([tokens, tokens, tokens]);
    const run = start(supervisedFineTuning, problem, options);
    await run.next();
    const rest = resume(supervisedFineTuning, problem, run.checkpoint());
    while (await rest.next());
    expect((await rest.result()).policy.theta).toEqual(whole.policy.theta);

    const once = { ...quick, page: 100, packing: false };
    const paged = await train(supervisedFineTuning, problem, once);
    const inMemory = await train(supervisedFineTuning, { ...problem, demos: all }, once);
    expect(paged.records[0].loss).toBeCloseTo(inMemory.records[0].loss, 5);
  });

  it("learns a text by heart, and then writes it", async () => {
    const own = characters(["abcabd"]);
    const model = languageFamily(gpt2({ ...sizes, vocabulary: own.size, context: 16 }), own);
    const problem = { demos: textSequences(own, ["abcabdabcabd"]), policy: model };
    const { policy, records } = await train(supervisedFineTuning, problem, {
      validation: 0,
      epochs: 150,
      batchSize: 1,
      learningRate: 1e-2,
    });
    expect(records[records.length - 1].loss).toBeLessThan(0.05);
    expect(await policy.complete(["a"], { temperature: 0 })).toEqual(["bcabdabcabd"]);
    const measured = await perplexity(model, policy.theta, problem.demos);
    expect(measured).toMatchObject({ accuracy: 1, tokens: 12 });
    expect(measured.perplexity).toBeLessThan(1.05);
  });

  it("a perplexity without knowledge is that of guessing", async () => {
    const sequences = tokenSequences(sizes.vocabulary, [{ x: [1, 2], y: [3, 4, 5] }]);
    const { perplexity: guess, tokens } = await perplexity(family, new Float32Array(theta.length), sequences);
    expect(tokens).toBe(3);
    expect(guess).toBeCloseTo(sizes.vocabulary, 3);
  });

  it("adapters are trained alone: the model's own weights stay, and merged they are the same model", async () => {
    const base = theta.slice();
    const adapted = loraFamily(family, base, { rank: 2, alpha: 4, targets: ["q_proj", "v_proj", "up_proj", "o_proj"] });
    const problem = { demos, policy: adapted };
    const before = await perplexity(family, base, demos);
    expect((await perplexity(adapted, firstTheta(adapted, 0), demos)).loss).toBeCloseTo(before.loss, 5);
    const { policy } = await train(supervisedFineTuning, problem, {
      validation: 0,
      epochs: 40,
      batchSize: 100,
      learningRate: 2e-2,
    });
    expect(base).toEqual(theta);
    const after = await perplexity(adapted, policy.theta, demos);
    expect(after.loss).toBeLessThan(before.loss - 0.05);
    const merged = await perplexity(family, mergeAdapter(adapted, policy.theta), demos);
    expect(merged.loss).toBeCloseTo(after.loss, 4);
    const wide = { ...demos, vocabulary: 1000 };
    await expect(train(supervisedFineTuning, { demos: wide, policy: family })).rejects.toThrow(
      `the demonstrations have tokens up to 999, the model's embedding has ${sizes.vocabulary} rows; tokenise them with the model's tokenizer`,
    );
  });

  it("packed sequences don't see each other", async () => {
    const longer = { ...demos, tokens: demos.tokens.slice(), learn: demos.learn.slice() };
    const first = demos.offsets[1];
    for (let t = first; t < longer.tokens.length; t++) longer.tokens[t] = 2 + ((t * 7) % (sizes.vocabulary - 2));
    longer.learn.fill(0, first);
    const one = {
      ...demos,
      tokens: demos.tokens.slice(0, first),
      learn: demos.learn.slice(0, first),
      offsets: demos.offsets.slice(0, 2),
    };
    expect((await perplexity(family, theta, longer)).loss).toBe((await perplexity(family, theta, one)).loss);
  });
});
