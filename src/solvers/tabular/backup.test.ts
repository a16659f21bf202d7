import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cases, randomMdp } from "../../../test/random-mdp.ts";
import { backup, optimalSweep, softMaximum, softSweep } from "./backup.ts";
import { expOfNegative } from "./exponential.ts";

describe("the exponential of sweeps", () => {
  it("is that of the machine to a relative 5e-16, and 0 where nothing would be left beside 1", () => {
    for (let x = 0; x > -708; x -= 0.000731 + x * -0.001) {
      expect(Math.abs(expOfNegative(x) / Math.exp(x) - 1)).toBeLessThan(5e-16);
    }
    expect([0, -0, -708.5, -1e308, -Infinity].map(expOfNegative)).toEqual([1, 1, 0, 0, 0]);
  });
});

describe("sweeps", () => {
  it("take many states in blocks as they take few", () => {
    const of = { seed: 3, S: 700, A: 3, H: 1, terminal: true, unavailable: true, sparse: true, scale: 1 };
    const mdp = randomMdp(of, { gamma: 0.9 });
    const V = Float64Array.from({ length: 700 }, (_, s) => Math.sin(s));
    const soft = new Float64Array(700);
    softSweep(mdp, V, 0.5, soft);
    const Q = new Float64Array(2100);
    const expected = new Float64Array(700);
    backup(mdp, mdp.r, V, Q);
    softMaximum(mdp, Q, 0.5, expected, new Float64Array(2100));
    expect(soft).toEqual(expected);
  });

  it("agree with the backup and its maximum", () => {
    fc.assert(
      fc.property(cases, (of) => {
        const mdp = randomMdp(of, { gamma: 0.9 });
        const V = Float64Array.from({ length: of.S }, (_, s) => (mdp.terminal[s] ? 0 : Math.sin(s + of.seed)));
        const Q = new Float64Array(of.S * of.A);
        backup(mdp, mdp.r, V, Q);
        const hard = new Float64Array(of.S);
        const soft = new Float64Array(of.S);
        const change = optimalSweep(mdp, V, hard);
        softSweep(mdp, V, 1e-7, soft);
        for (let s = 0; s < of.S; s++) {
          const best = Math.max(...Q.subarray(s * of.A, (s + 1) * of.A));
          expect(hard[s]).toBe(best);
          expect(soft[s]).toBeCloseTo(best, 5);
        }
        expect(change).toBe(Math.max(...hard.map((v, s) => Math.abs(v - V[s]))));
        const moved = softSweep(mdp, V, 0.7, soft);
        for (let s = 0; s < of.S; s++) {
          const sum = [...Q.subarray(s * of.A, (s + 1) * of.A)].reduce((total, q) => total + Math.exp((q - hard[s]) / 0.7), 0);
          expect(soft[s]).toBeCloseTo(mdp.terminal[s] ? 0 : hard[s] + 0.7 * Math.log(sum), 12);
        }
        expect(moved).toBe(Math.max(...soft.map((v, s) => Math.abs(v - V[s]))));
      }),
      { seed: 9, numRuns: 100 },
    );
  });
});
