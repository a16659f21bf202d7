import { describe, expect, it } from "vitest";
import { type Rng, rng } from "../autodiff/index.ts";
import { exponent, ratioInterval } from "./power-law.ts";

describe("the exponent of a power law", () => {
  const xs = [1, 2, 4, 8, 16];

  it("is found exactly where there is no noise", () => {
    const points = xs.map((x) => ({ x, values: [3 * x ** 1.7, 3 * x ** 1.7] }));
    const { mean, low, high } = exponent(points);
    for (const p of [mean, low, high]) expect(p).toBeCloseTo(1.7, 12);
  });

  /** The share of simulated measurements whose interval covers the truth. */
  function coverage(once: (random: Rng) => { low: number; high: number }, truth: number, simulated = 1000): number {
    let covered = 0;
    for (let seed = 0; seed < simulated; seed++) {
      const { low, high } = once(rng(seed));
      if (low <= truth && truth <= high) covered++;
    }
    return covered / simulated;
  }

  it.each([
    [3, false, 1000],
    [3, true, 1000],
    [12, false, 1000],
    [12, true, 1000],
    [40, false, 200],
  ])("is covered by its interval as often as that says: %i repetitions, paired %s", (n, paired, simulated) => {
    const share = coverage(
      (random) => {
        const luck = Array.from({ length: n }, () => random.normal());
        const points = xs.map((x) => ({
          x,
          values: luck.map((shared) => x ** 2 * (1 + 0.05 * random.normal()) * (paired ? 1 + 0.2 * shared : 1)),
        }));
        return exponent(points, { resamples: 100, paired });
      },
      2,
      simulated,
    );
    expect(share).toBeGreaterThan(0.95 - 4 * Math.sqrt((0.95 * 0.05) / simulated));
    if (simulated === 1000) expect(share).toBeLessThan(0.99); // degrees of freedom are rounded down
  });

  it.each([3, 6, 12])("has ratios of means that are covered as often as their intervals say, with %i repetitions", (n) => {
    const share = coverage((random) => {
      const per = Array.from({ length: n }, () => 0.5 + random.float());
      return ratioInterval({ values: per.map((size) => 3 * size + 0.3 * random.normal()), per });
    }, 3);
    expect(Math.abs(share - 0.95)).toBeLessThan(0.03);
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
