import { describe, expect, it } from "vitest";
import { lowerEnd } from "../../../test/intervals.ts";
import { compile, initialise, rng } from "../../autodiff/index.ts";
import { characters } from "../../data/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { type Answer, box, discrete } from "../../mdp/index.ts";
import {
  firstTheta,
  gpt2,
  languageFamily,
  mlp,
  type ResponsePolicy,
  responsesOf,
  tabular,
  tokenWeights,
} from "../../policies/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { groupRelative, leaveOneOut, tokenAdvantages, tokenRewards } from "./rlhf/advantages.ts";
import { bestOfN, bestOfNKl, bestOfNMean, bestOfNPolicy, rlhfOptimum } from "./rlhf/optimum.ts";
import { placesOf } from "./rlhf/places.ts";
import { reader } from "./rlhf/reading.ts";
import { keeper } from "./rlhf/sampled.ts";
import { RewardError } from "./rlhf/scoring.ts";
import { type RlhfOptions, type RlhfProblem, type RlhfRecord, rlhf } from "./rlhf.ts";

/** Eight bandits at once: contexts with four answers, whose reference and rewards are drawn. */
const [X, Y] = [8, 4];
const random = rng(7);
const logRef = rows(
  Float64Array.from({ length: X * Y }, () => 0.7 * random.normal()),
  Y,
);
const table = Float64Array.from({ length: X * Y }, () => random.normal());
const model = responsesOf(tabular({ observation: discrete(X), action: discrete(Y) }));
const bandits: RlhfProblem = {
  policy: { model, theta: Float32Array.from(logRef) },
  contexts: Array.from({ length: X }, (_, x) => Float32Array.of(x)),
  reward: (answers) => answers.map(rewardOf),
};

function rewardOf({ x, y }: Answer): number {
  return table[x[0] * Y + y.actions[0]];
}

function rows(z: ArrayLike<number>, k: number): Float64Array {
  return rlhfOptimum(z, new Float64Array(z.length), 1, k); // softmax of each row
}

/** KL(target ‖ π_θ) of each context. */
function divergences({ theta }: ResponsePolicy, target: Float64Array): number[] {
  const logPi = rows(theta, Y);
  return Array.from({ length: X }, (_, x) =>
    Array.from({ length: Y }, (_, y) => x * Y + y).reduce(
      (kl, i) => kl + (target[i] > 0 ? target[i] * (Math.log(target[i]) - logPi[i]) : 0),
      0,
    ),
  );
}

const quick: Partial<RlhfOptions> = {
  ...{ beta: 0.5, rounds: 100, prompts: 32, group: 4, batchSize: 128, epochs: 1, learningRate: 0.08, clipNorm: 0 },
};
const optimum = rlhfOptimum(logRef, table, 0.5, Y).map(Math.exp);
/** E_x E_ref[r]: the objective before the first round. */
const untrained = table.reduce((sum, r, i) => sum + (r * Math.exp(logRef[i])) / X, 0);
/** The 95 % interval of what the last rounds have. */
const late = (records: readonly RlhfRecord[], name: "reward" | "objective") =>
  meanInterval(records.slice(-10).map((record) => record[name]));

describe("policy training approaches the exact optimum π_ref exp(r/β)/Z", () => {
  it.each([
    ["ppo", {}],
    ["rloo", {}],
    ["grpo", { scaleAdvantages: false }],
  ] as const)("by %s", async (method, more) => {
    const { policy, records } = await train(rlhf, bandits, { ...quick, method, ...more });
    expect(meanInterval(divergences(bandits.policy, optimum)).low).toBeGreaterThan(0.1);
    expect(meanInterval(divergences(policy, optimum)).high).toBeLessThan(0.03);
    const [first, last] = [records[0], records[records.length - 1]];
    expect(first.kl).toBeCloseTo(0, 6);
    expect(late(records, "objective").low).toBeGreaterThan(untrained);
    expect(last.entropy).toBeLessThan(Math.log(Y));
    expect(last.responses).toBe(quick.rounds! * 128);
  });

  it("best-of-n ends at the exact distribution of the best of n, no further from the reference than log n − (n − 1)/n", async () => {
    const n = 4;
    const target = bestOfNPolicy(logRef, table, n, Y);
    const options = { ...quick, method: "best-of-n" as const, prompts: 128, group: n };
    const { policy, records } = await train(rlhf, bandits, options);
    expect(meanInterval(divergences(bandits.policy, target)).low).toBeGreaterThan(0.1);
    expect(meanInterval(divergences(policy, target)).high).toBeLessThan(0.03);
    for (let x = 0; x < X; x++) {
      const own = target.subarray(x * Y, (x + 1) * Y);
      expect(own.reduce((sum, p) => sum + p)).toBeCloseTo(1, 12);
      const kl = own.reduce((sum, p, y) => sum + p * (Math.log(p) - logRef[x * Y + y]), 0);
      expect(kl).toBeLessThan(bestOfNKl(n));
    }
    expect(late(records, "reward").low).toBeGreaterThan(untrained);
  });

  it("the published GRPO ends elsewhere: its penalty's slope is that of KL(π_ref ‖ π)", async () => {
    const options = { ...quick, method: "grpo" as const, penalty: "loss" as const };
    const { policy } = await train(rlhf, bandits, { ...options, scaleAdvantages: false });
    const target = forwardOptimum(0.5, quick.group!);
    expect(meanInterval(divergences(policy, target)).high).toBeLessThan(0.03);
    expect(meanInterval(divergences(policy, target)).high).toBeLessThan(meanInterval(divergences(policy, optimum)).mean);
  });

  /**
   * Where E_π[A(y) ∇ log π] + β E_ref[∇ log π] = 0: π(y) = β π_ref(y) / (β − A(y)), A(y) = (1 − 1/n)(r(y) − E_π r), by bisection of E_π r.
   */
  function forwardOptimum(beta: number, n: number): Float64Array {
    const pi = new Float64Array(X * Y);
    for (let x = 0; x < X; x++) {
      const r = table.subarray(x * Y, (x + 1) * Y);
      const share = 1 - 1 / n;
      let [low, high] = [Math.max(...r) - beta / share, Math.max(...r)];
      for (let k = 0; k < 60; k++) {
        const mean = (low + high) / 2;
        const own = Array.from(r, (value, y) => (beta * Math.exp(logRef[x * Y + y])) / (beta - share * (value - mean)));
        pi.set(own, x * Y);
        if (own.reduce((sum, p) => sum + p) > 1) low = mean;
        else high = mean;
      }
    }
    return pi;
  }

  it("an adaptive β brings the divergence to what is asked for", async () => {
    const options = { ...quick, method: "rloo" as const, beta: 3, klTarget: 0.2, schedule: "constant" as const };
    const { records } = await train(rlhf, bandits, options);
    const kl = meanInterval(records.slice(-30).map((record) => record.kl));
    expect(kl.low).toBeGreaterThan(0.12);
    expect(kl.high).toBeLessThan(0.28);
    expect(records[records.length - 1].beta).toBeLessThan(2);
  });
});

describe("where responses are drawn otherwise than from π_θ itself, all is of what they were drawn from", () => {
  it.each([
    ["ppo", 0.5],
    ["rloo", 2],
    ["grpo", 2],
  ] as const)("%s at temperature %d approaches the optimum of the tempered policies", async (method, temperature) => {
    const more = { method, temperature, scaleAdvantages: false, learningRate: 0.08 * temperature };
    const { policy, records } = await train(rlhf, bandits, { ...quick, ...more });
    const tempered = (theta: ArrayLike<number>) => Float64Array.from(theta, (z) => z / temperature);
    const target = rlhfOptimum(rows(tempered(logRef), Y), table, 0.5, Y).map(Math.exp);
    const left = ({ theta }: ResponsePolicy) => divergences({ model, theta: Float32Array.from(tempered(theta)) }, target);
    expect(meanInterval(left(bandits.policy)).low).toBeGreaterThan(0.1);
    expect(meanInterval(left(policy)).high).toBeLessThan(0.03);
    expect(meanInterval(divergences(policy, target)).mean).toBeGreaterThan(2 * meanInterval(left(policy)).high);
    expect(records[0].kl).toBeCloseTo(0, 6);
  });

  it("under top-k the optimum over the k actions is approached, and what is never drawn never changes", async () => {
    const topK = 2;
    const first = Float32Array.from(logRef, (z, i) => {
      const row = logRef.subarray(Y * Math.floor(i / Y), Y * Math.floor(i / Y) + Y);
      return [...row].sort((a, b) => b - a).indexOf(z) < topK ? z + 6 : z; // far above the others, whatever is learned
    });
    const kept = first.map((z) => (z > 2 ? 1 : 0));
    const problem = { ...bandits, policy: { model, theta: first } };
    const { policy, records } = await train(rlhf, problem, { ...quick, method: "rloo", topK });
    const only = (z: ArrayLike<number>) =>
      rows(
        Array.from(z, (own, i) => (kept[i] ? own : -1e3)),
        Y,
      );
    const target = rlhfOptimum(only(first), table, 0.5, Y).map(Math.exp);
    const left = (theta: Float32Array) => divergences({ model, theta: Float32Array.from(only(theta)) }, target);
    expect(kept.reduce((sum, own) => sum + own)).toBe(X * topK);
    expect(meanInterval(left(first)).mean).toBeGreaterThan(0.06);
    expect(meanInterval(left(policy.theta)).high).toBeLessThan(0.02);
    policy.theta.forEach((z, i) => {
      if (!kept[i]) expect(z).toBeCloseTo(first[i], 3); // but for rounding, which Adam makes larger
    });
    expect(records[0].kl).toBeCloseTo(0, 6);
    expect(records[0].entropy).toBeLessThan(Math.log(topK));
  });

  it("log-probabilities are those that tokens were drawn by", async () => {
    const sampling = { temperature: 0.7, topK: 5, topP: 0.9, minP: 0.02 };
    const { theta } = writing.policy;
    const contexts = writing.contexts.slice(0, 2);
    const drawn = await family.respond(theta, contexts, { n: 20, maxLength: 4, random: rng(4), ...sampling });
    const answers = contexts.flatMap((x, i) => drawn[i].map((y) => ({ x, y })));
    const plain = await reader(family, {}).read(theta, answers);
    const kept = (await keeper(family, sampling)(theta, answers))!;
    const found = await reader(family, sampling).read(theta, answers, kept);
    const V = alphabet.size;
    const whole = await compile({ outputs: { z: family.expressions({ rows: answers.length }).logits! }, params: family.params });
    const feeds = family.feeds(answers);
    const z = (await whole.run({ ...feeds, theta })).z as Float32Array;
    placesOf(feeds, answers.length).forEach((places, i) => {
      places.forEach((at, t) => {
        const weights = tokenWeights(z, at * V, V, sampling);
        const total = weights.reduce((sum, w) => sum + w);
        const p = weights.map((w) => w / total);
        expect(found.logPi[i][t]).toBeCloseTo(Math.log(p[answers[i].y.actions[t]]), 4);
        expect(found.entropies[i][t]).toBeCloseTo(-p.reduce((sum, own) => sum + (own > 0 ? own * Math.log(own) : 0), 0), 4);
        expect(p.filter((own) => own > 0).length).toBeLessThanOrEqual(sampling.topK);
      });
      expect(found.logPi[i]).not.toEqual(plain.logPi[i]);
    });
  });

  it.each(["ppo", "rloo", "grpo"] as const)(
    "the first ratios of %s are 1: nothing is cut, and the policy's loss is −E[A]",
    async (method) => {
      const sampling = { temperature: 1.5, topK: 4, topP: 0.8 };
      const once = { ...small, ...sampling, method, rounds: 1, epochs: 1, batchSize: 32, normaliseAdvantages: true };
      const [record] = (await train(rlhf, writing, once)).records;
      expect(record.clipped).toBe(0);
      expect(record.kl).toBeCloseTo(0, 5);
      expect(Math.abs(record.loss - (record.value_loss ?? 0))).toBeLessThan(1e-5); // advantages add up to 0
    },
  );

  it("a resumed run equals an uninterrupted one", async () => {
    const options = { ...small, method: "grpo" as const, rounds: 4, temperature: 1.3, topP: 0.9, minP: 0.01 };
    const run = start(rlhf, writing, options);
    await run.next();
    await run.next();
    const rest = resume(rlhf, writing, run.checkpoint());
    for await (const _ of run);
    for await (const _ of rest);
    expect((await rest.result()).policy.theta).toEqual((await run.result()).policy.theta);
  });

  it("the best of n are cloned as a whole, from a reference that is tempered and restricted", async () => {
    const options = { ...small, method: "best-of-n" as const, rounds: 6, prompts: 32, batchSize: 8, temperature: 1.2, topK: 6 };
    const gains: number[] = [];
    for (const seed of [1, 2, 3]) {
      const { records } = await train(rlhf, writing, { ...options, seed });
      gains.push(records[5].reward - records[0].reward);
      expect(records.every(({ loss, kl }) => Number.isFinite(loss) && Number.isFinite(kl))).toBe(true);
    }
    expect(lowerEnd(gains)).toBeGreaterThan(0);
  });
});

describe("advantages and rewards", () => {
  it("the rewards of the tokens add up to the score less β times the log-ratio, and the last token has the score", () => {
    const tokens = { logPi: Float32Array.of(-1, -2, -0.5), logPiRef: Float32Array.of(-1.5, -2, -1) };
    expect([...tokenRewards(tokens, 3, 0.5)]).toEqual([-0.25, -0, 2.75]);
  });

  it("the advantages of a group add up to 0, and leaving one out is the mean baseline times n/(n − 1)", () => {
    const R = Float64Array.of(1, 4, 2, 1, 0, 0, 0, 8);
    const [out, mean] = [leaveOneOut(R, 4), groupRelative(R, 4, false)];
    for (const A of [out, mean, groupRelative(R, 4, true)]) {
      expect(A[0] + A[1] + A[2] + A[3]).toBeCloseTo(0, 12);
      expect(A[4] + A[5] + A[6] + A[7]).toBeCloseTo(0, 12);
    }
    out.forEach((a, i) => {
      expect(a).toBeCloseTo((mean[i] * 4) / 3, 12);
    });
    expect(groupRelative(R, 4, true)[7]).toBeCloseTo(6 / 4, 3);
    expect([...groupRelative(Float64Array.of(5, 5), 2, true)]).toEqual([0, 0]);
  });

  it("with γ = λ = 1 a token's advantage is what is still to come, less its value", () => {
    const values = Float32Array.of(0.5, 1, -1);
    const tokens = { logPi: new Float32Array(3), logPiRef: new Float32Array(3), values };
    const options = { gamma: 1, lambda: 1, normaliseAdvantages: false };
    const { advantages, returns } = tokenAdvantages([tokens], [Float64Array.of(1, 2, 4)], options);
    expect([...returns[0]]).toEqual([7, 6, 4]);
    expect([...advantages[0]]).toEqual([6.5, 5, 5]);
  });

  it("the mean of the best of n without bias is the mean over all choices of n", () => {
    const [r, score] = [
      [3, 1, 2, 5],
      [10, 20, 40, 70],
    ];
    const pairs = [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].filter((j) => j > i).map((j) => (r[i] > r[j] ? score[i] : score[j])));
    expect(bestOfNMean(r, score, 2)).toBeCloseTo(pairs.reduce((a, b) => a + b) / 6, 12);
    expect(bestOfNMean(r, score, 1)).toBeCloseTo(35, 12);
    expect(bestOfNMean(r, score, 4)).toBe(70);
  });

  it("best of n draws, scores and chooses", async () => {
    const { responses, rewards } = await bestOfN(bandits.policy, bandits.contexts, bandits.reward, { n: 64, random: rng(2) });
    responses.forEach(({ actions }, x) => {
      expect(table[x * Y + actions[0]]).toBe(Math.max(...table.subarray(x * Y, (x + 1) * Y)));
      expect(rewards[x]).toBe(table[x * Y + actions[0]]);
    });
  });
});

const alphabet = characters(["abcdefgh"]);
const family = languageFamily(gpt2({ vocabulary: alphabet.size, context: 16, width: 16, layers: 1, heads: 2 }), alphabet);
const writing: RlhfProblem = {
  policy: { model: family, theta: firstTheta(family, 1) },
  contexts: ["a", "bc", "def"].map((text) => alphabet.encode(text)),
  reward: (answers) => answers.map(({ y }) => Array.from(y.actions).filter((token) => token === 2).length),
};
const small: Partial<RlhfOptions> = {
  ...{ beta: 0.02, rounds: 12, prompts: 8, group: 4, maxLength: 6, batchSize: 16, learningRate: 1e-2, seed: 3 },
};

describe("a language model", () => {
  it.each(["ppo", "rloo", "grpo", "best-of-n"] as const)(
    "is led to what is rewarded by %s; a resumed run equals an uninterrupted one",
    async (method) => {
      const options = { ...small, method, batchSize: method === "best-of-n" ? 8 : 16, klTarget: method === "ppo" ? 2 : 0 };
      const run = start(rlhf, writing, options);
      const records: RlhfRecord[] = [];
      for (let k = 0; k < 5; k++) records.push((await run.next())!);
      const saved = run.checkpoint();
      for await (const record of run) records.push(record);
      const rest = resume(rlhf, writing, saved);
      const again: RlhfRecord[] = [];
      for await (const record of rest) again.push(record);
      expect(again).toEqual(records.slice(5));
      expect((await rest.result()).policy.theta).toEqual((await run.result()).policy.theta);
      expect(records[records.length - 1].reward).toBeGreaterThan(records[0].reward + 0.15);
      expect(records[records.length - 1].kl).toBeGreaterThan(0.05);
      expect(records[0].length).toBeGreaterThan(1);
      expect(records.every(({ beta }) => (beta === undefined) === (method === "best-of-n"))).toBe(true);
    },
  );

  it("over-optimisation is seen where the true score is measured beside the reward", async () => {
    const gold: RlhfProblem["reward"] = (answers) =>
      answers.map(({ y }) => {
        const n = Array.from(y.actions).filter((token) => token === 2).length;
        return n === 1 ? 1 : -n;
      });
    const options = { ...small, method: "rloo" as const, beta: 0, rounds: 20, prompts: 16 };
    const { records } = await train(rlhf, { ...writing, gold }, options);
    const last = records[records.length - 1];
    expect(last.gold).toBeLessThan(records[0].gold! - 0.5);
    expect(last.note).toMatch(/the reward still rises .* but the true score falls .*: over-optimised/);
  });

  it("over-optimisation is no false alarm where the true score is the reward with noise", async () => {
    const noise = rng(11);
    const gold: RlhfProblem["reward"] = async (answers) =>
      Array.from(await writing.reward(answers), (score) => 0.2 * score + 3 * noise.normal());
    const options = { ...small, method: "rloo" as const, beta: 0, rounds: 30, prompts: 8 };
    const { records } = await train(rlhf, { ...writing, gold }, options);
    expect(records[29].reward).toBeGreaterThan(records[0].reward + 0.5);
    expect(records.filter(({ note }) => note !== undefined)).toEqual([]);
    expect(records[0].note).toBeUndefined();
  });
});

describe("a reward that fails", () => {
  const failing = (fault: (call: number, n: number) => ArrayLike<number>): RlhfProblem => {
    let calls = 0;
    return {
      ...bandits,
      reward: (answers) => {
        calls += 1;
        return calls === 3 ? fault(calls, answers.length) : answers.map(rewardOf);
      },
    };
  };
  const options: Partial<RlhfOptions> = { ...quick, rounds: 3, method: "rloo", requestSize: 50 };

  it.each([
    ["is down", () => Promise.reject(new Error("no connection")) as never, /the reward failed: no connection; 28 of 128/],
    ["answers too little", () => [1, 2], /the reward gave 2 numbers for 28 responses, expected one each; 28 of 128/],
    ["answers NaN", (_: number, n: number) => [Number.NaN, ...new Array(n - 1).fill(1)], /of a response is NaN.*; 1 of 128/],
  ])("that %s is said with what is missing, and the run goes on as if nothing had happened", async (_, fault, message) => {
    const run = start(rlhf, failing(fault), options);
    await run.ready;
    const error = await run.next().then(
      () => undefined,
      (reason) => reason,
    );
    expect(error).toBeInstanceOf(RewardError);
    expect(error.message).toMatch(/^round 1: /);
    expect(error.message).toMatch(message);
    expect(run.waiting?.()).toMatch(/ of 128 rewards/);
    if (/NaN/.test(error.message)) return; // the others of that request were accepted as they were
    const rest = resume(rlhf, bandits, run.checkpoint());
    const records: RlhfRecord[] = [];
    for await (const record of rest) records.push(record);
    expect(records).toEqual((await train(rlhf, bandits, options)).records);
  });
});

describe("what doesn't fit together", () => {
  it.each([
    [{ method: "dpo" }, /method is "dpo", expected one of ppo, rloo, grpo, best-of-n/],
    [{ method: "rloo", group: 1 }, /rloo compares responses to the same context, found group 1; expected 2 or more/],
    [{ batchSize: 7 }, /a round learns from 128 responses, which minibatches of 7 don't divide/],
    [{ beta: -1 }, /beta is -1, expected 0 or a positive number/],
    [{ klTarget: 1, beta: 0 }, /start from a beta above 0/],
    [{ temperature: 0 }, /temperature is 0: all responses to a context are the same/],
    [{ topP: 0 }, /topP is above 0 and at most 1, found 0/],
    [{ topK: -1 }, /topK is a whole number of tokens/],
    [{ rounds: 0 }, /rounds is 0, expected a whole number from 1 on/],
  ])("%j", async (options, message) => {
    await expect(train(rlhf, bandits, { ...quick, ...options } as Partial<RlhfOptions>)).rejects.toThrow(message);
  });

  it("nothing to answer", async () => {
    await expect(train(rlhf, { ...bandits, contexts: [] })).rejects.toThrow(/there are no contexts to answer/);
  });

  it("real actions without hidden states have one value for all", async () => {
    const own = responsesOf(mlp({ observation: box([1]), action: box([1]) }, { hidden: [4] }));
    const policy = { model: own, theta: initialise(own.params, rng(1)) };
    const problem = {
      policy,
      contexts: [Float32Array.of(0)],
      reward: (list: readonly Answer[]) => list.map(({ y }) => y.actions[0]),
    };
    const { records } = await train(rlhf, problem, { ...quick, rounds: 2, method: "ppo" });
    expect(records[1].value_loss).toBeGreaterThan(0);
    await expect(train(rlhf, problem, { ...quick, temperature: 0.5 })).rejects.toThrow(
      /the policy's actions are no choices, found temperature 0.5, topK 0, topP 1, minP 0; expected 1, 0, 1 and 0/,
    );
  });
});
