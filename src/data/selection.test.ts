import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { box, discrete } from "../mdp/space.ts";
import { count, type Dataset, dataset, fromTrajectories, lengths, toTrajectories } from "./dataset.ts";
import { concat, select, split, take } from "./selection.ts";

fc.configureGlobal({ seed: 20 });

/** n trajectories of the given lengths; every number of trajectory i is first + i. */
function numbered(Ts: readonly number[], first = 0, metadata = {}): Dataset {
  const taus = Ts.map((T, i) => ({
    observations: new Float32Array(T + 1).fill(first + i),
    actions: new Int32Array(T).fill(i % 2),
    rewards: new Float64Array(T).fill(first + i),
    terminated: i % 2 === 0,
  }));
  return fromTrajectories(box([1]), discrete(2), taus, metadata);
}

const Ts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 2, maxLength: 12 });

describe("selections of trajectories", () => {
  it("taking the first n is a view with the same trajectories", () => {
    fc.assert(
      fc.property(Ts, fc.nat(), (lengthsT, k) => {
        const n = 1 + (k % lengthsT.length);
        const data = numbered(lengthsT);
        const first = take(data, n);
        expect(first.observations.buffer).toBe(data.observations.buffer);
        expect(toTrajectories(dataset(first))).toEqual(toTrajectories(data).slice(0, n));
      }),
    );
    expect(() => take(numbered([1, 1]), 3)).toThrow("take(n) takes 1 to 2 trajectories of this data set, found 3");
  });

  it("joining data sets joins their trajectories, and keeps the metadata that they share", () => {
    fc.assert(
      fc.property(Ts, Ts, (a, b) => {
        const [x, y] = [numbered(a, 0, { env: "E", seed: 1 }), numbered(b, 100, { env: "E", seed: 2 })];
        const both = dataset(concat(x, y));
        expect(toTrajectories(both)).toEqual([...toTrajectories(x), ...toTrajectories(y)]);
        expect(both.metadata).toEqual({ env: "E" });
      }),
    );
  });

  it("joining refuses other spaces", () => {
    const other = { ...numbered([1]), observationSpace: box([1], 0, 1) };
    expect(() => concat(numbered([1]), other)).toThrow(
      "data set 1 has observations box[1] with other bounds, data set 0 has box[1]",
    );
  });

  it("a split puts every trajectory on exactly one side, whole", () => {
    fc.assert(
      fc.property(Ts, fc.double({ min: 0.01, max: 0.99 }), fc.nat(), (lengthsT, validation, seed) => {
        const data = numbered(lengthsT);
        const halves = split(data, { validation, seed });
        const back = [halves.train, halves.validation].flatMap((half) => toTrajectories(dataset(half)));
        const byNumber = back.sort((a, b) => a.rewards[0] - b.rewards[0]);
        expect(byNumber).toEqual(toTrajectories(data));
      }),
    );
  });

  it("a split is fixed by its seed, and sets the fraction aside", () => {
    const data = numbered(Array.from({ length: 50 }, (_, i) => 1 + (i % 4)));
    const numbers = (seed: number) => Array.from(split(data, { validation: 0.2, seed }).validation.rewards);
    expect(count(split(data, { validation: 0.2, seed: 3 }).validation)).toBe(10);
    expect(numbers(3)).toEqual(numbers(3));
    expect(numbers(3)).not.toEqual(numbers(4));
    expect(() => split(numbered([5]), { validation: 0.2, seed: 0 })).toThrow("at least 2 trajectories, found 1");
  });

  it("selecting may repeat and reorder", () => {
    const data = numbered([1, 2, 3]);
    expect(Array.from(lengths(dataset(select(data, [2, 0, 2]))))).toEqual([3, 1, 3]);
    expect(() => select(data, [3])).toThrow("trajectory 3 does not exist");
    expect(() => select(data, [])).toThrow("at least one trajectory, found none");
  });
});
