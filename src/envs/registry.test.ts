import { describe, expect, it } from "vitest";
import { size } from "../mdp/space.ts";
import { MissingPackageError } from "./mujoco/index.ts";
import { nearest } from "./nearest.ts";
import { environments, loadEnv, makeEnv } from "./registry.ts";

describe("environments by id", () => {
  it.for(Object.keys(environments))("%s is made under its own name and can be played and drawn", async (id, { skip }) => {
    const env = makeEnv(id);
    expect(env.id).toBe(id);
    expect(environments[id].about).toMatch(/^[^\n]{10,90}$/);
    try {
      expect((await loadEnv(id)).id).toBe(id);
    } catch (error) {
      if (error instanceof MissingPackageError) skip(error.message);
      throw error;
    }
    const copies = env.vector(2);
    expect(copies.reset(0).length).toBe(2 * size(env.observation));
    const K = size(env.action);
    const actions = env.action.kind === "box" ? new Float32Array(2 * K) : new Int32Array(2 * K);
    expect(Number.isFinite(copies.step(actions).rewards[1])).toBe(true);
    expect(copies.draw(1)).toMatch(/^<svg /);
  });

  it("are suggested for a mistaken one, in one line", () => {
    expect(() => makeEnv("CartPol-v1")).toThrow(/^unknown environment "CartPol-v1"; the nearest are CartPole-v1, [^\n]+$/);
    expect(() => makeEnv("mountaincarcontinuous")).toThrow(/the nearest are MountainCarContinuous-v0, /);
    expect(() => makeEnv("constructor")).toThrow(/^unknown environment/);
  });
});

it("the nearest names are those with the fewest letters wrong, whatever their capitals and versions", () => {
  expect(nearest("pendulum", ["CartPole-v1", "Pendulum-v1", "Acrobot-v1"], 1)).toEqual(["Pendulum-v1"]);
  expect(nearest("MountainCar-v1", ["MountainCarContinuous-v0", "MountainCar-v0"])[0]).toBe("MountainCar-v0");
  expect(nearest("FrozenLake-v2", ["FrozenLake8x8-v1", "FrozenLake-v3", "FrozenLake-v1"])[2]).toBe("FrozenLake8x8-v1");
});
