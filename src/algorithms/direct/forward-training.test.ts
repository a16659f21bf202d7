import { describe, expect, it } from "vitest";
import { cartPole, gridworld, rajaraman, tightrope } from "../../envs/index.ts";
import { planner } from "../../experts/index.ts";
import type { Observations } from "../../mdp/index.ts";
import { occupancy } from "../../solvers/index.ts";
import { daggerBound, valueGap } from "../../theory/index.ts";
import { forwardTraining, resume, start, train } from "../index.ts";

describe("forward training", () => {
  it("learns, for every step, what the expert does in the states that the steps before it lead to", async () => {
    const env = gridworld({ rows: 3, columns: 4, slip: 0.3, H: 15 });
    const expert = planner(env);
    const { pi, records } = await train(forwardTraining, { env, expert }, { episodes: 2000, seed: 1 });
    const { S, A, H, terminal } = env.mdp;
    const { d } = occupancy(env.mdp, pi);
    let common = 0;
    for (let h = 0; h < H; h++) {
      for (let s = 0; s < S; s++) {
        if (terminal[s] === 1 || d[h * S + s] < 0.01) continue;
        common++;
        expect(pi[(h * S + s) * A + expert.actions[s]], `state ${s} at step ${h + 1}`).toBe(1);
      }
    }
    expect(common).toBeGreaterThan(50);
    expect(records.map(({ step }) => step)).toEqual(Array.from({ length: H }, (_, h) => h + 1));
    expect(records[0].states).toBe(2000);
    expect(records[H - 1].states).toBeLessThan(2000); // episodes that have reached the goal ask nobody
    expect(records[H - 1].labels).toBe(records.reduce((sum, { states }) => sum + states, 0));
  });

  it("keeps within H Range(Q*) eps of the expert, eps on its own states, and closes the gap with more episodes", async () => {
    const gaps = [30, 3000].map(async (episodes) => {
      const env = rajaraman({ states: 6, H: 12, N: 30, seed: 2 });
      const expert = planner(env);
      const { pi } = await train(forwardTraining, { env, expert }, { episodes, seed: 3 });
      const pair = { piStar: expert.pi, piHat: pi };
      const { gap, bound } = daggerBound(env.mdp, pair);
      expect(gap).toBeCloseTo(valueGap(env.mdp, pair), 10);
      expect(gap).toBeLessThanOrEqual(bound + 1e-12);
      return gap;
    });
    const [few, many] = await Promise.all(gaps);
    expect(few).toBeGreaterThan(0.05);
    expect(many).toBeLessThan(few / 10);
  });

  it("knows nothing of states that no step leads to: it is uniform there", async () => {
    const env = tightrope({ H: 4, length: 3 });
    const { pi } = await train(forwardTraining, { env, expert: planner(env) }, { episodes: 5 });
    expect(Array.from(pi.subarray(0, 4))).toEqual([1, 0, 0.5, 0.5]); // step 1: the first cell is the only one
    expect(Array.from(pi.subarray(12, 16))).toEqual([0.5, 0.5, 1, 0]); // step 2: the second cell
  });

  it("stopped after any step and resumed, it is the same bit for bit", async () => {
    const env = gridworld({ rows: 3, columns: 3, slip: 0.3, H: 6 });
    const problem = { env, expert: planner(env) };
    const whole = await train(forwardTraining, problem, { episodes: 20, seed: 7 });
    const first = start(forwardTraining, problem, { episodes: 20, seed: 7 });
    await first.next();
    await first.next();
    const second = resume(forwardTraining, problem, first.checkpoint());
    for await (const _ of second);
    expect((await second.result()).pi).toEqual(whole.pi);
  });

  it("refuses worlds that are not of states and choices, and experts that don't answer for every state", async () => {
    const env = tightrope({ H: 3 });
    const expert = { label: (s: Observations) => new Int32Array(s.length) };
    await expect(train(forwardTraining, { env: cartPole(), expert })).rejects.toThrow(
      /forward training needs discrete observations and actions, found box\[4\]/,
    );
    await expect(train(forwardTraining, { env, expert }, { episodes: 0 })).rejects.toThrow(
      /episodes is 0, expected a whole number from 1 on/,
    );
    await expect(train(forwardTraining, { env, expert: { label: () => new Int32Array(0) } })).rejects.toThrow(
      /gave 0 labels for 100 states of Tightrope-v1/,
    );
    await expect(train(forwardTraining, { env, expert: { label: (s) => new Int32Array(s.length).fill(5) } })).rejects.toThrow(
      /label of state 0 does not fit discrete\(2\): choice is 5/,
    );
  });
});
