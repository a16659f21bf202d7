import { describe, expect, it } from "vitest";
import { rng } from "../../autodiff/index.ts";
import { episodeReturns, pairCount, pairs, rollout, visitActing } from "../../data/index.ts";
import { cartPole, gridworld, pendulum, tightrope } from "../../envs/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { balancer, type Planner, planner, swinger } from "../../experts/index.ts";
import type { Expert, Observations } from "../../mdp/index.ts";
import { mlp, tableOf, tabular } from "../../policies/index.ts";
import { daggerBound, disagreement, valueGap } from "../../theory/index.ts";
import { behaviorCloning, dagger, exponentialBeta, linearBeta, resume, start, train } from "../index.ts";

const average = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;

/** Writes down a wrong answer now and then; it acts right. */
function careless(expert: Planner, A: number, chance: number, seed: number): Expert {
  const random = rng(seed);
  return {
    label: (s) => expert.label(s).map((a) => (random.float() < chance ? (a + 1 + random.integer(A - 1)) % A : a)),
  };
}

describe("what behavior cloning and DAgger learn in a world whose every number is known", () => {
  it("with every state among the demonstrations, the clone is the expert: the gap is 0", async () => {
    const env = gridworld({ rows: 3, columns: 3, slip: 0.4, H: 40 });
    const expert = planner(env);
    const demos = await rollout(env, expert, { episodes: 400, seed: 1 });
    const { policy } = await train(behaviorCloning, { demos, policy: tabular(env) }, { validation: 0 });
    const pair = { piStar: expert.pi, piHat: await tableOf(policy) };
    expect(disagreement(env.mdp, pair, "expert")).toBeLessThan(1e-12);
    expect(Math.abs(valueGap(env.mdp, pair))).toBeLessThan(1e-12);
  });

  it("on the tightrope with a ladder DAgger beats behavior cloning at equal labels, because it has been on the ground", async () => {
    const env = tightrope({ H: 64, recovery: true });
    const expert = planner(env);
    const policy = tabular(env);
    const differences: number[] = [];
    for (let seed = 0; seed < 6; seed++) {
      const noisy = careless(expert, 2, 0.02, seed);
      const onTheRope = await visitActing(env, expert, { n: 2048, seed });
      const demos = pairs(env.observation, env.action, onTheRope.states, await noisy.label(onTheRope.states));
      const clone = await train(behaviorCloning, { demos, policy }, { unseen: "marginal" });
      const aggregated = await train(
        dagger,
        { env, expert: noisy, policy, demos: halved(demos) },
        { rounds: 4, states: 256, beta: [], unseen: "marginal", seed },
      );
      expect(pairCount(aggregated.demos)).toBe(2048);
      const gapOf = async (of: { policy: typeof clone.policy }) =>
        valueGap(env.mdp, { piStar: expert.pi, piHat: await tableOf(of.policy) });
      differences.push((await gapOf(clone)) - (await gapOf(aggregated)));
      expect(daggerBound(env.mdp, { piStar: expert.pi, piHat: await tableOf(aggregated.policy) }).range).toBe(2);
    }
    expect(meanInterval(differences).low).toBeGreaterThan(5); // of 64
  });

  it("finds the expert's action in every state that its own policy visits", async () => {
    const env = gridworld({ rows: 4, columns: 4, slip: 0.3, H: 60 });
    const expert = planner(env);
    const { policy, records } = await train(dagger, { env, expert, policy: tabular(env) }, { rounds: 12, states: 1000 });
    const pair = { piStar: expert.pi, piHat: await tableOf(policy) };
    expect(disagreement(env.mdp, pair, "learner")).toBeLessThan(1e-6);
    expect(records[0]).toMatchObject({ round: 1, beta: 1, states: 1000, labels: 1000 });
    expect(records[0].mismatch).toBeUndefined();
    expect(records[11]).toMatchObject({ round: 12, beta: 0, states: 12_000, labels: 12_000, mismatch: 0 });
    expect(records[11].expertSteps).toBe(records[0].expertSteps);
  });
});

function halved(all: ReturnType<typeof pairs>): ReturnType<typeof pairs> {
  const n = pairCount(all) / 2;
  return pairs(all.observationSpace, all.actionSpace, all.observations.slice(0, n), all.actions.slice(0, n));
}

describe("any family of policies is aggregated for", () => {
  it("a network balances CartPole after 2,000 labels, drawn or not", async () => {
    const env = cartPole();
    const problem = { env, expert: balancer(), policy: mlp(env) };
    const { policy } = await train(dagger, problem, { rounds: 4, states: 500, epochs: 20, seed: 0 });
    const { returns } = await episodeReturns(env, policy, { episodes: 20, seed: 5, deterministic: true });
    expect(average(returns)).toBeGreaterThan(480);
  });

  it("every round has the return of the policy that its labels made, also where no episode ends within a round, and it changes nothing", async () => {
    const env = cartPole();
    const problem = { env, expert: balancer(), policy: mlp(env, { hidden: [16] }) };
    const options = { rounds: 4, states: 60, epochs: 10, seed: 2 };
    const { records, policy } = await train(dagger, problem, options);
    expect(records.every(({ validationReturn }) => validationReturn !== undefined)).toBe(true);
    expect(records[0].return).toBeUndefined(); // the expert's 60 steps are no episode
    const untried = await train(dagger, problem, { ...options, validationEpisodes: 0 });
    expect(untried.policy.theta).toEqual(policy.theta);
    expect(untried.records).toEqual(records.map(({ validationReturn: _, ...rest }) => rest));
    const seed = rng(2).split("dagger").split("validation").next();
    const { returns } = await episodeReturns(env, policy, { episodes: 5, seed, deterministic: true });
    expect(records[3].validationReturn).toBe(average(returns));
  });

  it("real actions are labelled and aggregated like choices, without a share of mismatches", async () => {
    const env = pendulum();
    const problem = { env, expert: swinger(), policy: mlp(env, { hidden: [16] }) };
    const { records, demos } = await train(dagger, problem, { rounds: 2, states: 300, epochs: 2 });
    expect(demos.actions).toBeInstanceOf(Float32Array);
    expect(demos.actions.length).toBe(600);
    expect(records[1].mismatch).toBeUndefined();
    expect(Array.from(demos.actions.subarray(300))).toEqual(
      Array.from(await swinger().label(Float32Array.from(demos.observations.subarray(900)))),
    );
  });

  it("stopped after any round and resumed, it is the same bit for bit, tables and networks", async () => {
    const rope = tightrope({ H: 16, recovery: true });
    const cart = cartPole();
    for (const [problem, options] of [
      [
        { env: rope, expert: planner(rope), policy: tabular(rope) },
        { rounds: 3, states: 40, beta: [1, 0.5] },
      ],
      [
        { env: cart, expert: balancer(), policy: mlp(cart, { hidden: [8] }) },
        { rounds: 3, states: 100, epochs: 2 },
      ],
    ] as const) {
      const given = { ...options, beta: "beta" in options ? [...options.beta] : [1], seed: 4 };
      const whole = await train(dagger, problem, given);
      for (const rounds of [0, 1, 2]) {
        const first = start(dagger, problem, given);
        await first.ready;
        const records = [];
        for (let k = 0; k < rounds; k++) records.push(await first.next());
        const second = resume(dagger, problem, first.checkpoint());
        for await (const record of second) records.push(record);
        const result = await second.result();
        expect(records).toEqual(whole.records);
        expect(result.policy.theta).toEqual(whole.policy.theta);
        expect(result.demos).toEqual(whole.demos);
      }
    }
  });
});

describe("the expert", () => {
  const env = tightrope({ H: 20, recovery: true });
  const problem = { env, expert: planner(env), policy: tabular(env) };

  it("may take its time: late answers change nothing", async () => {
    const late: Expert = {
      label: (s) => new Promise((resolve) => setTimeout(() => resolve(problem.expert.label(s)), 1)),
    };
    const options = { rounds: 3, states: 60, beta: [1, 0.5], seed: 2 };
    const [soon, later] = [await train(dagger, problem, options), await train(dagger, { ...problem, expert: late }, options)];
    expect(later.records).toEqual(soon.records);
    expect(later.policy.theta).toEqual(soon.policy.theta);
  });

  it("acts with chance beta at every step", async () => {
    const { records } = await train(dagger, problem, { rounds: 2, states: 3840, beta: [0.3, 0] });
    const share = records[0].expertSteps / 3840;
    expect(Math.abs(share - 0.3)).toBeLessThan(4 * Math.sqrt((0.3 * 0.7) / 3840));
    expect(records[1].expertSteps).toBe(records[0].expertSteps);
    expect(records[1].labels).toBe(7680);
  });

  it("can be told to act less and less", () => {
    expect(exponentialBeta(0.5, 4)).toEqual([1, 0.5, 0.25, 0.125]);
    expect(linearBeta(4)).toEqual([1, 0.75, 0.5, 0.25]);
  });

  it("is never asked to act when demonstrations are there from the start", async () => {
    const demos = await rollout(env, problem.expert, { episodes: 2, seed: 0 });
    const { records } = await train(dagger, { ...problem, demos }, { rounds: 1, states: 30, beta: [] });
    expect(records[0]).toMatchObject({ states: 70, labels: 30, expertSteps: 0, mismatch: 0 });
  });
});

describe("what does not fit together is refused", () => {
  const env = tightrope({ H: 8 });
  const expert = planner(env);
  const policy = tabular(env);
  const other = tightrope({ H: 8, actions: 3 });

  it.each([
    [
      "a policy of other spaces",
      { env, expert, policy: tabular(other) },
      {},
      /policy is made for actions discrete\(3\), Tightrope-v1 has discrete\(2\)/,
    ],
    [
      "demonstrations of other spaces",
      { env, expert, policy, demos: pairs(other.observation, other.action, new Float32Array(1), [0]) },
      {},
      /demonstrations have actions discrete\(3\)/,
    ],
    ["a chance that is none", { env, expert, policy }, { beta: [1, 1.5] }, /beta of round 2 is 1\.5, expected a chance/],
    ["no rounds", { env, expert, policy }, { rounds: 0 }, /rounds is 0, expected a whole number from 1 on/],
    ["a part of a state", { env, expert, policy }, { states: 2.5 }, /states is 2\.5, expected a whole number from 1 on/],
    ["an option of nobody", { env, expert, policy }, { round: 3 }, /dagger has no option "round"; it has .*rounds/],
    [
      "an expert that answers for too few states",
      { env, expert: { label: () => new Int32Array(1) }, policy },
      { beta: [], states: 10 },
      /the expert gave 1 numbers for 10 states, expected 10/,
    ],
    [
      "an expert with an action that doesn't exist",
      { env, expert: { label: (s: Observations) => new Int32Array(s.length).fill(2) }, policy },
      { beta: [], states: 10 },
      /the expert's label of state 0 of 10 does not fit discrete\(2\): choice is 2/,
    ],
  ])("%s", async (_what, problem, options, message) => {
    await expect(train(dagger, problem, options as object)).rejects.toThrow(message);
  });
});

describe("a table's answer in states without data", () => {
  const env = tightrope({ H: 4 });
  const demos = pairs(env.observation, env.action, Float32Array.of(0, 0, 0, 1), [0, 0, 1, 0]);

  it("is uniform, or the frequencies of all data together", async () => {
    const rowOf = async (unseen: "uniform" | "marginal") => {
      const { policy } = await train(behaviorCloning, { demos, policy: tabular(env) }, { unseen });
      return Array.from((await tableOf(policy)).subarray(8, 10));
    };
    expect(await rowOf("uniform")).toEqual([0.5, 0.5]);
    expect((await rowOf("marginal"))[0]).toBeCloseTo(0.75, 6);
  });

  it("is not asked for by the loss, which is the mean over the data alone", async () => {
    for (const unseen of ["uniform", "marginal"] as const) {
      const { records } = await train(behaviorCloning, { demos, policy: tabular(env), validation: demos }, { unseen });
      expect(records[0].loss).toBeCloseTo((2 * Math.log(3 / 2) + Math.log(3)) / 4, 6);
      expect(records[0].validationLoss).toBeCloseTo(records[0].loss, 12);
      expect(records[0].validationAccuracy).toBe(3 / 4);
    }
  });

  it("does not change what is said where there are data", async () => {
    const { policy } = await train(behaviorCloning, { demos, policy: tabular(env) }, { unseen: "marginal" });
    const pi = await tableOf(policy);
    expect(pi[0]).toBeCloseTo(2 / 3, 6);
    expect(pi[2]).toBeCloseTo(1, 12);
  });
});
