import { describe, expect, it } from "vitest";
import { episodeReturns } from "../../data/index.ts";
import { cartPole, pendulum, tightrope } from "../../envs/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { balancer, planner, swinger } from "../../experts/index.ts";
import type { Expert } from "../../mdp/index.ts";
import { mlp, tabular } from "../../policies/index.ts";
import { deepForwardTraining, deepSmile, ExpertError, resume, start, train } from "../index.ts";

const cart = cartPole();
const own = balancer();

describe("SMILe with networks", () => {
  it("replaces the expert little by little: its mixture balances CartPole without it", async () => {
    const problem = { env: cart, expert: own, policy: mlp(cart, { hidden: [16] }) };
    const { policy, records } = await train(deepSmile, problem, { rounds: 6, states: 400, alpha: 0.4, seed: 1 });
    const { returns } = await episodeReturns(cart, policy, { episodes: 20, seed: 9 });
    expect(meanInterval(returns).low).toBeGreaterThan(350);
    expect(records.map(({ labels }) => labels)).toEqual([400, 800, 1200, 1600, 2000, 2400]);
    records.forEach(({ expertShare }, i) => {
      expect(expertShare).toBeCloseTo(0.6 ** (i + 1), 12);
    });
    expect(records[0].expertSteps).toBe(400);
    const share = (records[1].expertSteps - 400) / 400;
    expect(Math.abs(share - 0.6)).toBeLessThan(4 * Math.sqrt(0.24 / 400));
  });

  it("learns each member from its own round's labels alone", async () => {
    const rope = tightrope({ H: 8, recovery: true });
    // the expert is of another mind from the second round on
    let asked = 0;
    const turning: Expert = {
      label: (s) => {
        asked += s.length;
        return new Int32Array(s.length).fill(asked <= 64 ? 0 : 1);
      },
    };
    const problem = { env: rope, expert: turning, policy: tabular(rope) };
    const run = start(deepSmile, problem, { rounds: 2, states: 64, alpha: 1, smoothing: 0 });
    await run.next();
    await run.next();
    const { thetas } = run.state;
    const half = thetas.length / 2;
    expect(thetas[0]).toBeGreaterThan(thetas[1]); // π̂_1: the first action in the first state
    expect(thetas[half]).toBeLessThan(thetas[half + 1]); // π̂_2: the second
  });

  it("real actions too; stopped anywhere and resumed, it is the same bit for bit", async () => {
    const env = pendulum();
    const problem = { env, expert: swinger(), policy: mlp(env, { hidden: [8] }) };
    const given = { rounds: 3, states: 60, alpha: 0.5, epochs: 1, seed: 4, requestSize: 11 };
    const whole = await train(deepSmile, problem, given);
    const acted = await episodeReturns(env, whole.policy, { episodes: 2, seed: 1, maxSteps: 30 });
    for (const rounds of [0, 1, 2]) {
      const first = start(deepSmile, problem, given);
      await first.ready;
      const records = [];
      for (let k = 0; k < rounds; k++) records.push(await first.next());
      const second = resume(deepSmile, problem, rounds === 1 ? first.checkpoint() : first.snapshot());
      for await (const record of second) records.push(record);
      expect(records).toEqual(whole.records);
      const { policy } = await second.result();
      expect(await episodeReturns(env, policy, { episodes: 2, seed: 1, maxSteps: 30 })).toEqual(acted);
    }
  });

  it("refuses shares that are none, and policies of other worlds", async () => {
    const problem = { env: cart, expert: own, policy: mlp(cart) };
    await expect(train(deepSmile, problem, { alpha: 0 })).rejects.toThrow(/alpha is 0, expected a share above 0/);
    await expect(train(deepSmile, { ...problem, policy: mlp(pendulum()) }, {})).rejects.toThrow(
      /the policy is made for observations box\[3\], CartPole-v1 has box\[4\]/,
    );
  });
});

describe("forward training with networks", () => {
  it("learns each step's policy where those before it lead to: together they walk the rope to its end", async () => {
    const env = tightrope({ H: 12, recovery: true });
    const problem = { env, expert: planner(env), policy: mlp(env, { hidden: [8] }) };
    const { policy, records } = await train(deepForwardTraining, problem, { episodes: 40, updates: 60, seed: 2 });
    const { returns } = await episodeReturns(env, policy, { episodes: 50, seed: 3, deterministic: true });
    expect(Math.min(...returns)).toBe(12);
    expect(records.map(({ step }) => step)).toEqual(Array.from({ length: 12 }, (_, h) => h + 1));
    expect(records[11].labels).toBe(records.reduce((sum, { states }) => sum + states, 0));
  });

  it("ends when no episode is left, and the last policy goes on", async () => {
    const problem = { env: cart, expert: { label: (s: Float32Array) => new Int32Array(s.length / 4) }, policy: mlp(cart) };
    const { policy, records } = await train(deepForwardTraining, problem, { episodes: 3, updates: 100, batchSize: 4, seed: 1 });
    expect(records.length).toBeGreaterThan(6); // always pushed to one side, the pole falls after about nine steps
    expect(records.length).toBeLessThan(20);
    const { lengths } = await episodeReturns(cart, policy, { episodes: 3, seed: 8, deterministic: true });
    expect(Math.max(...lengths)).toBeLessThan(12);
  });

  it("stopped anywhere and resumed, it is the same bit for bit: the episodes stand where they stood", async () => {
    const env = pendulum();
    const problem = { env, expert: swinger(), policy: mlp(env, { hidden: [4] }) };
    const given = { episodes: 10, steps: 4, updates: 5, seed: 4 };
    const whole = await train(deepForwardTraining, problem, given);
    const acted = await episodeReturns(env, whole.policy, { episodes: 2, seed: 1, maxSteps: 10 });
    let call = 0;
    const moody: Expert = {
      label: (s) => {
        call += 1;
        if (call % 2 === 1) throw new Error("not now");
        return swinger().label(s);
      },
    };
    for (const steps of [0, 1, 3]) {
      const first = start(deepForwardTraining, { ...problem, expert: moody }, given);
      await first.ready;
      const records = [];
      while (records.length < steps) {
        const row = await first.next().catch((error) => {
          expect(error).toBeInstanceOf(ExpertError);
        });
        if (row) records.push(row);
      }
      const second = resume(deepForwardTraining, problem, steps === 1 ? first.checkpoint() : first.snapshot());
      for await (const record of second) records.push(record);
      expect(records).toEqual(whole.records);
      const { policy } = await second.result();
      expect(await episodeReturns(env, policy, { episodes: 2, seed: 1, maxSteps: 10 })).toEqual(acted);
    }
  });
});
