import { describe, expect, it } from "vitest";
import { episodeReturns, fromTrajectories, pairs, rollout, subsample, take, trajectoryAt } from "../../data/index.ts";
import { acrobot, cartPole, defineEnv, loadEnv, pendulum } from "../../envs/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { balancer, swinger } from "../../experts/index.ts";
import { box, discrete, type Env } from "../../mdp/index.ts";
import { mlp } from "../../policies/index.ts";
import { loadReward, withReward } from "../../rewards/index.ts";
import { ppo } from "../../solvers/index.ts";
import { resume, start, train } from "../algorithm.ts";
import type { AdversarialOptions } from "./adversarial/options.ts";
import { type AdversarialProblem, airl, gail } from "./adversarial-irl.ts";

const env = cartPole();
const demos = await rollout(env, balancer(), { episodes: 10, seed: 999 });
const small = { copies: 4, rolloutSteps: 16, batchSize: 32, epochs: 2, rewardBatch: 16, rewardUpdates: 3 };

async function rounds(algorithm: typeof gail, problem: AdversarialProblem, options: Partial<AdversarialOptions>, count: number) {
  const run = start(algorithm, problem, options);
  const records = [];
  for (let k = 0; k < count; k++) records.push((await run.next())!);
  return { run, records };
}

/** The lower end of the 95 % interval of the mean return. */
const lowReturn = async (world: Env, policy: Parameters<typeof episodeReturns>[1], seed: number) => {
  const { returns } = await episodeReturns(world, policy, { episodes: 100, seed, deterministic: true });
  return meanInterval(returns).low;
};

describe("adversarial imitation learns from nothing but the expert's steps", () => {
  it.each([
    ["gail on CartPole", gail, "CartPole-v1"],
    ["airl on CartPole of a fixed length", airl, "CartPoleFixed-v1"],
  ] as const)("%s: the expert's return of 500, above 475 where five hundred are the most", async (_, algorithm, id) => {
    const world = await loadEnv(id);
    const shown = await rollout(world, balancer(), { episodes: 10, seed: 999 });
    const { policy, reward, records } = await train(
      algorithm,
      { env: world, demos: shown, policy: mlp(world) },
      { steps: 80_000, seed: 1 },
    );
    expect(await lowReturn(world, policy, 101)).toBeGreaterThan(475);
    expect(records[0].episodeReturn ?? 0).toBeLessThan(100);
    // what was learned pays for the expert's own steps more than for a fallen pole
    const s = Float32Array.of(0, 0, 0, 0, 0, 0, 0.5, 2);
    const [up, fallen] = reward({ s, a: Int32Array.of(0, 0), next: s, terminated: new Uint8Array(2) });
    expect(up).toBeGreaterThan(fallen);
  });
});

describe("what was learned to be worth doing", () => {
  it("teaches another learner from nothing in a world that pays by it alone, out of its file", async () => {
    const { reward } = await train(gail, { env, demos, policy: mlp(env) }, { steps: 40_000, seed: 2 });
    const paid = withReward(env, loadReward(reward.toOnnx({ env: env.id })));
    const { policy } = await train(ppo, { env: paid, policy: mlp(env) }, { steps: 60_000, seed: 3 });
    expect(await lowReturn(env, policy, 104)).toBeGreaterThan(475);
  });
});

describe("bad input", () => {
  const policy = mlp(env);

  it("demonstrations of other actions or another world are refused with both shapes", async () => {
    const other = acrobot();
    const theirs = await rollout(other, { label: (o) => new Int32Array(o.length / 6) }, { episodes: 1, seed: 1, maxSteps: 20 });
    await expect(train(gail, { env, demos: theirs, policy })).rejects.toThrow(
      /demonstrations of Acrobot-v1 are box\[6\] -> discrete\(3\), CartPole-v1 is box\[4\] -> discrete\(2\); record demonstrations in CartPole-v1/,
    );
    const real = pairs(env.observation, box([1], -1, 1), new Float32Array(8), Float32Array.of(0, 1));
    await expect(train(airl, { env, demos: real, policy }, { shaping: false, absorbing: false })).rejects.toThrow(/box\[1\]/);
    await expect(train(gail, { env, demos, policy: mlp({ observation: env.observation, action: discrete(3) }) })).rejects.toThrow(
      /the policy is box\[4\] -> discrete\(3\)/,
    );
  });

  it("a reward that needs to know where steps lead refuses pairs that don't say, and one that doesn't takes them", async () => {
    const some = subsample(take(demos, 1), { every: 10, seed: 1 });
    const needs = /needs to know where each step led, and pairs \(s, a\) don't say; give whole trajectories/;
    await expect(train(airl, { env, demos: some, policy }, small)).rejects.toThrow(needs);
    for (const given of [{ over: "sas" }, { over: "sasd" }, { absorbing: true }, { shaping: true }] as const)
      await expect(train(gail, { env, demos: some, policy }, { ...small, ...given })).rejects.toThrow(needs);
    const { records } = await rounds(gail, { env, demos: some, policy }, small, 2);
    expect(records[1].disagreement).toBeUndefined();
    await rounds(airl, { env, demos: some, policy }, { ...small, shaping: false, absorbing: false }, 1);
  });

  it("fewer steps than a minibatch are drawn with replacement, down to a single one", async () => {
    for (const steps of [7, 1]) {
      const { observations, actions, rewards } = trajectoryAt(demos, 0);
      const short = fromTrajectories(env.observation, env.action, [
        {
          observations: observations.slice(0, 4 * (steps + 1)),
          actions: actions.slice(0, steps),
          rewards: rewards.slice(0, steps),
          terminated: false,
        },
      ]);
      for (const algorithm of [gail, airl]) {
        const { records } = await rounds(algorithm, { env, demos: short, policy }, { ...small, warmStart: 5 }, 2);
        for (const value of Object.values(records[1])) expect(value).toSatisfy(Number.isFinite);
      }
    }
  });

  it("demonstrations that always do the same are learned from as others are, and nothing becomes infinite", async () => {
    const left = await rollout(env, { label: (o) => new Int32Array(o.length / 4) }, { episodes: 30, seed: 1 });
    const problem = { env, demos: left, policy: mlp(env) };
    for (const algorithm of [gail, airl]) {
      const { run, records } = await rounds(algorithm, problem, { ...small, warmStart: 200, learningRate: 1e-4 }, 4);
      for (const { warning: _, ...numbers } of records)
        for (const value of Object.values(numbers)) expect(value).toSatisfy(Number.isFinite);
      const { policy: learned } = await run.result();
      const actions = await learned.act(left.observations.slice(0, 400) as Float32Array, { deterministic: true });
      expect([...actions]).toEqual(new Array(100).fill(0));
    }
  });

  it("a reward that is no number ends the run with a line that says so, and a checkpoint from before goes on", async () => {
    const run = start(gail, { env, demos, policy }, { ...small, seed: 3 });
    await run.next();
    const sound = run.checkpoint();
    run.state.discriminator.theta.fill(Number.NaN, 0, 1);
    await expect(run.next()).rejects.toThrow(/is NaN in update 4; expected a finite number; lower the learning rate/);
    run.state.discriminator.theta.fill(Number.NaN);
    await expect(run.next()).rejects.toThrow(/is NaN/);
    const again = resume(gail, { env, demos, policy }, sound);
    expect((await again.next())!.round).toBe(2);
  });

  it.each([
    [{ rewardBatch: 0 }, /rewardBatch is 0, expected a whole number from 1 on/],
    [{ memory: 1.5 }, /memory is 1.5, expected a whole number from 1 on/],
    [{ rewardRate: -1 }, /rewardRate is -1, expected a positive number/],
    [{ gradientPenalty: -1 }, /gradientPenalty is -1, expected a number from 0 on/],
    [{ labelSmoothing: 0.5 }, /labelSmoothing is 0.5, expected a number from 0 to below 0.5/],
    [{ rewardForm: "best" }, /rewardForm is "best", expected one of positive, negative, both, forward-kl/],
    [{ over: "as" }, /over "s", "sa", "sas" or "sasd", found "as"/],
    [{ warmStart: -3 }, /warmStart is -3, expected a whole number from 0 on/],
    [{ absorbing: true, gamma: 1 }, /absorbing state needs gamma < 1/],
    [{ batchSize: 4096 }, /a minibatch has 4096 steps/],
  ])("options %j are refused", async (options, message) => {
    await expect(start(gail, { env, demos, policy }, options as Partial<AdversarialOptions>).ready).rejects.toThrow(message);
  });
});

describe("an expert whose episodes the world ends", () => {
  const walk = defineEnv({
    id: "walk",
    observation: box([1], 0, 4),
    action: discrete(2),
    maxSteps: 20,
    reset: () => ({ x: 0 }),
    step: ({ x }, a) => ({
      state: { x: Math.max(0, x + (a === 1 ? 1 : -1)) },
      reward: -1,
      terminated: x + (a === 1 ? 1 : -1) >= 4,
    }),
    observe: ({ x }) => [x],
  });
  const policy = mlp(walk, { hidden: [4] });
  const told = async (algorithm: typeof gail, shown: AdversarialProblem["demos"], options: Partial<AdversarialOptions> = {}) => {
    const { records } = await rounds(algorithm, { env: walk, demos: shown, policy }, { ...small, ...options }, 2);
    expect(records[1].warning).toBeUndefined();
    return records[0].warning;
  };

  it("is told of, and of the setting to give, before a reward that pays for every step more; an absorbing state needs no telling", async () => {
    const ends = await rollout(walk, { label: (s) => new Int32Array(s.length).fill(1) }, { episodes: 3, seed: 1 });
    expect(ends.terminated).toEqual(Uint8Array.of(1, 1, 1));
    expect(await told(gail, ends)).toBe(
      "the world ended 3 of 3 demonstrations, but with rewardForm=positive every step more pays and an end nothing: the learner may put off the end; set absorbing=true, which lets the discriminator judge ends too",
    );
    expect(await told(gail, ends, { absorbing: true })).toBeUndefined();
    expect(await told(gail, ends, { rewardForm: "negative" })).toBeUndefined();
    expect(await told(airl, ends)).toBeUndefined();
    expect(await told(gail, subsample(ends, { every: 1, seed: 1 }))).toBeUndefined();
    const cut = await rollout(walk, { label: (s) => new Int32Array(s.length) }, { episodes: 3, seed: 1 });
    expect(await told(gail, cut)).toBeUndefined();
  });
});

describe("a run", () => {
  it.each<[string, typeof gail, () => Promise<AdversarialProblem>, Partial<AdversarialOptions>]>([
    ["gail", gail, async () => ({ env, demos, policy: mlp(env, { hidden: [8] }) }), {}],
    [
      "gail with all that it can have",
      gail,
      async () => ({ env, demos, policy: mlp(env, { hidden: [8] }) }),
      {
        ...{ absorbing: true, members: 2, doubt: 0.5, spectral: true, noise: 0.1, labelSmoothing: 0.1, rewardEntropy: 0.01 },
        ...{
          warmStart: 20,
          settle: 2,
          keep: "distance",
          normalise: "running",
          standardiseRewards: true,
          over: "sasd",
          rewardDecay: 0.01,
        },
      },
    ],
    ["airl", airl, async () => ({ env, demos, policy: mlp(env, { hidden: [8] }) }), { absorbing: true, memory: 2 }],
    [
      "airl with real actions",
      airl,
      async () => {
        const world = pendulum();
        return {
          env: world,
          demos: await rollout(world, swinger(), { episodes: 12, seed: 1 }),
          policy: mlp(world, { hidden: [8], distribution: "gaussian" }),
        };
      },
      { over: "s", keep: "disagreement", stagger: false },
    ],
  ])("that is saved and resumed equals one that was not, bit for bit: %s", async (_, algorithm, make, given) => {
    const options = { ...small, steps: 10_000, seed: 5, ...given };
    const { run, records } = await rounds(algorithm, await make(), options, 6);
    const { run: first } = await rounds(algorithm, await make(), options, 3);
    const second = resume(algorithm, await make(), first.checkpoint());
    for (let k = 3; k < 6; k++) expect(await second.next()).toEqual(records[k]);
    expect(second.checkpoint()).toEqual(run.checkpoint());
    const [a, b] = [await run.result(), await second.result()];
    expect(a.policy.theta).toEqual(b.policy.theta);
    expect(a.reward.theta).toEqual(b.reward.theta);
    expect(a.kept).toEqual(b.kept);
  });
});
