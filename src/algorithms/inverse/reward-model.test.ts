import { describe, expect, it } from "vitest";
import { initialise, rng } from "../../autodiff/index.ts";
import { rowsOf } from "../../data/index.ts";
import type { Preference } from "../../mdp/index.ts";
import { gpt2, languageFamily } from "../../policies/index.ts";
import {
  answerRewards,
  explicitRewardModel,
  generativeRewardModel,
  implicitRewardModel,
  linearRewardModel,
  type RewardModel,
} from "../../rewards/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { judgeOn, type RewardModelProblem, rewardModel } from "./reward-model.ts";

const family = languageFamily(gpt2({ vocabulary: 8, context: 16, width: 8, layers: 1, heads: 2 }));
const policy = { model: family, theta: initialise(family.params, rng(1)) };
const verify = {
  prompt: ({ x, y }: { x: ArrayLike<number>; y: { actions: ArrayLike<number> } }) =>
    Int32Array.from([...Array.from(x), ...Array.from(y.actions), 7]),
  yes: Int32Array.of(6),
};

/** Responses with a 5 in them are better than those with a 4 in its place. */
function preferences(n: number, seed: number): Preference[] {
  const random = rng(seed);
  return Array.from({ length: n }, (): Preference => {
    const draw = (length: number) => Array.from({ length }, () => 1 + random.integer(3));
    const [before, after] = [draw(random.integer(2)), draw(1 + random.integer(3))];
    const y = (token: number) => ({ actions: Int32Array.from([...before, token, ...after, 0]) });
    return { x: Int32Array.from(draw(2)), yw: y(5), yl: y(4) };
  });
}

const options = { learningRate: 0.02, batchSize: 8, report: 10, schedule: "constant" as const };
const kinds: [string, RewardModel][] = [
  ["explicit", explicitRewardModel(policy)],
  ["explicit, the response's mean, frozen", explicitRewardModel(policy, { pooling: "mean", backbone: "frozen" })],
  ["implicit", implicitRewardModel(policy)],
  ["generative", generativeRewardModel(policy, verify)],
];

/** Rewards of comparisons by a linear model on given features: row 0 of each context is yw's, row 1 yl's. */
const featured = (d: number) =>
  linearRewardModel(d, async (answers) => Float32Array.from(answers.flatMap(({ y }) => Array.from(y.actions))));

describe("a reward from comparisons, by maximum likelihood", () => {
  it.each(kinds)("%s: learns what is preferred, and says so of comparisons that it has not seen", async (_name, reward) => {
    const problem = { reward, preferences: preferences(64, 1), validation: preferences(64, 2) };
    const { records, judgement } = await train(rewardModel, problem, { ...options, updates: 60 });
    expect(records[records.length - 1].loss).toBeLessThan(records[0].loss);
    expect(judgement?.accuracy).toBeGreaterThan(0.95);
    expect(records[records.length - 1].validationAccuracy).toBe(judgement?.accuracy);
  });

  it("finds the maximum of the likelihood: the reward's log-odds are those of the comparisons", async () => {
    // One feature, on which yw beats yl in 3 of 4 comparisons: σ(u) = 3/4.
    const [a, b] = [{ actions: Float32Array.of(1) }, { actions: Float32Array.of(0) }];
    const x = Int32Array.of(1);
    const pairs: Preference[] = [a, a, a, b].map((yw) => ({ x, yw, yl: yw === a ? b : a }));
    const fitting = { optimizer: "sgd" as const, learningRate: 1, schedule: "constant" as const, clipNorm: 0, batchSize: 4 };
    const { reward, records } = await train(
      rewardModel,
      { reward: featured(1), preferences: pairs },
      { ...fitting, updates: 300 },
    );
    expect(reward.members[0][0]).toBeCloseTo(Math.log(3), 3);
    expect(records[0].note).toMatch(/4 of 4 comparisons say the opposite of another one/);
    // A margin m in the data moves it: of separable comparisons with smoothing ε the optimum is m + log((1 - ε) / ε).
    const wide: Preference[] = [{ x, yw: a, yl: b, margin: 2 }];
    const smoothed = { ...fitting, batchSize: 1, labelSmoothing: 0.25, updates: 300 };
    const moved = await train(rewardModel, { reward: featured(1), preferences: wide }, smoothed);
    expect(moved.reward.members[0][0]).toBeCloseTo(2 + Math.log(3), 2);
  });

  it("centring puts the mean of the rewards at 0 and leaves what is preferred as it is", async () => {
    const problem = { reward: explicitRewardModel(policy), preferences: preferences(32, 1) };
    const unseen = preferences(32, 2);
    const trained = async (centring: number) => {
      const { reward, records } = await train(rewardModel, problem, { ...options, updates: 60, centring });
      const last = records[records.length - 1];
      const [w, l] = await Promise.all(
        (["yw", "yl"] as const).map((side) =>
          answerRewards(
            reward,
            unseen.map((pair) => ({ x: pair.x, y: pair[side] })),
          ),
        ),
      );
      return { sum: last["rewards/chosen"] + last["rewards/rejected"], wins: Array.from(w.mean, (r, i) => r > l.mean[i]) };
    };
    const [centred, free] = [await trained(0.5), await trained(0)];
    expect(Math.abs(centred.sum)).toBeLessThan(0.01);
    expect(Math.abs(free.sum)).toBeGreaterThan(0.05);
    expect(centred.wins).toEqual(free.wins);
    expect(new Set(centred.wins)).toEqual(new Set([true]));
  });

  it("members of an ensemble differ most on responses unlike those compared", async () => {
    const problem = { reward: explicitRewardModel(policy, { backbone: "frozen" }), preferences: preferences(64, 1) };
    const { reward } = await train(rewardModel, problem, { ...options, updates: 60, members: 4, bootstrap: true });
    expect(reward.members.length).toBe(4);
    const difference = async (pairs: Preference[]) => {
      const w = await answerRewards(
        reward,
        pairs.map(({ x, yw }) => ({ x, y: yw })),
      );
      const l = await answerRewards(
        reward,
        pairs.map(({ x, yl }) => ({ x, y: yl })),
      );
      const each = w.members.map((own, m) => Array.from(own, (r, i) => r - l.members[m][i]));
      return pairs.reduce((total, _, i) => {
        const d = each.map((own) => own[i]);
        const mean = d.reduce((a, b) => a + b) / d.length;
        return total + Math.sqrt(d.reduce((a, v) => a + (v - mean) ** 2, 0) / d.length) / Math.abs(mean) / pairs.length;
      }, 0);
    };
    const strange = preferences(32, 3).map((pair) => ({
      ...pair,
      yw: { actions: Int32Array.of(6, 6, 7) },
      yl: { actions: Int32Array.of(7, 7, 6) },
    }));
    expect(await difference(strange)).toBeGreaterThan(2 * (await difference(preferences(32, 3))));
  });

  it.each(kinds.slice(0, 3))("%s: a resumed run equals an uninterrupted one, bit for bit", async (_name, reward) => {
    const problem: RewardModelProblem = { reward, preferences: preferences(30, 1), validation: preferences(8, 2) };
    const own = { ...options, updates: 12, report: 3, members: 2, bootstrap: true, schedule: "linear" as const };
    const whole = await train(rewardModel, problem, own);
    const first = await start(rewardModel, problem, own);
    await first.next();
    await first.next();
    const second = await resume(rewardModel, problem, first.checkpoint());
    const records = [];
    for await (const record of second) records.push(record);
    expect(records).toEqual(whole.records.slice(2));
    expect((await second.result()).reward.members).toEqual(whole.reward.members);
  });
});

describe("comparisons that can't be learned from", () => {
  const reward = implicitRewardModel(policy);
  const pairs = preferences(6, 1);
  const turned = pairs.slice(0, 2).map(({ x, yw, yl }) => ({ x, yw: yl, yl: yw }));

  it("that contradict each other are refused by their numbers, left out, or kept as noise, as asked", async () => {
    const problem = { reward, preferences: [...pairs, ...turned] };
    const run = (contradictions: "keep" | "drop" | "refuse") =>
      train(rewardModel, problem, { ...options, updates: 2, contradictions });
    await expect(run("refuse")).rejects.toThrow(
      /comparisons 1 and 7 of those to learn from say the opposite of each other \(4 of 8/,
    );
    expect((await run("drop")).records[0].note).toMatch(/4 of 8 comparisons .*left out/);
    expect((await run("keep")).records[0].note).toMatch(/4 of 8 comparisons .*satisfy only one/);
    const none = { reward, preferences: [pairs[0], turned[0]] };
    await expect(train(rewardModel, none, { ...options, updates: 2, contradictions: "drop" })).rejects.toThrow(
      /all 2 preferences/,
    );
  });

  it("that are empty, of a response with itself, or with a margin that is no number, are named", async () => {
    const { x, yw } = pairs[0];
    const run = (pair: Preference) => train(rewardModel, { reward, preferences: [pairs[1], pair] }, { ...options, updates: 1 });
    await expect(run({ x, yw, yl: yw })).rejects.toThrow(/preference 1: both are the same response/);
    await expect(run({ x, yw, yl: { actions: new Int32Array(0) } })).rejects.toThrow(/preference 1: the other response is empty/);
    await expect(run({ ...pairs[0], margin: Number.NaN })).rejects.toThrow(/preference 1: the margin is NaN/);
    await expect(train(rewardModel, { reward, preferences: [] }, options)).rejects.toThrow(/there are no preferences/);
  });

  it("that have another tokenizer's ids are named by their row", async () => {
    const odd = { ...pairs[0], yw: { actions: Int32Array.of(99) } };
    await expect(train(rewardModel, { reward, preferences: [odd] }, { ...options, updates: 1 })).rejects.toThrow(
      /token 99, expected 0 to 7; tokenise it with this model's tokenizer/,
    );
  });

  it("micro-batches give the update of the whole minibatch, with margins, centring and hidden states that are known", async () => {
    const problems = [reward, explicitRewardModel(policy, { pooling: "mean", backbone: "frozen" })].map((own) => ({
      reward: own,
      preferences: preferences(16, 3).map((pair, i) => ({ ...pair, margin: i / 10 })),
    }));
    for (const problem of problems) {
      const how = { ...options, optimizer: "sgd" as const, updates: 3, report: 3, centring: 0.1, clipNorm: 0.5 };
      const whole = await train(rewardModel, problem, how);
      const parts = await train(rewardModel, problem, { ...how, microBatch: 2 });
      const moved = problem.reward.first(rng(0).split("reward-model").split(0).split("first"));
      expect(Math.max(...whole.reward.members[0].map((value, i) => Math.abs(value - moved[i])))).toBeGreaterThan(1e-3);
      parts.reward.members[0].forEach((value, i) => {
        expect(value).toBeCloseTo(whole.reward.members[0][i], 5);
      });
      const { note: _, ...figures } = whole.records[0];
      for (const [name, value] of Object.entries(figures))
        expect(parts.records[0][name as "loss"], name).toBeCloseTo(value as number, 5);
    }
  });

  it("few comparisons are read as often as 300 updates take, many once, unless it is said how often", async () => {
    const totalOf = async (n: number, own: object) => {
      const run = start(rewardModel, { reward, preferences: preferences(n, 1) }, { batchSize: 4, ...own });
      await run.ready;
      return run.progress().total;
    };
    expect([await totalOf(40, {}), await totalOf(1240, {}), await totalOf(40, { epochs: 2 })]).toEqual([300, 310, 20]);
  });

  it("what ranked the held-out comparisons best is kept, the last record says when, and patience stops there", async () => {
    const flipped = preferences(24, 2).map(({ x, yw, yl }) => ({ x, yw: yl, yl: yw }));
    const problem = { reward, preferences: preferences(24, 1), validation: flipped }; // what is learned is wrong there
    const own = { ...options, updates: 30, report: 5 };
    const [best, last] = [await train(rewardModel, problem, own), await train(rewardModel, problem, { ...own, keep: "last" })];
    const losses = best.records.map(({ validationLoss }) => validationLoss!);
    expect(best.judgement?.loss).toBe(Math.min(...losses));
    expect(last.judgement?.loss).toBe(losses[5]);
    expect(losses[5]).toBeGreaterThan(1.1 * losses[0]);
    expect(best.records[5].note).toMatch(/lowest after 5 updates .* and ended at .*; what was best is kept/);
    expect(last.records[5].note).toMatch(/the last is kept \(keep=best/);
    const stopped = await train(rewardModel, problem, { ...own, patience: 2 });
    expect(stopped.records.length).toBe(3);
    expect(stopped.reward).toEqual(best.reward);
  });

  it("that leave all rewards alike are told of, however many they rank rightly", async () => {
    const problem = { reward: generativeRewardModel(policy, verify), preferences: preferences(32, 1) };
    const noteOf = async (learningRate: number) => {
      const { records } = await train(rewardModel, problem, { ...options, updates: 60, report: 10, learningRate });
      return records[5].note ?? "";
    };
    expect(await noteOf(1e-5)).toMatch(
      /differ by \S+ of reward, and the loss is still that of rewards which are all alike \(log 2\)/,
    );
    expect(await noteOf(0.02)).not.toMatch(/alike/);
  });

  it("options that can't be are named with what they should be", async () => {
    const problem = { reward, preferences: pairs };
    await expect(train(rewardModel, problem, { members: 0 })).rejects.toThrow(/members is 0, expected a whole number from 1 on/);
    await expect(train(rewardModel, problem, { batchSize: 8, microBatch: 3 })).rejects.toThrow(
      /microBatch is 3, expected a divisor of batchSize, which is 8, or 0/,
    );
    await expect(train(rewardModel, problem, { labelSmoothing: 0.5 })).rejects.toThrow(/labelSmoothing is 0.5/);
  });

  it("held-out comparisons are a list or rows, and are judged alike", async () => {
    const one = { updates: 1, batchSize: 2 };
    const [a, b] = [
      await train(rewardModel, { reward, preferences: rowsOf(pairs), validation: rowsOf(pairs) }, one),
      await train(rewardModel, { reward, preferences: pairs, validation: pairs }, one),
    ];
    expect(a.judgement).toEqual(b.judgement);
    expect(a.records[0].epoch).toBe(2 / pairs.length);
  });

  it("a minibatch that is filled up is no further pass: the last epoch is the one that was asked for", async () => {
    const { records } = await train(rewardModel, { reward, preferences: pairs }, { epochs: 2, batchSize: pairs.length + 1 });
    expect(records[records.length - 1].epoch).toBe(2);
  });

  it("a judgement reads comparisons from a list or from rows", async () => {
    const learned = { model: reward, members: [policy.theta] };
    const found = await judgeOn(learned, pairs, { tie: 1e-4 });
    expect([found.accuracy, found.tieRate]).toEqual([0.5, 1]); // π_θ = π_ref: every comparison is a tie
  });
});
