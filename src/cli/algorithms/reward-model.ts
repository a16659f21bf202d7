import {
  type Algorithm,
  type RewardModelOptions,
  type RewardModelProblem,
  type RewardModelRecord,
  type RewardModelResult,
  type RewardModelState,
  rewardModel,
} from "../../algorithms/index.ts";
import { type RewardModelChoice, rewardModelFiles, rewardModelOn } from "../../rewards/index.ts";
import { BadInput } from "../exit.ts";
import { languageRecipe } from "../language-recipe.ts";
import { rewardMeasures, rewardsOf } from "../reward-measures.ts";
import { below, choice, positive, real, whole } from "../settings.ts";
import { parts, short } from "../terminal.ts";
import { measuredOn } from "../texts.ts";

const x = { of: "updates", label: "updates of the parameters" };
const chosen: RewardModelChoice = {
  kind: "explicit",
  pooling: "last",
  backbone: "trained",
  lengthNormalised: false,
  beta: 0.1,
};

/** The algorithm, with the choice of a model among its options: which model is trained is said with the other settings. */
const algorithm: Algorithm<
  RewardModelProblem,
  RewardModelOptions & RewardModelChoice,
  RewardModelState,
  RewardModelRecord,
  RewardModelResult
> = { ...rewardModel, defaults: { ...rewardModel.defaults, ...chosen } };

/** Training of a reward model of texts. */
export const rewardModelRecipe = languageRecipe({
  algorithm,
  learner: "reward model",
  folder: "reward",
  readings: {
    kind: choice("explicit", "implicit", "generative"),
    pooling: choice("last", "mean"),
    backbone: choice("trained", "frozen"),
    beta: positive(),
    labelSmoothing: below(0.5),
    learningRate: positive(),
    weightDecay: real(0),
    clipNorm: real(0),
    centring: real(0),
    batchSize: whole(1),
    epochs: real(0),
    updates: whole(),
    members: whole(1),
    warmup: whole(),
    report: whole(1),
    patience: whole(),
    keep: choice("best", "last"),
    microBatch: whole(),
    threads: whole(1),
    optimizer: choice("adam", "adamw", "sgd"),
    schedule: choice("constant", "linear", "cosine"),
    contradictions: choice("keep", "drop", "refuse"),
  },
  preset: { report: 20 },
  takes: ["reference"],
  idle: ["samples"], // a reward writes nothing
  async build(ingredients, options) {
    const { model: policy, reference } = await ingredients.parts();
    const { training, held, ratings } = await ingredients.comparisons();
    if (ratings)
      throw new BadInput("a reward model learns from comparisons, found ratings of single answers; give chosen and rejected");
    if (reference && options.kind !== "implicit") {
      throw new BadInput(`--reference is what an implicit reward is measured from, found kind ${options.kind}; leave it out`);
    }
    const model = rewardModelOn(policy, options, reference);
    return {
      problem: { reward: model, preferences: training, validation: held },
      async judge({ reward }) {
        if (held.length === 0) return { on: "nothing was held out", measures: [], samples: [] };
        const { rw, rl } = await rewardsOf(reward, held);
        return { on: measuredOn(held.length, true, "comparison"), measures: rewardMeasures(rw, rl), samples: [] };
      },
      files({ reward }) {
        const files = rewardModelFiles(policy, options, reward.members, reference);
        return new Map([["reward", files]]);
      },
    };
  },
  show: (row) =>
    parts(
      `loss ${short(row.loss)}`,
      `ranks ${short(100 * row.accuracy)} %`,
      row.validationAccuracy === undefined ? "" : `held out ${short(100 * row.validationAccuracy)} %`,
    ),
  tokens: () => 0,
  curves: [
    {
      title: "Loss",
      x,
      y: "−log σ(r(chosen) − r(rejected)) (nats a comparison)",
      lines: [
        { of: "loss", name: "training" },
        { of: "validationLoss", name: "held out" },
      ],
    },
    {
      title: "Comparisons that the reward ranks rightly",
      x,
      y: "share",
      lines: [
        { of: "accuracy", name: "training" },
        { of: "validationAccuracy", name: "held out" },
      ],
    },
    {
      title: "Rewards",
      x,
      y: "mean reward",
      lines: [
        { of: "rewards/chosen", name: "chosen" },
        { of: "rewards/rejected", name: "rejected" },
      ],
    },
  ],
});
