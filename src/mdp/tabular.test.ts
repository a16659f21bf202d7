import { describe, expect, it } from "vitest";
import {
  available,
  denseTransitions,
  effectiveHorizon,
  type TabularParts,
  tabularMdp,
  withObjective,
  withRewardTable,
} from "./tabular.ts";

/** Two states, two actions: 0 stays, 1 goes to the other state with probability 0.9. */
const parts: TabularParts = {
  S: 2,
  A: 2,
  P: [1, 0, 0.1, 0.9, 0, 1, 0.9, 0.1],
  r: { sa: [0, 1, 2, 3] },
  rho: [0.25, 0.75],
  H: 3,
};

describe("a tabular decision process", () => {
  it("is the same whether its transitions are given dense or in compressed rows", () => {
    const dense = tabularMdp(parts);
    const sparse = tabularMdp({
      ...parts,
      P: {
        rows: Int32Array.of(0, 1, 3, 4, 6),
        next: Int32Array.of(0, 0, 1, 1, 0, 1),
        p: Float64Array.of(1, 0.1, 0.9, 1, 0.9, 0.1),
      },
    });
    expect(sparse).toEqual(dense);
    expect([...denseTransitions(dense)]).toEqual(parts.P);
  });

  it("expects r(s, a) = sum P(s'|s,a) r(s,a,s') of a reward for where the step leads", () => {
    const { r, rNext } = tabularMdp({ ...parts, r: { sas: [1, 99, 10, 20, 99, 4, 30, 50] } });
    expect([...r]).toEqual([1, 0.1 * 10 + 0.9 * 20, 4, 0.9 * 30 + 0.1 * 50]);
    expect([...rNext!]).toEqual([1, 10, 20, 4, 30, 50]);
  });

  it("earns r(s) whatever is done in s", () => {
    expect([...tabularMdp({ ...parts, r: { s: [5, -1] } }).r]).toEqual([5, 5, -1, -1]);
  });

  it("stays in a terminal state for ever, without reward, though its rows are left empty", () => {
    const P = [1, 0, 0.1, 0.9, 0, 0, 0, 0];
    const mdp = tabularMdp({ ...parts, P, r: { sas: [0, 0, 7, 8, 0, 0, 0, 0] }, terminal: [1] });
    expect([...denseTransitions(mdp)]).toEqual([1, 0, 0.1, 0.9, 0, 1, 0, 1]);
    expect([...mdp.r]).toEqual([0, 0.1 * 7 + 0.9 * 8, 0, 0]);
    const sparse = tabularMdp({
      ...parts,
      P: { rows: Int32Array.of(0, 1, 3, 3, 3), next: Int32Array.of(0, 0, 1), p: Float64Array.of(1, 0.1, 0.9) },
      r: { sas: [0, 7, 8] },
      terminal: [1],
    });
    expect(sparse).toEqual(mdp);
  });

  it("reads an empty row as an action that is not available, where that is allowed", () => {
    const mdp = tabularMdp({ ...parts, P: [1, 0, 0, 0, 0, 1, 0.9, 0.1], allowUnavailable: true });
    expect(mdp.r[1]).toBe(-Infinity);
    expect([0, 1].map((a) => available(mdp, 0, a))).toEqual([true, false]);
  });

  it("takes another reward, and earns nothing of it in terminal states", () => {
    const mdp = tabularMdp({ ...parts, P: [1, 0, 0.1, 0.9, 0, 0, 0, 0], r: { sa: [0, 0, 0, 0] }, terminal: [1] });
    expect([...withRewardTable(mdp, { s: [3, 4] }).r]).toEqual([3, 3, 0, 0]);
    expect(withRewardTable(mdp, { s: [3, 4] }).P).toBe(mdp.P);
    expect([...withRewardTable(mdp, { sas: [1, 2, 3, 4, 5] }).r]).toEqual([1, 0.1 * 2 + 0.9 * 3, 0, 0]);
  });

  it("counts an effective horizon of sum gamma^(h-1)", () => {
    expect(effectiveHorizon({ H: 7, gamma: 1 })).toBe(7);
    expect(effectiveHorizon({ H: Infinity, gamma: 0.9 })).toBeCloseTo(10, 12);
    expect(effectiveHorizon({ H: 3, gamma: 0.5 })).toBeCloseTo(1.75, 14);
    expect(effectiveHorizon({ H: 10, gamma: 1 - 1e-12 })).toBeCloseTo(10, 9);
    expect([3, Infinity].map((H) => effectiveHorizon({ H, gamma: 0 }))).toEqual([1, 1]);
    expect(withObjective(tabularMdp(parts), { gamma: 0.5 })).toMatchObject({ H: Infinity, gamma: 0.5 });
  });
});

describe("a tabular decision process that is wrong", () => {
  const refused: [string, Partial<TabularParts>, RegExp][] = [
    [
      "a row that doesn't sum to 1",
      { P: [1, 0, 0.1, 0.8, 0, 1, 0.9, 0.1] },
      /P\(\. \| s=0, a=1\) sums to 0\.9\d*, expected 1: divide the row/,
    ],
    [
      "a negative probability",
      { P: [1, 0, 0.1, 0.9, -0.5, 1.5, 0.9, 0.1] },
      /P\(s'=0 \| s=1, a=0\) is -0\.5, expected a probability/,
    ],
    ["a probability that is not a number", { P: [1, 0, Number.NaN, 0.9, 0, 1, 0.9, 0.1] }, /P\(s'=0 \| s=0, a=1\) is NaN/],
    ["a table of another size", { P: [1, 0, 0, 1] }, /P has 4 numbers, expected S \* A \* S = 8/],
    ["an empty row", { P: [1, 0, 0, 0, 0, 1, 0.9, 0.1] }, /s=0, a=1\) sums to 0, expected 1: .*allowUnavailable/],
    [
      "a state with no action",
      { P: [0, 0, 0, 0, 0, 1, 0.9, 0.1], allowUnavailable: true },
      /state 0 has no available action.*terminal/,
    ],
    ["rho of the wrong length", { rho: [1] }, /rho has 1 entries, expected one for each of the 2 states/],
    ["rho of another sum", { rho: [0.5, 0.4] }, /rho sums to 0\.9, expected 1/],
    ["a negative rho", { rho: [1.5, -0.5] }, /rho\(s=1\) is -0\.5/],
    ["a start outside", { rho: 2 }, /rho names state 2, expected 0 to 1/],
    ["horizon 0", { H: 0 }, /H is 0, expected a whole number of steps from 1 on/],
    ["a horizon of half a step", { H: 2.5 }, /H is 2\.5/],
    ["gamma above 1", { gamma: 1.01 }, /gamma is 1\.01, expected 0 to 1/],
    ["neither horizon nor discount", { H: undefined }, /neither a horizon nor a discount.*give H .* or gamma < 1/],
    ["no states", { S: 0 }, /S is 0, expected a whole number from 1 on/],
    ["rewards of the wrong shape", { r: { sa: [1, 2, 3] } }, /r\.sa has 3 numbers, expected 4 \[S, A\]/],
    ["an infinite reward", { r: { s: [0, Infinity] } }, /the reward of s=1, a=0 is Infinity, expected a finite number/],
    ["a terminal state that doesn't exist", { terminal: [5] }, /terminal names state 5, expected 0 to 1/],
    ["a terminal state that is left", { terminal: [1] }, /terminal state 1 leads to state 0 by action 1: leave its rows empty/],
    [
      "a terminal state with a reward",
      { terminal: [1], P: [1, 0, 0.1, 0.9, 0, 0, 0, 0] },
      /terminal state 1 has reward 2, expected 0: give it on the steps/,
    ],
    [
      "compressed rows that lead outside",
      { P: { rows: Int32Array.of(0, 1, 2, 3, 4), next: Int32Array.of(0, 1, 2, 1), p: Float64Array.of(1, 1, 1, 1) } },
      /P\(\. \| s=1, a=0\) leads to state 2, expected 0 to 1/,
    ],
    [
      "compressed rows with too few starts",
      { P: { rows: Int32Array.of(0, 1), next: Int32Array.of(0), p: Float64Array.of(1) } },
      /P\.rows has 2 entries, expected S \* A \+ 1 = 5/,
    ],
    [
      "compressed rows that fall",
      { P: { rows: Int32Array.of(0, 2, 1, 3, 4), next: Int32Array.of(0, 1, 0, 1), p: Float64Array.of(1, 1, 1, 1) } },
      /P\.rows falls from 2 to 1 at s=0, a=1/,
    ],
    [
      "compressed rows that end early",
      { P: { rows: Int32Array.of(0, 1, 2, 3, 3), next: Int32Array.of(0, 1, 0, 1), p: Float64Array.of(1, 1, 1, 1) } },
      /P\.rows runs from 0 to 3 over 4 states and 4 probabilities/,
    ],
  ];
  for (const [what, wrong, message] of refused) {
    it(`is refused where it is built, with the value and the way out: ${what}`, () => {
      expect(() => tabularMdp({ ...parts, ...wrong })).toThrow(message);
    });
  }
});
