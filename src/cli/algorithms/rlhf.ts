import { existsSync, statSync } from "node:fs";
import {
  type Algorithm,
  type RlhfOptions,
  type RlhfProblem,
  type RlhfRecord,
  type RlhfState,
  rlhf,
} from "../../algorithms/index.ts";
import { rng } from "../../autodiff/index.ts";
import type { Tokenizer } from "../../data/index.ts";
import { klFrom } from "../../evaluation/index.ts";
import { type LanguageFamily, languageModel } from "../../policies/index.ts";
import { mustShareTokenizer, onnxReward, type ResponseReward, rewardOfAnswers } from "../../rewards/index.ts";
import { BadInput, given } from "../exit.ts";
import { noSuchFile, readBytes } from "../files.ts";
import { beforeAndAfter, DRAWS, klName, languageRecipe } from "../language-recipe.ts";
import { promptsOf } from "../prompts.ts";
import { samplesOf } from "../samples.ts";
import { loadRewardModel } from "../score.ts";
import { type Asking, asking, askingReadings, findScorer, isAddress, REWARDS } from "../scorer.ts";
import { choice, positive, real, whole } from "../settings.ts";
import { parts, short } from "../terminal.ts";
import { measuredOn } from "../texts.ts";
import { modelFiles } from "./model-files.ts";
import { samplingReadings } from "./readings.ts";

/** Held-out prompts that are answered to judge what was learned. */
const PROMPTS = 64;
const x = { of: "round", label: "rounds of answering, scoring and updating" };

interface Options extends RlhfOptions, Asking {
  /** β of a reward model's mean − β std of its members. */
  caution: number;
}

const algorithm: Algorithm<RlhfProblem, Options, RlhfState, RlhfRecord, { readonly policy: RlhfProblem["policy"] }> = {
  ...rlhf,
  defaults: { ...rlhf.defaults, ...asking, caution: 0 },
};

/** Policy training of a language model from a reward. */
export const rlhfRecipe = languageRecipe({
  algorithm,
  learner: "model",
  readings: {
    method: choice("ppo", "rloo", "grpo", "best-of-n"),
    penalty: choice("reward", "loss"),
    schedule: choice("constant", "linear"),
    beta: real(0),
    klTarget: real(0),
    betaRate: real(0),
    rounds: whole(1),
    prompts: whole(1),
    group: whole(1),
    maxLength: whole(),
    temperature: positive(),
    ...samplingReadings,
    learningRate: positive(),
    valueRate: positive(),
    clipRange: positive(),
    valueClip: real(0),
    weightDecay: real(0),
    clipNorm: real(0),
    entropyBonus: real(0),
    epochs: whole(1),
    batchSize: whole(1),
    gamma: real(0, 1),
    lambda: real(0, 1),
    requestSize: whole(),
    ...askingReadings,
    caution: real(0),
  },
  // A long text costs as much as many short ones, so responses are bounded unless something else is said.
  preset: { maxLength: 32, rounds: 50 },
  takes: ["reference", "expert", "reward"],
  async build(ingredients, options) {
    const { problem } = ingredients;
    const { model, tokenizer, reference: named, values } = await ingredients.parts();
    const { seed } = options;
    const { prompts, contexts, held } = await promptsOf(ingredients);
    const reference = named ?? model;
    const reward = await rewardOf(problem.reward, tokenizer, options);
    const gold = problem.expert === undefined ? undefined : (await findScorer(problem.expert, tokenizer, options)).score;
    const some = prompts.slice(0, PROMPTS);
    // Judged by responses that are drawn as those that it learned from.
    const { temperature, topK, topP, minP, maxLength } = options;
    const how = { temperature, topK, topP, minP, ...(maxLength > 0 ? { maxLength } : {}) };
    const written = async (policy: typeof model) => {
      const drawn = await policy.model.respond(policy.theta, some, { n: DRAWS, random: rng(seed).split("judged"), ...how });
      return some.flatMap((own, i) => drawn[i].map((y) => ({ x: own, y })));
    };
    return {
      problem: { policy: model, reference, contexts, reward, ...(gold ? { gold } : {}) },
      async judge(result) {
        const policy = languageModel(model.model as LanguageFamily, result.policy.theta);
        const kl = await klFrom(policy, reference, some, { seed });
        const [old, now] = [await written(model), await written(policy)];
        const measure = async (id: string, name: string, score: ResponseReward) =>
          beforeAndAfter(id, name, await score(old), await score(now));
        return {
          on: measuredOn(some.length, held, "prompt"),
          measures: [
            ...(await measure("reward", "the reward of a response", reward)),
            ...(gold ? await measure("gold", "the expert's own score of a response", gold) : []),
            { id: "kl", name: klName(), after: kl.mean, interval: [kl.low, kl.high] },
          ],
          samples: await samplesOf(tokenizer, [model, policy], prompts, { n: values.samples, seed }),
        };
      },
      files: ({ policy }) => modelFiles({ model: model.model, theta: policy.theta }, model.json, problem),
    };
  },
  show: ({ reward, gold, kl, entropy, beta }) =>
    parts(
      `reward ${short(reward)}`,
      gold === undefined ? "" : `true ${short(gold)}`,
      `KL ${short(kl)}`,
      `entropy ${short(entropy)}`,
      beta === undefined ? "" : `beta ${short(beta)}`,
    ),
  tokens: (row, before) => row.num_tokens - (before?.num_tokens ?? 0),
  curves: [
    {
      title: "Reward",
      x,
      y: "mean reward of a response",
      lines: [
        { of: "reward", name: "the reward that is trained on" },
        { of: "gold", name: "the expert's own score" },
        { of: "objective", name: "reward − β KL" },
      ],
    },
    {
      title: "Reward against divergence",
      x: { of: "kl", label: "KL to the reference, estimated from samples (nats a response)" },
      inOrder: true,
      y: "mean reward of a response",
      lines: [
        { of: "reward", name: "the reward that is trained on" },
        { of: "gold", name: "the expert's own score" },
      ],
    },
    {
      title: "Divergence from the reference",
      x,
      y: "KL, estimated from samples (nats a response)",
      lines: [{ of: "kl", name: "drawn responses" }],
    },
    { title: "Entropy", x, y: "entropy (nats a token)", lines: [{ of: "entropy", name: "drawn responses" }] },
  ],
});

/** The reward that `--reward` names: an address, the folder of a reward model, an ONNX file, or a file of words with weights. */
async function rewardOf(named: string | undefined, tokenizer: Tokenizer, options: Options): Promise<ResponseReward> {
  if (named === undefined) throw new BadInput(`there is no reward to be made large; give --reward: ${REWARDS}`);
  if (isAddress(named)) return (await findScorer(named, tokenizer, options)).score;
  if (!existsSync(named)) throw noSuchFile(named, REWARDS, "file or folder");
  if (statSync(named).isDirectory()) {
    const learned = await loadRewardModel(named);
    await given(() => mustShareTokenizer(learned.tokenizer, tokenizer));
    return rewardOfAnswers(learned, { caution: options.caution });
  }
  if (!named.toLowerCase().endsWith(".onnx")) return (await findScorer(named, tokenizer, options)).score;
  try {
    return await given(() => onnxReward(readBytes(named)));
  } catch (error) {
    throw error instanceof BadInput ? new BadInput(`${named}: ${error.message}`, { cause: error }) : error;
  }
}
