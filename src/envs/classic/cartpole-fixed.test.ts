import { describe, expect, it } from "vitest";
import { episodeReturns, rollout } from "../../data/index.ts";
import { balancer } from "../../experts/index.ts";
import type { Actions, Observations } from "../../mdp/index.ts";
import { cartPole } from "./cartpole.ts";
import { cartPoleFixed } from "./cartpole-fixed.ts";

const pushRight = { label: (o: Observations): Actions => new Int32Array(o.length / 4).fill(1) };

describe("CartPole of a fixed length", () => {
  it("lasts 500 steps whatever is done, and pays for those with the pole upright on the track", async () => {
    const fixed = await episodeReturns(cartPoleFixed(), pushRight, { episodes: 20, seed: 1 });
    const ending = await episodeReturns(cartPole(), pushRight, { episodes: 20, seed: 1 });
    expect(new Set(fixed.lengths)).toEqual(new Set([500]));
    expect([...fixed.terminated]).toEqual(new Array(20).fill(0));
    // CartPole-v1 also pays for the step by which the pole falls; an angle that swings by the top pays again, a cart off the track doesn't.
    fixed.returns.forEach((value, i) => {
      expect(value).toBeGreaterThanOrEqual(ending.returns[i] - 1);
      expect(value).toBeLessThan(60);
    });
    const { returns } = await episodeReturns(cartPoleFixed(), balancer(), { episodes: 20, seed: 1 });
    expect([...returns]).toEqual(new Array(20).fill(500));
  });

  it("is CartPole-v1 as long as the pole is up", async () => {
    const fixed = await rollout(cartPoleFixed(), pushRight, { episodes: 1, seed: 3 });
    const ending = await rollout(cartPole(), pushRight, { episodes: 1, seed: 3 });
    expect([...fixed.observations.subarray(0, ending.observations.length)]).toEqual([...ending.observations]);
  });

  it("keeps the angle from -π to π while the pole goes round", async () => {
    const { observations } = await rollout(cartPoleFixed(), pushRight, { episodes: 2, seed: 4 });
    let turns = 0;
    for (let k = 2; k < observations.length; k += 4) {
      expect(Math.abs(observations[k])).toBeLessThanOrEqual(Math.fround(Math.PI));
      if (k >= 6 && Math.abs(observations[k] - observations[k - 4]) > Math.PI) turns++;
    }
    expect(turns).toBeGreaterThan(0);
  });
});
