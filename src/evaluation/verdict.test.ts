import { describe, expect, it } from "vitest";
import { fromTrajectories, rollout } from "../data/index.ts";
import { cartPole, defineEnv, pendulum } from "../envs/index.ts";
import { balancer } from "../experts/index.ts";
import { type Actions, box, discrete, type Env, type Expert, type Policy, tabularMdp } from "../mdp/index.ts";
import { disagreementByTrajectory, judge } from "./index.ts";

/** A walk of ten steps that pays 1 for each step to the right, and a gift that chance decides. */
const walk = defineEnv({
  id: "walk",
  observation: box([1]),
  action: discrete(2),
  maxSteps: 10,
  reset: (random) => ({ x: 0, gift: random.normal() }),
  step: (state, a) => ({ state: { ...state, x: state.x + Number(a) }, reward: Number(a) + state.gift, terminated: false }),
  observe: (state) => [state.x],
});

const rule = (env: Env, choose: (x: number, row: number) => number): Policy & Expert => {
  const act = (observations: Float32Array): Actions => Int32Array.from(observations, choose);
  return { observation: env.observation, action: env.action, act, label: act };
};

describe("the verdict", () => {
  it("finds the gap exactly where learner and expert meet the same chances, whatever the chances", async () => {
    const expert = rule(walk, () => 1);
    const learner = rule(walk, (x) => (x < 6 ? 1 : 0));
    const verdict = await judge(walk, learner, { expert, episodes: 30, seed: 3 });
    expect(verdict.gap.mean).toBeCloseTo(4, 9);
    expect(verdict.gap.high - verdict.gap.low).toBeLessThan(1e-9);
    expect(verdict.expert.high - verdict.expert.low).toBeGreaterThan(1);
    // The learner errs in the last 4 of the expert's 10 steps; on its own states it stands still at 6 and errs as often.
    expect(verdict.onExpertStates).toMatchObject({ measure: "mismatch" });
    expect(verdict.onExpertStates?.mean).toBeCloseTo(0.4, 12);
    expect(verdict.onLearnerStates?.mean).toBeCloseTo(0.4, 12);
  });

  it("against demonstrations alone, gives the difference of two means with an interval that covers the gap", async () => {
    const still = rule(walk, () => 0);
    let covered = 0;
    for (let k = 0; k < 40; k++) {
      const demos = await rollout(
        walk,
        rule(walk, () => 1),
        { episodes: 40, seed: 100 + k },
      );
      const { gap } = await judge(walk, still, { demos, episodes: 40, seed: k });
      if (gap.low <= 10 && 10 <= gap.high) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(34); // 95 % of 40; fewer than 34 has a chance below 0.4 %
    const demos = await rollout(
      walk,
      rule(walk, () => 1),
      { episodes: 5, seed: 11 },
    );
    const verdict = await judge(walk, still, { demos, heldOut: demos });
    expect(verdict.onExpertStates?.mean).toBe(1);
    expect(verdict.onLearnerStates).toBeUndefined();
    await expect(judge(walk, still, {})).rejects.toThrow(/needs somebody to compare with/);
  });

  it("says that the expert does not fall short of itself", async () => {
    const env = cartPole();
    const verdict = await judge(env, balancer(), { expert: balancer(), episodes: 20, seed: 1 });
    expect(verdict.gap).toEqual({ mean: 0, low: 0, high: 0 });
    expect(verdict.onLearnerStates?.mean).toBe(0);
  });

  it("adds the exact bound H Range(Q) eps and the exact gap where every number of the world is known", async () => {
    // Two states: action 1 in state 0 stays and earns 1; action 0 falls into state 1, which earns nothing for good.
    const P = [0, 1, 1, 0, 0, 1, 0, 1];
    const mdp = tabularMdp({ S: 2, A: 2, P, r: { sa: [0, 1, 0, 0] }, rho: 0, H: 5 });
    const plain = defineEnv({
      id: "cliff",
      observation: discrete(2),
      action: discrete(2),
      maxSteps: 5,
      reset: () => ({ s: 0 }),
      step: ({ s }, a) => ({ state: { s: s === 0 && a === 1 ? 0 : 1 }, reward: s === 0 && a === 1 ? 1 : 0, terminated: false }),
      observe: ({ s }) => [s],
    });
    const env = { ...plain, mdp };
    const verdict = await judge(
      env,
      rule(env, () => 0),
      { expert: rule(env, () => 1), episodes: 10 },
    );
    expect(verdict.gap.mean).toBe(5);
    expect(verdict.bound?.gap).toBeCloseTo(5, 12);
    expect(verdict.bound?.eps).toBeCloseTo(1, 12);
    expect(verdict.bound!.bound).toBeGreaterThanOrEqual(verdict.bound!.gap);
  });
});

describe("the disagreement", () => {
  it("of real actions is the root mean square difference in half action ranges", async () => {
    const env = pendulum();
    const still: Policy = { observation: env.observation, action: env.action, act: (s) => new Float32Array(s.length / 3) };
    const tau = (torque: number) => ({
      observations: new Float32Array(3 * 5),
      actions: new Float32Array(4).fill(torque),
      rewards: new Float64Array(4),
      terminated: false,
    });
    const data = fromTrajectories(env.observation, env.action, [tau(1), tau(-2)]);
    expect(Array.from(await disagreementByTrajectory(still, data))).toEqual([0.5, 1]);
  });

  it("refuses a policy that answers for too few states", async () => {
    const data = await rollout(
      walk,
      rule(walk, () => 1),
      { episodes: 1, seed: 0 },
    );
    const short: Policy = { observation: walk.observation, action: walk.action, act: () => new Int32Array(1) };
    await expect(disagreementByTrajectory(short, data)).rejects.toThrow(/answered with 1 numbers, expected 10/);
  });
});
