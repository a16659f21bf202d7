import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng } from "../../autodiff/index.ts";
import { gae } from "./gae.ts";

const reference = JSON.parse(readFileSync(new URL("../../../test/data/solvers/ppo.json", import.meta.url), "utf8")).gae as {
  n: number;
  gamma: number;
  lambda: number;
  rewards: number[];
  values: number[];
  nextValues: number[];
  terminated: number[];
  truncated: number[];
  advantages: number[];
  returns: number[];
}[];

/** T random steps of n copies, with episodes that end and that are cut. */
function randomSteps(seed: number, T: number, n: number) {
  const random = rng(seed);
  const draws = () => Float64Array.from({ length: T * n }, () => random.normal());
  const flags = (p: number) => Uint8Array.from({ length: T * n }, () => (random.float() < p ? 1 : 0));
  const [values, terminated, truncated] = [draws(), flags(0.1), flags(0.1)];
  // Inside of an episode the next value is the next row's; where it ends it is that of an observation no row has.
  const nextValues = draws().map((value, k) => ((terminated[k] | truncated[k]) === 1 ? value : (values[k + n] ?? value)));
  return { rewards: draws(), values, nextValues, terminated, truncated };
}

describe("generalised advantage estimation", () => {
  it.each(reference.map((each) => [`γ = ${each.gamma}, λ = ${each.lambda}, ${each.n} copies`, each] as const))(
    "equals the written-out sums of NumPy to 1e-6: %s",
    (_, { n, gamma, lambda, terminated, truncated, advantages, returns, ...rest }) => {
      const flags = { terminated: Uint8Array.from(terminated), truncated: Uint8Array.from(truncated) };
      const found = gae({ ...rest, ...flags }, n, gamma, lambda);
      for (let k = 0; k < advantages.length; k++) {
        expect(Math.abs(found.advantages[k] - advantages[k])).toBeLessThan(1e-6);
        expect(Math.abs(found.returns[k] - returns[k])).toBeLessThan(1e-6);
      }
    },
  );

  it("an episode that is cut is bootstrapped from the value of its last observation, one that ends is not, one that does both is not", () => {
    const one = (terminated: number, truncated: number) =>
      gae(
        {
          rewards: [1],
          values: [2],
          nextValues: [10],
          terminated: Uint8Array.of(terminated),
          truncated: Uint8Array.of(truncated),
        },
        1,
        0.9,
        0.95,
      ).advantages[0];
    expect(one(0, 1)).toBeCloseTo(1 + 0.9 * 10 - 2, 12);
    expect(one(1, 0)).toBeCloseTo(1 - 2, 12);
    expect(one(1, 1)).toBeCloseTo(1 - 2, 12);
    expect(one(0, 0)).toBeCloseTo(1 + 0.9 * 10 - 2, 12); // the rollout's last row
  });

  it("with λ = 1 the return is the discounted sum of rewards up to the episode's end, plus the discounted value there", () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 3 }), (seed, T, n) => {
        const steps = randomSteps(seed, T, n);
        const { returns } = gae(steps, n, 0.9, 1);
        for (let k = 0; k < T * n; k++) {
          let sum = 0;
          for (let l = k, discount = 1; ; l += n, discount *= 0.9) {
            sum += discount * steps.rewards[l];
            const done = steps.terminated[l] === 1 || steps.truncated[l] === 1 || l + n >= T * n;
            if (done && steps.terminated[l] === 0) sum += discount * 0.9 * steps.nextValues[l];
            if (done) break;
          }
          expect(returns[k]).toBeCloseTo(sum, 9);
        }
      }),
    );
  });

  it("what one copy gets doesn't depend on the copies beside it", () => {
    const steps = randomSteps(5, 20, 3);
    const both = gae(steps, 3, 0.97, 0.9).advantages;
    const column = <A extends Float64Array | Uint8Array>(all: A) => all.filter((_, k) => k % 3 === 1) as A;
    const alone = gae(
      {
        rewards: column(steps.rewards),
        values: column(steps.values),
        nextValues: column(steps.nextValues),
        terminated: column(steps.terminated),
        truncated: column(steps.truncated),
      },
      1,
      0.97,
      0.9,
    ).advantages;
    expect(alone).toEqual(column(both));
  });

  it("columns of different lengths, or not a whole number of rows, are refused", () => {
    const steps = randomSteps(1, 4, 2);
    expect(() => gae({ ...steps, values: new Float64Array(7) }, 2, 0.9, 0.9)).toThrow(/T x 2 entries each, found 8, 7, 8, 8, 8/);
    expect(() => gae(steps, 3, 0.9, 0.9)).toThrow(/T x 3/);
  });
});
