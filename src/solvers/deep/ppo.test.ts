import { beforeAll, describe, expect, it } from "vitest";
import { lowerEnd, mean } from "../../../test/intervals.ts";
import { resume, start, train } from "../../algorithms/index.ts";
import { compile, input, layout } from "../../autodiff/index.ts";
import { episodeReturns } from "../../data/index.ts";
import { cartPole, defineEnv, frozenLake, hopper, loadEnv, loadMujoco, pendulum } from "../../envs/index.ts";
import { planner } from "../../experts/index.ts";
import { type ActionSpace, box, discrete, type Env, multiDiscrete, type StepBatch } from "../../mdp/index.ts";
import { loadPolicy, mlp, type PolicyModel, tabular } from "../../policies/index.ts";
import { oneHot, policyEvaluation } from "../tabular/index.ts";
import { mlpCritic } from "./critic.ts";
import { type PpoOptions, type PpoProblem, type PpoState, ppo } from "./ppo.ts";
import { ppoPresets } from "./presets.ts";

const small = { copies: 4, rolloutSteps: 16, batchSize: 32, epochs: 2 };

/** Two states, 0 and 1, that every step exchanges; leaving 0 earns 1. Episodes are of one step: they end, or are cut. */
function exchange(ends: boolean): Env {
  return defineEnv({
    id: "Exchange-v0",
    observation: box([1]),
    action: discrete(2),
    maxSteps: ends ? 2 : 1,
    reset: (random) => ({ x: random.integer(2) }),
    step: ({ x }) => ({ state: { x: 1 - x }, reward: 1 - x, terminated: ends }),
    observe: ({ x }) => [x],
  });
}

/** A world of one-step episodes whose reward says how well the action fits what was seen. */
function matching<A extends ActionSpace>(
  action: A,
  seen: number,
  reward: (seen: number, action: readonly number[]) => number,
): Env {
  return defineEnv({
    id: "Matching-v0",
    observation: box([seen]),
    action: action as ActionSpace,
    reset: (random) => ({ k: random.integer(seen) }),
    step: (s, a) => ({ state: s, reward: reward(s.k, typeof a === "number" ? [a] : a), terminated: true }),
    observe: ({ k }) => Array.from({ length: seen }, (_, i) => (i === k ? 1 : 0)),
  });
}

/** V(0) and V(1) of the critic inside a state. */
async function valuesIn({ learner }: PpoState, policy: PolicyModel): Promise<Float32Array> {
  const critic = mlpCritic(policy);
  const program = await compile({ outputs: { V: critic.value(input("s", ["B", 1])) }, params: critic.params });
  const phi = learner.theta.subarray(layout(policy.params).size);
  return (await program.run({ s: Float32Array.of(0, 1), theta: phi })).V as Float32Array;
}

async function rounds(problem: PpoProblem, options: Partial<PpoOptions>, count: number) {
  const run = start(ppo, problem, options);
  const records = [];
  for (let k = 0; k < count; k++) records.push((await run.next())!);
  return { run, records };
}

describe("proximal policy optimisation learns", () => {
  it("CartPole from nothing: over five seeds the mean return is above 475 with 95 % confidence", async () => {
    const env = cartPole();
    const means = [];
    for (const seed of [0, 1, 2, 3, 4]) {
      const { policy } = await train(
        ppo,
        { env, policy: mlp(env, ppoPresets[env.id].policy) },
        { ...ppoPresets[env.id].options, seed },
      );
      const { returns } = await episodeReturns(env, policy, { episodes: 40, seed: 100 + seed, deterministic: true });
      means.push(mean(returns));
    }
    expect(lowerEnd(means)).toBeGreaterThan(475);
  });

  it("a policy of slippery ice, as a table, whose exact value is close to the best one's", async () => {
    const env = frozenLake();
    const { policy } = await train(
      ppo,
      { env, policy: tabular(env) },
      { steps: 60_000, learningRate: 0.02, entropyBonus: 0.005, seed: 1 },
    );
    const states = Float32Array.from({ length: env.mdp.S }, (_, s) => s);
    const actions = (await policy.act(states, { deterministic: true })) as Int32Array;
    const { V } = policyEvaluation(env.mdp, oneHot(env.mdp.A, actions));
    const value = env.mdp.rho.reduce((sum, p, s) => sum + p * V[s], 0);
    const { optimum } = planner(env);
    expect(value).toBeGreaterThan(0.95 * optimum);
  });

  it("several choices at once, each with an aim of its own", async () => {
    const env = matching(multiDiscrete([2, 3]), 3, (k, [a, b]) => (a === k % 2 ? 0.5 : 0) + (b === k ? 0.5 : 0));
    const { records } = await train(ppo, { env, policy: mlp(env) }, { steps: 20_000, learningRate: 5e-3, seed: 1 });
    expect(records.at(-1)!.episodeReturn).toBeGreaterThan(0.97);
  });

  it.each(["gaussian", "squashed"] as const)(
    "real actions, one of them at the very edge of its box (%s)",
    async (distribution) => {
      const env = matching(box([2], [-1, 0], [1, 4]), 2, (k, [a, b]) => -((a - (k === 0 ? 1 : -0.5)) ** 2) - (b - 3) ** 2);
      const { policy } = await train(
        ppo,
        { env, policy: mlp(env, { distribution }) },
        { steps: 30_000, learningRate: 5e-3, seed: 1 },
      );
      const actions = await policy.act(Float32Array.of(1, 0, 0, 1), { deterministic: true });
      expect(actions[0]).toBeGreaterThan(0.9);
      expect(actions[1]).toBeCloseTo(3, 0.7);
      expect(actions[2]).toBeCloseTo(-0.5, 0.7);
      expect(actions[3]).toBeCloseTo(3, 0.7);
    },
  );

  it("a reward function in place of the world's own, which it is told every step of", async () => {
    const env = matching(discrete(2), 2, (k, [a]) => (a === k ? 1 : 0));
    let asked: StepBatch | undefined;
    const reward = (steps: StepBatch) => {
      asked = steps;
      return Float64Array.from(steps.a, (a, i) => (a === steps.s[2 * i] ? 1 : 0)); // the other way round
    };
    const { policy } = await train(ppo, { env, policy: mlp(env), reward }, { steps: 10_000, learningRate: 5e-3, seed: 1 });
    expect(Array.from(await policy.act(Float32Array.of(1, 0, 0, 1), { deterministic: true }))).toEqual([1, 0]);
    expect([asked!.s.length, asked!.next.length, asked!.a.length, asked!.terminated.every((end) => end === 1)]).toEqual([
      2048,
      2048,
      1024,
      true,
    ]);
  });
});

describe("what an episode's end is worth", () => {
  const options = { ...small, steps: 20_000, gamma: 0.9, lambda: 0.9, scaleRewards: false, normalise: false, learningRate: 0.01 };
  const values = async (env: Env) => {
    const policy = mlp(env);
    const { run } = await rounds({ env, policy }, options, 250);
    return valuesIn(run.state, policy);
  };

  it("one that was cut is worth what would have followed from its last observation: V(0) = 1 + γ V(1), V(1) = γ V(0)", async () => {
    const [V0, V1] = await values(exchange(false));
    expect(Math.abs(V0 - 1 / (1 - 0.9 ** 2))).toBeLessThan(0.4);
    expect(Math.abs(V0 - V1 - 1 / 1.9)).toBeLessThan(0.15); // from the next episode's first observation it would be 1
  });

  it("one that ended is worth its reward", async () => {
    const [V0, V1] = await values(exchange(true));
    expect(Math.abs(V0 - 1)).toBeLessThan(0.1);
    expect(Math.abs(V1)).toBeLessThan(0.1);
  });
});

describe("a run", () => {
  beforeAll(() => loadMujoco());

  it.each([
    ["CartPole", cartPole(), {}],
    [
      "Pendulum, cut and squashed",
      pendulum(),
      { targetKl: 0.01, valueClip: 0.2, entropyBonus: 0.01, rolloutSteps: 70, batchSize: 60 },
    ],
    ["a defined world", exchange(false), { normalise: false, scaleRewards: false, normaliseAdvantages: false }],
    ["Hopper, with its simulator", hopper(), { rolloutSteps: 40 }],
  ])("that is saved and resumed equals one that was not, bit for bit: %s", async (_, env, given) => {
    const problem = { env, policy: mlp(env, { hidden: [8] }) };
    const options = { ...small, steps: 10_000, seed: 5, ...given };
    const { run, records } = await rounds(problem, options, 6);
    const { run: first } = await rounds(problem, options, 3);
    const second = resume(ppo, { env, policy: mlp(env, { hidden: [8] }) }, first.checkpoint());
    for (let k = 3; k < 6; k++) expect(await second.next()).toEqual(records[k]);
    expect(second.checkpoint()).toEqual(run.checkpoint());
  });

  it("draws anew in every round", async () => {
    const env = cartPole();
    const run = start(ppo, { env, policy: mlp(env) }, small);
    await run.ready;
    const before = run.state.stream.slice();
    await run.next();
    expect(run.state.stream).not.toEqual(before);
  });

  it("says what happened: steps, episodes and their returns, the parts of the loss, the rate", async () => {
    const env = cartPole();
    const { records } = await rounds({ env, policy: mlp(env) }, { ...small, steps: 640, rolloutSteps: 64, batchSize: 64 }, 3);
    expect(records.map(({ steps }) => steps)).toEqual([256, 512, 768]);
    expect(records.map(({ learningRate }) => learningRate)).toEqual(
      [1e-3, 1e-3 * 0.6, 1e-3 * (1 - 512 / 640)].map((x) => expect.closeTo(x, 12)),
    );
    expect(records[0].updates).toBe(8);
    expect(records[0].episodes).toBeGreaterThan(0);
    expect(records[0].episodeReturn).toBe(records[0].episodeLength); // CartPole's reward is 1 a step
    expect(records[0].entropy).toBeCloseTo(Math.LN2, 1);
    for (const record of records) for (const value of Object.values(record)) expect(value).toSatisfy(Number.isFinite);
  });

  it("begins every round with ratios of one: what is divided by are the probabilities that were drawn from", async () => {
    const oneUpdate = { copies: 4, rolloutSteps: 64, batchSize: 256, epochs: 1, steps: 1000 };
    for (const distribution of ["gaussian", "squashed"] as const) {
      const env = pendulum();
      const policy = mlp(env, { distribution, initialLogStd: 1 }); // most draws lie outside of the box
      const { records } = await rounds({ env, policy }, oneUpdate, 3);
      for (const { kl, clipped } of records) {
        expect(Math.abs(kl)).toBeLessThan(1e-6);
        expect(clipped).toBe(0);
      }
    }
  });

  it("ends its epochs early where the policy has moved further than the KL divergence allows", async () => {
    const env = cartPole();
    const wild = { ...small, epochs: 8, learningRate: 0.05, schedule: "constant" as const };
    const { records: free } = await rounds({ env, policy: mlp(env) }, wild, 1);
    const { records: held } = await rounds({ env, policy: mlp(env) }, { ...wild, targetKl: 0.02 }, 1);
    expect(free[0].updates).toBe(16);
    expect(held[0].updates).toBeLessThan(16);
    expect(held[0].kl).toBeGreaterThan(0.02);
    const { records: loose } = await rounds({ env, policy: mlp(env) }, { ...wild, targetKl: 1e6 }, 1);
    expect(loose[0].updates).toBe(16);
  });

  it("carries the observations' mean and deviation into the policy and its file", async () => {
    const env = defineEnv({
      id: "Far-v0",
      observation: box([2]),
      action: discrete(2),
      maxSteps: 20,
      reset: (random) => ({ k: random.integer(2) }),
      step: (s, a, random) => ({ state: { k: random.integer(2) }, reward: a === s.k ? 1 : 0, terminated: false }),
      observe: ({ k }) => [5000 + k, 3],
    });
    const { policy } = await train(ppo, { env, policy: mlp(env) }, { steps: 10_000, learningRate: 5e-3, seed: 1 });
    expect(policy.normaliser!.mean[0]).toBeCloseTo(5000.5, 1);
    expect(policy.normaliser!.std[0]).toBeCloseTo(0.5, 1);
    expect([policy.normaliser!.mean[1], policy.normaliser!.std[1]]).toEqual([3, 1]);
    const observations = Float32Array.of(5000, 3, 5001, 3);
    const loaded = await loadPolicy(policy.toOnnx());
    expect(Array.from(await policy.act(observations, { deterministic: true }))).toEqual([0, 1]);
    expect(Array.from(await loaded.act(observations, { deterministic: true }))).toEqual([0, 1]);
  });
});

describe("presets", () => {
  it.each(Object.entries(ppoPresets))("%s is an environment, and its options are options", async (id, { options, policy }) => {
    const env = await loadEnv(id);
    const run = start(ppo, { env, policy: mlp(env, policy) }, options);
    await run.ready;
    expect(run.progress()).toEqual({ done: 0, total: expect.any(Number), unit: "steps" });
  });
});

describe("bad input", () => {
  const env = cartPole();

  it("a policy for other actions, or other observations, is refused with both shapes", async () => {
    const policy = mlp({ observation: env.observation, action: box([1], -1, 1) });
    await expect(train(ppo, { env, policy })).rejects.toThrow(
      /CartPole-v1 is box\[4\] -> discrete\(2\), the policy is box\[4\] -> box\[1\]/,
    );
    await expect(train(ppo, { env, policy: mlp({ observation: box([3]), action: env.action }) })).rejects.toThrow(/box\[3\]/);
  });

  it.each([
    [{ batchSize: 2048 }, /a minibatch has 2048 steps, a round only 16 x 64/],
    [{ copies: 0 }, /copies is 0, expected a whole number from 1 on/],
    [{ gamma: 1.5 }, /gamma is 1.5, expected a number from 0 to 1/],
    [{ learningRate: Number.NaN }, /learningRate is NaN, expected a positive number/],
    [{ valueWeight: -5 }, /valueWeight is -5, expected a number from 0 on/],
    [{ entropyBonus: -3 }, /entropyBonus is -3, expected a number from 0 on/],
    [{ clipNorm: -1 }, /clipNorm is -1, expected a number from 0 on/],
    [{ stepz: 3 }, /ppo has no option "stepz"/],
  ])("options %j are refused", async (options, message) => {
    await expect(train(ppo, { env, policy: mlp(env) }, options as Partial<PpoOptions>)).rejects.toThrow(message);
  });

  /** CartPole, but its step is tampered with. */
  const broken = (tamper: (step: { rewards: Float64Array; observations: Float32Array }) => void): Env => ({
    ...env,
    vector: (n, options) => {
      const world = env.vector(n, options);
      return {
        ...world,
        step: (actions) => {
          const step = world.step(actions);
          tamper(step);
          return step;
        },
      };
    },
  });

  it("a reward that is not a number is refused with its copy and step", async () => {
    const bad = broken(({ rewards }) => rewards.fill(Number.NaN, 2, 3));
    await expect(train(ppo, { env: bad, policy: mlp(env) })).rejects.toThrow(
      /CartPole-v1: the reward is NaN in copy 2 at step 0 of the round/,
    );
  });

  it("so is an observation", async () => {
    const bad = broken(({ observations }) => observations.fill(Infinity, 13, 14));
    await expect(train(ppo, { env: bad, policy: mlp(env) })).rejects.toThrow(
      /entry 1 of the observation is Infinity in copy 3 at step 1/,
    );
  });

  it("a reward function has to give one finite number a step", async () => {
    const problem = { env, policy: mlp(env) };
    await expect(train(ppo, { ...problem, reward: () => [1] })).rejects.toThrow(/gave 1 numbers for 1024 steps/);
    await expect(
      train(ppo, { ...problem, reward: (steps) => Float64Array.from(steps.terminated).fill(Number.NaN, 20, 21) }),
    ).rejects.toThrow(/the reward function's value is NaN in copy 4 at step 1/);
  });
});
