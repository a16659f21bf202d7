import { describe, expect, it } from "vitest";
import { sample } from "../../../test/demonstrations.ts";
import { randomPolicy } from "../../../test/random-mdp.ts";
import { rng } from "../../autodiff/random.ts";
import { select } from "../../data/index.ts";
import { garnet } from "../../envs/tabular/garnet.ts";
import { routes } from "../../envs/tabular/routes.ts";
import { withRewardTable } from "../../mdp/tabular.ts";
import { features, linearReward, linearValues } from "../../rewards/index.ts";
import { softValueIteration, valueIteration } from "../../solvers/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { maxMarginPlanning } from "./max-margin-planning.ts";

describe("maximum margin planning", () => {
  it("finds weights under which an optimal driver's route is the best one", async () => {
    const { mdp, features: phi } = routes();
    const { pi } = valueIteration(mdp);
    const demos = sample(mdp, pi, 1, 1);
    const { policy } = await train(maxMarginPlanning, { mdp, reward: linearReward(features(mdp, "sa", phi)), demos });
    expect([...sample(mdp, policy, 1, 1).actions]).toEqual([...demos.actions]);
  });

  it("comes, over all demonstrations, within a hundredth of the best of many weights near by", async () => {
    const { mdp } = garnet({ S: 8, A: 3, seed: 2, H: 6 });
    const random = rng(3);
    const phi = Float64Array.from({ length: 24 * 2 }, () => random.normal());
    const reward = linearReward(features(mdp, "sa", phi));
    const expert = softValueIteration(withRewardTable(mdp, { sa: linearValues(reward.features, [4, -3]) })).pi;
    const demos = sample(mdp, expert, 5, 2);
    // with one demonstration a round is the whole objective
    const parts = Array.from({ length: 5 }, (_, i) => ({ mdp, reward, demos: select(demos, [i]) }));
    const at = async (w: ArrayLike<number>) => {
      let sum = 0;
      for (const part of parts) {
        const run = start(maxMarginPlanning, part, { l2: 0.1 });
        await run.ready;
        run.state.w.set(w);
        sum += (await run.next())!.objective / 5;
      }
      return sum;
    };
    const found = (await train(maxMarginPlanning, { mdp, reward, demos }, { l2: 0.1, rounds: 4000 })).reward.w!;
    const height = await at(found);
    expect(height).toBeLessThan(0.8 * (await at([0, 0])));
    for (let k = 0; k < 100; k++) {
      expect(await at(found.map((w) => w + 0.3 * random.normal()))).toBeGreaterThan(height - 0.01 * Math.abs(height));
    }
  });

  it("resumed from bytes equals an uninterrupted run bit for bit", async () => {
    const { mdp } = garnet({ S: 6, A: 2, seed: 1, H: 5 });
    const phi = features(mdp, "s", [1, 0, 2, -1, 0.5, 1]);
    const problem = { mdp, reward: linearReward(phi), demos: sample(mdp, randomPolicy(mdp, 2), 4, 3) };
    const whole = await train(maxMarginPlanning, problem, { rounds: 20 });
    const first = start(maxMarginPlanning, problem, { rounds: 20 });
    for (let k = 0; k < 12; k++) await first.next();
    const rest = resume(maxMarginPlanning, problem, first.checkpoint());
    for await (const _ of rest);
    const { reward, policy } = await rest.result();
    expect({ reward, policy }).toEqual({ reward: whole.reward, policy: whole.policy });
    expect(withRewardTable(mdp, reward.table).r.length).toBe(12);
  });

  it("refuses demonstrations that break off, and a weight of 0 for the length of w", async () => {
    const { mdp } = garnet({ S: 4, A: 2, H: 6 });
    const problem = {
      mdp,
      reward: linearReward(features(mdp, "s", [1, 2, 3, 4])),
      demos: sample(mdp, randomPolicy(mdp, 1), 2, 1, 3),
    };
    await expect(train(maxMarginPlanning, problem)).rejects.toThrow(
      /trajectory 0 has 3 steps and has not ended, the horizon is 6/,
    );
    await expect(train(maxMarginPlanning, problem, { l2: 0 })).rejects.toThrow(/l2 is 0, expected a positive number/);
  });
});
