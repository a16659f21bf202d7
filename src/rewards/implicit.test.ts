import { describe, expect, it } from "vitest";
import { compile, input, rng } from "../autodiff/index.ts";
import { box, discrete } from "../mdp/index.ts";
import { linearPolicy, responsesOf } from "../policies/index.ts";
import { bradleyTerryLoss, implicitReward, implicitRewardOf, preferenceProbability } from "./index.ts";

describe("rewards that comparisons tell", () => {
  it("the chances of the two outcomes of a comparison sum to 1, and only the difference of the rewards counts", () => {
    for (const [r1, r2] of [
      [0, 0],
      [1.5, -0.25],
      [40, -40],
    ]) {
      expect(preferenceProbability(r1, r2) + preferenceProbability(r2, r1)).toBeCloseTo(1, 12);
      expect(preferenceProbability(r1 + 7, r2 + 7)).toBeCloseTo(preferenceProbability(r1, r2), 12);
      const odds = Math.exp(r1) / (Math.exp(r1) + Math.exp(r2));
      expect(preferenceProbability(r1, r2)).toBeCloseTo(odds, 12);
    }
  });

  it("the loss of a reward model is the negative log of the chance of what was chosen", async () => {
    const [rw, rl] = [input("rw", ["P"]), input("rl", ["P"])];
    const program = await compile({ outputs: { loss: bradleyTerryLoss(rw, rl), smoothed: bradleyTerryLoss(rw, rl, 0.1) } });
    const [a, b] = [Float32Array.of(0, 2, -30), Float32Array.of(0, -1, 30)];
    const out = await program.run({ rw: a, rl: b });
    a.forEach((r, i) => {
      const [right, wrong] = [-Math.log(preferenceProbability(r, b[i])), -Math.log(preferenceProbability(b[i], r))];
      expect((out.loss as Float32Array)[i]).toBeCloseTo(right, 5);
      expect((out.smoothed as Float32Array)[i]).toBeCloseTo(0.9 * right + 0.1 * wrong, 5);
    });
  });

  it("a policy read as a reward is β times its log-ratio to the reference, the same as an expression and of answers", async () => {
    const spaces = { observation: box([2]), action: discrete(3) };
    const model = responsesOf(linearPolicy(spaces));
    const random = rng(1);
    const theta = Float32Array.from({ length: 9 }, () => random.normal());
    const reference = new Float32Array(9); // π_ref is uniform
    const x = Float32Array.of(0.5, -1);
    const answers = [0, 1, 2].map((a) => ({ x, y: { actions: Int32Array.of(a) } }));
    const found = await implicitRewardOf({ model, theta }, { model, theta: reference }, 0.3)(answers);
    const logits = [0, 1, 2].map((a) => theta[a] * x[0] + theta[3 + a] * x[1] + theta[6 + a]);
    const total = Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0));
    const wanted = logits.map((z) => 0.3 * (z - total + Math.log(3)));
    found.forEach((r, a) => {
      expect(r).toBeCloseTo(wanted[a], 5);
    });
    const [pi, ref] = [input("pi", ["P"]), input("ref", ["P"])];
    const program = await compile({ outputs: { r: implicitReward(pi, ref, 0.3) } });
    const { r } = await program.run({ pi: Float32Array.of(-1, -2), ref: Float32Array.of(-1.5, -1) });
    expect((r as Float32Array)[0]).toBeCloseTo(0.15, 6);
    expect((r as Float32Array)[1]).toBeCloseTo(-0.3, 6);
  });
});
