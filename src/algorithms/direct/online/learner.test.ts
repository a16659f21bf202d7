import { describe, expect, it } from "vitest";
import { rng } from "../../../autodiff/index.ts";
import { type Augment, episodeReturns, pairs, rollout } from "../../../data/index.ts";
import { cartPole, tightrope } from "../../../envs/index.ts";
import { permutationTest } from "../../../evaluation/index.ts";
import { balancer, planner, watchful } from "../../../experts/index.ts";
import type { Expert } from "../../../mdp/index.ts";
import { mlp, tabular } from "../../../policies/index.ts";
import { behaviorCloning, dagger, resume, start, train } from "../../index.ts";

const env = cartPole();
const own = balancer();
const small = () => mlp(env, { hidden: [8] });

describe("what DAgger is for", () => {
  it.each(["refit", "streaming"] as const)(
    "%s: with as many labels it returns more than a clone of the expert, who stays where nothing goes wrong",
    async (mode) => {
      const [clones, learners]: [number[], number[]] = [[], []];
      for (let seed = 0; seed < 12; seed++) {
        // 300 labels for each: one demonstration's, or 60 of the expert's own path and 240 of the learner's
        const demos = await rollout(env, own, { episodes: 1, seed, maxSteps: 300 });
        const policy = () => mlp(env, { hidden: [16] });
        const clone = await train(behaviorCloning, { demos, policy: policy() }, { updates: 600, validation: 0, seed });
        const updates = mode === "refit" ? 400 : 120;
        const given = { rounds: 5, states: 60, mode, updates, seed };
        const aggregated = await train(dagger, { env, expert: own, policy: policy() }, given);
        expect(aggregated.records[4].labels).toBe(300);
        for (const [all, { policy: learned }] of [
          [clones, clone],
          [learners, aggregated],
        ] as const) {
          const { returns } = await episodeReturns(env, learned, { episodes: 10, seed: 50 + seed, deterministic: true });
          all.push(returns.reduce((sum, value) => sum + value, 0) / 10);
        }
      }
      const { difference, p } = permutationTest(learners, clones, { alternative: "greater", paired: true });
      expect(p).toBeLessThan(0.05);
      expect(difference).toBeGreaterThan(60); // of 500
    },
  );
});

describe("streaming: M minibatches a round", () => {
  it("goes on from where theta and the optimizer were, and every round costs the same however much data there is", async () => {
    const run = start(dagger, { env, expert: own, policy: small() }, { rounds: 4, states: 50, mode: "streaming", updates: 30 });
    for (let round = 1; round <= 4; round++) {
      const record = await run.next();
      expect(record).toMatchObject({ states: 50 * round });
      expect(run.state.learner.members[0].t).toBe(30 * round);
    }
    const refit = start(dagger, { env, expert: own, policy: small() }, { rounds: 2, states: 64, epochs: 3, batchSize: 32 });
    for (const updates of [6, 12]) {
      await refit.next();
      expect(refit.state.learner.members[0].t).toBe(updates); // grows with the data
    }
  });

  it("normalises by what the first data are like, from then on", async () => {
    const run = start(dagger, { env, expert: own, policy: small() }, { rounds: 3, states: 50, mode: "streaming", updates: 5 });
    await run.next();
    const first = run.state.learner.normaliser;
    expect(first?.std[0]).toBeGreaterThan(0);
    await run.next();
    expect(run.state.learner.normaliser).toBe(first);
  });

  it("for a table it is the exact fit", async () => {
    const rope = tightrope({ H: 16, recovery: true });
    const problem = { env: rope, expert: planner(rope), policy: tabular(rope) };
    const given = { rounds: 3, states: 40, seed: 2 };
    const [a, b] = [await train(dagger, problem, given), await train(dagger, problem, { ...given, mode: "streaming" })];
    expect(b.policy.theta).toEqual(a.policy.theta);
  });

  it("refuses weights that it would have to count ℬ for", async () => {
    const problem = { env, expert: own, policy: small() };
    await expect(train(dagger, problem, { mode: "streaming", classWeights: "balanced" })).rejects.toThrow(
      /balanced class weights need all of ℬ at once/,
    );
  });
});

describe("the best policy by validation", () => {
  it("is the result, not the last: here the expert's labels get worse and worse", async () => {
    let asked = 0;
    const random = rng(1);
    const tiring: Expert = {
      label: (s) => {
        asked += s.length / 4;
        return own.label(s).map((a) => (asked > 500 && random.float() < 0.6 ? 1 - a : a));
      },
    };
    const given = { rounds: 8, states: 100, epochs: 10, validationEpisodes: 5, seed: 1 } as const;
    const { records, policy } = await train(dagger, { env, expert: tiring, policy: small() }, { ...given, keep: "best" });
    const values = records.map(({ validationReturn }) => validationReturn as number);
    const best = Math.max(...values);
    expect(best).toBeGreaterThan(1.5 * values[7]);
    const seed = rng(1).split("dagger").split("validation").next();
    const { returns } = await episodeReturns(env, policy, { episodes: 5, seed, deterministic: true });
    expect(returns.reduce((a, b) => a + b, 0) / 5).toBe(best);
  });

  it("needs episodes to choose by", async () => {
    await expect(train(dagger, { env, expert: own, policy: small() }, { keep: "best", validationEpisodes: 0 })).rejects.toThrow(
      /keep best chooses by validation, found no episodes for it/,
    );
  });
});

describe("stopped after any round and resumed, it is the same bit for bit", () => {
  const demos = pairs(
    env.observation,
    env.action,
    Float32Array.from({ length: 80 }, (_, i) => Math.sin(i) / 9),
    new Int32Array(20),
  );
  const augment: Augment = (s, _a, random) => {
    s[0] += random.uniform(-0.1, 0.1);
  };
  const three = { rounds: 3, states: 50, epochs: 1, updates: 12, hidden: [8], seed: 9 };
  it.each<[string, object, object]>([
    ["refit", {}, {}],
    ["streaming", { mode: "streaming" }, {}],
    ["streaming, demonstrations", { mode: "streaming", beta: [] }, { demos }],
    ["streaming, mixed by episodes", { mode: "streaming", beta: "linear", mixing: "episode" }, {}],
    ["streaming, sgd without normalising", { mode: "streaming", optimizer: "sgd", normalise: false }, {}],
    ["streaming, weights and augmented", { mode: "streaming", classWeights: [1, 2] }, { augment }],
    ["refit, augmented", {}, { augment }],
    ["best of validation", { mode: "streaming", keep: "best", validationEpisodes: 2 }, {}],
    ["HG-DAgger", { gate: "expert" }, { expert: watchful(own, env) }],
    ["doubt", { gate: "doubt", mode: "streaming" }, { policy: [small(), small()] }],
    ["doubt, only labels", { gate: "doubt", handOver: false, share: 0.5 }, { policy: [small(), small()] }],
    ["budget", { budget: 120, requestSize: 7, openRequests: 2 }, {}],
  ])("%s", async (_what, options, parts) => {
    const { hidden: _, ...given } = { ...three, ...options };
    const problem = { env, expert: own, policy: small(), ...parts };
    const whole = await train(dagger, problem, given);
    expect(whole.records).toHaveLength(3);
    for (const rounds of [0, 1, 2]) {
      const first = start(dagger, problem, given);
      await first.ready;
      const records = [];
      for (let k = 0; k < rounds; k++) records.push(await first.next());
      const saved = rounds === 1 ? first.checkpoint() : first.snapshot();
      const second = resume(dagger, problem, saved);
      for await (const record of second) records.push(record);
      const { policy, demos: B, steps, trail } = await second.result();
      expect(records).toEqual(whole.records);
      expect(policy.theta).toEqual(whole.policy.theta);
      expect([B, steps, trail]).toEqual([whole.demos, whole.steps, whole.trail]);
    }
  });

  it("a snapshot holds what grows apart, and is not changed by the rounds after it", async () => {
    const problem = { env, expert: own, policy: small() };
    const run = start(dagger, problem, { rounds: 4, states: 50, epochs: 1 });
    await run.next();
    const { bytes, growth } = run.snapshot();
    const then = Object.fromEntries(Object.entries(growth).map(([path, column]) => [path, column.slice()]));
    expect(Object.keys(growth)).toContain("data/observations");
    expect(growth["data/observations"]).toHaveLength(200);
    const length = bytes.length;
    await run.next();
    await run.next();
    expect(growth).toEqual(then);
    expect(Math.abs(run.snapshot().bytes.length - length)).toBeLessThan(64); // the rest doesn't grow
    const again = resume(dagger, problem, { bytes, growth });
    await again.next();
    await again.next();
    expect(again.checkpoint()).toEqual(run.checkpoint());
  });
});
