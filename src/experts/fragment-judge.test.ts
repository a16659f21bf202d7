import { describe, expect, it } from "vitest";
import type { FragmentComparison, Trajectory } from "../mdp/index.ts";
import { fragmentJudge } from "./fragment-judge.ts";

const fragment = (...rewards: number[]): Trajectory => ({
  observations: new Float32Array(rewards.length + 1),
  actions: new Int32Array(rewards.length),
  rewards: Float64Array.from(rewards),
  terminated: false,
});

const asked = (n: number, first: Trajectory, second: Trajectory): FragmentComparison[] =>
  Array.from({ length: n }, (_, number) => ({ number, first, second }));

/** Whether a share of n draws is what a chance p leads to, within 99.9 %. */
const likely = (share: number, p: number, n: number) => Math.abs(share - p) < 3.3 * Math.sqrt((p * (1 - p)) / n);

const shareOfFirst = async (options: Parameters<typeof fragmentJudge>[0], first: Trajectory, second: Trajectory, n = 2000) => {
  const choices = await fragmentJudge(options).compare(asked(n, first, second));
  return choices.filter((choice) => choice === 1).length / n;
};

describe("the synthetic expert of fragments", () => {
  it("prefers the larger return, and says that equal ones are as good", async () => {
    const [low, high] = [fragment(0, 1), fragment(1, 1)];
    const judge = fragmentJudge();
    expect(await judge.compare([...asked(1, high, low), ...asked(1, low, high), ...asked(1, low, low)])).toEqual([1, 0, 0.5]);
    expect(await fragmentJudge({ tie: 1 }).compare(asked(1, high, low))).toEqual([0.5]);
  });

  it("counts what comes later less, if it discounts", async () => {
    const [soon, late] = [fragment(1, 0), fragment(0, 1.5)];
    expect(await fragmentJudge().compare(asked(1, soon, late))).toEqual([0]);
    expect(await fragmentJudge({ discount: 0.5 }).compare(asked(1, soon, late))).toEqual([1]);
  });

  it("with a temperature prefers as Bradley and Terry say, with errors the wrong way round as often as told", async () => {
    const [one, two] = [fragment(1), fragment(0)];
    expect(likely(await shareOfFirst({ temperature: 0.5 }, one, two), 1 / (1 + Math.exp(-2)), 2000)).toBe(true);
    expect(likely(await shareOfFirst({ error: 0.1 }, one, two), 0.9, 2000)).toBe(true);
    const both = 0.8 * (1 / (1 + Math.exp(-2))) + 0.2 * (1 - 1 / (1 + Math.exp(-2)));
    expect(likely(await shareOfFirst({ temperature: 0.5, error: 0.2 }, one, two), both, 2000)).toBe(true);
  });

  it("answers a question alike, whenever and beside whichever others it is asked", async () => {
    const questions = asked(50, fragment(1), fragment(0));
    const judge = fragmentJudge({ temperature: 1, seed: 3 });
    const together = await judge.compare(questions);
    const apart = [...questions].reverse().flatMap((question) => judge.compare([question]) as readonly number[]);
    expect(apart.reverse()).toEqual(together);
    expect(await fragmentJudge({ temperature: 1, seed: 4 }).compare(questions)).not.toEqual(together);
  });

  it("refuses what is no chance", () => {
    expect(() => fragmentJudge({ error: 1.5 })).toThrow("error is 1.5, expected a number from 0 to 1; correct the expert");
    expect(() => fragmentJudge({ temperature: -1 })).toThrow("temperature is -1, expected a number from 0; correct the expert");
  });
});
