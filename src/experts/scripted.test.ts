import { describe, expect, it } from "vitest";
import { rng } from "../autodiff/random.ts";
import { makeEnv } from "../envs/registry.ts";
import type { Env } from "../mdp/env.ts";
import { misfit, sampleInto, size } from "../mdp/space.ts";
import { expertsFor, makeExpert, scriptedExperts } from "./registry.ts";
import type { Controller } from "./scripted.ts";

/** The returns of `n` episodes, one for each of n copies. */
function returns(env: Env, expert: Controller, n: number, seed: number): Float64Array {
  const copies = env.vector(n, { autoreset: "disabled" });
  const sums = new Float64Array(n);
  let observations = copies.reset(seed);
  for (let t = 0; t < env.maxSteps; t++) {
    const step = copies.step(expert.act(observations));
    observations = step.observations;
    for (let i = 0; i < n; i++) sums[i] += step.rewards[i];
  }
  return sums;
}

const mean = (values: Float64Array) => values.reduce((a, b) => a + b) / values.length;

// The mean over 1000 episodes with seed 1 as the docstrings state it, and what every episode must reach.
const stated: Record<string, { mean: number; digits: number; worst: number }> = {
  balancer: { mean: 500, digits: 6, worst: 500 },
  acrobat: { mean: -74.1, digits: 1, worst: -300 },
  climber: { mean: -100.7, digits: 1, worst: -108 },
  gentleClimber: { mean: 97.3, digits: 1, worst: 96 },
  swinger: { mean: -147.6, digits: 1, worst: -380 },
  driver: { mean: 600, digits: 6, worst: 600 },
};
const bar: Record<string, [number, number]> = {
  balancer: [500, 500],
  acrobat: [-85, 0],
  climber: [-105, 0],
  gentleClimber: [93, 100],
  swinger: [-200, -140],
  driver: [600, 600],
};

describe.each(Object.entries(scriptedExperts))("the expert %s", (name, { make, fits }) => {
  const env = makeEnv(fits[0]);
  const expert = make(env);

  it("has the return that its description states, over 1000 episodes", () => {
    const found = returns(env, expert, 1000, 1);
    expect(mean(found)).toBeCloseTo(stated[name].mean, stated[name].digits);
    expect(Math.min(...found)).toBeGreaterThanOrEqual(stated[name].worst);
  });

  it("is an expert on episodes that it was not tuned on", () => {
    const found = mean(returns(env, expert, 400, 12345));
    expect(found).toBeGreaterThanOrEqual(bar[name][0]);
    expect(found).toBeLessThanOrEqual(bar[name][1]);
  });

  it("answers what it does, from the observation alone, with actions of the space", () => {
    const n = 64;
    const copies = env.vector(n);
    const random = rng(8);
    const K = size(env.action);
    const actions = env.action.kind === "box" ? new Float32Array(n * K) : new Int32Array(n * K);
    let observations = copies.reset(4);
    for (let t = 0; t < 50; t++) {
      for (let i = 0; i < n; i++) sampleInto(env.action, random, actions, i * K);
      observations = copies.step(actions).observations;
      const acted = expert.act(observations);
      expect(expert.label(observations)).toEqual(acted);
      const D = size(env.observation);
      const i = t % n;
      expect(expert.act(observations.slice(i * D, (i + 1) * D))[0]).toBe(acted[i]);
      expect(misfit(env.action, acted, i * K)).toBeUndefined();
    }
  });

  it("refuses observations of another size", () => {
    const D = size(env.observation);
    expect(() => expert.act(new Float32Array(D + 1))).toThrow(
      new RegExp(`^the expert of ${env.id} takes observations of ${D} numbers \\(box\\[${D}\\]\\), found ${D + 1} numbers$`),
    );
  });
});

describe("experts by name", () => {
  it("are found for the environments that they fit", () => {
    expect(expertsFor(makeEnv("Pendulum-v1"))).toEqual(["swinger"]);
    for (const [name, { fits }] of Object.entries(scriptedExperts)) {
      const env = makeEnv(fits[0]);
      expect(makeExpert(name, env).action).toEqual(env.action);
    }
    const lake = makeEnv("FrozenLake-v1");
    expect(expertsFor(lake)).toEqual(["planner"]);
    expect(makeExpert("planner", lake).act(Float32Array.of(0)).length).toBe(1);
  });

  it("are named when a name or an environment is mistaken", () => {
    expect(() => makeExpert("balancr", makeEnv("CartPole-v1"))).toThrow(
      /^unknown expert "balancr"; the nearest are balancer, \w+, \w+; for CartPole-v1 there is balancer$/,
    );
    expect(() => makeExpert("toString", makeEnv("CartPole-v1"))).toThrow(/^unknown expert/);
    expect(() => makeExpert("balancer", makeEnv("Pendulum-v1"))).toThrow(
      "expert balancer is for CartPole-v1, CartPoleFixed-v1; for Pendulum-v1 there is swinger",
    );
    expect(() => makeExpert("planner", makeEnv("Pendulum-v1"))).toThrow("expert planner is for tabular environments");
    expect(() => makeExpert("balancer", { ...makeEnv("Pendulum-v1"), id: "Mine-v0" })).toThrow(
      "there is no known expert for Mine-v0",
    );
  });
});
