import { describe, expect, it } from "vitest";
import { initialise, rng } from "../../autodiff/index.ts";
import { memoryCache } from "../../data/index.ts";
import { type Interval, judgePreferences, meanInterval } from "../../evaluation/index.ts";
import {
  box,
  type Choice,
  discrete,
  type Preference,
  type PreferenceExpert,
  type Rating,
  type Response,
  scoringExpert,
} from "../../mdp/index.ts";
import {
  answerScores,
  gpt2,
  languageFamily,
  mlp,
  type PlayOn,
  type ResponsePolicy,
  responsesOf,
  tabular,
} from "../../policies/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { type DpoOptions, type DpoProblem, type DpoRecord, dpo } from "./dpo.ts";
import { ExpertError } from "./online/answers.ts";

const spaces = { observation: box([2]), action: discrete(4) };

function bandit(seed = 3): ResponsePolicy {
  const model = responsesOf(mlp(spaces, { hidden: [16] }));
  return { model, theta: initialise(model.params, rng(seed)) };
}

/** What the expert likes: the corner of the plane that the context points to. */
const corners = [
  [1, 1],
  [1, -1],
  [-1, 1],
  [-1, -1],
];
const taste = (x: ArrayLike<number>, a: number) => corners[a][0] * x[0] + corners[a][1] * x[1];

function context(random: { normal(): number }): Float32Array {
  return Float32Array.of(random.normal(), random.normal());
}

function comparisons(n: number, seed = 1): Preference[] {
  const random = rng(seed).split("comparisons");
  return Array.from({ length: n }, () => {
    const x = context(random);
    const a = random.integer(4);
    const b = (a + 1 + random.integer(3)) % 4;
    const [w, l] = taste(x, a) > taste(x, b) ? [a, b] : [b, a];
    return { x, yw: { actions: Int32Array.of(w) }, yl: { actions: Int32Array.of(l) } };
  });
}

const contexts = (n: number, seed = 5) => {
  const random = rng(seed).split("contexts");
  return Array.from({ length: n }, () => context(random));
};
const expert = scoringExpert((answers) => answers.map(({ x, y }) => taste(x, y.actions[0])));

/** The 95 % interval of the share of contexts in which the most likely action is the expert's favourite, from 200 fresh ones. */
async function favourites({ model, theta }: ResponsePolicy): Promise<Interval> {
  const xs = contexts(200, 9);
  const drawn = await model.respond(theta, xs, { random: rng(0), temperature: 0 });
  const best = (x: Float32Array) => [0, 1, 2, 3].reduce((top, a) => (taste(x, a) > taste(x, top) ? a : top), 0);
  return meanInterval(xs.map((x, i) => Number(drawn[i][0].actions[0] === best(x))));
}

const texts = languageFamily(gpt2({ vocabulary: 8, context: 12, width: 8, layers: 1, heads: 2 }));
/** Responses with a 5 in them are better than those with a 4; of different lengths. */
function written(n: number, seed: number): Preference[] {
  const random = rng(seed);
  return Array.from({ length: n }, (): Preference => {
    const draw = (length: number) => Array.from({ length }, () => 1 + random.integer(3));
    const y = (token: number) => ({ actions: Int32Array.from([token, ...draw(1 + random.integer(5)), 0]) });
    return { x: Int32Array.from(draw(2)), yw: y(5), yl: y(4) };
  });
}
const writer: ResponsePolicy = { model: texts, theta: initialise(texts.params, rng(1)) };

const quick: Partial<DpoOptions> = { learningRate: 1e-2, batchSize: 32, report: 20, epochs: 10 };

describe("direct preference optimisation", () => {
  it("begins at the loss ln 2, at no divergence and no margin, and learns whom the expert prefers", async () => {
    const problem = { policy: bandit(), preferences: comparisons(400) };
    const { policy, records } = await train(dpo, problem, { ...quick, report: 1, updates: 2 });
    expect(records[0].loss).toBeCloseTo(Math.LN2, 6);
    expect(records[0]["rewards/margins"]).toBeCloseTo(0, 6);
    expect(records[0]["rewards/accuracies"]).toBe(0.5);
    expect(policy.theta).not.toEqual(problem.policy.theta);
    const longer = await train(dpo, problem, quick);
    expect((await favourites(problem.policy)).high).toBeLessThan(0.6);
    expect((await favourites(longer.policy)).low).toBeGreaterThan(0.8);
    const last = longer.records[longer.records.length - 1];
    expect(last["rewards/accuracies"]).toBeGreaterThan(0.9);
    expect(last.kl).toBeGreaterThan(0);
  });

  it("micro-batches give the update of the whole minibatch, and what is logged of it, whatever the responses' lengths", async () => {
    const problem = {
      policy: writer,
      reference: { model: texts, theta: initialise(texts.params, rng(2)) },
      preferences: written(16, 3),
    };
    for (const more of [{}, { loss: "0.7 ipo + 0.3 sft" }, { loss: "sigmoid + sft", lengthNormalised: true }]) {
      const own = { batchSize: 8, updates: 3, report: 3, klSamples: 0, optimizer: "sgd" as const, learningRate: 0.05, ...more };
      const whole = await train(dpo, problem, own);
      const parts = await train(dpo, problem, { ...own, microBatch: 2 });
      expect(Math.max(...whole.policy.theta.map((value, i) => Math.abs(value - writer.theta[i])))).toBeGreaterThan(1e-3);
      parts.policy.theta.forEach((value, i) => {
        expect(value).toBeCloseTo(whole.policy.theta[i], 5);
      });
      const { note: _, ...figures } = whole.records[0];
      for (const [name, value] of Object.entries(figures))
        expect(parts.records[0][name as "loss"], name).toBeCloseTo(value as number, 4);
    }
  });

  it("held-out comparisons are measured after each round: what was best is kept, the end says when, patience stops there", async () => {
    const flipped = written(24, 2).map(({ x, yw, yl }) => ({ x, yw: yl, yl: yw })); // what is learned is wrong there
    const problem = { policy: writer, preferences: written(24, 1), validation: flipped };
    const own = { learningRate: 0.01, batchSize: 8, updates: 40, report: 8, klSamples: 0, beta: 0.5 };
    const run = (more: object) => train(dpo, problem, { ...own, ...more });
    const [best, last, stopped] = [await run({}), await run({ keep: "last" }), await run({ patience: 2 })];
    const losses = best.records.map(({ validationLoss }) => validationLoss!);
    expect(losses[4]).toBeGreaterThan(1.1 * losses[0]);
    const { accuracy } = await judgePreferences(last.policy, flipped, { reference: writer });
    expect(last.records[4].validationAccuracy).toBeCloseTo(accuracy!.mean, 6);
    const lossOf = async (policy: ResponsePolicy) => {
      const h = async (pick: "yw" | "yl") => {
        const answers = flipped.map((pair) => ({ x: pair.x, y: pair[pick] }));
        const [pi, ref] = [(await answerScores(policy, answers)).logProb, (await answerScores(writer, answers)).logProb];
        return pi.map((own, i) => own - ref[i]);
      };
      const [w, l] = [await h("yw"), await h("yl")];
      return w.reduce((sum, own, i) => sum + Math.log1p(Math.exp(-0.5 * (own - l[i]))), 0) / w.length;
    };
    expect(await lossOf(last.policy)).toBeCloseTo(losses[4], 4);
    expect(await lossOf(best.policy)).toBeCloseTo(Math.min(...losses), 4);
    expect(best.records[4].note).toMatch(/the held-out loss was lowest after \d+ updates .*; what was best is kept/);
    expect(last.records[4].note).toMatch(/the last is kept \(keep=best/);
    expect(stopped.records.length).toBe(losses.indexOf(Math.min(...losses)) + 3);
    expect(stopped.policy.theta).toEqual(best.policy.theta);
  });

  it("few comparisons are learned from as often as 300 updates take, many once, unless it is said how often", async () => {
    const totalOf = async (n: number, own: object) => {
      const run = start(dpo, { policy: bandit(), preferences: comparisons(n) }, { batchSize: 4, ...own });
      await run.ready;
      return run.progress().total;
    };
    expect([await totalOf(40, {}), await totalOf(1240, {}), await totalOf(40, { epochs: 2 })]).toEqual([300, 310, 20]);
  });

  it("a policy of texts that is more than a nat a token from its reference says so; one that stays near does not", async () => {
    const problem = { policy: writer, preferences: written(24, 1) };
    const own = { batchSize: 8, updates: 40, report: 40, klSamples: 32 };
    const noteOf = async (more: object) => (await train(dpo, problem, { ...own, ...more })).records[0].note ?? "";
    expect(await noteOf({ learningRate: 0.05, beta: 0.01 })).toMatch(/nats a response from the reference.*a larger beta/);
    expect(await noteOf({ learningRate: 1e-4 })).not.toMatch(/from the reference/);
  });

  it("logs under the names of the field", async () => {
    const { records } = await train(dpo, { policy: bandit(), preferences: comparisons(64) }, { ...quick, epochs: 1 });
    const wanted = [
      ...["loss", "rewards/chosen", "rewards/rejected", "rewards/margins", "rewards/accuracies"],
      ...["logps/chosen", "logps/rejected", "kl", "entropy", "grad_norm", "num_tokens"],
    ];
    for (const name of wanted) expect(records[0][name as keyof DpoRecord], name).toEqual(expect.any(Number));
    const [row] = records;
    expect(row["rewards/margins"]).toBeCloseTo(row["rewards/chosen"]! - row["rewards/rejected"]!, 6);
    expect(row.num_tokens).toBe(2 * 64);
    expect(row.entropy).toBeGreaterThan(0);
    expect(row.entropy).toBeLessThanOrEqual(Math.log(4) + 1e-6);
  });

  it("what fills up the last minibatch is no further pass: the last epoch is the one that was asked for", async () => {
    const { records } = await train(
      dpo,
      { policy: bandit(), preferences: comparisons(40) },
      { ...quick, epochs: 2, klSamples: 0 },
    );
    expect(records[records.length - 1]).toMatchObject({ updates: 3, epoch: 2 });
  });

  it("its KL is that of drawn responses: it agrees with the exact one where all responses can be listed", async () => {
    const policy = bandit();
    const other: ResponsePolicy = { model: policy.model, theta: policy.theta.map((w, i) => w + 0.4 * Math.sin(i)) };
    const problem = { policy: other, reference: policy, preferences: comparisons(32) };
    const { records } = await train(dpo, problem, { ...quick, updates: 1, learningRate: 1e-9, klSamples: 4000 });
    const xs = problem.preferences.map(({ x }) => x);
    const answers = xs.flatMap((x) => [0, 1, 2, 3].map((a) => ({ x, y: { actions: Int32Array.of(a) } })));
    const [pi, ref] = [(await answerScores(other, answers)).logProb, (await answerScores(policy, answers)).logProb];
    const exact = pi.reduce((sum, logPi, i) => sum + Math.exp(logPi) * (logPi - ref[i]), 0) / xs.length;
    expect(exact).toBeGreaterThan(0.02);
    expect(Math.abs(records[0].kl! - exact)).toBeLessThan(0.25 * exact);
  });

  it("says plainly when chosen responses become less likely too", async () => {
    // The rejected episode takes twice the step that the chosen one takes once: making it rarer makes both rarer.
    const model = responsesOf(tabular({ observation: discrete(1), action: discrete(3) }));
    const policy = { model, theta: new Float32Array(3) };
    const x = Float32Array.of(0);
    const yw: Response = { actions: Int32Array.of(0) };
    const twice: Response = { actions: Int32Array.of(0, 0), states: Float32Array.of(0, 0) };
    const options = { ...quick, learningRate: 0.05, updates: 60 };
    const { records } = await train(dpo, { policy, preferences: [{ x, yw, yl: twice }] }, options);
    const last = records[records.length - 1];
    expect(last["rewards/chosen"]).toBeLessThan(0);
    expect(last["rewards/margins"]).toBeGreaterThan(0);
    expect(last.note).toMatch(/chosen responses fall too: [\d.]+ nats below the reference's \(rejected ones [\d.]+\)/);
    const yl: Response = { actions: Int32Array.of(1) };
    const rising = await train(dpo, { policy, preferences: [{ x, yw, yl }] }, options);
    expect(rising.records.every(({ note }) => note === undefined)).toBe(true);
  });

  it("random draws don't depend on whether the reference is cached, live, or found in a cache from before", async () => {
    const preferences = comparisons(100);
    const cache = memoryCache();
    let lookups = 0;
    const counted = {
      get: (key: string) => {
        lookups += 1;
        return cache.get(key);
      },
      set: cache.set,
    };
    const run = async (options: Partial<DpoOptions>, problem: Partial<DpoProblem> = {}) =>
      (await train(dpo, { policy: bandit(), preferences, ...problem }, { ...quick, epochs: 3, ...options })).records;
    const cached = await run({});
    const kept = await run({}, { cache: counted });
    const again = await run({}, { cache: { get: counted.get, set: () => Promise.reject(new Error("it is all there")) } });
    expect(kept).toEqual(cached);
    expect(again).toEqual(cached);
    expect(lookups).toBe(8); // 100 chosen and 100 rejected answers, 64 at a time, twice
    const live = await run({ reference: "live" });
    live.forEach((row, i) => {
      for (const name of ["loss", "rewards/margins", "logps/chosen", "kl", "entropy"] as const) {
        expect(row[name]).toBeCloseTo(cached[i][name]!, 4);
      }
    });
  });

  it("a reference of other parameters is another entry of the cache", async () => {
    const keys = new Set<string>();
    const cache = { get: () => undefined, set: (key: string) => void keys.add(key) };
    const policy = bandit();
    for (const seed of [1, 2]) {
      const reference = { model: policy.model, theta: initialise(policy.model.params, rng(seed)) };
      await train(dpo, { policy, reference, preferences: comparisons(10), cache }, { ...quick, updates: 1 });
    }
    expect(keys.size).toBe(4);
  });

  it("single responses found good or bad are enough for losses that compare no pairs", async () => {
    const ratings = comparisons(400).flatMap(({ x, yw, yl }): Rating[] => [
      { x, y: yw, good: true },
      { x, y: yl, good: false },
    ]);
    const policy = bandit();
    for (const loss of ["bco_pair", "apo_zero"]) {
      const { policy: learned } = await train(dpo, { policy, ratings }, { ...quick, loss, beta: 0.5 });
      expect((await favourites(learned)).low).toBeGreaterThan(0.8);
    }
  });

  it("online, two responses of the current policy are compared in each round", async () => {
    const problem = { policy: bandit(), online: { contexts: contexts(300), expert } };
    const options = { learningRate: 1e-2, batchSize: 32, rounds: 12, comparisons: 64, updatesPerRound: 20 };
    const { policy, records, preferences } = await train(dpo, problem, options);
    expect((await favourites(policy)).low).toBeGreaterThan(0.8);
    expect(records[11].comparisons).toBe(12 * 64);
    expect(preferences.every(({ x, yw, yl }) => taste(x, yw.actions[0]) > taste(x, yl.actions[0]))).toBe(true);
    // The more it knows what it wants, the more often both responses are the same.
    expect(records[11].ties).toBeGreaterThan(records[0].ties!);
    const kept = await train(dpo, { ...problem, preferences: comparisons(50) }, { ...options, rounds: 1 });
    const live = await train(dpo, { ...problem, preferences: comparisons(50) }, { ...options, rounds: 1, reference: "live" });
    expect(kept.records[0].loss).toBeCloseTo(live.records[0].loss!, 5);
  });

  it("online, how the two responses are drawn can be chosen: the hotter, the more often they differ", async () => {
    const { model, theta } = bandit();
    const decided = { model, theta: theta.map((x) => 400 * x) };
    const problem = { policy: decided, online: { contexts: contexts(300), expert } };
    const ties = async (sampling: Partial<DpoOptions>) => {
      const options = { rounds: 1, comparisons: 256, updatesPerRound: 1, klSamples: 0, ...sampling };
      return (await train(dpo, problem, options)).records[0].ties!;
    };
    expect(await ties({ temperature: 0 })).toBe(1);
    expect(await ties({ topK: 1 })).toBe(1);
    const [cold, own, hot] = [await ties({ temperature: 0.02 }), await ties({}), await ties({ temperature: 1e5 })];
    expect(cold).toBeGreaterThan(own + 0.1);
    expect(own).toBeGreaterThan(hot + 0.1);
    expect(Math.abs(hot - 0.25)).toBeLessThan(3 * Math.sqrt((0.25 * 0.75) / 256)); // four actions, all alike
    await expect(ties({ topP: 2 })).rejects.toThrow(/topP is above 0 and at most 1, found 2/);
  });

  it("episodes of a world are compared like texts: the log-probability of a response is the sum over its steps", async () => {
    // A corridor of 4 cells: each step goes left or right; the expert prefers the episode that gets further to the right.
    const model = tabular({ observation: discrete(4), action: discrete(2) });
    const play: PlayOn = async (policy, x, { random }) => {
      const [states, actions] = [[x[0]], [] as number[]];
      for (let t = 0; t < 3; t++) {
        const [a] = await policy.act(Float32Array.of(states[t]), { rng: random });
        actions.push(a);
        states.push(Math.min(3, Math.max(0, states[t] + (a === 1 ? 1 : -1))));
      }
      return { actions: Int32Array.from(actions), states: Float32Array.from(states.slice(0, 3)) };
    };
    const responses = responsesOf(model, { play });
    const policy = { model: responses, theta: new Float32Array(8) };
    const last = ({ states, actions }: Response) => states![2] + (actions[2] === 1 ? 1 : -1);
    const expert = scoringExpert((answers) => answers.map(({ y }) => last(y)));
    const problem = { policy, online: { contexts: [Float32Array.of(0), Float32Array.of(1)], expert } };
    const { policy: learned } = await train(dpo, problem, { learningRate: 0.05, rounds: 6, comparisons: 32, klSamples: 8 });
    for (const s of [0, 1, 2]) expect(learned.theta[2 * s + 1] - learned.theta[2 * s]).toBeGreaterThan(0.5);
    const y = { actions: Int32Array.of(1, 1, 0), states: Float32Array.of(0, 1, 2) };
    const { logProb, length } = await answerScores(learned, [{ x: Float32Array.of(0), y }]);
    const logPi = (s: number, a: number) => {
      const [left, right] = learned.theta.subarray(2 * s, 2 * s + 2);
      return (a === 1 ? right : left) - Math.log(Math.exp(left) + Math.exp(right));
    };
    expect(logProb[0]).toBeCloseTo(logPi(0, 1) + logPi(1, 1) + logPi(2, 0), 5);
    expect(length[0]).toBe(3);
  });
});

describe("a resumed run of DPO equals an uninterrupted one bit for bit", () => {
  const cases: [string, () => DpoProblem, Partial<DpoOptions>][] = [
    ["offline", () => ({ policy: bandit(), preferences: comparisons(90) }), { ...quick, epochs: 4, report: 5 }],
    [
      "online",
      () => ({ policy: bandit(), online: { contexts: contexts(50), expert } }),
      { rounds: 4, comparisons: 16, updatesPerRound: 5, learningRate: 1e-2 },
    ],
  ];
  it.each(cases)("%s", async (_name, problem, options) => {
    const whole = start(dpo, problem(), options);
    const records: DpoRecord[] = [];
    for await (const row of whole) records.push(row);
    const parts: DpoRecord[] = [];
    let run = start(dpo, problem(), options);
    for (;;) {
      const row = await run.next();
      if (!row) break;
      parts.push(row);
      run = resume(dpo, problem(), run.checkpoint());
    }
    expect(parts).toEqual(records);
    expect((await run.result()).policy.theta).toEqual((await whole.result()).policy.theta);
  });

  it("in the middle of a round, with a person who has answered half of it: nothing that was said is asked again", async () => {
    const online = (from: PreferenceExpert) => ({ policy: bandit(), online: { contexts: contexts(50), expert: from } });
    const options = { rounds: 2, comparisons: 12, updatesPerRound: 4, requestSize: 3, learningRate: 1e-2 };
    const whole = start(dpo, online(expert), options);
    const records: DpoRecord[] = [];
    for await (const row of whole) records.push(row);

    let questions = 0;
    const leaves: PreferenceExpert = {
      prefer: async (pairs) => {
        questions += pairs.length;
        if (questions > 6) throw new Error("gone home");
        return expert.prefer(pairs);
      },
    };
    const broken = start(dpo, online(leaves), options);
    await expect(broken.next()).rejects.toThrow(ExpertError);
    await expect(broken.next()).rejects.toThrow(/gone home; \d+ of 12 comparisons have no answer/);
    expect(broken.waiting?.()).toMatch(/^\d+ of 12 comparisons$/);
    let more = 0;
    const returns: PreferenceExpert = {
      prefer: (pairs) => {
        more += pairs.length;
        return expert.prefer(pairs);
      },
    };
    const run = resume(dpo, online(returns), broken.checkpoint());
    const rest: DpoRecord[] = [];
    for await (const row of run) rest.push(row);
    expect(rest).toEqual(records);
    const asked = Number(/^\d+/.exec(broken.waiting!()!)![0]);
    expect(more).toBeLessThanOrEqual(asked + 12);
    expect((await run.result()).policy.theta).toEqual((await whole.result()).policy.theta);
  });
});

describe("what can't be learned from is refused", () => {
  const policy = bandit();
  const [good] = comparisons(1);
  const empty = { actions: new Int32Array(0) };
  const bad: [string, Partial<DpoProblem>, Partial<DpoOptions>, RegExp][] = [
    ["nothing", {}, {}, /nothing to learn from/],
    ["an empty list", { preferences: [] }, {}, /no preferences/],
    ["an empty response", { preferences: [good, { ...good, yw: empty }] }, {}, /preference 1: the chosen response is empty/],
    ["twice the same", { preferences: [{ ...good, yl: good.yw }] }, {}, /preference 0: chosen and rejected are the same/],
    ["a context of another size", { preferences: [{ ...good, x: Float32Array.of(1) }] }, {}, /context has 1 numbers, expected 2/],
    ["an action that is none", { preferences: [{ ...good, yl: { actions: Int32Array.of(4) } }] }, {}, /is 4, expected 0 to 3/],
    ["a loss that is none", { preferences: [good] }, { loss: "sigmoyd" }, /no loss "sigmoyd"/],
    ["parts that don't make up a minibatch", { preferences: [good] }, { microBatch: 5 }, /microBatch is 5, expected a divisor/],
    ["parts of what is sorted", { preferences: [good] }, { loss: "aot", microBatch: 4 }, /the loss aot sorts a whole minibatch/],
    ["a batch of nothing", { preferences: [good] }, { batchSize: 0 }, /batchSize is 0/],
  ];
  it.each(bad)("%s", async (_name, problem, options, message) => {
    await expect(train(dpo, { policy, ...problem }, options)).rejects.toThrow(message);
  });

  it("an expert who answers by something else", async () => {
    const odd: PreferenceExpert = { prefer: (pairs) => pairs.map(() => 2 as Choice) };
    const few: PreferenceExpert = { prefer: () => [1] };
    const run = (by: PreferenceExpert) =>
      train(dpo, { policy, online: { contexts: contexts(5), expert: by } }, { comparisons: 40 });
    await expect(run(odd)).rejects.toThrow(/answered 2, expected 1/);
    await expect(run(few)).rejects.toThrow(/gave 1 answers to \d+ comparisons/);
  });
});
