import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { whyNoMujoco } from "../../../test/mujoco.ts";
import { rng } from "../../autodiff/random.ts";
import type { RobotEnv } from "./index.ts";
import { ant, halfCheetah, hopper, invertedDoublePendulum, invertedPendulum, mjcf, reacher, swimmer, walker2d } from "./index.ts";

interface Trajectory {
  options: Record<string, never>;
  qpos: number[];
  qvel: number[];
  actions: number[][];
  observations: number[][];
  rewards: number[];
  terminated: number[];
  end: { qpos: number[]; qvel: number[]; time: number };
}

interface Reference {
  maxSteps: number;
  model: Record<string, number[] | number>;
  trajectories: Trajectory[];
}

// Gymnasium 1.3 on MuJoCo 3.14's own library; made by test/data/envs/mujoco/make_robots.py.
const reference = (id: string): Reference =>
  JSON.parse(readFileSync(new URL(`../../../test/data/envs/mujoco/${id}.json`, import.meta.url), "utf8"));

const makers: readonly (readonly [string, (options?: Record<string, never>) => RobotEnv])[] = [
  ["InvertedPendulum-v5", invertedPendulum],
  ["InvertedDoublePendulum-v5", invertedDoublePendulum],
  ["Reacher-v5", reacher],
  ["Hopper-v5", hopper],
  ["HalfCheetah-v5", halfCheetah],
  ["Walker2d-v5", walker2d],
  ["Swimmer-v5", swimmer],
  ["Ant-v5", ant],
];

/** The largest difference, in units of the larger of 1 and the value. */
function apart(found: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(found.length).toBe(expected.length);
  let most = 0;
  for (let k = 0; k < expected.length; k++) {
    most = Math.max(most, Math.abs(found[k] - expected[k]) / Math.max(1, Math.abs(expected[k])));
  }
  return most;
}

const missing = await whyNoMujoco();
const another = missing === "" ? await (await import("@mujoco/mujoco")).default() : undefined;

describe.skipIf(missing !== "")(`robots and Gymnasium's${missing}`, () => {
  it.each(makers)("%s sees and earns the same from the same state and actions, to 1e-6", (id, make) => {
    const { maxSteps, trajectories } = reference(id);
    let steps = 0;
    for (const { options, qpos, qvel, actions, observations, rewards, terminated, end } of trajectories) {
      const env = make(options);
      expect(env.maxSteps).toBe(maxSteps);
      const copies = env.vector(2, { autoreset: "disabled" });
      copies.reset(0);
      expect(apart(copies.place(1, qpos, qvel).subarray(observations[0].length), observations[0])).toBeLessThan(1e-6);
      const both = new Float64Array(2 * actions[0].length);
      for (let t = 0; t < actions.length; t++) {
        both.set(actions[t], actions[0].length);
        const step = copies.step(both);
        expect(apart(step.observations.subarray(observations[0].length), observations[t + 1]), `step ${t}`).toBeLessThan(1e-6);
        expect(Math.abs(step.rewards[1] - rewards[t]), `reward ${t}`).toBeLessThan(1e-6);
        expect(step.terminated[1]).toBe(terminated[t]);
        steps++;
      }
      const { world } = copies.state() as { world: Float64Array };
      const row = world.subarray(world.length / 2); // [time, qpos, qvel, ...]
      expect(apart(row.subarray(0, 1 + qpos.length + qvel.length), [end.time, ...end.qpos, ...end.qvel])).toBeLessThan(1e-6);
    }
    expect(steps).toBeGreaterThanOrEqual(100);
  });

  it.each(makers)("%s weighs, bends and touches as Gymnasium's does", (id, make) => {
    const mujoco = another!;
    const model = mujoco.MjModel.from_xml_string(mjcf(make().mechanism));
    const fields = model as unknown as Record<string, ArrayLike<number>>;
    const { timestep, ...arrays } = reference(id).model as { timestep: number } & Record<string, number[]>;
    expect(make().mechanism.timestep).toBe(timestep);
    const touching = Array.from(fields.geom_contype).flatMap((type, g) => (type ? [g] : []));
    for (const [name, expected] of Object.entries(arrays)) {
      const geoms = name === "geom_size" ? touching.filter((g) => fields.geom_type[g] !== 0) : touching; // no plane's extent
      const values = fields[name];
      const width = values.length / fields.geom_type.length;
      const found = name.startsWith("geom_")
        ? geoms.flatMap((g) => Array.from(values).slice(g * width, (g + 1) * width))
        : values;
      expect(apart(found, expected), name).toBeLessThan(1e-9);
    }
    model.delete();
  });
});

/** First states of many episodes, `[time, qpos, qvel, ...]` each. */
function firstStates(env: RobotEnv, n: number): Float64Array[] {
  const copies = env.vector(n);
  copies.reset(11);
  const { world } = copies.state() as { world: Float64Array };
  return Array.from({ length: n }, (_, i) => world.subarray((i * world.length) / n, ((i + 1) * world.length) / n));
}

describe.skipIf(missing !== "")(`first states${missing}`, () => {
  const n = 400;
  const uniform = 1 / Math.sqrt(3); // standard deviation over half the width

  it.each([
    ["Hopper-v5", hopper, 6, [0, 1.25, 0, 0, 0, 0], 0.005, "uniform"],
    ["Walker2d-v5", walker2d, 9, [0, 1.25, 0, 0, 0, 0, 0, 0, 0], 0.005, "uniform"],
    ["HalfCheetah-v5", halfCheetah, 9, new Array(9).fill(0), 0.1, "normal"],
    ["Swimmer-v5", swimmer, 5, new Array(5).fill(0), 0.1, "uniform"],
    ["InvertedPendulum-v5", invertedPendulum, 2, [0, 0], 0.01, "uniform"],
    ["InvertedDoublePendulum-v5", invertedDoublePendulum, 3, [0, 0, 0], 0.1, "normal"],
  ] as const)("of %s are spread around rest as Gymnasium says", (_, make, joints, rest, scale, velocities) => {
    const states = firstStates(make(), n);
    for (let k = 0; k < 2 * joints; k++) {
      const noise = states.map((row) => row[1 + k] - (k < joints ? rest[k] : 0));
      const deviation = Math.sqrt(noise.reduce((sum, x) => sum + x * x, 0) / n) / scale;
      const expected = k >= joints && velocities === "normal" ? 1 : uniform;
      expect(Math.abs(deviation / expected - 1), `entry ${k}`).toBeLessThan(0.15); // four standard errors of a normal's
      const beyond = noise.filter((x) => Math.abs(x) > scale).length;
      if (expected === uniform) expect(beyond).toBe(0);
      else expect(beyond).toBeGreaterThan(n / 5);
    }
  });

  it("of Ant-v5 are near the height of its body, and nothing presses on it yet", () => {
    const copies = ant().vector(3);
    const seen = copies.reset(5);
    for (let i = 0; i < 3; i++) {
      expect(seen.subarray(i * 105 + 27, (i + 1) * 105).every((force) => force === 0)).toBe(true);
      expect(Math.abs(seen[i * 105] - 0.75)).toBeLessThan(0.1);
    }
  });

  it("of Reacher-v5 have their target anywhere in a disc of 20 cm, at rest", () => {
    const states = firstStates(reacher(), 1000);
    const squares = states.map((row) => row[3] ** 2 + row[4] ** 2);
    expect(Math.max(...squares)).toBeLessThan(0.04);
    // Uniform over a disc, r^2 is uniform over [0, 0.04]: mean 0.02, standard error 0.00037 for 1000.
    expect(Math.abs(squares.reduce((sum, r) => sum + r, 0) / 1000 - 0.02)).toBeLessThan(0.0015);
    expect(states.every((row) => row[7] === 0 && row[8] === 0 && Math.abs(row[5]) <= 0.005)).toBe(true);
  });

  it("follow the seed", () => {
    const seen = (seed: number) => Array.from(hopper().vector(2).reset(seed));
    expect(seen(3)).toEqual(seen(3));
    expect(seen(3)).not.toEqual(seen(rng(3).integer(1000) + 4));
  });
});
