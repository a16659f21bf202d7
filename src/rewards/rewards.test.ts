import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cases, randomMdp, randomPolicy } from "../../test/random-mdp.ts";
import { initialise, rng, sgd } from "../autodiff/index.ts";
import { withRewardTable } from "../mdp/tabular.ts";
import { occupancy, policyEvaluation } from "../solvers/index.ts";
import { features, indicators, mustFit, nameOf, type RewardOver } from "./features.ts";
import { expectedReward, featureCounts, linearReward, linearValues, rewardTable } from "./linear.ts";
import { compileReward, neuralReward } from "./network.ts";

const kinds = fc.constantFrom<RewardOver>("s", "sa", "sas");

describe("a linear reward", () => {
  it("is worth w times the feature counts: V(rho) = w . f for every policy, over states, pairs and transitions", () => {
    fc.assert(
      fc.property(cases, kinds, (of, over) => {
        const mdp = randomMdp(of);
        const random = rng(of.seed);
        const phi = features(
          mdp,
          over,
          Float64Array.from({ length: 3 * indicators(mdp, over).rows }, () => random.normal()),
        );
        const w = [1, -2, 0.5];
        const world = withRewardTable(mdp, rewardTable(over, linearValues(phi, w)));
        const pi = randomPolicy(mdp, of.seed, { steps: of.H });
        const { dsa } = occupancy(mdp, pi);
        const visits = new Float64Array(phi.rows);
        dsa.forEach((mass, j) => {
          const i = j % (of.S * of.A);
          const s = Math.floor(i / of.A);
          if (mdp.terminal[s]) return;
          if (over === "s") visits[s] += mass;
          else if (over === "sa") visits[i] += mass;
          else for (let k = mdp.P.rows[i]; k < mdp.P.rows[i + 1]; k++) visits[k] += mass * mdp.P.p[k];
        });
        const f = featureCounts(phi, visits);
        const { V } = policyEvaluation(world, pi);
        const value = mdp.rho.reduce((sum, p, s) => sum + p * V[s], 0);
        expect(value).toBeCloseTo(w[0] * f[0] + w[1] * f[1] + w[2] * f[2], 9);
      }),
      { seed: 1, numRuns: 150 },
    );
  });

  it("has the expected reward of withRewardTable, in terminal states and for unavailable actions too", () => {
    fc.assert(
      fc.property(cases, kinds, (of, over) => {
        const mdp = randomMdp({ ...of, terminal: true, unavailable: true });
        const random = rng(of.seed);
        const values = Float64Array.from({ length: indicators(mdp, over).rows }, () => random.normal());
        const r = new Float64Array(of.S * of.A);
        expectedReward(mdp, over, values, r);
        expect([...r]).toEqual([...withRewardTable(mdp, rewardTable(over, values)).r]);
      }),
      { seed: 2, numRuns: 100 },
    );
  });

  it("over indicators is any reward: its weights are its values", () => {
    const mdp = randomMdp({ seed: 1, S: 4, A: 2, H: 3, terminal: false, unavailable: false, sparse: true, scale: 1 });
    for (const over of ["s", "sa", "sas"] as const) {
      const reward = linearReward(indicators(mdp, over));
      const written = features(mdp, over, identity(reward.features.rows));
      const w = Float64Array.from({ length: reward.features.F }, (_, i) => Math.cos(i));
      expect([...linearValues(reward.features, w)]).toEqual([...w]);
      expect([...linearValues(written, w)]).toEqual([...w]);
      expect([...featureCounts(written, w)]).toEqual([...featureCounts(reward.features, w)]);
    }
  });

  it("names its rows, and knows its process", () => {
    const mdp = randomMdp({ seed: 3, S: 3, A: 2, H: 2, terminal: false, unavailable: true, sparse: true, scale: 1 });
    const last = mdp.P.next.length - 1;
    expect(nameOf(mdp, "s", 2)).toBe("s=2");
    expect(nameOf(mdp, "sa", 3)).toBe("s=1, a=1");
    expect(nameOf(mdp, "sas", last)).toMatch(new RegExp(`^s=2, a=[01], s'=${mdp.P.next[last]}$`));
    expect(() => mustFit(mdp, { over: "sa", rows: 5, F: 1 })).toThrow(/5 rows over "sa", the process has 6 pairs/);
    expect(() => featureCounts(indicators(mdp), new Float64Array(4))).toThrow(/visits to 4 rows, the features have 3/);
  });
});

describe("a neural reward", () => {
  it("moves, raised along a slope, by the gradient of the sum of slope times reward", async () => {
    const mdp = randomMdp({ seed: 2, S: 5, A: 2, H: 3, terminal: false, unavailable: false, sparse: false, scale: 1 });
    const random = rng(4);
    const phi = features(
      mdp,
      "sa",
      Float64Array.from({ length: 30 }, () => random.normal()),
    );
    const l2 = 0.1;
    const reward = neuralReward(phi, { hidden: [6] });
    const rate = 1e-2;
    const compiled = await compileReward(reward, sgd({ learningRate: rate }), l2);
    const theta = initialise(reward.network.params, rng(1)).map((x) => x + 0.3 * random.normal());
    const slope = Float64Array.from({ length: 10 }, () => random.normal());
    const objective = async (at: Float32Array) => {
      const r = await compiled.values(at);
      return r.reduce((sum, x, i) => sum + slope[i] * x, 0) - (l2 / 2) * at.reduce((sum, x) => sum + x * x, 0);
    };
    const state = { theta: theta.slice(), slots: [], t: 0 };
    const norm = await compiled.raise(state, slope);
    const gradient = state.theta.map((x, i) => (x - theta[i]) / rate);
    expect(Math.hypot(...gradient)).toBeCloseTo(norm, 3);
    for (const i of [0, 3, 11, theta.length - 1]) {
      const shifted = (by: number) => objective(theta.map((x, j) => (j === i ? x + by : x)));
      expect(((await shifted(0.01)) - (await shifted(-0.01))) / 0.02).toBeCloseTo(gradient[i], 2);
    }
    await compiled.release();
  });
});

function identity(n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
}
