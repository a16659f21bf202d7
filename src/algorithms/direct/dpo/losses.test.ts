import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { compile, grad, input, type Tensor } from "../../../autodiff/index.ts";
import type { LossName, Pairs } from "./losses.ts";
import { checkLoss, type LossOptions, lossDefaults, lossOf, mixtureOf } from "./mixture.ts";

interface Case extends LossOptions {
  readonly value: number;
  /** With respect to the log-probabilities, chosen first. */
  readonly grad: number[];
}

const file = new URL("../../../../test/data/algorithms/dpo.json", import.meta.url);
const reference = JSON.parse(readFileSync(file, "utf8")) as {
  logps: number[];
  refs: number[];
  lengths: number[];
  cases: Case[];
};
const P = reference.logps.length / 2;
const halves = (values: readonly number[]) => [Float32Array.from(values.slice(0, P)), Float32Array.from(values.slice(P))];

/** The loss and its gradient at given log-probabilities. */
async function evaluated(options: LossOptions, logps: readonly number[], refs: readonly number[], lengths: readonly number[]) {
  const names = ["w", "l", "refW", "refL", "lengthW", "lengthL"] as const;
  const pairs = Object.fromEntries(names.map((name) => [name, input(name, ["P"])])) as unknown as Pairs & Record<string, Tensor>;
  const loss = lossOf(pairs, options);
  const [gw, gl] = grad(loss, [pairs.w, pairs.l]);
  const program = await compile({ outputs: { loss, gw, gl } });
  const [w, l] = halves(logps);
  const [refW, refL] = halves(refs);
  const [lengthW, lengthL] = halves(lengths);
  const used = { w, l, refW, refL, lengthW, lengthL };
  const out = await program.run(used);
  await program.release();
  return { value: (out.loss as Float32Array)[0], grad: [...(out.gw as Float32Array), ...(out.gl as Float32Array)] };
}

const optionsOf = (own: Case): LossOptions => ({ ...lossDefaults, ...own });
const zeros = reference.refs.map(() => 0);

describe("the DPO family (reference values: the papers' formulas in PyTorch, checked there against TRL's own trainer)", () => {
  const names = [...new Set(reference.cases.map(({ loss }) => loss as LossName))];

  it.each(names)("%s: value and gradient to 1e-6", async (name) => {
    for (const own of reference.cases.filter(({ loss }) => loss === name)) {
      const refs = own.referenceFree ? zeros : reference.refs;
      const found = await evaluated(optionsOf(own), reference.logps, refs, reference.lengths);
      const scale = Math.max(1, Math.abs(own.value));
      expect(Math.abs(found.value - own.value) / scale).toBeLessThan(1e-6);
      const steep = Math.max(1, ...own.grad.map(Math.abs));
      found.grad.forEach((g, i) => {
        expect(Math.abs(g - own.grad[i]) / steep).toBeLessThan(1e-6);
      });
    }
  });

  it("every loss has reference values", () => {
    expect(names.length).toBe(16);
  });

  it("the first loss of DPO is ln 2: where the policy is its reference there is nothing to choose by", async () => {
    const { value } = await evaluated(lossDefaults, reference.refs, reference.refs, reference.lengths);
    expect(value).toBeCloseTo(Math.LN2, 7);
  });

  it("a mixture is the weighted sum of its losses", async () => {
    const at = (loss: LossOptions["loss"]) =>
      evaluated({ ...lossDefaults, loss, beta: 0.3 }, reference.logps, reference.refs, reference.lengths);
    const [whole, text, sigmoid, sft] = [
      await at({ sigmoid: 0.8, sft: 0.2 }),
      await at("0.8 sigmoid + 0.2 sft"),
      await at("sigmoid"),
      await at("sft"),
    ];
    expect(whole.value).toBeCloseTo(0.8 * sigmoid.value + 0.2 * sft.value, 6);
    expect(text).toEqual(whole);
    whole.grad.forEach((g, i) => {
      expect(g).toBeCloseTo(0.8 * sigmoid.grad[i] + 0.2 * sft.grad[i], 6);
    });
  });

  it("robust DPO is without bias: its mean over flipped and unflipped labels is DPO's loss on the true ones", async () => {
    const epsilon = 0.3;
    const robust = { ...lossDefaults, loss: "robust", labelSmoothing: epsilon, beta: 0.5 };
    const flip = (x: number[]) => [...x.slice(P), ...x.slice(0, P)];
    const { logps, refs, lengths } = reference;
    const right = await evaluated(robust, logps, refs, lengths);
    const wrong = await evaluated(robust, flip(logps), flip(refs), flip(lengths));
    const clean = await evaluated({ ...lossDefaults, beta: 0.5 }, logps, refs, lengths);
    expect((1 - epsilon) * right.value + epsilon * wrong.value).toBeCloseTo(clean.value, 5);
  });

  it("losses of far-off margins stay finite", async () => {
    const far = reference.refs.map((r, i) => r + (i % 2 === 0 ? 900 : -900));
    for (const name of names) {
      const own = { ...lossDefaults, loss: name, labelSmoothing: name === "exo_pair" ? 1e-3 : 0, beta: 0.5 };
      if (name === "discopop") continue; // e^{-z} is its loss of a margin that is wrong
      const { value, grad } = await evaluated(own, far, reference.refs, reference.lengths);
      expect([value, ...grad].every(Number.isFinite), name).toBe(true);
    }
  });
});

describe("a loss that can't be is refused, and says what would do", () => {
  const bad: [Partial<LossOptions>, RegExp][] = [
    [{ loss: "sigmod" }, /no loss "sigmod"; there are sigmoid, hinge/],
    [{ loss: "sigmoid + -1 sft" }, /weight of the loss sft is -1/],
    [{ loss: {} }, /the loss is empty/],
    [{ beta: 0 }, /beta is 0, expected a positive number/],
    [{ labelSmoothing: 0.5 }, /labelSmoothing is 0.5, expected 0 to below 0.5/],
    [{ loss: "exo_pair" }, /exo_pair needs labelSmoothing > 0/],
    [{ loss: "hinge", labelSmoothing: 0.1 }, /labelSmoothing 0.1 is not read by hinge/],
  ];
  it.each(bad)("%j", (options, message) => {
    expect(() => checkLoss({ ...lossDefaults, ...options })).toThrow(message);
  });

  it("losses that compare two responses refuse ratings of single ones", () => {
    expect(() => checkLoss(lossDefaults, true)).toThrow(/compares two responses/);
    expect(() => checkLoss({ ...lossDefaults, loss: "bco_pair" }, true)).not.toThrow();
  });

  it.each(["sigmoid + 0.5*sft", "sigmoid+0.5sft", "1 sigmoid + 0.5 sft", "sigmoid + 5e-1 * sft", "sigmoid+5e-1sft"])(
    "a weighted sum is read as it is commonly written: %s",
    (text) => {
      expect(mixtureOf(text)).toEqual([
        ["sigmoid", 1],
        ["sft", 0.5],
      ]);
      expect(mixtureOf("0.5exo_pair")).toEqual([["exo_pair", 0.5]]);
      expect(() => mixtureOf(`${text} + 0.5`)).toThrow('there is no loss "0.5"');
    },
  );
});
