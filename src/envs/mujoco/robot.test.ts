import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { whyNoMujoco } from "../../../test/mujoco.ts";
import { rng } from "../../autodiff/random.ts";
import { rollout } from "../../data/rollout.ts";
import type { Autoreset, Plain } from "../../mdp/env.ts";
import { sampleInto, size } from "../../mdp/space.ts";
import {
  ant,
  halfCheetah,
  hopper,
  invertedDoublePendulum,
  isRobot,
  mjcf,
  type RobotEnv,
  type RobotVector,
  reacher,
  robot,
  robots,
} from "./index.ts";

const missing = await whyNoMujoco();
const another = missing === "" ? await (await import("@mujoco/mujoco")).default() : undefined; // a MuJoCo of its own
const all = Object.values(robots).map(({ make }) => [make().id, make()] as const);
const modes: Autoreset[] = ["next-step", "same-step", "disabled"];

/** Uniform actions for every copy, copy i from stream i. */
function drawer(env: RobotEnv, n: number, seed: number): () => Float64Array {
  const K = size(env.action);
  const actions = new Float64Array(n * K);
  const streams = Array.from({ length: n }, (_, i) => rng(seed).split(i));
  return () => {
    for (let i = 0; i < n; i++) sampleInto(env.action, streams[i], actions, i * K);
    return actions;
  };
}

function record(copies: RobotVector, draw: () => Float64Array, steps: number) {
  return Array.from({ length: steps }, () => {
    const { observations, rewards, terminated, truncated, finalObservations } = copies.step(draw());
    return [observations, rewards, terminated, truncated, finalObservations].map((array) => [...array]);
  });
}

describe.skipIf(missing !== "")(`copies of a robot${missing}`, () => {
  it.each(all)("of %s have a bit-identical future when their state is taken out and put back", (_, env) => {
    const settings = fc.record({
      n: fc.integer({ min: 1, max: 3 }),
      before: fc.integer({ min: 0, max: 40 }),
      after: fc.integer({ min: 1, max: 40 }),
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      autoreset: fc.constantFrom(...modes),
    });
    fc.assert(
      fc.property(settings, ({ n, before, after, seed, autoreset }) => {
        const copies = env.vector(n, { autoreset });
        copies.reset(seed);
        record(copies, drawer(env, n, seed), before);
        const saved = copies.state();
        const seen = [...copies.restore(saved)];
        const future = record(copies, drawer(env, n, seed + 1), after);
        const others = env.vector(n, { autoreset });
        expect([...others.restore(saved)]).toEqual(seen);
        expect(others.draw(0)).toMatch(/^<svg /); // looking changes nothing
        expect(record(others, drawer(env, n, seed + 1), after)).toEqual(future);
      }),
      { numRuns: 6, seed: 7 },
    );
  });

  it.each(all)("of %s step together as they would one at a time", (_, env) => {
    const n = 3;
    const together = env.vector(n, { autoreset: "same-step" });
    together.reset(21);
    const saved = together.state() as Record<string, Plain>;
    const whole = record(together, drawer(env, n, 4), 40);
    for (let i = 0; i < n; i++) {
      const alone = env.vector(1, { autoreset: "same-step" });
      const part = (value: Plain) => {
        const rows = value as Float64Array;
        return rows.slice((i * rows.length) / n, ((i + 1) * rows.length) / n);
      };
      alone.restore(
        Object.fromEntries(Object.entries(saved).map(([name, value]) => [name, name === "env" ? value : part(value)])),
      );
      const every = drawer(env, n, 4);
      const mine = record(alone, () => part(every()) as Float64Array, 40);
      expect(mine).toEqual(whole.map((step) => step.map((rows) => part(rows as unknown as Plain))).map(plain));
    }
  });

  // Copies take turns in one set of MuJoCo's data: nothing that matters may be left behind in it, nothing be missing.
  it.each(all)("of %s move to the last bit as in a simulation of their own", (_, env) => {
    const mujoco = another!;
    const model = mujoco.MjModel.from_xml_string(mjcf(env.mechanism));
    const data = new mujoco.MjData(model);
    const K = size(env.action);
    const copies = env.vector(3, { autoreset: "disabled" });
    copies.reset(1);
    const random = rng(5);
    const qpos = Float64Array.from(data.qpos as Float64Array, (q) => q + random.uniform(-0.02, 0.02));
    const qvel = Float64Array.from(data.qvel as Float64Array, () => random.uniform(-0.02, 0.02));
    copies.place(1, qpos, qvel);
    data.qpos.set(qpos);
    data.qvel.set(qvel);
    mujoco.mj_forward(model, data);
    const draw = drawer(env, 3, 9);
    const row = () => {
      const { world } = copies.state() as { world: Float64Array };
      return world.slice(world.length / 3, (2 * world.length) / 3);
    };
    let [perAction, steps] = [0, 0];
    for (let ended = 0; ended === 0 && steps < 45; steps++) {
      const actions = draw();
      ended = copies.step(actions).terminated[1];
      data.ctrl.set(actions.subarray(K, 2 * K));
      const [time] = row();
      for (perAction = 0; data.time < time - 1e-9; perAction++) mujoco.mj_step(model, data);
      const own = [data.time, ...data.qpos, ...data.qvel, ...data.qacc_warmstart];
      expect([...row().subarray(0, own.length)]).toEqual(own);
    }
    expect(perAction).toBeGreaterThanOrEqual(2);
    data.delete();
    model.delete();
  });

  it("play whole episodes like those of any environment", async () => {
    const env = hopper();
    expect(isRobot(env)).toBe(true);
    const still = { label: (seen: Float32Array) => new Float32Array((seen.length / 11) * 3) };
    const data = await rollout(env, still, { episodes: 3, seed: 0, copies: 2 });
    expect(data.terminated).toEqual(Uint8Array.of(1, 1, 1)); // a hopper that does nothing falls
    expect(data.rewards.length).toBeGreaterThan(60);
  });
});

/** Rows as plain lists, as `record` has them. */
function plain(step: readonly unknown[]): number[][] {
  return step.map((rows) => [...(rows as number[])]);
}

describe.skipIf(missing !== "")(`a simulation that blows up${missing}`, () => {
  it.each(all)("of %s ends its episode where it last was sound, is counted, and leaves the others as they were", (_, env) => {
    const K = size(env.action);
    const D = size(env.observation);
    const copies = env.vector(2, { autoreset: "next-step" });
    const sane = env.vector(2, { autoreset: "next-step" });
    copies.reset(3);
    sane.reset(3);
    const joints = (copies.state() as { world: Float64Array }).world;
    const nv = env.id === "Ant-v5" ? 14 : (joints.length / 2 - D - 3) / 3; // [time, qpos, qvel, warmstart, 2 more, seen]
    const nq = env.id === "Ant-v5" ? 15 : nv;
    const before = env.failures;
    const wild = [...copies.place(0, new Float64Array(nq).fill(0.1), new Float64Array(nv).fill(9e9))];
    expect(copies.failures).toBe(0);
    const step = copies.step(new Float64Array(2 * K).fill(0.3));
    const calm = sane.step(new Float64Array(2 * K).fill(0.3));
    expect([step.terminated[0], step.rewards[0]]).toEqual([1, 0]);
    expect([...step.observations.subarray(0, D)]).toEqual(wild.slice(0, D));
    expect([...step.observations.subarray(D)]).toEqual([...calm.observations.subarray(D)]);
    expect([copies.failures, env.failures - before]).toEqual([1, 1]);
    const saved = copies.state();
    const again = env.vector(2, { autoreset: "next-step" });
    again.restore(saved);
    expect(again.failures).toBe(1); // a resumed run goes on counting
    const after = copies.step(new Float64Array(2 * K));
    expect([after.terminated[0], after.rewards[0]]).toEqual([0, 0]);
    expect(after.observations.subarray(0, D).every((value) => Math.abs(value) < 10)).toBe(true);
    const next = copies.step(new Float64Array(2 * K));
    expect([...next.observations, ...next.rewards].every(Number.isFinite)).toBe(true);
    expect(copies.failures).toBe(1);
  });
});

describe.skipIf(missing !== "")(`a task${missing}`, () => {
  it.each(["reward", "observation"])("whose %s is not finite ends its episode as a simulation does that blows up", (what) => {
    const wild = (x: number) => (x > 1 ? 1 / 0 : x);
    const env = robot({
      id: "Runaway-v0",
      maxSteps: 100,
      mechanism: halfCheetah().mechanism,
      view: { from: "top", width: 1, height: 1, centre: [0, 0] },
      task: {
        size: 1,
        frameSkip: 1,
        begin: ({ qvel }) => {
          qvel[0] = 20; // m/s
        },
        observe: ({ qpos }, out, at) => {
          out[at] = what === "reward" ? qpos[0] : wild(qpos[0]);
        },
        progress: ({ qpos }) => qpos[0],
        reward: ({ qpos }) => (what === "reward" ? wild(qpos[0]) : 1),
        terminated: () => false,
      },
    });
    const copies = env.vector(1, { autoreset: "disabled" });
    let [last] = copies.reset(0);
    for (let t = 0; copies.failures === 0; t++) {
      expect(t).toBeLessThan(20);
      const { observations, rewards, terminated } = copies.step(new Float32Array(6));
      expect(terminated[0]).toBe(copies.failures);
      if (copies.failures) expect([observations[0], rewards[0]]).toEqual([last, 0]);
      [last] = observations;
    }
    expect(last).toBeGreaterThan(0.5);
    expect(last).toBeLessThanOrEqual(1);
    expect(env.failures).toBe(1);
  });
});

describe.skipIf(missing !== "")(`poses${missing}`, () => {
  it("of a hopper at rest put its parts where they belong, and turn with it", () => {
    const copies = hopper().vector(2);
    copies.reset(0);
    copies.place(1, [2, 1.25, 0, 0, 0, 0], new Array(6).fill(0));
    const { bodies, shapes } = copies.poses(1);
    expect(bodies.map(({ name }) => name)).toEqual(["torso", "thigh", "leg", "foot"]);
    const places = bodies.map(({ position }) => position.map((x) => Math.round(x * 1e9) / 1e9));
    expect(places).toEqual([
      [2, 0, 1.25],
      [2, 0, 1.05],
      [2, 0, 0.35],
      [2.13, 0, 0],
    ]);
    expect(shapes.map(({ kind, body }) => `${body} ${kind}`)).toEqual([
      "world plane",
      "torso capsule",
      "thigh capsule",
      "leg capsule",
      "foot capsule",
    ]);
    expect(shapes[4]).toMatchObject({ radius: 0.06, half: 0.195 });
    copies.place(1, [2, 1.25, 0.2, 0, 0, 0], new Array(6).fill(0));
    const turned = copies.poses(1).bodies[0].quaternion;
    for (const [k, q] of [Math.cos(0.1), 0, Math.sin(0.1), 0].entries()) expect(turned[k]).toBeCloseTo(q, 12);
    const foot = copies.poses(1).shapes[4].quaternion; // lies along x, turned by 0.2 rad more
    expect(Math.abs(2 * (foot[1] * foot[3] + foot[0] * foot[2]))).toBeCloseTo(Math.cos(0.2), 12);
  });

  it("of the tip of a double pendulum are those that its reward is made of", () => {
    const env = invertedDoublePendulum();
    const copies = env.vector(1);
    copies.reset(0);
    copies.place(0, [0.3, 0.2, -0.5], [0, 0, 0]);
    const { position, quaternion } = copies.poses(0).bodies[2];
    const lean = 2 * Math.atan2(quaternion[2], quaternion[0]);
    expect(lean).toBeCloseTo(-0.3, 12);
    expect(position[0]).toBeCloseTo(0.3 + 0.6 * Math.sin(0.2), 12);
    expect(position[2]).toBeCloseTo(0.6 * Math.cos(0.2), 12);
  });

  it.each(all)("of %s have unit quaternions, name every body, and are drawn with a title in words", (id, env) => {
    const copies = env.vector(1);
    copies.reset(2);
    for (let k = 0; k < 5; k++) copies.step(drawer(env, 1, k)());
    const { bodies, shapes } = copies.poses(0);
    expect(new Set(bodies.map(({ name }) => name)).size).toBe(bodies.length);
    for (const { quaternion } of [...bodies, ...shapes]) expect(Math.hypot(...quaternion)).toBeCloseTo(1, 12);
    const svg = copies.draw(0);
    expect(svg).toMatch(new RegExp(`^<svg [^>]*>\\n<title>${id}: \\w+ at x = -?\\d`));
    expect(svg).not.toContain("NaN");
  });
});

describe.skipIf(missing !== "")(`a wrong call${missing}`, () => {
  it("says what was found and what was expected, and changes nothing", () => {
    const copies = ant().vector(2);
    copies.reset(0);
    const kept = JSON.stringify(copies.state());
    const [qpos, qvel] = [new Array(15).fill(0), new Array(14).fill(0)];
    expect(() => copies.place(2, qpos, qvel)).toThrow("Ant-v5: copy 2 of 2 does not exist, expected 0 to 1");
    expect(() => ant().vector(-1)).toThrow("Ant-v5: vector(n) takes a positive whole number of copies, found -1");
    expect(() => copies.poses(-1)).toThrow("Ant-v5: copy -1 of 2 does not exist");
    expect(() => copies.place(0, qvel, qvel)).toThrow("Ant-v5: place takes 15 finite numbers as qpos, found [0, ");
    expect(() => copies.place(0, qpos, [...qvel.slice(1), NaN])).toThrow("place takes 14 finite numbers as qvel");
    expect(() => copies.step(new Float32Array(16).fill(1.1))).toThrow(/does not fit box\[8\]: entry 0 is 1.1/);
    expect(() => copies.restore(reacherState())).toThrow(/^Ant-v5: the state to restore is of Reacher-v5/);
    expect(() => hopper().vector(3).place(0, [1], [1])).toThrow("Hopper-v5: place takes 6 finite numbers as qpos, found [1]");
    expect(JSON.stringify(copies.state())).toBe(kept);
  });

  it("before the first reset is refused", () => {
    expect(() => hopper().vector(1).place(0, new Array(6).fill(0), new Array(6).fill(0))).toThrow("before the first reset");
    expect(() => hopper().vector(1).poses(0)).toThrow("Hopper-v5: poses before the first reset; call reset(seed) first");
  });
});

function reacherState(): Plain {
  const copies = reacher().vector(2);
  copies.reset(0);
  return copies.state();
}
