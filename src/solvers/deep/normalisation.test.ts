import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng } from "../../autodiff/index.ts";
import { deviations, include, noMoments } from "../../data/index.ts";
import { cartPole } from "../../envs/index.ts";
import { box, dict, discrete } from "../../mdp/index.ts";
import { rolloutOf } from "./collect.ts";
import { noRewardScale, observationNormaliser, scaleRewards } from "./normalisation.ts";

describe("running moments", () => {
  it("of rows that come in any portions equal those of all rows together", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 8 }), (seed, portions) => {
        const random = rng(seed);
        const D = 3;
        const all: number[] = [];
        const moments = noMoments(D);
        for (const n of portions) {
          const rows = Array.from({ length: n * D }, (_, k) => 1000 * (k % D) + random.normal());
          all.push(...rows);
          include(moments, rows);
        }
        const N = all.length / D;
        expect(moments.count).toBe(N);
        if (N === 0) return;
        const std = deviations(moments);
        for (let d = 0; d < D; d++) {
          const column = all.filter((_, k) => k % D === d);
          const mean = column.reduce((sum, x) => sum + x, 0) / N;
          expect(moments.mean[d]).toBeCloseTo(mean, 8);
          expect(std[d]).toBeCloseTo(Math.sqrt(column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / N), 8);
        }
      }),
    );
  });

  it("shift and scale real entries only; choices stay the numbers they are, and so does everything before anything was seen", () => {
    const space = dict({ far: box([1]), which: discrete(4) });
    const moments = noMoments(2);
    expect(observationNormaliser(space, moments)).toEqual({ mean: Float32Array.of(0, 0), std: Float32Array.of(1, 1) });
    include(moments, [90, 1, 110, 3]);
    expect(observationNormaliser(space, moments)).toEqual({ mean: Float32Array.of(100, 0), std: Float32Array.of(10, 1) });
  });
});

describe("scaled rewards", () => {
  it("are divided by the deviation of the discounted sums of every copy's episodes, across rounds", () => {
    const [n, T, gamma] = [2, 5, 0.9];
    const random = rng(1);
    const scale = noRewardScale(n);
    const sums: number[] = [];
    const G = [0, 0];
    for (let round = 0; round < 3; round++) {
      const rollout = rolloutOf(cartPole().vector(n), T, false, false);
      const rewards = Float64Array.from({ length: T * n }, () => 50 * random.normal());
      rollout.rewards.set(rewards);
      rollout.terminated[3] = 1;
      rollout.truncated[6] = 1;
      scaleRewards(scale, rollout, gamma);
      for (let k = 0; k < T * n; k++) {
        G[k % n] = gamma * G[k % n] + rewards[k];
        sums.push(G[k % n]);
        if (k === 3 || k === 6) G[k % n] = 0;
      }
      const mean = sums.reduce((sum, x) => sum + x, 0) / sums.length;
      const deviation = Math.sqrt(sums.reduce((sum, x) => sum + (x - mean) ** 2, 0) / sums.length);
      for (let k = 0; k < T * n; k++) expect(rollout.rewards[k]).toBeCloseTo(rewards[k] / deviation, 9);
    }
  });
});
