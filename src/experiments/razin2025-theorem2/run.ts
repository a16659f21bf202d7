import { judgeOn, rewardModel, train } from "../../algorithms/index.ts";
import { rng } from "../../autodiff/index.ts";
import { type Answer, box, discrete, type Preference } from "../../mdp/index.ts";
import { linearPolicy, responsesOf } from "../../policies/index.ts";
import {
  answerRewards,
  implicitRewardModel,
  judgeRewards,
  linearRewardModel,
  preferenceProbability,
} from "../../rewards/index.ts";
import { type Experiment, judged, type Series } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };
import { D, V, type Words, wordsOf } from "./words.ts";

const NOISE = 0.2;
const BETA = 0.1;
const STEPS = 400;
/** Steps of gradient descent on all comparisons at once. */
const DESCENT = { optimizer: "sgd", schedule: "constant", clipNorm: 0, batchSize: 64, report: 100 } as const;

/** Single-token answers, fixed representations: what each kind of reward model knows of unseen tokens. */
export const razin2025Theorem2: Experiment = {
  id: "razin2025-theorem2",
  title: "An implicit reward model knows nothing of tokens that were never compared",
  source: "Razin et al. 2025, Theorem 2",
  claims: expected,

  async run({ quick = false, seeds = quick ? 2 : 10, onProgress }) {
    const noises = quick ? [0.1, 0.8, 3] : [0.1, 0.2, 0.4, 0.8, 1.2, 1.6, 2.4, 3.2];
    const total = seeds + noises.length;
    const worst = { implicitSeen: 1, explicitSeen: 1, explicitUnseen: 1, separated: 1, implicitTrainer: 0 };
    const halves: number[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      const words = wordsOf(seed, NOISE);
      const implicit = implicitInDouble(words, seed);
      const explicit = await explicitByTrainer(words, seed);
      halves.push(implicit.unseen);
      worst.implicitSeen = Math.min(worst.implicitSeen, implicit.seen);
      worst.explicitSeen = Math.min(worst.explicitSeen, explicit.seen);
      worst.explicitUnseen = Math.min(worst.explicitUnseen, explicit.unseen);
      worst.separated = Math.min(worst.separated, separated(words));
      worst.implicitTrainer = Math.max(worst.implicitTrainer, await implicitByTrainer(words, seed));
      onProgress?.({ done: seed + 1, total, unit: "worlds" });
    }
    const curves: Record<string, { x: number; y: number }[]> = { explicit: [], separated: [], implicit: [] };
    for (const [i, noise] of noises.entries()) {
      const words = wordsOf(1000 + i, noise, quick ? 200 : 1000);
      curves.explicit.push({ x: noise, y: (await explicitByTrainer(words, i)).unseen });
      curves.separated.push({ x: noise, y: separated(words) });
      curves.implicit.push({ x: noise, y: implicitInDouble(words, i).unseen });
      onProgress?.({ done: seeds + i + 1, total, unit: "worlds" });
    }
    const series: Series[] = [
      { name: "explicit reward model", points: curves.explicit },
      { name: "max-margin direction of the training comparisons", points: curves.separated },
      { name: "implicit reward model", points: curves.implicit },
    ];
    const implicitUnseen = { mean: halves.reduce((a, b) => a + b) / seeds, low: Math.min(...halves), high: Math.max(...halves) };
    return {
      rows: judged(expected, { ...worst, implicitUnseen }),
      figures: [
        {
          kind: "lines",
          title: "Accuracy on answers of unseen tokens",
          caption: `${quick ? 200 : "1,000"} comparisons of unseen tokens; a tie counts one half.`,
          x: "noise of an answer's hidden vector (its meaning has length 1)",
          y: "accuracy",
          series,
        },
      ],
    };
  },
};

/** π(y | x) = softmax(U h_x) by gradient descent in double precision, with every entry of the softmax's gradient. */
function implicitInDouble({ training, unseen }: Words, seed: number): { seen: number; unseen: number } {
  const random = rng(seed).split("U");
  const reference = Float64Array.from({ length: V * D }, () => 0.3 * random.normal());
  const U = reference.slice();
  const logits = (W: Float64Array, x: ArrayLike<number>) =>
    Float64Array.from({ length: V }, (_, v) => {
      let z = 0;
      for (let k = 0; k < D; k++) z += W[v * D + k] * x[k];
      return z;
    });
  const logZ = (z: Float64Array) => Math.log(z.reduce((sum, own) => sum + Math.exp(own), 0));
  const rewards = (x: ArrayLike<number>) => {
    const [z, z0] = [logits(U, x), logits(reference, x)];
    const shift = logZ(z) - logZ(z0);
    return z.map((own, v) => BETA * (own - z0[v] - shift));
  };
  for (let step = 0; step < STEPS; step++) {
    const g = new Float64Array(V * D);
    for (const { x, yw, yl } of training) {
      const [w, l] = [yw.actions[0], yl.actions[0]];
      const r = rewards(x);
      const weight = (BETA * preferenceProbability(r[l], r[w])) / training.length;
      const z = logits(U, x);
      const total = logZ(z);
      const pi = z.map((own) => Math.exp(own - total));
      for (let v = 0; v < V; v++) {
        // ∇ log π(w | x) - ∇ log π(l | x), row v
        const c = Number(v === w) - pi[v] - (Number(v === l) - pi[v]);
        for (let k = 0; k < D; k++) g[v * D + k] -= weight * c * x[k];
      }
    }
    for (let i = 0; i < U.length; i++) U[i] -= (0.5 / BETA ** 2) * g[i];
  }
  const accuracy = (pairs: readonly Preference[]) => {
    const r = pairs.map(({ x }) => rewards(x));
    return judgeRewards(
      r.map((own, i) => own[pairs[i].yw.actions[0]]),
      r.map((own, i) => own[pairs[i].yl.actions[0]]),
    ).accuracy;
  };
  return { seen: accuracy(training), unseen: accuracy(unseen) };
}

/** The library's trainer on a linear policy: the largest difference on unseen tokens, relative to the mean one on seen ones. */
async function implicitByTrainer({ training, unseen }: Words, seed: number): Promise<number> {
  const model = responsesOf(linearPolicy({ observation: box([D]), action: discrete(V) }));
  const random = rng(seed).split("linear");
  const theta = Float32Array.from({ length: (D + 1) * V }, () => 0.3 * random.normal());
  const problem = { reward: implicitRewardModel({ model, theta }, { beta: BETA }), preferences: training };
  const { reward } = await train(rewardModel, problem, { ...DESCENT, updates: STEPS, learningRate: 0.5 / BETA ** 2 });
  const differences = async (pairs: readonly Preference[]) => {
    const rw = await answerRewards(
      reward,
      pairs.map(({ x, yw }) => ({ x, y: yw })),
    );
    const rl = await answerRewards(
      reward,
      pairs.map(({ x, yl }) => ({ x, y: yl })),
    );
    return rw.mean.map((r, i) => Math.abs(r - rl.mean[i]));
  };
  const known = await differences(training);
  return Math.max(...(await differences(unseen))) / (known.reduce((sum, d) => sum + d, 0) / known.length);
}

/** The library's trainer on the given hidden vectors. */
async function explicitByTrainer(words: Words, seed: number): Promise<{ seen: number; unseen: number }> {
  const features = async (answers: readonly Answer[]) =>
    Float32Array.from(answers.flatMap(({ x, y }) => Array.from(words.hidden(x, y.actions[0]))));
  const problem = { reward: linearRewardModel(D, features), preferences: words.training };
  const { reward } = await train(rewardModel, problem, { ...DESCENT, updates: STEPS, learningRate: 1, seed });
  return { seen: (await judgeOn(reward, words.training)).accuracy, unseen: (await judgeOn(reward, words.unseen)).accuracy };
}

/** The share of the unseen comparisons that the max-margin direction of the training ones separates. */
function separated({ training, unseen, hidden }: Words): number {
  const difference = ({ x, yw, yl }: Preference) => {
    const [w, l] = [hidden(x, yw.actions[0]), hidden(x, yl.actions[0])];
    return Float64Array.from(w, (c, k) => c - l[k]);
  };
  const u = maxMargin(training.map(difference));
  const right = unseen.filter((pair) => difference(pair).reduce((sum, c, k) => sum + c * u[k], 0) > 0).length;
  return right / unseen.length;
}

/**
 * min ½ ‖u‖² subject to ⟨u, d_i⟩ ≥ 1, by Hildreth's coordinate ascent in the dual; weights stop at 10⁴, so that it ends where
 * nothing separates.
 */
function maxMargin(differences: readonly Float64Array[]): Float64Array {
  const u = new Float64Array(D);
  const alpha = new Float64Array(differences.length);
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, c, k) => sum + c * b[k], 0);
  for (let pass = 0; pass < 500; pass++) {
    differences.forEach((d, i) => {
      const next = Math.min(1e4, Math.max(0, alpha[i] + (1 - dot(u, d)) / dot(d, d)));
      for (let k = 0; k < D; k++) u[k] += (next - alpha[i]) * d[k];
      alpha[i] = next;
    });
  }
  return u;
}
