import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../test/data/evaluation/aggregate.json" with { type: "json" };
import older from "../../test/data/evaluation/statistics.json" with { type: "json" };
import { rng } from "../autodiff/random.ts";
import { interquartileMean, performanceProfile, probabilityOfImprovement, taskMean } from "./aggregate.ts";
import type { Interval } from "./statistics.ts";

fc.configureGlobal({ seed: 21 });

const { x, y } = reference;
const how = { resamples: 40_000, seed: 2 };

/** The ends of 40 000 resamples scatter by a few per cent of the statistic's standard error; a share stands on steps. */
function agrees(found: Interval, expected: Interval & { error: number }, step = 0): void {
  expect(found.mean).toBeCloseTo(expected.mean, 12);
  const allowed = 0.05 * expected.error + step + 1e-12;
  expect(Math.abs(found.low - expected.low)).toBeLessThanOrEqual(allowed);
  expect(Math.abs(found.high - expected.high)).toBeLessThanOrEqual(allowed);
}

describe("aggregates over tasks", () => {
  it.each([
    ["x", x, reference["of x"]],
    ["y", y, reference["of y"]],
  ] as const)("of %s are what SciPy's statistics and NumPy's stratified resampling give", (_, tasks, expected) => {
    agrees(taskMean(tasks, how), expected.mean);
    agrees(interquartileMean(tasks, how), expected.iqm);
    const thresholds = expected.profile.map(({ threshold }) => threshold);
    performanceProfile(tasks, thresholds, how).forEach((point, i) => {
      expect(point.threshold).toBe(thresholds[i]);
      agrees(point, expected.profile[i], 1e-9);
    });
  });

  it("the interquartile mean agrees for tasks of very different scales", () => {
    const { tasks, iqm } = older;
    const [low, high] = iqm.ends;
    agrees(interquartileMean(tasks, { resamples: 50_000, seed: 1 }), { ...iqm, low, high });
  });

  it("the probability of improvement is the mean of Mann and Whitney's statistics", () => {
    agrees(probabilityOfImprovement(x, y, how), reference.improvement);
  });

  it("on known data each figure stands at its own place: the estimate between the lower and the upper end", () => {
    // Two runs, 0 and 1: a resample's mean is 0, 1/2, 1 with chances 1/4, 1/2, 1/4. Four such tasks: Binomial(8, 1/2) / 8,
    // whose quantiles at 2.5 % and 97.5 % are 1/8 and 7/8.
    const coins = [
      [0, 1],
      [1, 0],
      [0, 1],
      [0, 1],
    ];
    expect(taskMean(coins.slice(0, 1))).toEqual({ mean: 0.5, low: 0, high: 1 });
    expect(taskMean(coins)).toEqual({ mean: 0.5, low: 0.125, high: 0.875 });
    // A skewed one, where no exchange of the three could go unseen: 7 of 8 runs have 1, the mean is 7/8.
    const skewed = [[1, 1, 1, 1, 1, 1, 1, 0]];
    expect(taskMean(skewed)).toEqual({ mean: 0.875, low: 0.625, high: 1 });
    expect(performanceProfile(skewed, [0.5])).toEqual([{ threshold: 0.5, mean: 0.875, low: 0.625, high: 1 }]);
    expect(probabilityOfImprovement(skewed, [[0.5, 0.5]])).toEqual({ mean: 0.875, low: 0.625, high: 1 });
  });

  it("intervals are stratified: the differences between tasks don't widen them", () => {
    const far = [
      [0, 0.1, 0.2],
      [100, 100.1, 100.2],
    ];
    const { low, high } = taskMean(far);
    expect(low).toBeGreaterThanOrEqual(50);
    expect(high).toBeLessThanOrEqual(50.2);
  });

  it("the interval of the mean covers the truth as often as it says, to what few seeds allow", () => {
    // Ten runs a task: quantiles of resamples are narrower than they should be by about √(9/10), which leaves 93 %.
    let covered = 0;
    for (let i = 0; i < 600; i++) {
      const draws = rng(5).split(i);
      const tasks = [0, 3, 9].map((centre) => Array.from({ length: 10 }, () => centre + draws.normal()));
      const { low, high } = taskMean(tasks, { resamples: 400, seed: i });
      if (low <= 4 && 4 <= high) covered++;
    }
    expect(covered / 600).toBeGreaterThan(0.9);
    expect(covered / 600).toBeLessThan(0.97);
  });

  it("the order of X and Y turns the probability of improvement round", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 2, maxLength: 6 }), (scores) => {
        const there = probabilityOfImprovement([scores], [[1, 2, 3]], { resamples: 10 });
        const back = probabilityOfImprovement([[1, 2, 3]], [scores], { resamples: 10 });
        expect(there.mean + back.mean).toBeCloseTo(1, 12);
      }),
      { numRuns: 50 },
    );
    expect(probabilityOfImprovement([[2, 2]], [[2, 2, 2]])).toEqual({ mean: 0.5, low: 0.5, high: 0.5 });
  });

  it("a profile falls from all runs to none", () => {
    const profile = performanceProfile(x, [-100, 0, 0.5, 1, 100], { resamples: 100 }).map(({ mean }) => mean);
    expect(profile[0]).toBe(1);
    expect(profile.at(-1)).toBe(0);
    expect([...profile].sort((a, b) => b - a)).toEqual(profile);
  });

  it("a single run says nothing of the spread", () => {
    expect(taskMean([[1], [2, 3]])).toEqual({ mean: 1.75, low: -Infinity, high: Infinity });
    expect(interquartileMean([[3]])).toEqual({ mean: 3, low: -Infinity, high: Infinity });
    expect(performanceProfile([[3]], [2])).toEqual([{ threshold: 2, mean: 1, low: 0, high: 1 }]);
    expect(probabilityOfImprovement([[3]], [[2]])).toEqual({ mean: 1, low: 0, high: 1 });
  });

  it("outliers are left out of the interquartile mean, and what is not a score is refused", () => {
    expect(interquartileMean([[1, 2, 3, 1e9]]).mean).toBe(2.5);
    expect(() => interquartileMean([[1], [Number.NaN]])).toThrow("task 1: number 0 is NaN, expected a finite number");
    expect(() => taskMean([])).toThrow("the runs of at least one task, found none");
    expect(() => taskMean([[1], []])).toThrow("task 1: at least one number is needed, found none");
    expect(() => performanceProfile([[1, 2]], [])).toThrow("the thresholds: at least one number is needed");
    expect(() => probabilityOfImprovement([[1]], [[1], [2]])).toThrow("scored on the same tasks, found 1 tasks and 2");
  });
});
