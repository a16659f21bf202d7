import { afterEach, describe, expect, it, vi } from "vitest";
import { whyNoMujoco } from "../../test/mujoco.ts";
import { dagger, train } from "../algorithms/index.ts";
import { halfCheetah, robot } from "../envs/index.ts";
import { mlp } from "../policies/index.ts";
import { failuresJson, tellFailures } from "./failures.ts";

const missing = await whyNoMujoco();
afterEach(() => vi.restoreAllMocks());

/** A body that is thrown, and is lost to the simulation a metre on. */
const runaway = () =>
  robot({
    id: "Runaway-v0",
    maxSteps: 100,
    mechanism: halfCheetah().mechanism,
    view: { from: "top", width: 1, height: 1, centre: [0, 0] },
    task: {
      size: 1,
      frameSkip: 1,
      begin: ({ qvel }, random) => {
        qvel[0] = random.uniform(10, 20); // m/s
      },
      observe: ({ qpos }, out, at) => {
        out[at] = qpos[0] > 1 ? Number.NaN : qpos[0];
      },
      progress: ({ qpos }) => qpos[0],
      reward: () => 1,
      terminated: () => false,
    },
  });

describe.skipIf(missing !== "")(`simulations that blow up while DAgger learns${missing}`, () => {
  it("leave only numbers in its data, and are counted and told at the end", async () => {
    const env = runaway();
    const expert = { label: (s: Float32Array) => new Float32Array(s.length * 6).fill(0.1) };
    const options = { rounds: 3, states: 60, epochs: 2, seed: 1 };
    const { demos, records } = await train(dagger, { env, expert, policy: mlp(env, { hidden: [8] }) }, options);
    expect(env.failures).toBeGreaterThan(2);
    expect(demos.observations.length).toBe(180);
    expect([...demos.observations, ...demos.actions].every(Number.isFinite)).toBe(true);
    for (const { loss, return: returned } of records) {
      expect(Number.isFinite(loss)).toBe(true);
      if (returned !== undefined) expect(returned).toBeGreaterThan(1);
    }

    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    tellFailures(env);
    expect(said.mock.calls.map(([text]) => text).join("")).toMatch(
      new RegExp(`^Runaway-v0: the simulation blew up in ${env.failures} episodes, which ended there with reward 0;.*\\n$`),
    );
    expect(failuresJson(env)).toEqual({ failures: env.failures });
  });

  it("are not mentioned where there were none, or nothing is simulated", () => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    tellFailures(runaway());
    expect(failuresJson(runaway())).toEqual({ failures: 0 });
    expect(said).not.toHaveBeenCalled();
  });
});
