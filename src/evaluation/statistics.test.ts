import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../test/data/evaluation/statistics.json" with { type: "json" };
import { rng } from "../autodiff/random.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import {
  differenceOfMeans,
  type Interval,
  type IntervalOptions,
  meanInterval,
  meanOfMeans,
  pairedDifference,
  permutationTest,
  repeatedProportion,
  wilson,
} from "./statistics.ts";
import { studentInterval, studentQuantile } from "./student.ts";

fc.configureGlobal({ seed: 20 });

const { x, y, after, flips } = reference;

/** The share of simulated samples whose interval covers the true value. */
function coverage(simulate: (seed: number) => Interval, truth: number, samples = 1000): number {
  let covered = 0;
  for (let i = 0; i < samples; i++) {
    const { low, high } = simulate(i);
    if (low <= truth && truth <= high) covered++;
  }
  return covered / samples;
}

const sample = (seed: number | string, n: number, draw: (u: ReturnType<typeof rng>) => number) => {
  const draws = rng(17).split(seed);
  return Float64Array.from({ length: n }, () => draw(draws));
};
const exponential = (draws: ReturnType<typeof rng>) => -Math.log(1 - draws.float());

describe("the normal distribution", () => {
  it("has SciPy's values, in the tails as well", () => {
    for (const [at, value] of reference.cdf) expect(Math.abs(normalCdf(at) / value - 1)).toBeLessThan(1e-12);
    for (const [p, value] of reference.quantile) {
      expect(Math.abs(normalQuantile(p) - value)).toBeLessThan(1e-13 * Math.max(1, Math.abs(value)) + (p > 0.9 ? 1e-9 : 0));
    }
  });

  it("its quantile undoes its distribution function", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1 - 1e-12, noNaN: true }), (p) => {
        expect(Math.abs(normalCdf(normalQuantile(p)) - p)).toBeLessThan(1e-15);
      }),
    );
    expect(() => normalQuantile(1.1)).toThrow("a probability is between 0 and 1, found 1.1");
  });
});

describe("Student's intervals, of few values", () => {
  const few = 4000;
  /** Four standard errors of a share of 95 % of the simulated samples. */
  const error = 4 * Math.sqrt((0.95 * 0.05) / few);
  const normal = (name: string, n: number, scale = 1) => sample(name, n, (u) => scale * u.normal());

  it("have SciPy's quantiles, and its ends", () => {
    for (const [confidence, degrees, t] of reference.student) {
      expect(Math.abs(studentQuantile(confidence, degrees) / t - 1)).toBeLessThan(1e-10);
    }
    for (const { n, confidence, ends } of reference.few) {
      const { low, high } = meanInterval(x.slice(0, n), { confidence });
      expect(low).toBeCloseTo(ends[0], 8);
      expect(high).toBeCloseTo(ends[1], 8);
    }
    expect(() => studentQuantile(0.95, 0)).toThrow("at least one degree of freedom, found 0");
  });

  it.each([2, 3, 5, 10, 20])("of %i normal values cover their mean as often as they say", (n) => {
    const share = coverage((i) => meanInterval(normal(`${n} ${i}`, n)), 0, few);
    expect(Math.abs(share - 0.95)).toBeLessThan(error);
  });

  it("are needed: a bootstrap of three values covers their mean three times in four", () => {
    const bootstrap = (i: number) => meanInterval(normal(`3 ${i}`, 3), { method: "bca", resamples: 200, seed: i });
    expect(coverage(bootstrap, 0)).toBeLessThan(0.8);
  });

  it("of two samples' difference, and of several samples' mean, cover at least as often as they say", () => {
    const two = (i: number) => differenceOfMeans(normal(`a${i}`, 3), normal(`b${i}`, 8, 4));
    const three = (i: number) => meanOfMeans([normal(`a${i}`, 5), normal(`b${i}`, 3, 4), normal(`c${i}`, 2)]);
    for (const made of [two, three]) {
      const share = coverage(made, 0, few);
      expect(share).toBeGreaterThan(0.95 - error);
      expect(share).toBeLessThan(0.99); // degrees of freedom are rounded down
    }
  });

  it("of a mean of means weigh every sample alike, and look at its spread within samples alone", () => {
    const { mean, low, high } = meanOfMeans([
      [0, 2],
      [100, 101, 102, 103, 104, 105],
    ]);
    expect(mean).toBeCloseTo((1 + 102.5) / 2, 12);
    expect(high - low).toBeLessThan(20);
    expect(meanOfMeans([x]).mean).toBeCloseTo(meanInterval(x).mean, 12);
    expect(() => meanOfMeans([])).toThrow("takes at least one sample, found none");
  });

  it("of one part are those of its mean, of a part of a single value unbounded", () => {
    expect(studentInterval(0, [{ variance: 1, n: 10 }]).high).toBeCloseTo(2.262157, 5);
    expect(studentInterval(1, [{ variance: 0, n: 1 }])).toEqual({ mean: 1, low: -Infinity, high: Infinity });
    expect(() => studentInterval(0, [], 95)).toThrow("confidence is between 0 and 1, found 95");
  });
});

describe("bootstrap intervals", () => {
  const make: Record<string, (options: IntervalOptions) => Interval> = {
    x: (options) => meanInterval(x, options),
    flips: (options) => meanInterval(flips, options),
    "x - y": (options) => differenceOfMeans(x, y, options),
    "after - x, paired": (options) => pairedDifference(after, x, options),
  };
  it.each(reference.intervals)(
    "of $what agree with SciPy's ($method, $confidence)",
    ({ what, method, confidence, error, ends }) => {
      const how = {
        method: method === "BCa" ? ("bca" as const) : ("percentile" as const),
        confidence,
        resamples: 100_000,
        seed: 3,
      };
      const { low, high } = make[what](how);
      // The ends of 100 000 resamples scatter by about 1 % of the standard error; those of binary values stand on steps of 1/60.
      const allowed = what === "flips" ? 0.01 / 60 : 0.03 * error;
      expect(Math.abs(low - ends[0])).toBeLessThan(allowed);
      expect(Math.abs(high - ends[1])).toBeLessThan(allowed);
    },
  );

  it("cover the mean of normal values as often as they say", () => {
    const share = coverage(
      (i) =>
        meanInterval(
          sample(i, 60, (u) => u.normal()),
          { resamples: 1000, seed: i },
        ),
      0,
    );
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(share).toBeLessThanOrEqual(0.97);
  });

  it("cover the mean of skewed values as often as they say", () => {
    const share = coverage((i) => meanInterval(sample(i, 100, exponential), { resamples: 1000, seed: i }), 1);
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(share).toBeLessThanOrEqual(0.97);
  });

  it("cover the difference of two means as often as they say", () => {
    const two = (i: number) =>
      differenceOfMeans(
        sample(`a${i}`, 60, exponential),
        sample(`b${i}`, 40, (u) => 2 + u.normal()),
        { resamples: 1000, seed: i },
      );
    const share = coverage(two, -1);
    expect(share).toBeGreaterThanOrEqual(0.93);
    expect(share).toBeLessThanOrEqual(0.97);
  });

  it("are narrower for pairs that move together", () => {
    const [alone, together] = [differenceOfMeans(after, x), pairedDifference(after, x)];
    expect(together.mean).toBeCloseTo(alone.mean, 10);
    expect((together.high - together.low) * 3).toBeLessThan(alone.high - alone.low);
  });

  it("move and stretch with the values", () => {
    fc.assert(
      fc.property(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 1, max: 50 }), (shift, scale) => {
        const base = meanInterval(x, { resamples: 200 });
        const moved = meanInterval(
          x.map((value) => shift + scale * value),
          { resamples: 200 },
        );
        for (const key of ["mean", "low", "high"] as const) expect(moved[key]).toBeCloseTo(shift + scale * base[key], 6);
      }),
      { numRuns: 20 },
    );
  });

  it("are the same for the same seed", () => {
    expect(meanInterval(x, { seed: 5 })).toEqual(meanInterval(x, { seed: 5 }));
    expect(meanInterval(x, { seed: 5 })).not.toEqual(meanInterval(x, { seed: 6 }));
  });

  it("of equal values are a point, and of a single value unbounded", () => {
    expect(meanInterval(new Float64Array(50).fill(500))).toEqual({ mean: 500, low: 500, high: 500 });
    expect(meanInterval([3])).toEqual({ mean: 3, low: -Infinity, high: Infinity });
    expect(differenceOfMeans([3, 4], [1])).toEqual({ mean: 2.5, low: -Infinity, high: Infinity });
  });

  it("end at zero itself, not a rounding away from it, where the values end there", () => {
    const losses = Float64Array.from({ length: 100 }, (_, i) => (i === 7 ? 324.1 : i === 8 ? 0.3 : 0));
    expect(meanInterval(losses).low).toBe(0);
    expect(meanInterval(losses).high).toBeGreaterThan(3);
  });

  it("refuse what is not a number", () => {
    expect(() => meanInterval([1, Number.NaN])).toThrow("the values: number 1 is NaN, expected a finite number");
    expect(() => differenceOfMeans([1, 2], [1, Infinity])).toThrow("the second sample: number 1 is Infinity");
    expect(() => meanInterval([])).toThrow("at least one number is needed, found none");
    expect(() => pairedDifference([1, 2], [1])).toThrow("paired samples are equally long, found 2 and 1");
    expect(() => meanInterval(x, { confidence: 95 })).toThrow("confidence is between 0 and 1, found 95; 95 % is 0.95");
    expect(() => meanInterval(x, { resamples: 0 })).toThrow("resamples is a positive whole number, found 0");
  });
});

describe("a proportion", () => {
  it("has Wilson's interval, as SciPy gives it", () => {
    for (const [k, n, confidence, low, high] of reference.wilson) {
      const found = wilson(k, n, { confidence });
      expect(found.mean).toBe(k / n);
      expect(found.low).toBeCloseTo(low, 12);
      expect(found.high).toBeCloseTo(high, 12);
    }
    expect(() => wilson(3, 2)).toThrow("0 <= k <= n, n > 0, found 3/2");
  });
});

describe("a proportion counted in several repetitions", () => {
  const counted = (seed: string, J: number, n: number, draw: (u: ReturnType<typeof rng>) => number) =>
    Array.from({ length: J }, (_, j) => {
      const u = rng(29).split(`${seed} ${j}`);
      const p = draw(u);
      return { k: Array.from({ length: n }, () => u.float() < p).filter(Boolean).length, n };
    });

  it.each([2, 3, 5, 10])("is covered as often as its interval says, be %i repetitions alike or not", (J) => {
    for (const [p, spread] of [
      [0.02, 0],
      [0.5, 0],
      [0.5, 0.1],
      [0.9, 0.05],
    ]) {
      const alike = (u: ReturnType<typeof rng>) => p + spread * (u.float() + u.float() - 1);
      const share = coverage((i) => repeatedProportion(counted(`${i}`, J, 60, alike)), p);
      expect(share).toBeGreaterThan(0.92);
    }
  });

  it("is not covered by an interval of the pooled items where training decides all of them", () => {
    const fate = (u: ReturnType<typeof rng>) => (u.float() < 0.5 ? 0.3 : 0.7);
    const pooled = (i: number) => {
      const all = counted(`${i}`, 10, 60, fate);
      return {
        pooled: wilson(
          all.reduce((sum, { k }) => sum + k, 0),
          600,
        ),
        repeated: repeatedProportion(all),
      };
    };
    expect(coverage((i) => pooled(i).pooled, 0.5)).toBeLessThan(0.6);
    expect(coverage((i) => pooled(i).repeated, 0.5)).toBeGreaterThan(0.92);
  });

  it("that is 0 every time is not known to be 0, and from one repetition nothing is known", () => {
    const zeros = (J: number) => repeatedProportion(new Array(J).fill({ k: 0, n: 50 }));
    expect(zeros(1)).toEqual({ mean: 0, low: 0, high: 1 });
    expect([zeros(3).mean, zeros(3).low]).toEqual([0, 0]);
    expect(zeros(3).high).toBeGreaterThan(wilson(0, 150).high);
    expect(zeros(30).high).toBeLessThan(0.005);
    const ones = repeatedProportion(new Array(3).fill({ k: 50, n: 50 }));
    expect([ones.mean, ones.high]).toEqual([1, 1]);
    expect(ones.low).toBeCloseTo(1 - zeros(3).high, 12);
    expect(() => repeatedProportion([{ k: 3, n: 2 }])).toThrow("0 <= k <= n, n > 0, found 3/2");
    expect(() => repeatedProportion([])).toThrow("the proportions: at least one number is needed");
  });
});

describe("a permutation test", () => {
  it.each(reference.permutation)("agrees with SciPy's: $alternative, paired $paired, exact $exact", (row) => {
    const alternative = row.alternative as "two-sided" | "greater" | "less";
    const found = permutationTest(row.x, row.y, { alternative, paired: row.paired, permutations: 20_000, seed: 4 });
    expect(found.exact).toBe(row.exact);
    if (row.exact) expect(found.p).toBeCloseTo(row.p, 12);
    else expect(Math.abs(found.p - row.p)).toBeLessThan(4 * Math.sqrt((row.p * (1 - row.p)) / 20_000) + 1e-4);
  });

  it("finds nothing where there is nothing as rarely as it says", () => {
    let found = 0;
    for (let i = 0; i < 400; i++) {
      const both = sample(i, 40, exponential);
      if (permutationTest(both.subarray(0, 20), both.subarray(20), { permutations: 199, seed: i }).p <= 0.05) found++;
    }
    expect(Math.abs(found - 20)).toBeLessThan(3 * Math.sqrt(400 * 0.05 * 0.95));
  });

  it("of a sample against itself finds nothing, and of samples far apart finds as much as there are arrangements", () => {
    expect(permutationTest(x, x).p).toBe(1);
    const apart = permutationTest([1, 2, 3, 4], [11, 12, 13, 14]);
    expect(apart).toEqual({ difference: -10, p: 2 / 70, exact: true });
    expect(permutationTest(x, after, { paired: true, permutations: 999 }).exact).toBe(false);
  });
});
