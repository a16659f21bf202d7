import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../../test/data/inverse/maxent.json" with { type: "json" };
import { demonstrations, sample } from "../../../test/demonstrations.ts";
import { cases, randomMdp, randomPolicy } from "../../../test/random-mdp.ts";
import { rng } from "../../autodiff/random.ts";
import { garnet } from "../../envs/tabular/garnet.ts";
import { windyCliff } from "../../envs/tabular/windy-cliff.ts";
import { discrete } from "../../mdp/space.ts";
import { type TabularMdp, tabularMdp, withObjective, withRewardTable } from "../../mdp/tabular.ts";
import {
  featureCounts,
  features,
  indicators,
  linearReward,
  linearValues,
  neuralReward,
  type RewardOver,
} from "../../rewards/index.ts";
import { occupancy, softValueIteration } from "../../solvers/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { causalModel } from "./causal.ts";
import { type MaxentIrlOptions, type MaxentIrlProblem, maxentIrl } from "./maxent-irl.ts";
import { trajectoryModel } from "./trajectory.ts";
import { actionLogLikelihood, expertVisits } from "./visits.ts";

function near(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-9): void {
  expect(found.length).toBe(expected.length);
  let far = 0;
  for (let i = 0; i < expected.length; i++) {
    far = Math.max(far, Math.abs(found[i] - expected[i]) / Math.max(1, Math.abs(expected[i])));
  }
  expect(far).toBeLessThan(tolerance);
}

/** J and its gradient at given weights. */
function likelihood({ mdp, reward, demos }: MaxentIrlProblem, kind: "causal" | "trajectory", w: ArrayLike<number>) {
  const expert = expertVisits(mdp, reward.features, demos);
  const model = (kind === "causal" ? causalModel : trajectoryModel)(mdp, reward.features.over, expert.flow);
  const normaliser = model.backward(linearValues(reward.features, w));
  const counts = featureCounts(reward.features, model.forward());
  const value = expert.counts.reduce((sum, count, f) => sum + w[f] * count, -normaliser);
  return { value, gradient: expert.counts.map((count, f) => count - counts[f]), counts, expert, model };
}

describe("reference values, by automatic differentiation and by listing paths, to 1e-9", () => {
  for (const wanted of reference.causal) {
    it(`causal entropy: ${wanted.name}`, () => {
      const { S, A, gamma, terminal, P, rho } = wanted;
      const of = wanted.H === null ? { gamma } : { H: wanted.H, gamma };
      const mdp = tabularMdp({ S, A, P, r: { s: new Float64Array(S) }, rho, terminal, allowUnavailable: true, ...of });
      const reward = linearReward(features(mdp, wanted.over as RewardOver, wanted.phi));
      const policy = Float64Array.from(wanted.expert);
      const found = likelihood({ mdp, reward, demos: { policy } }, "causal", wanted.w);
      near(found.model.values(), wanted.V);
      near(found.model.policy(), wanted.pi);
      near(occupancy(mdp, found.model.policy()).d, wanted.d);
      near(found.expert.counts, wanted.expert_counts);
      near(found.counts, wanted.counts);
      near([found.value], [wanted.J]);
      near(found.gradient, wanted.gradient);

      const demos = demonstrations(mdp, wanted.demos.states, wanted.demos.actions);
      const sampled = likelihood({ mdp, reward, demos }, "causal", wanted.w);
      near([sampled.value], [wanted.demos.J]);
      near(sampled.gradient, wanted.demos.gradient);
      near([actionLogLikelihood(mdp, found.model.policy(), demos)], [wanted.demos.log_likelihood]);
    });
  }

  for (const wanted of reference.paths) {
    it(`entropy over paths: ${wanted.name}`, () => {
      const { S, A, H, terminal, P, rho } = wanted;
      const mdp = tabularMdp({ S, A, P, r: { s: new Float64Array(S) }, rho, terminal, H });
      const reward = linearReward(features(mdp, wanted.over as RewardOver, wanted.phi));
      const found = likelihood({ mdp, reward, demos: { counts: new Float64Array(reward.features.F) } }, "trajectory", wanted.w);
      near(found.model.values().subarray(0, S), wanted.log_Z);
      near(found.counts, wanted.counts);
      near(featureCounts(reward.features, found.model.walk()), wanted.walked);
      const { d } = occupancy(mdp, found.model.policy());
      const pi = found.model.policy();
      wanted.pi.forEach((probability, i) => {
        if (d[Math.floor(i / A)] > 0 && terminal[0] !== Math.floor(i / A) % S) expect(pi[i]).toBeCloseTo(probability, 9);
      });
    });
  }
});

describe("the gradient of the log-likelihood", () => {
  it("is the expert's feature counts less the expected ones: central differences agree, both models, cut demonstrations included", () => {
    fc.assert(
      fc.property(
        cases,
        fc.constantFrom<RewardOver>("s", "sa", "sas"),
        fc.constantFrom("causal", "trajectory", "discounted"),
        (of, over, kind) => {
          const mdp = randomMdp({ ...of, scale: 1 }, kind === "discounted" ? { gamma: 0.9 } : { H: of.H });
          const random = rng(of.seed).split("features");
          const phi = Float64Array.from({ length: 2 * indicators(mdp, over).rows }, () => random.normal());
          const reward = linearReward(features(mdp, over, phi));
          const demos = sample(mdp, randomPolicy(mdp, of.seed), 3, of.seed, random.integer(of.H) + 1);
          const model = kind === "trajectory" ? "trajectory" : "causal";
          const w = [random.normal(), random.normal()];
          const { gradient } = likelihood({ mdp, reward, demos }, model, w);
          for (let f = 0; f < 2; f++) {
            const at = (step: number) =>
              likelihood(
                { mdp, reward, demos },
                model,
                w.map((x, i) => x + (i === f ? step : 0)),
              ).value;
            const scale = Math.max(1, Math.abs(gradient[f]));
            expect(Math.abs((at(1e-5) - at(-1e-5)) / 2e-5 - gradient[f]) / scale).toBeLessThan(1e-6);
          }
        },
      ),
      { seed: 11, numRuns: 100 },
    );
  });

  it("belongs, under deterministic dynamics, to the log-likelihood of the actions, and both models are one", () => {
    const mdp = deterministic(5);
    const reward = linearReward(indicators(mdp, "sa"));
    const demos = sample(mdp, randomPolicy(mdp, 3), 20, 4, 5);
    const w = Float64Array.from({ length: mdp.S * mdp.A }, (_, i) => Math.sin(3 * i));
    const causal = likelihood({ mdp, reward, demos }, "causal", w);
    const paths = likelihood({ mdp, reward, demos }, "trajectory", w);
    expect(causal.value).toBeCloseTo(actionLogLikelihood(mdp, causal.model.policy(), demos), 11);
    near(paths.model.policy(), causal.model.policy(), 1e-12);
    near(paths.gradient, causal.gradient, 1e-12);
  });

  it("is the same where a transition is listed twice with half its probability each", () => {
    fc.assert(
      fc.property(
        cases,
        fc.constantFrom<RewardOver>("s", "sa", "sas"),
        fc.constantFrom("causal", "trajectory"),
        (of, over, kind) => {
          const mdp = randomMdp({ ...of, scale: 1 });
          const { rows, next, p } = mdp.P;
          const twice = (x: ArrayLike<number>) => Array.from({ length: 2 * x.length }, (_, k) => x[k >> 1]);
          const P = {
            rows: rows.map((k) => 2 * k),
            next: Int32Array.from(twice(next)),
            p: Float64Array.from(twice(p), (x) => x / 2),
          };
          const doubled: TabularMdp = { ...mdp, P };
          const random = rng(of.seed).split("features");
          const phi = Float64Array.from({ length: indicators(mdp, over).rows }, () => random.normal());
          const demos = sample(mdp, randomPolicy(mdp, of.seed), 3, of.seed, random.integer(of.H) + 1);
          const one = likelihood({ mdp, reward: linearReward(features(mdp, over, phi)), demos }, kind, [0.7]);
          const both = features(doubled, over, over === "sas" ? twice(phi) : phi);
          const two = likelihood({ mdp: doubled, reward: linearReward(both), demos }, kind, [0.7]);
          expect(two.value).toBeCloseTo(one.value, 10);
          near(two.gradient, one.gradient, 1e-10);
        },
      ),
      { seed: 12, numRuns: 60 },
    );
  });
});

describe("maximum causal entropy", () => {
  it("matches the expert's features under random dynamics, where maximum entropy over paths does not", async () => {
    const { mdp } = garnet({ S: 12, A: 3, branching: 3, seed: 5, H: 10 });
    const random = rng(6);
    const reward = linearReward(
      features(
        mdp,
        "s",
        Float64Array.from({ length: 12 * 4 }, () => random.normal()),
      ),
    );
    const demos = {
      policy: softValueIteration(withRewardTable(mdp, { s: reward.features.phi!.filter((_, i) => i % 4 === 0) })).pi,
    };
    const causal = await train(maxentIrl, { mdp, reward, demos }, { model: "causal" });
    const paths = await train(maxentIrl, { mdp, reward, demos }, { model: "trajectory" });
    expect(causal.featureError).toBeLessThan(1e-4);
    expect(paths.records[paths.records.length - 1].featureError).toBeLessThan(1e-4); // what it expects itself
    expect(paths.featureError).toBeGreaterThan(0.05);
  });

  it("recovers the occupancy of a soft-optimal expert on the windy cliff, by L-BFGS and by Adam", async () => {
    const { mdp } = windyCliff();
    const { pi } = softValueIteration(mdp);
    const problem = { mdp, reward: linearReward(indicators(mdp)), demos: { policy: pi } };
    for (const options of [{ optimizer: "lbfgs" }, { optimizer: "adam", learningRate: 1 }] as const) {
      const { featureError, policy, logLikelihood } = await train(maxentIrl, problem, options);
      expect(featureError).toBeLessThan(1e-3);
      const [d, wanted] = [policy, pi].map((table) => occupancy(mdp, table).d);
      near(d, wanted, 1e-3);
      // no policy explains an expert better than its own: the log-likelihood is minus its entropy
      const { dsa } = occupancy(mdp, pi);
      expect(logLikelihood).toBeCloseTo(
        dsa.reduce((sum, mass, i) => (mass > 0 ? sum + mass * Math.log(pi[i]) : sum), 0),
        2,
      );
    }
  });

  it("of a discounted process finds rewards under which the expert's discounted occupancy comes back", async () => {
    const { mdp } = garnet({ S: 8, A: 3, seed: 9 });
    const { pi } = softValueIteration(mdp);
    const problem = { mdp, reward: linearReward(indicators(mdp, "sa")), demos: { policy: pi } };
    const { policy, reward, featureError } = await train(maxentIrl, problem, { tolerance: 1e-8 });
    expect(featureError).toBeLessThan(1e-6);
    near(policy, pi, 1e-5);
    near(softValueIteration(withRewardTable(mdp, reward.table)).pi, policy, 1e-12);
  });

  it("takes an occupancy, a policy and feature counts for one and the same expert", async () => {
    for (const over of ["s", "sa", "sas"] as const) {
      for (const of of [{ H: 6 }, { gamma: 0.8 }]) {
        const mdp = withObjective(garnet({ S: 5, A: 2, seed: 3 }).mdp, of);
        const reward = linearReward(indicators(mdp, over));
        const policy = randomPolicy(mdp, 1);
        const { d, dsa } = occupancy(mdp, policy);
        const { counts } = expertVisits(mdp, reward.features, { policy });
        near(expertVisits(mdp, reward.features, { occupancy: dsa }).counts, counts, 1e-14);
        if (over === "s") near(expertVisits(mdp, reward.features, { occupancy: d }).counts, counts, 1e-14);
        const results = [{ policy }, { occupancy: dsa }, { counts }].map((demos) => train(maxentIrl, { mdp, reward, demos }));
        const [first, ...others] = await Promise.all(results);
        for (const other of others) near(other.policy, first.policy, 1e-9);
      }
    }
  });

  it("raises the log-likelihood with every small step of gradient ascent, to the height of L-BFGS's", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 1000 }), async (seed) => {
        const { mdp } = garnet({ S: 6, A: 2, branching: 2, seed, H: 5 });
        const reward = linearReward(indicators(mdp, "s"));
        const demos = sample(mdp, randomPolicy(mdp, seed), 30, seed);
        const slow = await train(maxentIrl, { mdp, reward, demos }, { optimizer: "ascent", learningRate: 0.05, rounds: 300 });
        const heights = slow.records.map(({ objective }) => objective);
        for (let k = 1; k < heights.length; k++) expect(heights[k]).toBeGreaterThanOrEqual(heights[k - 1] - 1e-13);
        const fast = await train(maxentIrl, { mdp, reward, demos });
        expect(fast.records[fast.records.length - 1].objective).toBeGreaterThan(heights[heights.length - 1] - 1e-9);
      }),
      { seed: 1, numRuns: 10 },
    );
  });

  it("with an L1 weight leaves out features that don't matter; with an L2 weight has the optimum's gradient", async () => {
    const { mdp } = garnet({ S: 15, A: 3, seed: 2, H: 8 });
    const random = rng(1);
    const F = 8;
    const phi = Float64Array.from({ length: 15 * F }, () => random.normal());
    const reward = linearReward(features(mdp, "s", phi));
    const true_w = [1, -1, 0, 0, 0, 0, 0, 0];
    const { pi } = softValueIteration(withRewardTable(mdp, { s: linearValues(reward.features, true_w) }));
    const demos = sample(mdp, pi, 400, 7);
    const sparse: Record<string, Float64Array> = {};
    for (const optimizer of ["lbfgs", "adam", "ascent"] as const) {
      const options = { l1: 0.4, optimizer, learningRate: optimizer === "adam" ? 0.01 : 0.02, rounds: 3000 };
      sparse[optimizer] = (await train(maxentIrl, { mdp, reward, demos }, options)).reward.w!;
      const w = sparse[optimizer];
      expect(w[0]).toBeGreaterThan(0.5);
      expect(w[1]).toBeLessThan(-0.5);
      expect(w.filter((value) => value === 0).length).toBeGreaterThanOrEqual(4);
      // at the optimum |gradient| = λ₁ where a weight is not 0, and no more where it is
      likelihood({ mdp, reward, demos }, "causal", w).gradient.forEach((g, f) => {
        if (w[f] === 0) expect(Math.abs(g)).toBeLessThan(0.4 + 1e-4);
        else expect(g).toBeCloseTo(0.4 * Math.sign(w[f]), 3);
      });
    }
    near(sparse.adam, sparse.lbfgs, 1e-3);
    near(sparse.ascent, sparse.lbfgs, 1e-3);
    const dense = await train(maxentIrl, { mdp, reward, demos });
    expect(dense.reward.w!.every((w) => w !== 0)).toBe(true);
    const ridge = await train(maxentIrl, { mdp, reward, demos }, { l2: 0.5, tolerance: 1e-9 });
    near(
      likelihood({ mdp, reward, demos }, "causal", ridge.reward.w!).gradient,
      ridge.reward.w!.map((w) => 0.5 * w),
      1e-7,
    );
  });

  it("learns a neural reward that is no linear function of its features", async () => {
    const { mdp } = withLine(9);
    const x = Float64Array.from({ length: 9 }, (_, s) => (s - 4) / 4);
    const truth = x.map((value) => 2 - 4 * value * value); // the middle is best
    const { pi } = softValueIteration(withRewardTable(mdp, { s: truth }));
    const phi = features(mdp, "s", x);
    const options = { learningRate: 0.02, rounds: 400, seed: 1 };
    const neural = await train(maxentIrl, { mdp, reward: neuralReward(phi, { hidden: [16] }), demos: { policy: pi } }, options);
    const linear = await train(maxentIrl, { mdp, reward: linearReward(phi), demos: { policy: pi } });
    const best = occupancy(mdp, pi).dsa.reduce((sum, mass, i) => (mass > 0 ? sum + mass * Math.log(pi[i]) : sum), 0);
    expect(best - neural.logLikelihood).toBeLessThan(0.05);
    expect(best - linear.logLikelihood).toBeGreaterThan(1);
    expect(neural.featureError).toBeLessThan(0.15);
  });
});

describe("a run", () => {
  const { mdp } = garnet({ S: 6, A: 2, seed: 1, H: 5 });
  const demos = sample(mdp, randomPolicy(mdp, 2), 10, 3);
  const linear = linearReward(indicators(mdp, "sa"));
  const neural = neuralReward(indicators(mdp), { hidden: [8] });
  const ways: [string, MaxentIrlProblem["reward"], Partial<MaxentIrlOptions>][] = [
    ["L-BFGS", linear, {}],
    ["L-BFGS with L1", linear, { l1: 0.02 }],
    ["Adam", linear, { optimizer: "adam", l2: 0.1 }],
    ["paths", linear, { model: "trajectory" }],
    ["a neural reward", neural, { l2: 1e-3, learningRate: 0.01 }],
  ];
  it.each(ways)("resumed from bytes equals an uninterrupted one bit for bit: %s", async (_, reward, options) => {
    const problem = { mdp, reward, demos };
    const given = { ...options, rounds: 12, tolerance: 0 };
    const whole = await train(maxentIrl, problem, given);
    const first = start(maxentIrl, problem, given);
    for (let k = 0; k < 5; k++) await first.next();
    const rest = resume(maxentIrl, problem, first.checkpoint());
    const records = [];
    for await (const record of rest) records.push(record);
    expect(records).toEqual(whole.records.slice(5));
    expect(await rest.result()).toEqual({
      reward: whole.reward,
      policy: whole.policy,
      featureError: whole.featureError,
      logLikelihood: whole.logLikelihood,
    });
  });
});

describe("bad input", () => {
  const mdp = tabularMdp({
    S: 3,
    A: 2,
    P: [0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1],
    r: { s: [0, 0, 0] },
    rho: 0,
    terminal: [2],
    H: 4,
    allowUnavailable: true,
  });
  const reward = linearReward(indicators(mdp));
  const attempt = (over: Partial<MaxentIrlProblem>, options: Partial<MaxentIrlOptions> = {}) =>
    train(maxentIrl, { mdp, reward, demos: { counts: [0, 0, 0] }, ...over }, options);

  it("in demonstrations is refused with the trajectory and the step", async () => {
    const good: [number[], number[]] = [
      [0, 1, 0, 2],
      [0, 0, 1],
    ];
    const with_ = (states: number[], actions: number[]) => demonstrations(mdp, [good[0], states], [good[1], actions]);
    await expect(attempt({ demos: with_([0, 1, 2], [0, 0]) })).rejects.toThrow(
      /trajectory 1, step 1: goes from state 1 by action 0 to 2, but P\(s'=2 \| s=1, a=0\) = 0/,
    );
    await expect(attempt({ demos: with_([0, 1, 0], [0, 1]) })).rejects.toThrow(
      /trajectory 1, step 1: .*action 1 is not available in state 1/,
    );
    await expect(attempt({ demos: with_([0, 1, 0, 1, 0, 1], [0, 0, 0, 0, 0]) })).rejects.toThrow(
      /trajectory 1 has 5 steps, the horizon is 4/,
    );
    const early = demonstrations(mdp, [[0, 1]], [[0]]);
    await expect(attempt({ demos: { ...early, terminated: Uint8Array.of(1) } })).rejects.toThrow(
      /trajectory 0 ended after step 0 in state 1, which is not terminal/,
    );
    await expect(attempt({ demos: { ...early, observationSpace: discrete(4) } })).rejects.toThrow(
      /demonstrations are discrete\(4\) -> discrete\(2\), the process discrete\(3\)/,
    );
  });

  it("in what is known of the expert is refused with the place", async () => {
    await expect(attempt({ demos: { counts: [1, 2] } })).rejects.toThrow(/2 feature counts, expected one for each of the 3/);
    await expect(attempt({ demos: { counts: [1, Number.NaN, 0] } })).rejects.toThrow(/count of feature 1 is NaN/);
    await expect(attempt({ demos: { occupancy: new Float64Array(6) } })).rejects.toThrow(
      /occupancy has 6 numbers, expected 12 \(d\) or 24 \(dsa\)/,
    );
    await expect(attempt({ demos: { occupancy: new Float64Array(12).fill(1) } })).rejects.toThrow(
      /occupancy of step 1 sums to 3, expected 1/,
    );
    const impossible = new Float64Array(24);
    impossible[3] = 1;
    await expect(attempt({ demos: { occupancy: impossible } })).rejects.toThrow(/s=1, a=1, h=1 is 1, but that action is not/);
    await expect(attempt({ demos: { occupancy: impossible.map((x) => -x) } })).rejects.toThrow(/is -1, expected a probability/);
    await expect(attempt({ demos: { policy: new Float64Array(6) } })).rejects.toThrow(/sums to 0, expected 1/);
  });

  it("in features is refused with the shapes", () => {
    expect(() => features(mdp, "sa", [1, 2, 3])).toThrow(/features over "sa" have 3 numbers, expected F for each of the 6 pairs/);
    expect(() => features(mdp, "s", [])).toThrow(/have 0 numbers/);
    expect(() => features(mdp, "s", [0, 1, Number.NaN])).toThrow(/feature 0 of row 2 \(s=2\) is NaN/);
    expect(() => features(mdp, "sas", [0, 1, Infinity, 0, 0])).toThrow(/feature 0 of row 2 \(s=1, a=0, s'=0\) is Infinity/);
    expect(() => indicators(mdp, "x" as "s")).toThrow(/over "s", "sa" or "sas", found "x"/);
    expect(() => linearValues(indicators(mdp), [1])).toThrow(/1 weights, expected one for each of the 3 features/);
  });

  it("in options is refused with what would do", async () => {
    const other = linearReward(indicators(garnet({ S: 5, A: 1, H: 2 }).mdp));
    await expect(attempt({ reward: other })).rejects.toThrow(/features have 5 rows over "s", the process has 3 states/);
    await expect(attempt({}, { l1: -1 })).rejects.toThrow(/l1 is -1, expected a number from 0 on/);
    await expect(attempt({}, { rounds: 0 })).rejects.toThrow(/rounds is 0, expected a whole number from 1 on/);
    await expect(attempt({}, { learningRate: 0 })).rejects.toThrow(/learningRate is 0/);
    await expect(attempt({}, { optimizer: "newton" as "adam" })).rejects.toThrow(
      /"newton", expected auto, lbfgs, adam or ascent/,
    );
    await expect(attempt({ mdp: withObjective(mdp, { gamma: 0.9 }) }, { model: "trajectory" })).rejects.toThrow(
      /over paths needs a finite horizon and no discount, found H = Infinity, gamma = 0.9/,
    );
    const deep = neuralReward(indicators(mdp));
    await expect(attempt({ reward: deep })).rejects.toThrow(/found feature counts alone/);
    await expect(attempt({ reward: deep }, { l1: 1 })).rejects.toThrow(/L1 weight is for a linear one/);
    await expect(attempt({ reward: deep }, { optimizer: "lbfgs" })).rejects.toThrow(/L-BFGS is for a linear reward/);
  });

  it("by too long steps is named", async () => {
    const { mdp: wide } = garnet({ S: 4, A: 2, H: 3 });
    const problem = { mdp: wide, reward: linearReward(indicators(wide)), demos: { counts: [1e308, 1, 1, 1] } };
    await expect(train(maxentIrl, problem, { optimizer: "ascent", learningRate: 10 })).rejects.toThrow(
      /lower the learning rate \(10\)/,
    );
  });
});

/** Every action leads to one state. */
function deterministic(H: number): TabularMdp {
  const random = rng(8);
  const next = Int32Array.from({ length: 8 * 3 }, () => random.integer(8));
  const rows = Int32Array.from({ length: 25 }, (_, i) => i);
  const P = { rows, next, p: new Float64Array(24).fill(1) };
  return tabularMdp({ S: 8, A: 3, P, r: { s: new Float64Array(8) }, rho: new Float64Array(8).fill(1 / 8), H });
}

/** States in a line; left, stay, right, each with a slip. */
function withLine(S: number): { mdp: TabularMdp } {
  const P = new Float64Array(S * 3 * S);
  for (let s = 0; s < S; s++) {
    for (let a = 0; a < 3; a++) {
      const to = Math.min(S - 1, Math.max(0, s + a - 1));
      P[(s * 3 + a) * S + to] += 0.9;
      P[(s * 3 + a) * S + s] += 0.1;
    }
  }
  return { mdp: tabularMdp({ S, A: 3, P, r: { s: new Float64Array(S) }, rho: new Float64Array(S).fill(1 / S), H: 8 }) };
}
