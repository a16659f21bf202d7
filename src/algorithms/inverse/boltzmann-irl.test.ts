import { describe, expect, it } from "vitest";
import { sample } from "../../../test/demonstrations.ts";
import { randomPolicy } from "../../../test/random-mdp.ts";
import { rng } from "../../autodiff/random.ts";
import { garnet } from "../../envs/tabular/garnet.ts";
import { threeRoutes } from "../../envs/tabular/routes.ts";
import { withObjective, withRewardTable } from "../../mdp/tabular.ts";
import { features, indicators, linearReward, linearValues, type RewardOver, rewardTable } from "../../rewards/index.ts";
import { softmaxPolicy, softValueIteration, valueIteration } from "../../solvers/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { boltzmannIrl } from "./boltzmann-irl.ts";
import { maxentIrl } from "./maxent-irl.ts";

describe("action-based inverse reinforcement learning", () => {
  it("follows the gradient of the log-likelihood: one short step changes it by the squared length of the gradient", async () => {
    for (const over of ["s", "sa", "sas"] as const satisfies RewardOver[]) {
      for (const of of [{ H: 7 }, { gamma: 0.9 }]) {
        const mdp = withObjective(garnet({ S: 6, A: 3, seed: 2 }).mdp, of);
        const random = rng(5);
        const phi = Float64Array.from({ length: 2 * indicators(mdp, over).rows }, () => random.normal());
        const problem = {
          mdp,
          reward: linearReward(features(mdp, over, phi)),
          demos: sample(mdp, randomPolicy(mdp, 3), 10, 4, 6),
        };
        const run = start(boltzmannIrl, problem, { optimizer: "ascent", learningRate: 0.01, rounds: 30, tolerance: 0 });
        for (let k = 0; k < 10; k++) await run.next(); // away from w = 0, where all actions are tied
        const { search, options } = run.state;
        const [value, g] = [search.value, search.gradient.slice()];
        options.learningRate = 1e-6;
        await run.next();
        const slope = (search.value - value) / 1e-6;
        expect(slope / (g[0] ** 2 + g[1] ** 2)).toBeCloseTo(1, 3);
      }
    }
  });

  it("explains an expert that chooses by the softmax of optimal values better than maximum entropy does, and finds its weights", async () => {
    const { mdp } = garnet({ S: 10, A: 3, seed: 8, H: 12 });
    const random = rng(2);
    const reward = linearReward(
      features(
        mdp,
        "s",
        Float64Array.from({ length: 30 }, () => random.normal()),
      ),
    );
    const truth = withRewardTable(mdp, { s: linearValues(reward.features, [1, -0.5, 0.3]) });
    const expert = softmaxPolicy(3, valueIteration(truth).Q);
    const demos = sample(mdp, expert, 300, 1);
    const { reward: found, logLikelihood } = await train(boltzmannIrl, { mdp, reward, demos });
    [1, -0.5, 0.3].forEach((w, f) => {
      expect(Math.abs(found.w![f] - w)).toBeLessThan(0.15);
    });
    const maxent = await train(maxentIrl, { mdp, reward, demos });
    expect(logLikelihood).toBeGreaterThan(maxent.logLikelihood);
  });

  it("prefers one of three equal routes where two share their first half, which maximum entropy over paths doesn't", () => {
    const { mdp } = threeRoutes();
    const byActions = softmaxPolicy(2, valueIteration(mdp).Q);
    const byPaths = softValueIteration(mdp).pi;
    expect([byActions[0], byActions[1] * byActions[mdp.S * 2 + 2 * 2]].map((p) => p.toFixed(6))).toEqual([
      "0.500000",
      "0.250000",
    ]);
    expect([byPaths[0], byPaths[1] * byPaths[mdp.S * 2 + 2 * 2]].map((p) => p.toFixed(6))).toEqual(["0.333333", "0.333333"]);
  });

  it("resumed from bytes equals an uninterrupted run bit for bit", async () => {
    const { mdp } = garnet({ S: 6, A: 2, seed: 1, H: 5 });
    const problem = { mdp, reward: linearReward(indicators(mdp)), demos: sample(mdp, randomPolicy(mdp, 2), 10, 3) };
    const whole = await train(boltzmannIrl, problem, { rounds: 9 });
    const first = start(boltzmannIrl, problem, { rounds: 9 });
    for (let k = 0; k < 4; k++) await first.next();
    const rest = resume(boltzmannIrl, problem, first.checkpoint());
    const records = [];
    for await (const record of rest) records.push(record);
    expect(records).toEqual(whole.records.slice(4));
    const { reward, policy } = await rest.result();
    expect({ reward, policy }).toEqual({ reward: whole.reward, policy: whole.policy });
    expect(rewardTable("s", reward.w!)).toEqual(reward.table);
  });
});
