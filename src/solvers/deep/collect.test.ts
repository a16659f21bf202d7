import { describe, expect, it } from "vitest";
import { initialise, rng } from "../../autodiff/index.ts";
import { defineEnv, pendulum } from "../../envs/index.ts";
import { box, discrete, type Env } from "../../mdp/index.ts";
import { type MlpOptions, mlp, normaliser } from "../../policies/index.ts";
import { actorInto, collect, rolloutOf } from "./collect.ts";

/** A rollout of T steps of n copies with a policy as it is initialised, and the actions that the world was given. */
async function collected(
  env: Env,
  [T, n]: [number, number],
  { normal = false, ...options }: MlpOptions & { normal?: boolean } = {},
) {
  const policy = mlp(env, options);
  const world = env.vector(n, { autoreset: "same-step" });
  const given: number[] = [];
  const watched = {
    ...world,
    step: (actions: Parameters<typeof world.step>[0]) => {
      given.push(...actions);
      return world.step(actions);
    },
  };
  const rollout = rolloutOf(world, T, normal, true);
  const episodes = { returns: new Float64Array(n), lengths: new Float64Array(n) };
  const last = await collect(watched, world.reset(3), rollout, {
    actor: await actorInto(rollout, policy),
    theta: initialise(policy.params, rng(1)),
    random: rng(2),
    normal: normal ? normaliser({ mean: [10], std: [2] }) : undefined,
    episodes,
  });
  return { rollout, given, last, episodes };
}

/** Counts the steps of its episode, which is cut after three; every step earns what it shows. */
const counting = defineEnv({
  id: "Counting-v0",
  observation: box([1]),
  action: discrete(2),
  maxSteps: 3,
  reset: () => ({ k: 0 }),
  step: ({ k }) => ({ state: { k: k + 1 }, reward: k, terminated: false }),
  observe: ({ k }) => [k],
});

describe("a rollout", () => {
  it("keeps what was drawn, and gives the world what lies inside of its box", async () => {
    const { rollout, given } = await collected(pendulum(), [20, 4], { distribution: "gaussian", initialLogStd: 1 });
    expect(rollout.draws.filter((x) => Math.abs(x) > 2).length).toBeGreaterThan(20);
    rollout.draws.forEach((x, k) => {
      expect(given[k]).toBeCloseTo(Math.min(2, Math.max(-2, x)), 6);
    });
    expect(Array.from(rollout.asked!.a)).toEqual(given);
  });

  it("goes on in the next episode where one was cut, and keeps the observation that it was cut at", async () => {
    const { rollout, last, episodes } = await collected(counting, [5, 2]);
    const twice = (values: number[]) => values.flatMap((value) => [value, value]);
    expect(Array.from(rollout.raw)).toEqual(twice([0, 1, 2, 0, 1, 2]));
    expect(Array.from(rollout.asked!.next)).toEqual(twice([1, 2, 3, 1, 2]));
    expect(Array.from(rollout.truncated)).toEqual(twice([0, 0, 1, 0, 0]));
    expect(rollout.cuts).toEqual([4, 5]);
    expect(rollout.cutSeen).toEqual([3, 3]);
    expect(rollout.ended).toEqual({ returns: [3, 3], lengths: [3, 3] });
    expect(Array.from(last)).toEqual([2, 2]);
    expect(Array.from(episodes.returns)).toEqual([1, 1]); // of the episodes under way
    expect(Array.from(episodes.lengths)).toEqual([2, 2]);
  });

  it("shows the networks what is shifted and scaled, where an episode was cut too", async () => {
    const { rollout } = await collected(counting, [3, 1], { normal: true });
    expect(Array.from(rollout.seen)).toEqual([-5, -4.5, -4, -5]);
    expect(rollout.cutSeen).toEqual([-3.5]);
  });
});
