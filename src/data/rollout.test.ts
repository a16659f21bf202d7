import { describe, expect, it } from "vitest";
import { cartPole } from "../envs/classic/cartpole.ts";
import { pendulum } from "../envs/classic/pendulum.ts";
import { defineEnv } from "../envs/define.ts";
import type { Expert } from "../mdp/expert.ts";
import type { ActOptions, Policy } from "../mdp/policy.ts";
import { box, discrete } from "../mdp/space.ts";
import { count, dataset, lengths, returns, trajectoryAt } from "./dataset.ts";
import { allPairs } from "./pairs.ts";
import { episodeReturns, rollout } from "./rollout.ts";
import { visit } from "./visit.ts";

/** Episodes whose length T is fixed by their first state: 1 or 40, with equal probability; the return is T. */
const shortOrLong = defineEnv({
  id: "ShortOrLong-v0",
  observation: box([2]),
  action: discrete(2),
  maxSteps: 50,
  reset: (rng) => ({ T: rng.integer(2) ? 40 : 1, t: 0 }),
  step: ({ T, t }) => ({ state: { T, t: t + 1 }, reward: 1, terminated: t + 1 >= T }),
  observe: ({ T, t }) => [T, t],
});

const generatorOf = ({ rng }: ActOptions, row: number) => {
  const given = Array.isArray(rng) ? rng[row] : rng;
  if (!given) throw new Error("no generator");
  return given;
};

/** A policy that draws: each row from its own generator. */
const coin: Policy = {
  observation: cartPole().observation,
  action: cartPole().action,
  act: (observations, options = {}) =>
    Int32Array.from({ length: observations.length / 4 }, (_, i) =>
      options.deterministic ? 0 : generatorOf(options, i).integer(2),
    ),
};

const swing: Expert = {
  label: async (s) => Float64Array.from({ length: s.length / 3 }, (_, i) => 3 * s[3 * i + 1] - s[3 * i + 2]),
};
const still: Expert = { label: (s) => new Int32Array(s.length / 2) };

describe("a rollout", () => {
  it("has exactly the episodes asked for, sound and with their origin", async () => {
    const data = await rollout(cartPole(), coin, { episodes: 9, seed: 1, copies: 4, expert: "coin" });
    expect(count(dataset(data))).toBe(9);
    expect(data.metadata).toEqual({ env: "CartPole-v1", expert: "coin", seed: 1, autoreset: "disabled" });
    expect(Array.from(data.terminated)).toEqual(new Array(9).fill(1));
  });

  it("does not depend on the number of copies: a policy that draws", async () => {
    const alone = await rollout(cartPole(), coin, { episodes: 13, seed: 7, copies: 1 });
    for (const copies of [2, 5, 13, 64]) {
      expect(await rollout(cartPole(), coin, { episodes: 13, seed: 7, copies })).toEqual(alone);
    }
    expect((await rollout(cartPole(), coin, { episodes: 13, seed: 8 })).actions).not.toEqual(alone.actions);
  });

  it("does not depend on the number of copies: an expert that takes its time", async () => {
    const alone = await rollout(pendulum(), swing, { episodes: 5, seed: 2, copies: 1 });
    for (const copies of [2, 5]) expect(await rollout(pendulum(), swing, { episodes: 5, seed: 2, copies })).toEqual(alone);
    expect(Array.from(lengths(alone))).toEqual(new Array(5).fill(200));
    expect(Array.from(alone.terminated)).toEqual(new Array(5).fill(0));
  });

  it("begins with the same episodes however many follow", async () => {
    const few = await rollout(cartPole(), coin, { episodes: 3, seed: 5 });
    const many = await rollout(cartPole(), coin, { episodes: 8, seed: 5 });
    for (let e = 0; e < 3; e++) expect(trajectoryAt(many, e)).toEqual(trajectoryAt(few, e));
  });

  it("is not biased towards short episodes", async () => {
    // Keeping the first 1000 of 64 copies to finish would give a mean length near 3; the true one is 20.5.
    const { lengths, returns, terminated } = await episodeReturns(shortOrLong, still, { episodes: 1000, seed: 3 });
    const long = lengths.filter((T) => T === 40).length;
    expect(lengths.filter((T) => T === 1).length + long).toBe(1000);
    expect(Math.abs(long - 500)).toBeLessThan(3 * Math.sqrt(250));
    expect(Array.from(returns)).toEqual(Array.from(lengths));
    expect(terminated.every((flag) => flag === 1)).toBe(true);
  });

  it("records the state an action was taken in, and the last one", async () => {
    const data = await rollout(shortOrLong, still, { episodes: 6, seed: 0, copies: 2 });
    for (let e = 0; e < 6; e++) {
      const tau = trajectoryAt(data, e);
      const T = tau.rewards.length;
      const expected = Array.from({ length: T + 1 }, (_, t) => [T, t]).flat();
      expect(Array.from(tau.observations)).toEqual(expected);
    }
  });

  it("has the returns that are counted without recording", async () => {
    const options = { episodes: 11, seed: 4, copies: 3 };
    const data = await rollout(pendulum(), swing, options);
    const light = await episodeReturns(pendulum(), swing, options);
    expect(light.lengths).toEqual(lengths(data));
    returns(data).forEach((total, e) => {
      expect(light.returns[e]).toBeCloseTo(total, 9);
    });
  });

  it("keeps real actions as they were executed: clipped and in single precision", async () => {
    const data = await rollout(pendulum(), { label: () => Float64Array.of(7.3) }, { episodes: 1, seed: 0 });
    expect(new Set(data.actions)).toEqual(new Set([2]));
  });

  it("asks for the most likely action on request", async () => {
    const data = await rollout(cartPole(), coin, { episodes: 2, seed: 0, deterministic: true });
    expect(new Set(data.actions)).toEqual(new Set([0]));
  });

  it("cuts episodes sooner on request, and says that they were cut", async () => {
    const data = await rollout(shortOrLong, still, { episodes: 8, seed: 0, copies: 3, maxSteps: 5 });
    expect(new Set(lengths(data))).toEqual(new Set([1, 5]));
    expect(Array.from(data.terminated)).toEqual(Array.from(lengths(data), (T) => (T === 1 ? 1 : 0)));
  });

  it("tells how far it is", async () => {
    const told: number[][] = [];
    await rollout(shortOrLong, still, {
      episodes: 3,
      seed: 1,
      onProgress: ({ episodes, of, steps }) => told.push([episodes, of ?? -1, steps]),
    });
    expect(told.map(([episodes]) => episodes)).toEqual([1, 2, 3]);
    expect(told[2][1]).toBe(3);
  });

  it("names the episode and the step of a wrong answer", async () => {
    const asked = (answer: () => Int32Array | Float32Array, env = cartPole()) =>
      rollout(env, { label: answer }, { episodes: 2, seed: 0, copies: 1 });
    let calls = 0;
    await expect(asked(() => Int32Array.of(calls++ === 3 ? 2 : 1))).rejects.toThrow(
      "episode 0, step 3: the actor's action does not fit discrete(2) of CartPole-v1: choice is 2, expected a whole number from 0 to 1",
    );
    await expect(asked(() => new Int32Array(2))).rejects.toThrow("the actor gave 2 numbers for 1 observations, expected 1");
    await expect(asked(() => Float32Array.of(Number.NaN), pendulum())).rejects.toThrow("entry 0 is NaN");
    await expect(rollout(cartPole(), coin, { episodes: 0, seed: 0 })).rejects.toThrow(
      "episodes is a positive whole number, found 0",
    );
    const endless = { ...cartPole(), maxSteps: Infinity };
    await expect(rollout(endless, coin, { episodes: 1, seed: 0 })).rejects.toThrow(
      "CartPole-v1 has no limit of steps; give maxSteps",
    );
  });
});

describe("what goes wrong while episodes are played", () => {
  /** A world whose copy meets trouble in step 3 of its second episode. */
  const troubled = (trouble: (t: number) => number) => {
    let episode = -1;
    return defineEnv({
      id: "Troubled-v0",
      observation: box([2]),
      action: discrete(2),
      maxSteps: 5,
      reset: () => ({ e: ++episode, t: 0 }),
      step: ({ e, t }) => ({ state: { e, t: t + 1 }, reward: e === 1 && t === 3 ? trouble(t) : 0, terminated: false }),
      observe: ({ t }) => [t, 0],
    });
  };

  it("in the world names the episode and the step", async () => {
    const played = (trouble: (t: number) => number) => rollout(troubled(trouble), still, { episodes: 3, seed: 0, copies: 1 });
    await expect(played(() => Number.NaN)).rejects.toThrow("episode 1, step 3: Troubled-v0: step gave reward NaN");
    const cause = new Error("bug in my game");
    const bug = () => {
      throw cause;
    };
    await expect(played(bug)).rejects.toThrow("episode 1, step 3: Troubled-v0: step threw: bug in my game");
    await expect(played(bug)).rejects.toMatchObject({ name: "WorldError", copy: 0, cause });
    const unborn = defineEnv({
      ...{ id: "Unborn-v0", observation: box([1]), action: discrete(2), maxSteps: 5, observe: () => 0 },
      reset: (): number => bug(),
      step: () => ({ state: 0, reward: 0, terminated: false }),
    });
    await expect(rollout(unborn, still, { episodes: 3, seed: 0 })).rejects.toThrow(
      "episode 0: Unborn-v0: reset threw: bug in my",
    );
  });

  it("with an expert names the episode and the step that it was asked about first", async () => {
    let calls = 0;
    const asked = (label: Expert["label"]) => rollout(cartPole(), { label }, { episodes: 4, seed: 0 });
    const gone = async (s: Float32Array) => {
      if (calls++ === 2) throw new Error("gone");
      return new Int32Array(s.length / 4);
    };
    await expect(asked(gone)).rejects.toThrow("episode 0, step 2: asked about 4 observations: the expert failed: gone");
    await expect(asked(() => undefined as never)).rejects.toThrow(
      "episode 0, step 0: the actor gave no numbers for 4 observations, expected 4 (discrete(2) each)",
    );
  });

  it("is foreseen where whoever acts is not of this world, or nobody", async () => {
    const by = (actor: unknown) => rollout(shortOrLong, actor as Expert, { episodes: 2, seed: 0 });
    await expect(by(coin)).rejects.toThrow(
      "the policy is for observations box[4] and actions discrete(2), ShortOrLong-v0 has box[2] and discrete(2); give a policy of",
    );
    await expect(by(still.label)).rejects.toThrow("is a policy (with act) or an expert (with label), found a function");
    await expect(by(Promise.resolve(still))).rejects.toThrow("found a Promise; await it");
    await expect(by(undefined)).rejects.toThrow("found undefined");
  });
});

describe("the states that a policy visits", () => {
  it("are the states of its episodes, one after the other", async () => {
    const { s } = allPairs(await rollout(cartPole(), coin, { episodes: 30, seed: 6 }));
    expect(await visit(cartPole(), coin, { n: 200, seed: 6 })).toEqual(s.subarray(0, 800));
  });

  it("do not depend on the number of copies", async () => {
    const alone = await visit(cartPole(), coin, { n: 100, seed: 1, copies: 1 });
    for (const copies of [2, 7, 40]) expect(await visit(cartPole(), coin, { n: 100, seed: 1, copies })).toEqual(alone);
  });

  it("weigh long episodes by their length", async () => {
    const s = await visit(shortOrLong, still, { n: 4000, seed: 9 });
    let long = 0;
    for (let k = 0; k < 4000; k++) if (s[2 * k] === 40) long++;
    expect(long / 4000).toBeGreaterThan(0.96); // 40 / 41 = 0.976
    expect(long / 4000).toBeLessThan(0.99);
  });
});
