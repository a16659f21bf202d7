import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../../test/data/solvers/tabular.json" with { type: "json" };
import { cases, randomMdp, randomPolicy } from "../../../test/random-mdp.ts";
import { available, type TabularMdp, tabularMdp, withObjective } from "../../mdp/tabular.ts";
import { occupancy, stepWeights } from "./occupancy.ts";
import { softmaxPolicy } from "./policies.ts";
import { policyEvaluation } from "./policy-evaluation.ts";
import { softValueIteration } from "./soft-value-iteration.ts";
import { valueIteration } from "./value-iteration.ts";

/** The largest |found - expected|, relative to the largest |expected| where that is above 1. */
function worst(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  let scale = 1;
  let far = 0;
  for (let i = 0; i < expected.length; i++) {
    if (found[i] === expected[i]) continue;
    scale = Math.max(scale, Math.abs(expected[i]));
    far = Math.max(far, Math.abs(found[i] - expected[i]));
  }
  return far / scale;
}

function availableOnly(mdp: TabularMdp, Q: Float64Array): Float64Array {
  return Q.filter((_, i) => available(mdp, Math.floor(i / mdp.A) % mdp.S, i % mdp.A));
}

describe("soft values that are sums which cancel", () => {
  it("are found: where r is the log-probability of a policy every value is 0, and that policy is the soft optimum", () => {
    const mdp = randomMdp(
      { seed: 3, S: 6, A: 3, H: 1, terminal: false, unavailable: false, sparse: true, scale: 1 },
      { gamma: 0.9 },
    );
    const pi = randomPolicy(mdp, 3);
    const found = softValueIteration({ ...mdp, r: pi.map(Math.log) });
    expect(worst(found.V, new Float64Array(6))).toBeLessThan(1e-13);
    expect(worst(found.pi, pi)).toBeLessThan(1e-13);
  });
});

describe("reference values from direct linear algebra in NumPy, to 1e-9", () => {
  for (const wanted of reference) {
    const { S, A, P, r, rho, terminal, H, gamma, temperature } = wanted;
    const base = tabularMdp({ S, A, P, r: { sas: r }, rho, terminal, H, allowUnavailable: true });
    const pi = Float64Array.from(wanted.pi);

    for (const [label, mdp] of [
      ["undiscounted", base],
      ["both", withObjective(base, { H, gamma })],
    ] as const) {
      it(`${wanted.name}: finite horizon, ${label === "both" ? "discounted" : label}`, () => {
        const expected = wanted[label];
        const { V, Q } = policyEvaluation(mdp, pi);
        expect(worst(V, expected.V)).toBeLessThan(1e-12);
        expect(worst(availableOnly(mdp, Q), expected.Q)).toBeLessThan(1e-12);
        expect(worst(occupancy(mdp, pi).d, expected.d)).toBeLessThan(1e-12);
        expect(worst(valueIteration(mdp).V, expected.optimal_V)).toBeLessThan(1e-12);
        const soft = softValueIteration(mdp, { temperature });
        expect(worst(soft.V, expected.soft_V)).toBeLessThan(1e-12);
        expect(worst(soft.pi, expected.soft_pi)).toBeLessThan(1e-9);
      });
    }

    for (const method of ["direct", "iteration"] as const) {
      it(`${wanted.name}: discounted, by ${method}`, () => {
        const mdp = withObjective(base, { gamma });
        const expected = wanted.discounted;
        const stationary = pi.subarray(0, S * A);
        expect(worst(policyEvaluation(mdp, stationary, { method }).V, expected.V)).toBeLessThan(1e-9);
        expect(worst(occupancy(mdp, stationary, { method }).d, expected.d)).toBeLessThan(1e-9);
        expect(worst(valueIteration(mdp, { method }).V, expected.optimal_V)).toBeLessThan(1e-9);
        const soft = softValueIteration(mdp, { method, temperature });
        expect(worst(soft.V, expected.soft_V)).toBeLessThan(1e-9);
        expect(worst(soft.pi, expected.soft_pi)).toBeLessThan(1e-9);
      });
    }
  }
});

describe("occupancy", () => {
  it("sums to 1 at every step, and over actions to the states", () => {
    fc.assert(
      fc.property(cases, fc.boolean(), (of, timed) => {
        const mdp = randomMdp(of);
        const pi = randomPolicy(mdp, of.seed, { steps: timed ? of.H : 1 });
        const { d, dsa } = occupancy(mdp, pi);
        for (let h = 0; h < of.H; h++) expect(sum(d.subarray(h * of.S, (h + 1) * of.S))).toBeCloseTo(1, 12);
        for (let s = 0; s < d.length; s++) expect(sum(dsa.subarray(s * of.A, (s + 1) * of.A))).toBeCloseTo(d[s], 12);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it("sums to 1 over discounted states, by elimination and by iteration alike", () => {
    fc.assert(
      fc.property(cases, fc.double({ min: 0, max: 0.99, noNaN: true }), (of, gamma) => {
        const mdp = randomMdp(of, { gamma });
        const pi = randomPolicy(mdp, of.seed);
        const direct = occupancy(mdp, pi, { method: "direct" });
        const iterated = occupancy(mdp, pi, { method: "iteration", tolerance: 1e-6 });
        expect(sum(direct.d)).toBeCloseTo(1, 11);
        expect(sum(iterated.d)).toBeCloseTo(1, 11);
        expect(sum(direct.d.map((p, s) => Math.abs(p - iterated.d[s])))).toBeLessThanOrEqual(iterated.error + 1e-12);
      }),
      { seed: 2, numRuns: 100 },
    );
  });

  it("times the reward is the value: sum_h gamma^(h-1) sum d_h(s,a) r(s,a) = V(rho)", () => {
    fc.assert(
      fc.property(cases, fc.double({ min: 0.1, max: 1, noNaN: true }), (of, gamma) => {
        const mdp = randomMdp(of, { H: of.H, gamma });
        const pi = randomPolicy(mdp, of.seed, { steps: of.H });
        const { dsa } = occupancy(mdp, pi);
        let earned = 0;
        dsa.forEach((mass, i) => {
          const pairs = of.S * of.A;
          if (mass > 0) earned += gamma ** Math.floor(i / pairs) * mass * mdp.r[i % pairs];
        });
        const { V } = policyEvaluation(mdp, pi);
        expect(Math.abs(earned - sum(mdp.rho.map((p, s) => p * V[s])))).toBeLessThan(1e-12 * of.scale * of.H * 10);
      }),
      { seed: 3, numRuns: 100 },
    );
  });

  it("gives the steps of a horizon weights that average", () => {
    expect([...stepWeights({ H: 4, gamma: 1 })]).toEqual([0.25, 0.25, 0.25, 0.25]);
    expect([...stepWeights({ H: 2, gamma: 0.5 })].map((w) => w * 3)).toEqual([2, 1]);
    expect([...stepWeights({ H: Infinity, gamma: 0.5 })]).toEqual([1]);
  });
});

describe("value iteration", () => {
  it("is worth at least as much as any policy, in every state", () => {
    fc.assert(
      fc.property(cases, fc.integer({ min: 0, max: 1000 }), fc.boolean(), (of, seed, finite) => {
        const mdp = randomMdp(of, finite ? { H: of.H } : { gamma: 0.9 });
        const best = valueIteration(mdp);
        const other = policyEvaluation(mdp, randomPolicy(mdp, seed, { steps: finite ? of.H : 1 }));
        for (let s = 0; s < best.V.length; s++) expect(best.V[s]).toBeGreaterThanOrEqual(other.V[s] - 1e-9 * of.scale);
        expect(worst(policyEvaluation(mdp, best.pi).V, best.V)).toBeLessThan(1e-9);
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  it("is never further from the optimum than the error it states", () => {
    fc.assert(
      fc.property(
        cases,
        fc.double({ min: 0.5, max: 0.98, noNaN: true }),
        fc.constantFrom(1e-1, 1e-3, 1e-6),
        (of, gamma, tolerance) => {
          const mdp = randomMdp(of, { gamma });
          for (const solve of [valueIteration, softValueIteration]) {
            const exact = solve(mdp, { method: "direct" });
            const stopped = solve(mdp, { method: "iteration", tolerance });
            const far = Math.max(...stopped.V.map((v, s) => Math.abs(v - exact.V[s])));
            expect(far).toBeLessThanOrEqual(stopped.error * (1 + 1e-9) + 1e-9);
            const largest = Math.max(1, ...stopped.V.map(Math.abs));
            expect(stopped.error).toBeLessThanOrEqual(tolerance * largest);
          }
        },
      ),
      { seed: 5, numRuns: 100 },
    );
  });

  it("of one step takes the largest reward", () => {
    const mdp = tabularMdp({ S: 2, A: 3, P: uniformTransitions(2, 3), r: { sa: [1, 5, 5, -2, -3, -1] }, rho: 0, H: 1 });
    const { V, pi } = valueIteration(mdp);
    expect([...V]).toEqual([5, -1, 0, 0]);
    expect([...pi]).toEqual([0, 1, 0, 0, 0, 1]); // the tie goes to the lower action
  });

  it("finds the distance to the goal on a line of a thousand states", () => {
    const { mdp, n } = lineToGoal(1000, 0.999);
    for (const method of ["direct", "iteration"] as const) {
      const { V } = valueIteration(mdp, { method });
      for (const s of [0, 1, 500, n - 2]) expect(V[s]).toBeCloseTo(-(1 - 0.999 ** (n - 1 - s)) / 0.001, 7);
      expect(V[n - 1]).toBe(0);
    }
  });
});

describe("soft value iteration", () => {
  it("tends to value iteration as the temperature goes to 0, from above by at most H alpha log A", () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(1, 1e-1, 1e-3, 1e-6), (of, temperature) => {
        const mdp = randomMdp(of);
        const hard = valueIteration(mdp);
        const soft = softValueIteration(mdp, { temperature });
        hard.V.forEach((v, i) => {
          const most = temperature * Math.log(of.A) * (of.H - Math.floor(i / of.S));
          expect(soft.V[i] - v).toBeGreaterThanOrEqual(-1e-11 * of.scale);
          expect(soft.V[i] - v).toBeLessThanOrEqual(most + 1e-11 * of.scale);
        });
      }),
      { seed: 6, numRuns: 200 },
    );
  });

  it("tends to it discounted, too, by at most alpha log A / (1 - gamma)", () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(1, 1e-2, 1e-5), (of, temperature) => {
        const mdp = randomMdp(of, { gamma: 0.9 });
        const hard = valueIteration(mdp);
        const soft = softValueIteration(mdp, { temperature });
        hard.V.forEach((v, s) => {
          expect(soft.V[s] - v).toBeGreaterThanOrEqual(-1e-10 * of.scale);
          expect(soft.V[s] - v).toBeLessThanOrEqual((temperature * Math.log(of.A)) / 0.1 + 1e-10 * of.scale);
        });
      }),
      { seed: 7, numRuns: 100 },
    );
  });

  it("is the value of its own policy with the entropy bonus", () => {
    fc.assert(
      fc.property(cases, fc.constantFrom(0.3, 2), (of, temperature) => {
        const mdp = randomMdp({ ...of, scale: 1 });
        const { V, pi } = softValueIteration(mdp, { temperature });
        // r - alpha log pi as the reward; the table differs from step to step, so the sum over the occupancy is taken
        const { dsa } = occupancy(mdp, pi);
        let earned = 0;
        dsa.forEach((mass, i) => {
          if (mass === 0 || mdp.terminal[Math.floor(i / of.A) % of.S]) return;
          earned += mass * (mdp.r[i % (of.S * of.A)] - temperature * Math.log(pi[i]));
        });
        expect(earned).toBeCloseTo(sum(mdp.rho.map((p, s) => p * V[s])), 10);
      }),
      { seed: 8, numRuns: 100 },
    );
  });

  it("neither overflows nor underflows with rewards of a million", () => {
    const mdp = tabularMdp({ S: 2, A: 2, P: uniformTransitions(2, 2), r: { sa: [1e6, -1e6, 1e6, 1e6 - 1] }, rho: 0, H: 50 });
    const { V, pi } = softValueIteration(mdp);
    expect([...V, ...pi].every(Number.isFinite)).toBe(true);
    expect(pi[2]).toBeCloseTo(1 / (1 + Math.exp(-1)), 9);
    expect([...pi.subarray(0, 2)]).toEqual([1, 0]);
  });

  it("of a temperature of 0 is refused, and says what to call", () => {
    const mdp = tabularMdp({ S: 1, A: 1, P: [1], r: { s: [0] }, rho: 0, H: 1 });
    expect(() => softValueIteration(mdp, { temperature: 0 })).toThrow(
      /temperature is 0, expected a positive number.*valueIteration/,
    );
    expect(() => softmaxPolicy(1, Float64Array.of(1), 0)).toThrow(/temperature is 0.*greedy/);
    expect(() => softmaxPolicy(1, Float64Array.of(1), Number.NaN)).toThrow(/temperature is NaN/);
  });
});

function sum(values: ArrayLike<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0);
}

function uniformTransitions(S: number, A: number): Float64Array {
  return new Float64Array(S * A * S).fill(1 / S);
}

/** States 0 .. n-1 in a line, each step one to the right for -1, the last state terminal. */
function lineToGoal(n: number, gamma: number): { mdp: TabularMdp; n: number } {
  const rows = Int32Array.from({ length: n + 1 }, (_, s) => s);
  const next = Int32Array.from({ length: n }, (_, s) => Math.min(s + 1, n - 1));
  const r = Float64Array.from({ length: n }, (_, s) => (s === n - 1 ? 0 : -1));
  return {
    mdp: tabularMdp({
      S: n,
      A: 1,
      P: { rows, next, p: new Float64Array(n).fill(1) },
      r: { s: r },
      rho: 0,
      terminal: [n - 1],
      gamma,
    }),
    n,
  };
}
