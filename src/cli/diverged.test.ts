import { describe, expect, it } from "vitest";
import { behaviorCloning, dpo, gail } from "../algorithms/index.ts";
import { box, discrete } from "../mdp/index.ts";
import { divergence } from "./diverged.ts";

const rows = (...losses: number[]) => losses.map((loss) => ({ loss }));
const bc = { options: { ...behaviorCloning.defaults, learningRate: 3 }, action: discrete(2) };
const texts = { options: { ...dpo.defaults } };

describe("a training loss", () => {
  it("that ends clearly above where it began is told, with what to change", () => {
    expect(divergence("bc", rows(0.3, 0.9, 4), bc)).toBe(
      "the training loss ended at 4, clearly above 0.3, where it began: its steps were too large; begin again with a lower learningRate (--set learningRate=N, now 3)",
    );
    expect(divergence("sft", rows(3, 9, 7), texts)).toMatch(/ended at 7, clearly above 3, where it began/);
    expect(divergence("dpo", rows(Math.LN2, 3, 2), texts)).toMatch(/ended at 2, clearly above 0.693/);
    expect(divergence("reward-model", rows(Math.LN2, 3, 2), texts)).toMatch(/learningRate=N, now 0.0001/);
  });

  it("that ends below, or no more above than minibatches make it, is not", () => {
    expect(divergence("bc", rows(0.6, 0.3, 0.1), bc)).toBeUndefined();
    expect(divergence("bc", rows(0.01, 0.05), bc)).toBeUndefined();
    expect(divergence("bc", rows(-2, -3, -4), { ...bc, action: box([1], -2, 2) })).toBeUndefined();
    expect(divergence("dpo", rows(Math.LN2, 0.5, 0.8), texts)).toBeUndefined();
    expect(divergence("dpo", [{}, { kl: 1 }], texts)).toBeUndefined();
  });

  it("of cloning that was too high in its first record already is held against a guess: ln n, or the box's volume", () => {
    expect(divergence("bc", rows(9, 5), bc)).toMatch(/ended at 5, clearly above 0.693, which a guess loses/);
    expect(divergence("bc", rows(9), { ...bc, action: box([2], -1, 1) })).toMatch(/clearly above 1.386, which/);
    expect(divergence("bc", rows(9), { ...bc, action: box([2]) })).toBeUndefined();
    expect(divergence("bc", rows(9), { ...bc, options: { ...bc.options, l2: 1 } })).toBeUndefined();
    expect(divergence("bc", rows(9), { ...bc, action: box([2], -1, 1), scale: "constant" })).toBeUndefined();
  });

  it("of DAgger may rise with what is visited, but not above a guess; of an adversary it says nothing", () => {
    expect(divergence("dagger", rows(0.01, 0.2, 0.5), bc)).toBeUndefined();
    expect(divergence("dagger", rows(0.01, 3, 4), bc)).toMatch(/clearly above 0.693, which a guess loses/);
    expect(divergence("gail", rows(0.1, 5), { options: { ...gail.defaults }, action: discrete(2) })).toBeUndefined();
    expect(divergence("constructor", rows(0.1, 5), bc)).toBeUndefined();
  });
});
