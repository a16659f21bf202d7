import { describe, expect, it } from "vitest";
import {
  chain,
  cliffWalking,
  clocked,
  frozenLake,
  garnet,
  gridworld,
  rajaraman,
  routes,
  type TabularEnv,
  taxi,
  tightrope,
  windyCliff,
} from "../envs/tabular/index.ts";
import type { Env } from "../mdp/env.ts";
import { planner } from "./planner.ts";

describe("the planner", () => {
  it("is optimal without a clock where one action is best at every step", () => {
    const worlds: TabularEnv[] = [taxi(), tightrope(), tightrope({ recovery: true }), rajaraman(), gridworld(), cliffWalking()];
    for (const env of [...worlds, windyCliff(), frozenLake({ slippery: false }), routes(), garnet()]) {
      const { value, optimum } = planner(env);
      expect(Math.abs(value - optimum)).toBeLessThan(1e-9 * Math.max(1, Math.abs(optimum)));
    }
  });

  it("says what it loses where the best action depends on the steps that are left", () => {
    for (const [env, lost] of [
      [frozenLake(), 0.004],
      [frozenLake({ map: "8x8" }), 0.0276],
      [chain(), 2.14],
    ] as const) {
      const { value, optimum } = planner(env);
      expect(Math.abs(optimum - value - lost)).toBeLessThan(0.02 * lost);
    }
  });

  it("loses nothing in the world whose states contain the clock", () => {
    for (const env of [frozenLake(), chain(), windyCliff()]) {
      const timed = planner(clocked(env));
      expect(timed.optimum).toBeCloseTo(planner(env).optimum, 10);
      expect(timed.value).toBeCloseTo(timed.optimum, 10);
    }
  });

  it("earns what it is worth", async () => {
    for (const env of [frozenLake(), taxi(), clocked(frozenLake()), cliffWalking({ H: 30 })]) {
      const expert = planner(env);
      const n = 4000;
      const batch = env.vector(n, { autoreset: "disabled" });
      let observations = batch.reset(7);
      const returns = new Float64Array(n);
      for (let h = 0; h < expert.mdp.H; h++) {
        const step = batch.step(expert.act(observations));
        step.rewards.forEach((reward, i) => {
          returns[i] += reward;
        });
        observations = step.observations;
      }
      const mean = returns.reduce((sum, value) => sum + value, 0) / n;
      const deviation = Math.sqrt(returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / n);
      expect(Math.abs(mean - expert.value)).toBeLessThan((4 * deviation) / Math.sqrt(n) + 1e-12);
    }
  });

  it("labels as it acts, with the lowest of tied actions", () => {
    const expert = planner(gridworld({ map: ["S.", ".G"], slip: 0 }));
    expect([...expert.label(Float32Array.of(0, 1, 2, 3))]).toEqual([1, 2, 1, 0]); // right before down, anything at the goal
    expect([...expert.act(Float32Array.of(0))]).toEqual([1]);
    expect([...expert.pi.subarray(0, 4)]).toEqual([0, 1, 0, 0]);
  });

  it("acts greedily where the world can't be, too", () => {
    const env = taxi();
    const { actions, solution } = planner(env);
    const there = 20 * 23 + 4 * 3 + 3; // at blue, where the passenger of another cell would already have arrived
    for (const s of [there - 20, there + 20]) {
      const Q = solution.Q.subarray(s * 6, (s + 1) * 6);
      expect(Q[actions[s]]).toBe(Math.max(...Q));
    }
  });

  it("knows of the clocked world that time runs on and then ends", () => {
    const { mdp } = clocked(frozenLake({ H: 3 }));
    expect([mdp.S, mdp.terminal[3 * 16]]).toEqual([49, 1]);
    for (let i = 0; i < mdp.S * 4; i++) {
      const s = Math.floor(i / 4);
      for (let k = mdp.P.rows[i]; k < mdp.P.rows[i + 1]; k++) {
        const next = mdp.P.next[k];
        expect(
          mdp.terminal[s]
            ? next === s
            : Math.floor(s / 16) === 2
              ? next === 48
              : Math.floor(next / 16) === Math.floor(s / 16) + 1,
        ).toBe(true);
      }
    }
  });

  it("plans over another horizon or discount if asked to", () => {
    expect(planner(frozenLake({ slippery: false }), { gamma: 0.5 }).optimum).toBeCloseTo(0.5 ** 5, 12);
    expect(planner(frozenLake({ slippery: false }), { H: 5 }).optimum).toBe(0);
  });

  it("refuses worlds that it can't plan for, and states that are none", () => {
    expect(() => planner({ id: "CartPole-v1" } as Env)).toThrow(/CartPole-v1 has no table to plan with/);
    expect(() => planner(taxi({ ficklePassenger: true }))).toThrow(/observations of Taxi-v4 don't tell its states apart/);
    expect(() => planner(frozenLake()).act(Float32Array.of(0, 16))).toThrow(
      /observation 1 is 16, expected a state of FrozenLake-v1, 0 to 15/,
    );
    expect(() => clocked(cliffWalking())).toThrow(/CliffWalking-v1 has no horizon/);
  });
});
