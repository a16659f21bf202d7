import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../test/data/solvers/tabular.json" with { type: "json" };
import { cases, randomMdp, randomPolicy } from "../../test/random-mdp.ts";
import { tabularMdp, withObjective } from "../mdp/tabular.ts";
import { mixture, oneHot } from "../solvers/tabular/policies.ts";
import { policyEvaluation } from "../solvers/tabular/policy-evaluation.ts";
import { valueIteration } from "../solvers/tabular/value-iteration.ts";
import { behaviorCloningBound, daggerBound, disagreement, rangeOf } from "./bounds.ts";
import { offTrackAsymptote, offTrackConstant, offTrackSum, offTrackTerms } from "./horizon.ts";
import { differenceUnderExpert, differenceUnderLearner } from "./performance-difference.ts";
import { policyValue, valueGap } from "./returns.ts";

/** A horizon, a discount, or both; stationary or time-dependent policies, one of them perhaps deterministic. */
const worlds = fc
  .record({
    of: cases,
    objective: fc.constantFrom("horizon", "discount", "both"),
    timed: fc.boolean(),
    deterministic: fc.boolean(),
  })
  .map(({ of, objective, timed, deterministic }) => {
    const gamma = 0.9;
    const mdp = randomMdp(of, { horizon: { H: of.H }, discount: { gamma }, both: { H: of.H, gamma } }[objective]);
    const steps = timed && objective !== "discount" ? of.H : 1;
    const piStar = randomPolicy(mdp, of.seed, { steps, deterministic });
    const piHat = randomPolicy(mdp, of.seed + 1, { steps: mdp.H === Infinity ? 1 : of.H, deterministic });
    return { of, mdp, pair: { piStar, piHat }, deterministic };
  });

describe("the performance-difference lemma", () => {
  it("holds on random MDPs, both ways round, for stochastic and time-dependent policies", () => {
    fc.assert(
      fc.property(worlds, ({ of, mdp, pair }) => {
        const gap = valueGap(mdp, pair);
        expect(Math.abs(differenceUnderExpert(mdp, pair) - gap)).toBeLessThan(1e-10 * Math.max(1, of.scale));
        expect(Math.abs(differenceUnderLearner(mdp, pair) - gap)).toBeLessThan(1e-10 * Math.max(1, of.scale));
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it("gives what NumPy's linear algebra gives", () => {
    for (const { S, A, P, r, rho, terminal, H, gamma, pi, other, ...wanted } of reference) {
      const base = tabularMdp({ S, A, P, r: { sas: r }, rho, terminal, H, allowUnavailable: true });
      const pair = { piStar: Float64Array.from(pi), piHat: Float64Array.from(other) };
      for (const [mdp, expected] of [
        [base, wanted.undiscounted] as const,
        [withObjective(base, { H, gamma }), wanted.both] as const,
      ]) {
        const close = 1e-9 * Math.max(1, ...expected.V.map(Math.abs));
        expect(Math.abs(valueGap(mdp, pair) - expected.gap)).toBeLessThan(close);
        expect(Math.abs(differenceUnderExpert(mdp, pair) - expected.expert_form)).toBeLessThan(close);
        expect(Math.abs(differenceUnderLearner(mdp, pair) - expected.learner_form)).toBeLessThan(close);
      }
    }
  });

  it("changes its sign with the two policies", () => {
    fc.assert(
      fc.property(worlds, ({ of, mdp, pair: { piStar, piHat } }) => {
        const there = differenceUnderExpert(mdp, { piStar, piHat });
        const back = differenceUnderLearner(mdp, { piStar: piHat, piHat: piStar });
        expect(Math.abs(there + back)).toBeLessThan(1e-10 * Math.max(1, of.scale));
      }),
      { seed: 2, numRuns: 100 },
    );
  });
});

describe("the bounds on imitation", () => {
  it("are never broken, for deterministic and stochastic policies, under either measure of disagreement", () => {
    fc.assert(
      fc.property(worlds, fc.constantFrom("total-variation" as const, "mismatch" as const), ({ of, mdp, pair }, measure) => {
        for (const of_ of [behaviorCloningBound, daggerBound]) {
          const { gap, bound, eps, range, horizon } = of_(mdp, pair, { disagreement: measure });
          expect(gap).toBeLessThanOrEqual(bound + 1e-10 * of.scale);
          expect(bound).toBe(horizon * range * eps);
          expect(eps).toBeGreaterThanOrEqual(0);
          expect(eps).toBeLessThanOrEqual(1 + 1e-12);
        }
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it("agree for deterministic policies, whatever the measure: it is 1 where they differ", () => {
    fc.assert(
      fc.property(
        worlds.filter(({ deterministic }) => deterministic),
        ({ mdp, pair }) => {
          for (const under of ["expert", "learner"] as const) {
            const distance = disagreement(mdp, pair, under);
            expect(distance).toBeCloseTo(disagreement(mdp, pair, under, { disagreement: "mismatch" }), 12);
          }
        },
      ),
      { seed: 4, numRuns: 100 },
    );
  });

  it("are 0 for a learner that is the expert, though it is stochastic", () => {
    fc.assert(
      fc.property(worlds, ({ mdp, pair: { piStar } }) => {
        expect(behaviorCloningBound(mdp, { piStar, piHat: piStar })).toMatchObject({ eps: 0, bound: 0, gap: 0 });
        expect(daggerBound(mdp, { piStar, piHat: piStar })).toMatchObject({ eps: 0, bound: 0, gap: 0 });
      }),
      { seed: 5, numRuns: 50 },
    );
  });

  it("are met with equality where every step costs the whole range", () => {
    // One state, two actions, reward 1 for the first: a learner that errs with chance eps loses H eps.
    const mdp = tabularMdp({ S: 1, A: 2, P: [1, 1], r: { sa: [1, 0] }, rho: 0, H: 20 });
    const pair = { piStar: Float64Array.of(1, 0), piHat: Float64Array.of(0.9, 0.1) };
    for (const of of [behaviorCloningBound, daggerBound]) {
      const { gap, bound, eps, range, horizon } = of(mdp, pair);
      expect([eps, range, horizon]).toEqual([expect.closeTo(0.1, 14), expect.closeTo(1, 12), 20]);
      expect(bound).toBeCloseTo(2, 12);
      expect(gap).toBeCloseTo(2, 12);
    }
  });

  it("count no disagreement after the end of an episode", () => {
    const mdp = tabularMdp({ S: 2, A: 2, P: [0, 1, 0, 1, 0, 0, 0, 0], r: { sa: [1, 0, 0, 0] }, rho: 0, terminal: [1], H: 4 });
    const pair = { piStar: oneHot(2, [0, 0]), piHat: oneHot(2, [0, 1]) };
    expect(disagreement(mdp, pair, "learner")).toBe(0);
    expect(disagreement(mdp, { ...pair, piHat: oneHot(2, [1, 0]) }, "learner")).toBe(1 / 4);
  });

  it("take the range over available actions only", () => {
    expect(rangeOf(3, Float64Array.of(1, -Infinity, 2.5, 7, -Infinity, -Infinity))).toBe(1.5);
    expect(rangeOf(1, Float64Array.of(1, 2, 3))).toBe(0);
  });
});

describe("the value of a policy", () => {
  it("is what its optimum is worth, for the optimal one, and the gap to it is never negative", () => {
    fc.assert(
      fc.property(worlds, ({ of, mdp, pair: { piHat } }) => {
        const { pi, V } = valueIteration(mdp);
        expect(policyValue(mdp, pi)).toBeCloseTo(
          mdp.rho.reduce((sum, p, s) => sum + p * V[s], 0),
          6,
        );
        expect(valueGap(mdp, { piStar: pi, piHat })).toBeGreaterThanOrEqual(-1e-10 * of.scale);
      }),
      { seed: 6, numRuns: 100 },
    );
  });
});

/** On the rope (state 0) the first action earns 1 and stays; the other one falls (state 1) for good. */
function rope(H: number) {
  return tabularMdp({ S: 2, A: 2, P: [1, 0, 0, 1, 0, 1, 0, 1], r: { sa: [1, 0, 0, 0] }, rho: 0, H });
}

describe("the off-track sum", () => {
  it("is the sum of its terms, and the exact gap on a rope that one error leaves for good", () => {
    for (const H of [1, 2, 7, 100, 512]) {
      for (const eps of [0, 1e-12, 1e-4, 0.01, 0.3, 0.9, 1]) {
        const sum = offTrackSum(eps, H);
        const piStar = oneHot(2, [0, 0]);
        const gap = valueGap(rope(H), { piStar, piHat: mixture(piStar, oneHot(2, [1, 1]), eps) });
        expect(
          relative(
            offTrackTerms(eps, H).reduce((a, b) => a + b, 0),
            sum,
          ),
        ).toBeLessThan(1e-12);
        expect(Math.abs(gap - sum)).toBeLessThan(1e-12 * H); // the gap is a difference of two numbers of size H
      }
    }
  });

  it("is smooth where its two ways of computing meet", () => {
    for (const H of [2, 50, 4096]) {
      const [below, above] = [offTrackSum((0.5 - 1e-9) / H, H), offTrackSum((0.5 + 1e-9) / H, H)];
      expect(above - below).toBeGreaterThan(0);
      expect(relative(above, below)).toBeLessThan(1e-8);
    }
  });

  it("tends to eps H (H + 1) / 2 as eps H goes to 0, from below, and to H as eps goes to 1", () => {
    for (const H of [1, 3, 64, 1000]) {
      for (const x of [1e-2, 1e-4, 1e-8]) {
        const ratio = offTrackSum(x / H, H) / offTrackAsymptote(x / H, H);
        expect(ratio).toBeLessThanOrEqual(1);
        expect(ratio).toBeGreaterThanOrEqual(1 - x / 3 - 1e-15);
      }
      expect(offTrackSum(1, H)).toBe(H);
    }
  });

  it("has the constant (x - 1 + e^-x) / x^2 before eps H^2 in long horizons, 1/2 at x = 0", () => {
    const H = 1e7;
    for (const x of [1e-6, 0.1, 0.49999, 0.50001, 1, 5, 100]) {
      expect(offTrackSum(x / H, H) / (x * H)).toBeCloseTo(offTrackConstant(x), 6);
    }
    expect(offTrackConstant(0)).toBe(0.5);
    expect(offTrackConstant(1e6)).toBeCloseTo(1e-6, 11);
  });

  it("is refused for a rate that is none, or no horizon", () => {
    expect(() => offTrackSum(1.1, 5)).toThrow(/eps is 1\.1, expected a rate from 0 to 1/);
    expect(() => offTrackSum(0.1, 0)).toThrow(/H is 0, expected a whole number of steps/);
    expect(() => offTrackConstant(-1)).toThrow(/-1/);
  });
});

describe("the range of Q", () => {
  it("grows with the horizon where an error can't be made good, and not where it can", () => {
    const back = (H: number) => tabularMdp({ S: 2, A: 2, P: [1, 0, 0, 1, 1, 0, 0, 1], r: { sa: [1, 0, 0, 0] }, rho: 0, H });
    const expert = oneHot(2, [0, 0]);
    for (const H of [4, 32]) {
      expect(rangeOf(2, policyEvaluation(rope(H), expert).Q)).toBe(H);
      expect(rangeOf(2, policyEvaluation(back(H), expert).Q)).toBe(2);
    }
  });
});

function relative(a: number, b: number): number {
  return a === b ? 0 : Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
}
