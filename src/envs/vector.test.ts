import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rng } from "../autodiff/random.ts";
import type { Autoreset, Env, Plain, VectorEnv } from "../mdp/env.ts";
import { box, discrete, sampleInto, size } from "../mdp/space.ts";
import { acrobot } from "./classic/acrobot.ts";
import { cartPole } from "./classic/cartpole.ts";
import { mountainCar } from "./classic/mountain-car.ts";
import { mountainCarContinuous } from "./classic/mountain-car-continuous.ts";
import { pendulum } from "./classic/pendulum.ts";
import { defineEnv } from "./define.ts";
import { frozenLake } from "./tabular/index.ts";

interface Row {
  actions: number[];
  observations: number[];
  finalObservations: number[];
  rewards: number[];
  terminated: number[];
  truncated: number[];
}

// What Gymnasium 1.3's SyncVectorEnv gives; made by test/data/envs/make_gymnasium.py.
const reference: { autoreset: Record<Autoreset, Row[]> } = JSON.parse(
  readFileSync(new URL("../../test/data/envs/gymnasium.json", import.meta.url), "utf8"),
);

const modes: Autoreset[] = ["next-step", "same-step", "disabled"];

/** Adds its actions up and ends at 5 or more; cut at 4 steps. */
const counter = defineEnv({
  id: "counter",
  observation: box([1], 0, 100),
  action: discrete(6),
  maxSteps: 4,
  reset: () => 0,
  step: (sum: number, a) => ({ state: sum + a, reward: 10 * (sum + a), terminated: sum + a >= 5 }),
  observe: (sum) => sum,
});

const worlds: Env[] = [cartPole(), acrobot(), mountainCar(), mountainCarContinuous(), pendulum(), frozenLake(), counter];

/** Uniform actions for every copy, copy i from stream i, whatever the number of copies. */
function drawer(env: Env, n: number, seed: number): () => Int32Array | Float32Array {
  const K = size(env.action);
  const actions = env.action.kind === "box" ? new Float32Array(n * K) : new Int32Array(n * K);
  const streams = Array.from({ length: n }, (_, i) => rng(seed).split(i));
  return () => {
    for (let i = 0; i < n; i++) sampleInto(env.action, streams[i], actions, i * K);
    return actions;
  };
}

function record(copies: VectorEnv, draw: () => Int32Array | Float32Array, steps: number) {
  return Array.from({ length: steps }, () => {
    const { observations, rewards, terminated, truncated, finalObservations } = copies.step(draw());
    return [observations, rewards, terminated, truncated, finalObservations].map((array) => [...array]);
  });
}

describe("autoreset", () => {
  it.each(modes)("in mode %s equals Gymnasium's, also when an episode ends on the very step of its limit", (autoreset) => {
    const copies = counter.vector(3, { autoreset });
    copies.reset(0);
    for (const row of reference.autoreset[autoreset]) {
      const step = copies.step(Int32Array.from(row.actions));
      expect([...step.observations]).toEqual(row.observations);
      expect([...step.finalObservations]).toEqual(row.finalObservations);
      expect([...step.rewards]).toEqual(row.rewards);
      expect([...step.terminated]).toEqual(row.terminated);
      expect([...step.truncated]).toEqual(row.truncated);
      if (autoreset === "disabled") {
        for (let i = 0; i < 3; i++) if (row.terminated[i] || row.truncated[i]) copies.resetOne(i);
      }
    }
    const ended = reference.autoreset[autoreset].flatMap((row) => row.terminated.map((t, i) => `${t}${row.truncated[i]}`));
    expect(new Set(ended)).toEqual(new Set(["00", "01", "10", "11"]));
  });

  it("when disabled leaves an ended copy as it ended, whatever it is told to do, until it is reset", () => {
    const copies = counter.vector(2, { autoreset: "disabled" });
    copies.reset(0);
    copies.step(Int32Array.of(5, 1));
    for (let t = 0; t < 2; t++) {
      const step = copies.step(Int32Array.of(99, 1));
      expect([...step.observations]).toEqual([5, 2 + t]);
      expect([...step.rewards]).toEqual([0, 20 + 10 * t]);
      expect([...step.terminated]).toEqual([1, 0]);
    }
    expect([...copies.resetOne(0)]).toEqual([0, 3]);
    const step = copies.step(Int32Array.of(2, 0));
    expect([...step.observations]).toEqual([2, 3]);
    expect([...step.terminated, ...step.truncated]).toEqual([0, 0, 0, 1]);
  });

  it("on the next step ignores the action that asks for it", () => {
    const copies = counter.vector(1);
    copies.reset(0);
    copies.step(Int32Array.of(5));
    expect(() => copies.step(Int32Array.of(99))).not.toThrow();
    expect(() => copies.step(Int32Array.of(99))).toThrow();
  });
});

describe.each(worlds.map((env) => [env.id, env] as const))("copies of %s", (_, env) => {
  it.each(modes)("in mode %s have a bit-identical future when their state is taken out and put back", (autoreset) => {
    const settings = fc.record({
      n: fc.integer({ min: 1, max: 5 }),
      before: fc.integer({ min: 0, max: 60 }),
      after: fc.integer({ min: 1, max: 60 }),
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
    });
    const law = ({ n, before, after, seed }: { n: number; before: number; after: number; seed: number }) => {
      const copies = env.vector(n, { autoreset });
      copies.reset(seed);
      record(copies, drawer(env, n, seed), before);
      const saved = copies.state();
      const kept = JSON.stringify(saved);
      const future = record(copies, drawer(env, n, seed + 1), after);
      expect(JSON.stringify(saved)).toBe(kept);
      copies.restore(saved);
      expect(record(copies, drawer(env, n, seed + 1), after)).toEqual(future);
      const others = env.vector(n, { autoreset });
      others.restore(saved);
      expect(record(others, drawer(env, n, seed + 1), after)).toEqual(future);
    };
    fc.assert(fc.property(settings, law), { numRuns: 10, seed: 7 });
  });

  it("step together as they would one at a time", () => {
    const n = 6;
    const D = size(env.observation);
    const K = size(env.action);
    const steps = 120;
    const together = env.vector(n, { autoreset: "same-step" });
    together.reset(21);
    const saved = together.state() as Record<string, Plain> & { world: Plain };
    const all = record(together, drawer(env, n, 4), steps);
    for (let i = 0; i < n; i++) {
      const alone = env.vector(1, { autoreset: "same-step" });
      const part = (value: Plain) => {
        const rows = value as unknown as Float64Array;
        const width = rows.length / n;
        return rows.slice(i * width, (i + 1) * width) as unknown as Plain;
      };
      const { generators, elapsed, terminated, truncated, world } = saved;
      alone.restore({
        env: env.id,
        generators: part(generators),
        elapsed: part(elapsed),
        terminated: part(terminated),
        truncated: part(truncated),
        world: part(world),
      });
      const draw = drawer(env, n, 4);
      const own = () => draw().slice(i * K, (i + 1) * K);
      record(alone, own, steps).forEach(([observations, rewards, terminated, truncated, final], t) => {
        expect(observations).toEqual(all[t][0].slice(i * D, (i + 1) * D));
        expect([rewards[0], terminated[0], truncated[0]]).toEqual([all[t][1][i], all[t][2][i], all[t][3][i]]);
        expect(final).toEqual(all[t][4].slice(i * D, (i + 1) * D));
      });
    }
  });

  it("repeat themselves for the same seed, and follow the same streams however many they are", () => {
    const D = size(env.observation);
    const few = env.vector(3);
    const many = env.vector(8);
    const first = [...few.reset(9)];
    const again = record(few, drawer(env, 3, 1), 40);
    expect([...many.reset(9)].slice(0, 3 * D)).toEqual(first);
    const steps = record(many, drawer(env, 8, 1), 40);
    expect(steps.map((step) => step[0].slice(0, 3 * D))).toEqual(again.map((step) => step[0]));
    expect([...few.reset(9)]).toEqual(first);
    expect(record(few, drawer(env, 3, 1), 40)).toEqual(again);
  });
});

describe("generators", () => {
  const firsts = (copies: VectorEnv) => [...copies.reset(1)].filter((_, k) => k % 4 === 0);

  it("of different copies give different episodes, uncorrelated between neighbours", () => {
    const x = firsts(cartPole().vector(4000));
    expect(new Set(x).size).toBe(4000);
    const mean = x.reduce((a, b) => a + b) / 4000;
    const variance = x.reduce((sum, v) => sum + (v - mean) ** 2, 0);
    const neighbours = x.slice(1).reduce((sum, v, i) => sum + (v - mean) * (x[i] - mean), 0) / variance;
    expect(Math.abs(neighbours)).toBeLessThan(3.3 / Math.sqrt(4000)); // probability 0.001
  });

  it("go on where they are when reset without a seed, and begin with those of seed 0", () => {
    const copies = cartPole().vector(2);
    const first = [...copies.reset()];
    const second = [...copies.reset()];
    expect(second).not.toEqual(first);
    expect([...copies.reset(0)]).toEqual(first);
    expect([...copies.reset()]).toEqual(second);
    expect([...copies.reset(1)]).not.toEqual(first);
  });

  it("of one copy are not touched by another's reset", () => {
    const copies = cartPole().vector(2, { autoreset: "disabled" });
    copies.reset(5);
    copies.resetOne(0);
    const [, , , , ...second] = copies.reset();
    copies.reset(5);
    const [, , , , ...undisturbed] = copies.reset();
    expect(second).toEqual(undisturbed);
  });
});

describe("a batch of copies refuses, in one line,", () => {
  const fresh = () => cartPole().vector(2);
  const started = (env = cartPole()) => {
    const copies = env.vector(2);
    copies.reset(0);
    return copies;
  };

  it("to go before its first reset", () => {
    const message = "before the first reset; call reset(seed) first";
    expect(() => fresh().step(Int32Array.of(0, 0))).toThrow(`CartPole-v1: step ${message}`);
    expect(() => fresh().resetOne(0)).toThrow(message);
    expect(() => fresh().state()).toThrow(message);
    expect(() => fresh().draw(0)).toThrow(message);
  });

  it("a wrong number of actions", () => {
    expect(() => started().step(Int32Array.of(0))).toThrow(
      "CartPole-v1: step takes 2 numbers (2 x discrete(2)), found 1; give one action for each copy",
    );
  });

  it("actions outside their space, before any copy has moved", () => {
    for (const wrong of [2, -1, 0.5, Number.NaN, Infinity]) {
      const copies = started();
      const saved = copies.state();
      expect(() => copies.step(Float32Array.of(0, wrong))).toThrow(
        /^CartPole-v1: the action of copy 1 does not fit discrete\(2\): choice is/,
      );
      expect(copies.state()).toEqual(saved);
    }
    for (const wrong of [2.1, -3, Number.NaN, -Infinity]) {
      expect(() => started(pendulum()).step(Float32Array.of(wrong, 0))).toThrow(
        /^Pendulum-v1: the action of copy 0 does not fit box\[1\]: entry 0 is .*; clip actions to the bounds of the space$/,
      );
    }
  });

  it("a state of another environment, another number of copies or another shape, before anything is changed", () => {
    const copies = started();
    const saved = copies.state() as Record<string, Plain>;
    const refused = (state: Plain, message: string) => {
      expect(() => copies.restore(state)).toThrow(message);
      expect(copies.state()).toEqual(saved);
    };
    refused(started(acrobot()).state(), "CartPole-v1: the state to restore is of Acrobot-v1, expected one of CartPole-v1");
    refused(null, "CartPole-v1: the state to restore is of no environment");
    const three = cartPole().vector(3);
    three.reset(0);
    refused(three.state(), "CartPole-v1: generators to restore is Uint32Array(15), expected Uint32Array(10)");
    refused(
      { ...saved, world: new Float64Array(7) },
      "CartPole-v1: world to restore is Float64Array(7), expected Float64Array(8)",
    );
    refused({ ...saved, elapsed: new Float32Array(2) }, "elapsed to restore is Float32Array(2), expected Float64Array(2)");
  });

  it("a copy that does not exist, no copies at all, an unknown mode", () => {
    expect(() => started().draw(2)).toThrow("CartPole-v1: copy 2 of 2 does not exist, expected 0 to 1");
    expect(() => started().resetOne(-1)).toThrow("does not exist");
    expect(() => cartPole().vector(0)).toThrow("takes a positive whole number of copies, found 0");
    expect(() => cartPole().vector(1, { autoreset: "later" as Autoreset })).toThrow('autoreset is "later", expected "next-step"');
  });
});

it("an action a rounding error beyond a bound is the bound", () => {
  const next = (torque: number) => {
    const copies = pendulum().vector(1);
    copies.reset(2);
    return [...copies.step(Float32Array.of(torque)).rewards];
  };
  expect(next(2.000001)).toEqual(next(2));
});

it("a step allocates no new arrays", () => {
  const copies = cartPole().vector(2, { autoreset: "same-step" });
  const observations = copies.reset(0);
  const first = copies.step(Int32Array.of(0, 1));
  const arrays = Object.values(first);
  expect(first.observations).toBe(observations);
  expect(Object.values(copies.step(Int32Array.of(0, 1)))).toEqual(arrays);
  expect(copies.step(Int32Array.of(0, 1)).rewards).toBe(first.rewards);
});
