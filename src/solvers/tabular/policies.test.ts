import { describe, expect, it } from "vitest";
import { tabularMdp } from "../../mdp/tabular.ts";
import { occupancy } from "./occupancy.ts";
import { greedy, greedyActions, mixture, oneHot, softmaxPolicy, uniformPolicy } from "./policies.ts";
import { policyEvaluation } from "./policy-evaluation.ts";

describe("policies", () => {
  it("greedy ones choose the best action, and the lowest where rounding decides", () => {
    const Q = Float64Array.of(1, 2, 3, 0.3, 0.1 + 0.2, 0.2, -Infinity, -5, -5, 1e9, 1e9 + 1, 1e9);
    expect([...greedyActions(3, Q)]).toEqual([2, 0, 1, 1]);
    expect([...greedy(3, Q)].slice(3, 6)).toEqual([1, 0, 0]);
  });

  it("of softmax kind have odds exp(difference / temperature)", () => {
    const pi = softmaxPolicy(3, Float64Array.of(1, 2, -Infinity), 0.5);
    expect(pi[1] / pi[0]).toBeCloseTo(Math.exp(2), 12);
    expect(pi[2]).toBe(0);
  });

  it("mix", () => {
    expect([...mixture(oneHot(2, [0, 1]), oneHot(2, [1, 1]), 0.25)]).toEqual([0.75, 0.25, 0, 1]);
    expect(() => mixture(oneHot(2, [0]), oneHot(2, [0, 1]), 0.5)).toThrow(/one length, found 2 and 4/);
    expect(() => mixture(oneHot(2, [0]), oneHot(2, [0]), 1.5)).toThrow(/weight is 1\.5/);
  });

  it("that are none are refused, with the place and the sum", () => {
    const mdp = tabularMdp({ S: 2, A: 2, P: [0, 1, 0, 0, 1, 0, 0, 1], r: { s: [0, 0] }, rho: 0, H: 3, allowUnavailable: true });
    expect([...uniformPolicy(mdp)]).toEqual([1, 0, 0.5, 0.5]);
    const timed = new Float64Array(12).map((_, i) => (i % 2 === 0 ? 1 : 0));
    expect(policyEvaluation(mdp, timed).V.length).toBe(8);
    timed[6] = 0.5;
    expect(() => policyEvaluation(mdp, timed)).toThrow(/pi\(\. \| s=1, h=2\) sums to 0\.5, expected 1/);
    expect(() => occupancy(mdp, Float64Array.of(0.5, 0.5, 1, 0))).toThrow(
      /pi\(a=1 \| s=0\) is 0\.5, but that action is not available/,
    );
    expect(() => occupancy(mdp, Float64Array.of(1, 0, 1.5, -0.5))).toThrow(/pi\(a=1 \| s=1\) is -0\.5, expected a probability/);
    expect(() => occupancy(mdp, Float64Array.of(1, 0))).toThrow(/has 2 probabilities, expected S \* A = 4 or H \* S \* A = 12/);
    expect(() => oneHot(2, [0, 2])).toThrow(/action of entry 1 is 2, expected 0 to 1/);
  });
});
