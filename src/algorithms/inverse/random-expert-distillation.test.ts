import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lowerEnd, mean } from "../../../test/intervals.ts";
import { allPairs, episodeReturns, fromTrajectories, pairs, rollout, subsample, trajectoryAt } from "../../data/index.ts";
import { acrobot, cartPole, loadEnv, mountainCar } from "../../envs/index.ts";
import { balancer, climber } from "../../experts/index.ts";
import { mlp } from "../../policies/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { rewardOfDistance, sharpness } from "./distillation.ts";
import { red } from "./random-expert-distillation.ts";

const env = cartPole();
const demos = await rollout(env, balancer(), { episodes: 10, seed: 999 });

describe("random expert distillation", () => {
  it("reaches the expert on CartPole from nothing but where the expert has been: 475 of 500 with 95 % confidence", async () => {
    const returns = [];
    for (const seed of [0, 1, 2]) {
      const options = { steps: 40_000, warmStart: 0, seed };
      const { policy, records } = await train(red, { env, demos, policy: mlp(env) }, options);
      const judged = await episodeReturns(env, policy, { episodes: 50, seed: 7, deterministic: true });
      returns.push(mean(judged.returns));
      expect(records.find(({ episodeReturn }) => episodeReturn !== undefined)!.episodeReturn).toBeLessThan(100);
    }
    expect(lowerEnd(returns)).toBeGreaterThan(475);
  });

  it("also where episodes have one length, which therefore says nothing of the reward", async () => {
    const world = await loadEnv("CartPoleFixed-v1");
    const shown = await rollout(world, balancer(), { episodes: 10, seed: 999 });
    const options = { steps: 30_000, seed: 0 };
    const { policy } = await train(red, { env: world, demos: shown, policy: mlp(world) }, options);
    const { returns } = await episodeReturns(world, policy, { episodes: 50, seed: 7, deterministic: true });
    expect(mean(returns)).toBeGreaterThan(475);
  });

  it("pays most where the expert has been, on average what it was told to, less for other actions there, and next to nothing elsewhere", async () => {
    const options = { steps: 1024, expertReward: 0.7, validation: 0.5, seed: 1 };
    const { reward } = await train(red, { env, demos, policy: mlp(env) }, options);
    const others = await rollout(env, balancer(), { episodes: 20, seed: 5, maxSteps: 200 });
    const { s, a } = allPairs(others);
    const earned = (states: Float32Array, actions: Int32Array) =>
      reward({ s: states, a: actions, next: states, terminated: new Uint8Array(a.length) });
    const actions = Int32Array.from(a);
    const near = mean(await earned(s, actions));
    expect(near).toBeGreaterThan(0.5);
    expect(near).toBeLessThan(0.9);
    const far = s.map((value) => value + 1);
    expect(mean(await earned(far, actions))).toBeLessThan(0.05);
    const wrong = actions.map((one) => 1 - one);
    expect(mean(await earned(s, wrong))).toBeLessThan(0.75 * near);
  });

  it("the end of an episode is worth as much as going on where the expert's episodes end, and nothing where they don't", async () => {
    const hill = mountainCar();
    const climbs = await rollout(hill, climber(), { episodes: 5, seed: 1 });
    const worth = async (world: typeof env, shown: typeof demos) => {
      const { reward } = await train(red, { env: world, demos: shown, policy: mlp(world) }, { steps: 1024, seed: 1 });
      const { observations, actions } = trajectoryAt(shown, 0);
      const D = observations.length / (actions.length + 1);
      const s = Float32Array.from(observations.subarray(0, D));
      const step = { s, a: Int32Array.of(actions[0]), next: Float32Array.from(observations.subarray(D, 2 * D)) };
      const [open] = Array.from(await reward({ ...step, terminated: Uint8Array.of(0) }));
      const [over] = Array.from(await reward({ ...step, terminated: Uint8Array.of(1) }));
      return (over - open) / (0.99 / (1 - 0.99)); // exp(−σ d) of the absorbing state
    };
    expect(await worth(hill, climbs)).toBeGreaterThan(0.9);
    expect(await worth(env, demos)).toBeLessThan(0.1);
  });

  it("σ is such that the expert's steps earn what was asked for on average, whatever their distances", () => {
    const distances = fc.array(fc.double({ min: 1e-6, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(distances, fc.double({ min: 0.05, max: 0.95, noNaN: true }), (d, expertReward) => {
        const of = Float64Array.from(d);
        const sigma = sharpness(of, 0, 0, { expertReward });
        const rewards = rewardOfDistance({ of, absorbing: 0 }, new Uint8Array(d.length), sigma, { absorbing: false, gamma: 1 });
        expect(mean(rewards)).toBeCloseTo(expertReward, 6);
      }),
      { numRuns: 50 },
    );
  });

  it("a run that was stopped goes on bit for bit, while it distills and while it learns the policy", async () => {
    const problem = { env, demos, policy: mlp(env) };
    const options = {
      ...{ copies: 4, rolloutSteps: 16, batchSize: 32, epochs: 2, steps: 320 },
      ...{ rewardUpdates: 1000, seed: 3 },
    };
    for (const rounds of [1, 4]) {
      const run = start(red, problem, { ...options, warmStart: 20 });
      for (let k = 0; k < rounds; k++) await run.next();
      const again = resume(red, problem, run.checkpoint());
      const rest = [[], []] as object[][];
      for await (const row of run) rest[0].push(row);
      for await (const row of again) rest[1].push(row);
      expect(rest[0].length).toBe(2 + 5 - rounds);
      expect(rest[1]).toEqual(rest[0]);
      expect(again.state).toEqual(run.state);
    }
  });

  it("what doesn't fit together is refused in one line", async () => {
    const policy = mlp(env);
    const [some] = [subsample(demos, { every: 10, seed: 1 })];
    await expect(train(red, { env, demos: some, policy })).rejects.toThrow(/needs to know where each step led/);
    const theirs = await rollout(
      acrobot(),
      { label: (o) => new Int32Array(o.length / 6) },
      { episodes: 1, seed: 1, maxSteps: 9 },
    );
    await expect(train(red, { env, demos: theirs, policy })).rejects.toThrow(/demonstrations of Acrobot-v1 are box\[6\]/);
    await expect(train(red, { env, demos, policy }, { gamma: 1 })).rejects.toThrow(/absorbing state needs gamma < 1, found 1/);
    await expect(train(red, { env, demos, policy }, { expertReward: 1 })).rejects.toThrow(/expertReward is 1, expected/);
    await expect(train(red, { env, demos, policy }, { embedding: 0 })).rejects.toThrow(
      /embedding is 0, expected a whole number from 1 on/,
    );
  });

  it("pairs are enough without an absorbing state, and one demonstration shorter than a minibatch", async () => {
    const few = fromTrajectories(env.observation, env.action, [trajectoryAt(demos, 0)], { env: env.id });
    const shown = subsample(few, { every: 20, seed: 1 });
    const { records } = await train(
      red,
      { env, demos: shown, policy: mlp(env) },
      { absorbing: false, steps: 1024, rewardUpdates: 500 },
    );
    expect(records[0].distance).toBeLessThan(100);
    const none = pairs(env.observation, env.action, new Float32Array(0), new Int32Array(0));
    await expect(train(red, { env, demos: none, policy: mlp(env) }, { absorbing: false })).rejects.toThrow(/have no steps/);
  });
});
