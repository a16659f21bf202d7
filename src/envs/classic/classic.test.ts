import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Env, Plain, VectorEnv } from "../../mdp/env.ts";
import { acrobot } from "./acrobot.ts";
import { cartPole } from "./cartpole.ts";
import { mountainCar } from "./mountain-car.ts";
import { mountainCarContinuous } from "./mountain-car-continuous.ts";
import { pendulum } from "./pendulum.ts";

interface Step {
  action: number[];
  state: number[];
  observation?: number[];
  reward: number;
  terminated: boolean;
  truncated?: boolean;
}

interface Reference {
  maxSteps: number;
  observation: { low: number[]; high: number[] };
  action: number | { low: number[]; high: number[] };
  single: (Step & { from: number[] })[];
  sequences: { from: number[]; steps: Step[] }[];
  limit: { from: number[]; actions: number[]; last: Step };
}

// What Gymnasium 1.3 gives; made by test/data/envs/make_gymnasium.py.
const reference: { worlds: Record<string, Reference> } = JSON.parse(
  readFileSync(new URL("../../../test/data/envs/gymnasium.json", import.meta.url), "utf8"),
);
const worlds: [string, Env][] = [cartPole(), acrobot(), mountainCar(), mountainCarContinuous(), pendulum()].map((env) => [
  env.id,
  env,
]);

type Saved = Record<string, Plain> & { world: Float64Array };

/** One copy in a given state at the beginning of an episode. */
function startedAt(env: Env, state: number[], autoreset: "same-step" | "disabled" = "disabled"): VectorEnv {
  const copy = env.vector(1, { autoreset });
  copy.reset(0);
  const saved = copy.state() as Saved;
  const world = new Float64Array(saved.world.length);
  world.set(state);
  copy.restore({ ...saved, world });
  return copy;
}

function actionsOf(env: Env, action: number[]): Int32Array | Float32Array {
  return env.action.kind === "box" ? Float32Array.from(action) : Int32Array.from(action);
}

function stateOf(copy: VectorEnv, width: number): number[] {
  return [...(copy.state() as Saved).world.subarray(0, width)];
}

function expectClose(found: ArrayLike<number>, expected: readonly number[], tolerance = 1e-12): void {
  expect(found.length).toBe(expected.length);
  expected.forEach((value, k) => {
    expect(Math.abs(found[k] - value)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
  });
}

describe.each(worlds)("%s", (id, env) => {
  const known = reference.worlds[id];

  it("has Gymnasium's spaces and time limit", () => {
    expect(env.maxSteps).toBe(known.maxSteps);
    if (env.observation.kind !== "box") throw new Error("expected a box");
    expect([...env.observation.low]).toEqual(known.observation.low);
    expect([...env.observation.high]).toEqual(known.observation.high);
    if (env.action.kind === "discrete") expect(env.action.n).toBe(known.action);
    else
      expect(env.action).toMatchObject({ low: Float64Array.from([known.action].flatMap((a) => (a as { low: number[] }).low)) });
  });

  it("goes where Gymnasium goes in one step from any state, to 1e-12", () => {
    for (const step of known.single) {
      const copy = startedAt(env, step.from);
      const next = copy.step(actionsOf(env, step.action));
      expectClose(stateOf(copy, step.state.length), step.state);
      expectClose(next.rewards, [step.reward]);
      expect(next.terminated[0]).toBe(step.terminated ? 1 : 0);
      expectClose(next.observations, step.observation!, 2e-7); // single precision
    }
  });

  it("is where Gymnasium is after each of 100 steps, to 1e-12", () => {
    for (const { from, steps } of known.sequences) {
      const copy = startedAt(env, from);
      for (const step of steps) {
        const next = copy.step(actionsOf(env, step.action));
        expectClose(stateOf(copy, step.state.length), step.state);
        expectClose(next.rewards, [step.reward]);
        expect(next.terminated[0]).toBe(step.terminated ? 1 : 0);
      }
    }
  });

  it("is cut at the step at which Gymnasium cuts it, and not before", () => {
    const { from, actions, last } = known.limit;
    const copy = startedAt(env, from);
    actions.forEach((action, t) => {
      const next = copy.step(actionsOf(env, [action]));
      const final = t === actions.length - 1;
      expect(next.truncated[0]).toBe(final && last.truncated ? 1 : 0);
      expect(next.terminated[0]).toBe(final && last.terminated ? 1 : 0);
    });
    expect(actions.length).toBe(env.maxSteps);
    expectClose(stateOf(copy, last.state.length), last.state, 1e-9);
  });

  it("starts with Gymnasium's distribution: uniform between its bounds", () => {
    const bounds: Record<string, [number, number][]> = {
      "CartPole-v1": Array(4).fill([-0.05, 0.05]),
      "Acrobot-v1": Array(4).fill([-0.1, 0.1]),
      "MountainCar-v0": [
        [-0.6, -0.4],
        [0, 0],
      ],
      "MountainCarContinuous-v0": [
        [-0.6, -0.4],
        [0, 0],
        [0, 0],
      ],
      "Pendulum-v1": [
        [-Math.PI, Math.PI],
        [-1, 1],
      ],
    };
    const n = 4000;
    const copies = env.vector(n);
    copies.reset(5);
    const { world } = copies.state() as Saved;
    bounds[id].forEach(([low, high], k) => {
      const values = Array.from({ length: n }, (_, i) => world[i * bounds[id].length + k]).sort((a, b) => a - b);
      expect(values[0]).toBeGreaterThanOrEqual(low - 1e-8);
      expect(values[n - 1]).toBeLessThanOrEqual(high + 1e-8);
      if (low === high) return;
      // Kolmogorov and Smirnov's distance; beyond 1.95 / sqrt(n) with probability 0.001
      const distance = Math.max(...values.map((v, i) => Math.abs((i + 0.5) / n - (v - low) / (high - low)))) + 0.5 / n;
      expect(distance).toBeLessThan(1.95 / Math.sqrt(n));
    });
  });

  it("draws itself as one SVG picture that changes with its state", () => {
    const copies = env.vector(2);
    copies.reset(1);
    expect(copies.draw(0)).toMatch(/^<svg .*<title>[^<]+<\/title>.*<\/svg>$/s);
    expect(copies.draw(0)).not.toMatch(/NaN|undefined|Infinity/);
    expect(copies.draw(0)).not.toBe(copies.draw(1));
  });
});
