import { describe, expect, it } from "vitest";
import { lowerEnd, mean } from "../../../test/intervals.ts";
import { episodeReturns, rollout, subsample } from "../../data/index.ts";
import { acrobot, cartPole, frozenLake, mountainCar, mountainCarContinuous, pendulum } from "../../envs/index.ts";
import { acrobat, balancer, climber, gentleClimber, planner, swinger } from "../../experts/index.ts";
import type { Env } from "../../mdp/index.ts";
import { loadPolicy, mlp, tabular } from "../../policies/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { type IqLearnOptions, iqLearn } from "./iq-learn.ts";
import { sqil } from "./sqil.ts";

/** What a random policy and the expert earn, known from 1000 episodes each. */
const tasks = [
  [cartPole(), balancer(), 21, 500],
  [acrobot(), acrobat(), -499, -74],
  [mountainCar(), climber(), -200, -100.7],
  [mountainCarContinuous(), gentleClimber(), -33, 97.3],
] as const;

const continuous = { scale: "state", activation: "relu" } as const;

describe("inverse soft-Q learning, offline and by default", () => {
  it.each(tasks.map((each) => [each[0].id, each] as const))(
    "%s: reaches 0.95 of the way from a random policy to the expert, from ten demonstrations, with 95 % confidence",
    async (_, [env, expert, random, best]) => {
      const scores = [];
      for (const seed of [0, 1, 2]) {
        const demos = await rollout(env, expert, { episodes: 10, seed });
        const real = env.action.kind === "box";
        const policy = mlp(env, { hidden: [64, 64], ...(real ? continuous : {}) });
        const learned = await train(iqLearn, { demos, policy }, { updates: real ? 700 : 1500, seed });
        const { returns } = await episodeReturns(env, learned.policy, { episodes: 50, seed: 7, deterministic: true });
        scores.push((mean(returns) - random) / (best - random));
      }
      expect(lowerEnd(scores)).toBeGreaterThan(0.95);
    },
  );

  it("implies the reward r = Q(s, a) − γ V(s'), and r = Q(s, a) where the episode ended", async () => {
    const env = frozenLake();
    const demos = await rollout(env, planner(env), { episodes: 5, seed: 1 });
    const run = start(
      iqLearn,
      { demos, policy: tabular(env) },
      { updates: 200, temperature: 0.5, gamma: 0.9, learningRate: 0.05 },
    );
    for await (const _ of run);
    const { reward } = await run.result();
    const Q = (s: number, a: number) => run.state.learner.theta[s * 4 + a];
    const V = (s: number) => 0.5 * Math.log([0, 1, 2, 3].reduce((sum, a) => sum + Math.exp(Q(s, a) / 0.5), 0));
    const steps = {
      s: Float32Array.of(0, 4, 14),
      a: Int32Array.of(1, 3, 2),
      next: Float32Array.of(4, 8, 15),
      terminated: Uint8Array.of(0, 0, 1),
    };
    const r = await reward(steps);
    expect(r[0]).toBeCloseTo(Q(0, 1) - 0.9 * V(4), 5);
    expect(r[1]).toBeCloseTo(Q(4, 3) - 0.9 * V(8), 5);
    expect(r[2]).toBeCloseTo(Q(14, 2), 5);
  });

  it("with χ² regularisation and first states, the expert's steps come to earn about 2 β each", async () => {
    const env = cartPole();
    const demos = await rollout(env, balancer(), { episodes: 1, seed: 1 });
    const options = { initial: "v0", chi2: 0.25, gamma: 0.9, targetRate: 0, updates: 1500 } as const;
    const { records } = await train(iqLearn, { demos, policy: mlp(env) }, options);
    const { expertReward } = records.at(-1)!; // r − r²/(4 β) is largest at r = 2 β
    expect(expertReward).toBeGreaterThan(0.35);
    expect(expertReward).toBeLessThan(0.55);
  });

  it("gives a policy that can be saved: the file acts as it does", async () => {
    const env = cartPole();
    const demos = await rollout(env, balancer(), { episodes: 1, seed: 1 });
    const { policy } = await train(iqLearn, { demos, policy: mlp(env) }, { updates: 100 });
    const saved = await loadPolicy(policy.toOnnx());
    const s = Float32Array.of(0.1, 0, 0.02, 0.3, -0.1, 0.2, -0.05, -0.4);
    expect(await saved.act(s, { deterministic: true })).toEqual(await policy.act(s, { deterministic: true }));
  });
});

describe("a run that was stopped goes on bit for bit", () => {
  const cases: [string, Env, Partial<IqLearnOptions>][] = [
    ["choices, offline", cartPole(), {}],
    ["choices, online", cartPole(), { stepsPerUpdate: 1, initial: "value", targetRate: 0.1 }],
    ["real actions, online", pendulum(), { stepsPerUpdate: 1, initial: "v0" }],
  ];
  it.each(cases)("%s", async (_, env, more) => {
    const expert = env.action.kind === "box" ? swinger() : balancer();
    const problem = { demos: await rollout(env, expert, { episodes: 2, seed: 1 }), policy: mlp(env), env };
    const options = { updates: 60, updatesPerRound: 15, batchSize: 16, copies: 3, capacity: 40, criticHidden: [8], ...more };
    for (const algorithm of [iqLearn, sqil] as const) {
      const { initial: _initial, ...plain } = options;
      const given = algorithm === sqil ? { ...plain, stepsPerUpdate: 1 } : options;
      const run = start(algorithm as typeof iqLearn, problem, given);
      await run.next();
      await run.next();
      const again = resume(algorithm as typeof iqLearn, problem, run.checkpoint());
      const rest = [[], []] as object[][];
      for await (const row of run) rest[0].push(row);
      for await (const row of again) rest[1].push(row);
      expect(rest[1]).toEqual(rest[0]);
      expect(again.state).toEqual(run.state);
    }
  });
});

describe("soft Q imitation learning", () => {
  it("online reaches the expert on CartPole: over three seeds above 0.95 of the way, with 95 % confidence", async () => {
    const env = cartPole();
    const scores = [];
    for (const seed of [0, 1, 2]) {
      const demos = await rollout(env, balancer(), { episodes: 10, seed });
      const { policy } = await train(sqil, { demos, env, policy: mlp(env, { hidden: [64, 64] }) }, { updates: 3000, seed });
      const { returns } = await episodeReturns(env, policy, { episodes: 50, seed: 7, deterministic: true });
      scores.push((mean(returns) - 21) / 479);
    }
    expect(lowerEnd(scores)).toBeGreaterThan(0.95);
  });
});

describe("what doesn't fit together is refused in one line", () => {
  it.each([
    [
      "pairs, which don't say where a step led",
      { pairs: true },
      {},
      /pairs \(s, a\) without the states that follow; .* subsample/,
    ],
    ["demonstrations of another world", { other: true }, {}, /the demonstrations are box\[3\] .* the policy is box\[4\]/],
    ["own steps without an environment", {}, { stepsPerUpdate: 1 }, /has no environment; give env, or stepsPerUpdate 0/],
    ["an estimate that needs own steps", {}, { initial: "value" }, /give stepsPerUpdate > 0, or initial=value_expert/],
    ["an unknown estimate", {}, { initial: "v1" }, /initial is one of v0, value, value_expert, found "v1"/],
    ["no temperature", {}, { temperature: 0 }, /temperature is 0, expected a positive number/],
    ["half a step", {}, { subsample: 1.5 }, /subsample is 1.5, expected a whole number from 1 on/],
  ] as const)("%s", async (_, what: { pairs?: true; other?: true }, options, message) => {
    const env = cartPole();
    const world = what.other ? pendulum() : env;
    const data = await rollout(world, what.other ? swinger() : balancer(), { episodes: 1, seed: 1, maxSteps: 30 });
    const problem = { demos: what.pairs ? subsample(data, { every: 2 }) : data, policy: mlp(env) };
    const failed = await train(iqLearn, problem, options as object).catch((error: Error) => error.message);
    expect(failed).toMatch(message);
    expect(failed).not.toContain("\n");
  });

  it("sqil without own steps", async () => {
    const env = cartPole();
    const demos = await rollout(env, balancer(), { episodes: 1, seed: 1, maxSteps: 30 });
    await expect(train(sqil, { demos, policy: mlp(env) }, { stepsPerUpdate: 0 })).rejects.toThrow(/give stepsPerUpdate > 0/);
    await expect(train(sqil, { demos, policy: mlp(env) })).rejects.toThrow(/has no environment/);
  });

  it("but one short demonstration, of one action alone, is learned from: minibatches are drawn with replacement", async () => {
    const env = cartPole();
    const always = { label: (s: Float32Array) => new Int32Array(s.length / 4) };
    const demos = await rollout(env, always, { episodes: 1, seed: 1 });
    const { policy } = await train(iqLearn, { demos, policy: mlp(env) }, { updates: 300, batchSize: 64 });
    expect(demos.rewards.length).toBeLessThan(64);
    const s = Float32Array.from(demos.observations.subarray(0, 8));
    expect([...(await policy.act(s, { deterministic: true }))]).toEqual([0, 0]);
  });
});
