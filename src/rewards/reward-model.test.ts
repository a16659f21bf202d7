import { describe, expect, it } from "vitest";
import { compile, initialise, input, rng } from "../autodiff/index.ts";
import { words } from "../data/index.ts";
import type { Answer } from "../mdp/index.ts";
import { box, discrete } from "../mdp/index.ts";
import { gpt2, hiddenStates, languageFamily, linearPolicy, responsesOf } from "../policies/index.ts";
import {
  answerRewards,
  bradleyTerryLoss,
  centring,
  explicitRewardModel,
  generativeRewardModel,
  implicitRewardModel,
  implicitRewardOf,
  judgeRewards,
  type RewardModel,
  rewardOfAnswers,
  verification,
} from "./index.ts";

const END = 0; // the token that closes a response, and the one that rows are filled up with
const family = languageFamily(gpt2({ vocabulary: 12, context: 40, width: 8, layers: 2, heads: 2 }));
/** Weights large enough that every token counts. */
const policy = { model: family, theta: initialise(family.params, rng(1)).map((w) => 8 * w) };
const other = { model: family, theta: initialise(family.params, rng(2)).map((w) => 8 * w) };
const answer = (x: number[], y: number[]): Answer => ({ x: Int32Array.from(x), y: { actions: Int32Array.from(y) } });
const short = answer([3, 4], [5, 6, END]);
const long = answer([7, 8, 9, 1], [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 2, 3, 4, 5, END]);

const verify = { prompt: ({ x, y }: Answer) => Int32Array.from([...x, ...y.actions, 11]), yes: Int32Array.of(10) };
const kinds: [string, RewardModel][] = [
  ["explicit, at the last token", explicitRewardModel(policy)],
  ["explicit, the response's mean", explicitRewardModel(policy, { pooling: "mean" })],
  ["explicit, for each token", explicitRewardModel(policy, { lengthNormalised: true })],
  ["explicit, frozen", explicitRewardModel(policy, { backbone: "frozen" })],
  ["implicit", implicitRewardModel(other, { reference: policy, beta: 0.5 })],
  ["implicit, for each token", implicitRewardModel(other, { reference: policy, beta: 0.5, lengthNormalised: true })],
  ["generative", generativeRewardModel(policy, verify)],
];

describe("the reward of a response is the response's alone", () => {
  it.each(kinds)("%s: however far its row is filled up, with whatever token", async (_name, model) => {
    const learned = { model, members: [model.first(rng(3))] };
    const [alone] = (await answerRewards(learned, [short])).mean;
    const beside = (await answerRewards(learned, [short, long, short])).mean;
    expect(beside[0]).toBeCloseTo(alone, 5);
    expect(beside[2]).toBe(beside[0]);
    expect(Math.abs(beside[1] - alone)).toBeGreaterThan(1e-3);
    // Whatever stands behind a row's end is not read: other tokens in its place change no bit.
    const feeds = model.feeds([short, long]);
    if (!feeds.ids) return;
    const known: Record<string, Float32Array> = model.known ? { known: await model.known.of([short, long]) } : {};
    const program = await compile({ outputs: { r: model.reward({ rows: 2 }) }, params: model.params });
    const run = async (ids: Int32Array) =>
      (await program.run({ ...feeds, ...known, ids, theta: learned.members[0] })).r as Float32Array;
    const ids = feeds.ids as Int32Array;
    const end = ids.indexOf(END, 2) + 1 || ids.length;
    const other = ids.slice();
    other.fill(9, model.description.kind === "generative" ? 7 : end, ids.length / 2);
    expect(other).not.toEqual(ids);
    expect(await run(other)).toEqual(await run(ids));
  });

  it.each(kinds.slice(0, 5))("%s: its end token counts, though rows are filled up with the same token", async (_name, model) => {
    const learned = { model, members: [model.first(rng(3))] };
    const open = answer([3, 4], [5, 6]);
    const twice = answer([3, 4], [5, 6, END, END]);
    const { mean } = await answerRewards(learned, [short, open, twice, long]);
    expect(Math.abs(mean[0] - mean[1])).toBeGreaterThan(1e-3);
    expect(Math.abs(mean[0] - mean[2])).toBeGreaterThan(1e-4);
  });
});

describe("explicit, implicit and generative rewards", () => {
  it("explicit: ⟨u, h⟩ with h of the last token, or the mean of those of the response", async () => {
    const ids = Int32Array.from([...short.x, ...short.y.actions]);
    const { hidden } = hiddenStates(family.config, family.weights, input("ids", [1, 5], "int32"), {
      positions: input("positions", [5], "int32"),
    });
    const program = await compile({ outputs: { hidden }, params: family.params });
    const { hidden: h } = await program.run({ ids, positions: Int32Array.of(0, 1, 2, 3, 4), theta: policy.theta });
    const u = Float32Array.from({ length: 8 }, (_, k) => Math.sin(k));
    const dot = (t: number) => u.reduce((sum, w, k) => sum + w * h[t * 8 + k], 0);
    const wanted = { last: dot(4), mean: (dot(2) + dot(3) + dot(4)) / 3 };
    for (const pooling of ["last", "mean"] as const) {
      const trained = explicitRewardModel(policy, { pooling });
      const frozen = explicitRewardModel(policy, { pooling, backbone: "frozen" });
      const each = explicitRewardModel(policy, { pooling, lengthNormalised: true });
      const r = async (model: RewardModel, phi: Float32Array) =>
        (await answerRewards({ model, members: [phi] }, [short])).mean[0];
      const whole = Float32Array.from([...policy.theta, ...u]);
      expect(await r(trained, whole)).toBeCloseTo(wanted[pooling], 4);
      expect(await r(frozen, u)).toBeCloseTo(wanted[pooling], 4);
      expect(await r(each, whole)).toBeCloseTo(wanted[pooling] / 3, 4);
    }
  });

  it("an explicit model begins with the policy's own weights and a head that another seed draws anew", () => {
    const model = explicitRewardModel(policy);
    const [a, b] = [model.first(rng(1)), model.first(rng(2))];
    expect(a.subarray(0, policy.theta.length)).toEqual(policy.theta);
    expect(a.subarray(policy.theta.length)).not.toEqual(b.subarray(policy.theta.length));
  });

  it("implicit: the same number as the policy's log-ratio to the reference, and 0 for the reference itself", async () => {
    const model = implicitRewardModel(policy, { reference: other, beta: 0.3 });
    const found = (await answerRewards({ model, members: [policy.theta] }, [short, long])).mean;
    const wanted = await implicitRewardOf(policy, other, 0.3)([short, long]);
    found.forEach((r, i) => {
      expect(r).toBeCloseTo(wanted[i], 4);
    });
    const none = (await answerRewards({ model, members: [other.theta] }, [short, long])).mean;
    expect(Math.max(...none.map(Math.abs))).toBeLessThan(1e-4);
  });

  it("generative: the chance of the verifier's word, a number from 0 to 1", async () => {
    const model = generativeRewardModel(policy, verify);
    const [r] = (await answerRewards({ model, members: [policy.theta] }, [short])).mean;
    const asked = [{ x: verify.prompt(short), y: { actions: verify.yes } }];
    const reference = { model: family, theta: new Float32Array(policy.theta.length) }; // the uniform policy
    const [ratio] = await implicitRewardOf(policy, reference, 1)(asked);
    expect(r).toBeCloseTo(Math.exp(ratio) / 12, 5);
  });

  it("the verification prompt is the question, the answer without its end, and what is asked", () => {
    const tokenizer = words(["two and two four Is the answer correct ? Answer : Yes \n"]);
    const { prompt, yes } = verification(tokenizer);
    const y = Int32Array.from([...tokenizer.encode(" four"), ...tokenizer.end]);
    const text = tokenizer.decode(prompt({ x: tokenizer.encode("two and two"), y: { actions: y } }));
    expect(text).toContain("two and two four");
    expect(text).toContain(" the answer correct");
    expect(tokenizer.decode(yes)).toBe(" Yes");
  });

  it("an ensemble's reward is its members' mean, and their spread is its doubt", async () => {
    const model = explicitRewardModel(policy, { backbone: "frozen" });
    const members = [1, 2, 3].map((seed) => model.first(rng(seed)));
    const { mean, std, members: each } = await answerRewards({ model, members }, [short, long]);
    for (const i of [0, 1]) {
      const r = each.map((own) => own[i]);
      const m = (r[0] + r[1] + r[2]) / 3;
      expect(mean[i]).toBeCloseTo(m, 10);
      expect(std[i]).toBeCloseTo(Math.sqrt(r.reduce((sum, v) => sum + (v - m) ** 2, 0) / 3), 10);
    }
    const cautious = await rewardOfAnswers({ model, members }, { caution: 2 })([short, long]);
    expect(cautious[0]).toBeCloseTo(mean[0] - 2 * std[0], 10);
  });

  it("a policy without hidden states can be no explicit reward model", () => {
    const model = responsesOf(linearPolicy({ observation: box([2]), action: discrete(3) }));
    expect(() => explicitRewardModel({ model, theta: new Float32Array(9) })).toThrow(/no hidden states.*language model/);
  });
});

describe("the loss and the judgement of rewards", () => {
  it("a margin in the data is asked of the difference of the rewards, and centring pulls their sum to 0", async () => {
    const [rw, rl, m] = ["rw", "rl", "m"].map((name) => input(name, ["P"]));
    const program = await compile({ outputs: { loss: bradleyTerryLoss(rw, rl, 0, m), centre: centring(rw, rl) } });
    const given = { rw: Float32Array.of(1, 2), rl: Float32Array.of(0.5, -1), m: Float32Array.of(0, 2.5) };
    const { loss, centre } = await program.run(given);
    expect(loss[0]).toBeCloseTo(Math.log1p(Math.exp(-0.5)), 5);
    expect(loss[1]).toBeCloseTo(Math.log1p(Math.exp(-0.5)), 5);
    expect(centre[0]).toBeCloseTo((1.5 ** 2 + 1 ** 2) / 2, 5);
  });

  it("a tie counts one half, and the margin has the rewards' own deviation as its unit", () => {
    const { accuracy, tieRate, margin, loss } = judgeRewards([2, 1, 0, 3], [1, 1, 1, 0]);
    expect(accuracy).toBe((1 + 0.5 + 0 + 1) / 4);
    expect(tieRate).toBe(0.25);
    const all = [2, 1, 0, 3, 1, 1, 1, 0];
    const mean = 9 / 8;
    const std = Math.sqrt(all.reduce((sum, r) => sum + (r - mean) ** 2, 0) / 8);
    expect(margin).toBeCloseTo((1 + 0 + 1 + 3) / 4 / std, 12);
    const nll = [1, 0, -1, 3].map((d) => Math.log(1 + Math.exp(-d)));
    expect(loss).toBeCloseTo(nll.reduce((a, b) => a + b) / 4, 12);
    const scaled = judgeRewards([20, 10, 0, 30], [10, 10, 10, 0]);
    expect([scaled.accuracy, scaled.margin]).toEqual([accuracy, margin]);
  });

  it("calibration is perfect where comparisons come out as often as the rewards say, and far off where they are sure and wrong", () => {
    const d = Math.log(3); // σ(d) = 3/4
    const [rw, rl] = [
      [d, d, d, 0],
      [0, 0, 0, d],
    ];
    expect(judgeRewards(rw, rl).calibration.error).toBeCloseTo(0, 12);
    expect(judgeRewards(rl, rw).calibration.error).toBeCloseTo(0.5, 12);
    expect(judgeRewards([50, 50], [0, 0]).calibration).toEqual({
      error: expect.closeTo(0, 12),
      bins: [{ confidence: expect.closeTo(1, 12), accuracy: 1, comparisons: 2 }],
    });
  });

  it("rewards that are no numbers are refused by their place", () => {
    expect(() => judgeRewards([1, Number.NaN], [0, 0])).toThrow(/preferred response 1 is NaN/);
    expect(() => judgeRewards([], [])).toThrow(/found 0 rewards/);
  });
});
