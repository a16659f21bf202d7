import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { box, discrete } from "../mdp/space.ts";
import { type Dataset, fromTrajectories, toTrajectories } from "./dataset.ts";
import { allPairs, moments, pairCount, pairReader, pairs, subsample } from "./pairs.ts";

fc.configureGlobal({ seed: 20 });

/** Trajectory i, step t has the observation (i, t) and the action i + 10 t (mod 50). */
function placed(Ts: readonly number[]): Dataset {
  const taus = Ts.map((T, i) => ({
    observations: Float32Array.from({ length: 2 * (T + 1) }, (_, k) => (k % 2 ? k >> 1 : i)),
    actions: Int32Array.from({ length: T }, (_, t) => (i + 10 * t) % 50),
    rewards: new Float64Array(T),
    terminated: true,
  }));
  return fromTrajectories(box([2]), discrete(50), taus);
}

const Ts = fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 200 })), { minLength: 1, maxLength: 30 });

describe("pairs", () => {
  it("of a data set are its actions beside the states they were taken in, last observations left out", () => {
    fc.assert(
      fc.property(Ts, (lengthsT) => {
        const data = placed(lengthsT);
        const { s, a } = allPairs(data);
        const taus = toTrajectories(data);
        expect(Array.from(s)).toEqual(taus.flatMap((tau) => Array.from(tau.observations.subarray(0, -2))));
        expect(Array.from(a)).toEqual(taus.flatMap((tau) => Array.from(tau.actions)));
      }),
    );
  });

  it("are found by number wherever their trajectory begins", () => {
    fc.assert(
      fc.property(Ts, fc.infiniteStream(fc.nat()), (lengthsT, numbers) => {
        const data = placed(lengthsT);
        const reader = pairReader(data);
        const which = Uint32Array.from({ length: 20 }, () => numbers.next().value % reader.N);
        const s = new Float32Array(40);
        const a = new Int32Array(20);
        reader.read(which, 0, 20, s, a, 0);
        const all = allPairs(data);
        which.forEach((pair, k) => {
          expect([s[2 * k], s[2 * k + 1], a[k]]).toEqual([all.s[2 * pair], all.s[2 * pair + 1], all.a[pair]]);
        });
      }),
    );
  });

  it("subsampled are every k-th of each trajectory, from one offset", () => {
    fc.assert(
      fc.property(Ts, fc.integer({ min: 1, max: 30 }), fc.option(fc.nat(), { nil: undefined }), (lengthsT, every, seed) => {
        const { s } = allPairs(subsample(placed(lengthsT), seed === undefined ? { every } : { every, seed }));
        lengthsT.forEach((T, i) => {
          const taken = Array.from({ length: s.length / 2 }, (_, k) => [s[2 * k], s[2 * k + 1]]).filter(([tau]) => tau === i);
          const first = taken[0][1];
          expect(first).toBeLessThan(seed === undefined ? 1 : Math.min(every, T));
          const expected = [];
          for (let t = first; t < T; t += every) expected.push([i, t]);
          expect(taken).toEqual(expected);
        });
      }),
    );
  });

  it("subsampled begin at offsets that are spread evenly", () => {
    const { s } = allPairs(subsample(placed(new Array(1000).fill(20)), { every: 20, seed: 5 }));
    const at = new Array(20).fill(0);
    for (let k = 0; k < 1000; k++) at[s[2 * k + 1]]++;
    const chiSquared = at.reduce((sum, n) => sum + (n - 50) ** 2 / 50, 0);
    expect(chiSquared).toBeLessThan(36.2); // the 99 % quantile with 19 degrees of freedom
  });

  it("of states and their labels need no trajectory", () => {
    const labelled = pairs(box([2]), discrete(3), Float32Array.of(1, 2, 3, 4), [2, 0]);
    expect(pairCount(labelled)).toBe(2);
    expect(allPairs(labelled)).toEqual({ s: Float32Array.of(1, 2, 3, 4), a: Int32Array.of(2, 0) });
    expect(() => pairs(box([2]), discrete(3), Float32Array.of(1, 2), [2, 0])).toThrow("found 1 and 2");
  });

  it("have the mean and the deviation of the states acted in", () => {
    const data = placed([3, 1]); // states (0,0) (0,1) (0,2) (1,0)
    const { mean, std } = moments(data);
    expect(mean[0]).toBeCloseTo(0.25, 12);
    expect(mean[1]).toBeCloseTo(0.75, 12);
    expect(std[0]).toBeCloseTo(Math.sqrt(3 / 16), 12);
    expect(std[1]).toBeCloseTo(Math.sqrt((0.75 ** 2 * 2 + 0.25 ** 2 + 1.25 ** 2) / 4), 12);
    const constant = moments(placed(new Array(3000).fill(1)));
    expect(constant.std[1]).toBe(0);
    expect(constant.mean[0]).toBeCloseTo(1499.5, 9);
  });
});
