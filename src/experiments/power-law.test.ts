import { describe, expect, it } from "vitest";
import { rng } from "../autodiff/index.ts";
import { exponent, ratioInterval } from "./power-law.ts";

describe("the exponent of a power law", () => {
  const xs = [1, 2, 4, 8, 16];

  it("is found exactly where there is no noise", () => {
    const points = xs.map((x) => ({ x, values: [3 * x ** 1.7, 3 * x ** 1.7] }));
    const { mean, low, high } = exponent(points);
    for (const p of [mean, low, high]) expect(p).toBeCloseTo(1.7, 12);
  });

  it("is covered by its interval about as often as that says", () => {
    let covered = 0;
    for (let seed = 0; seed < 200; seed++) {
      const random = rng(seed);
      const points = xs.map((x) => ({ x, values: Array.from({ length: 12 }, () => x ** 2 * Math.exp(0.3 * random.normal())) }));
      const { low, high } = exponent(points, { resamples: 400, seed });
      if (low <= 2 && 2 <= high) covered++;
    }
    expect(covered).toBeGreaterThan(170); // 95 % of 200, less what few repetitions cost a percentile bootstrap
    expect(covered).toBeLessThan(200);
  });

  it("of a ratio of means is that of what they are per", () => {
    const points = xs.map((x) => ({ x, values: [2 * x ** 3, 4 * x ** 3], per: [x, 2 * x] }));
    expect(exponent(points).mean).toBeCloseTo(2, 12);
    const { mean, low, high } = ratioInterval(points[1]); // paired: both repetitions have the same ratio
    for (const y of [mean, low, high]) expect(y).toBeCloseTo(2 * 2 ** 2, 12);
  });

  it("has a narrower interval where repetitions share their chances and that is said", () => {
    const random = rng(3);
    const luck = Array.from({ length: 15 }, () => Math.exp(0.5 * random.normal()));
    const points = xs.map((x) => ({ x, values: luck.map((factor) => x * factor) }));
    const { low, high } = exponent(points, { paired: true });
    expect([low, high]).toEqual([expect.closeTo(1, 10), expect.closeTo(1, 10)]);
    const apart = exponent(points);
    expect(apart.high - apart.low).toBeGreaterThan(0.1);
  });

  it("does not exist where a mean is 0, and an interval through such resamples decides nothing", () => {
    expect(
      exponent([
        { x: 1, values: [0, 0] },
        { x: 2, values: [1, 1] },
      ]).mean,
    ).toBeNaN();
    const { low, high } = exponent(xs.map((x) => ({ x, values: [0, 0, x] })));
    expect([low, high]).toEqual([-Infinity, Infinity]);
  });
});
