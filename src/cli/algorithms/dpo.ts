import { z } from "zod";
import {
  type Algorithm,
  type DpoOptions,
  type DpoProblem,
  type DpoRecord,
  type DpoResult,
  type DpoState,
  dpo as plain,
} from "../../algorithms/index.ts";
import { rng } from "../../autodiff/index.ts";
import type { Tokenizer } from "../../data/index.ts";
import { judgePreferences, klFrom, type PreferenceVerdict } from "../../evaluation/index.ts";
import type { Context } from "../../mdp/index.ts";
import { type LanguageFamily, type LanguageModel, languageModel } from "../../policies/index.ts";
import { beforeAndAfter, DRAWS, klName, type LanguageVerdict, languageRecipe, type Measure } from "../language-recipe.ts";
import { promptsOf } from "../prompts.ts";
import { samplesOf } from "../samples.ts";
import { type Asking, asking, askingReadings, findScorer } from "../scorer.ts";
import { below, choice, positive, real, whole } from "../settings.ts";
import { counted, parts, short } from "../terminal.ts";
import { type LanguageIngredients, measuredOn } from "../texts.ts";
import { modelFiles } from "./model-files.ts";
import { fitReadings, samplingReadings } from "./readings.ts";

/** Prompts that are answered to measure the divergence from the reference. */
const PROMPTS = 64;
const x = { of: "updates", label: "updates of the parameters" };

const algorithm: Algorithm<DpoProblem, DpoOptions & Asking, DpoState, DpoRecord, DpoResult> = {
  ...plain,
  defaults: { ...plain.defaults, ...asking },
};

export const dpo = languageRecipe({
  algorithm,
  learner: "model",
  readings: {
    loss: {
      expected: 'a loss such as sigmoid, ipo or hinge, or a sum such as "sigmoid + 0.2 sft"',
      schema: z.string().min(1),
    },
    beta: positive(),
    labelSmoothing: below(0.5),
    discopopTau: positive(),
    ...fitReadings,
    report: whole(1),
    patience: whole(),
    keep: choice("best", "last"),
    microBatch: whole(),
    klSamples: whole(),
    rounds: whole(1),
    comparisons: whole(1),
    updatesPerRound: whole(1),
    temperature: real(0),
    ...samplingReadings,
    requestSize: whole(),
    ...askingReadings,
    reference: choice("cached", "live"),
    buffer: choice("all", "latest"),
  },
  preset: { report: 20 },
  takes: ["reference", "expert"],
  async build(ingredients, options, { cache }) {
    const { model, tokenizer, reference: named, values } = await ingredients.parts();
    const reference = named ?? model;
    const { seed } = options;
    const begun: Begun = { model, reference, tokenizer };
    const { problem, prompts, measured } =
      ingredients.problem.expert === undefined
        ? await offline(ingredients, options, begun)
        : await online(ingredients, options, begun, ingredients.problem.expert);
    return {
      problem: { policy: model, reference, cache, ...problem },
      files: ({ policy }) => modelFiles({ model: model.model, theta: policy.theta }, model.json, ingredients.problem),
      async judge(result) {
        const policy = languageModel(model.model as LanguageFamily, result.policy.theta);
        const contexts: Context[] = prompts.slice(0, PROMPTS);
        const kl = await klFrom(policy, reference, contexts, { seed });
        const { on, measures } = await measured(policy);
        return {
          on,
          measures: [
            ...measures,
            {
              id: "kl",
              name: klName(counted(contexts.length, "prompt")),
              after: kl.mean,
              interval: [kl.low, kl.high],
            },
          ],
          samples: await samplesOf(tokenizer, [model, policy], prompts, { n: values.samples, seed }),
        };
      },
    };
  },
  show: (row) =>
    parts(
      row.loss === undefined ? "" : `loss ${short(row.loss)}`,
      row["rewards/accuracies"] === undefined ? "" : `ranks ${short(100 * row["rewards/accuracies"])} %`,
      row.validationAccuracy === undefined ? "" : `held out ${short(100 * row.validationAccuracy)} %`,
      row.kl === undefined ? "" : `KL ${short(row.kl)}`,
    ),
  tokens: (row, before) => row.num_tokens - (before?.num_tokens ?? 0),
  curves: [
    {
      title: "Loss",
      x,
      y: "loss (nats a comparison)",
      lines: [
        { of: "loss", name: "training" },
        { of: "validationLoss", name: "held out" },
      ],
    },
    {
      title: "Implicit rewards β log π(y|x)/π_ref(y|x)",
      x,
      y: "mean reward",
      lines: [
        { of: "rewards/chosen", name: "chosen" },
        { of: "rewards/rejected", name: "rejected" },
        { of: "rewards/margins", name: "margin" },
        { of: "validationMargin", name: "margin, held out" },
      ],
    },
    {
      title: "Comparisons that the implicit reward ranks rightly",
      x,
      y: "share",
      lines: [
        { of: "rewards/accuracies", name: "training" },
        { of: "validationAccuracy", name: "held out" },
      ],
    },
    {
      title: "Divergence from the reference",
      x,
      y: "KL, estimated from samples (nats a response)",
      lines: [{ of: "kl", name: "drawn responses" }],
    },
  ],
});

/** What a run begins with. */
interface Begun {
  readonly model: LanguageModel;
  readonly reference: LanguageModel;
  readonly tokenizer: Tokenizer;
}

/** What is learned from, and how what was learned is measured. */
interface Lessons {
  readonly problem: Pick<DpoProblem, "preferences" | "ratings" | "validation" | "online">;
  /** Answered before and after, and to measure the divergence. */
  readonly prompts: readonly Int32Array[];
  measured(policy: LanguageModel): Promise<Pick<LanguageVerdict, "on" | "measures">>;
}

/** Contexts that the model itself answers, and somebody who says which answer is better. */
async function online(
  ingredients: LanguageIngredients,
  options: DpoOptions & Asking,
  { model, tokenizer }: Begun,
  asked: string,
): Promise<Lessons> {
  const { prompts, contexts, held } = await promptsOf(ingredients);
  const { expert, score } = await findScorer(asked, tokenizer, options);
  const some = prompts.slice(0, PROMPTS);
  const scored = async (policy: LanguageModel) => {
    const drawn = await policy.model.respond(policy.theta, some, { n: DRAWS, random: rng(options.seed).split("scored") });
    return score(some.flatMap((own, i) => drawn[i].map((y) => ({ x: own, y }))));
  };
  return {
    problem: { online: { contexts, expert } },
    prompts,
    measured: async (policy) => ({
      on: measuredOn(some.length, held, "prompt"),
      measures: beforeAndAfter("score", "the expert's score of a response", await scored(model), await scored(policy)),
    }),
  };
}

/** Comparisons, or ratings, that were written down. */
async function offline(
  ingredients: LanguageIngredients,
  { beta, seed }: DpoOptions,
  { model, reference }: Begun,
): Promise<Lessons> {
  const { training, held, ratings, prompts } = await ingredients.comparisons();
  const none = measuredOn(prompts.length, false, ratings ? "rating" : "comparison");
  return {
    problem: ratings ? { ratings } : { preferences: training, validation: held },
    prompts,
    async measured(policy) {
      if (held.length === 0) return { on: none, measures: [] };
      const before = await judgePreferences(model, held, { reference, seed });
      const after = await judgePreferences(policy, held, { reference, seed });
      return { on: measuredOn(held.length, true, "comparison"), measures: heldOutMeasures(before, after, beta) };
    },
  };
}

/** What the verdict says of held-out comparisons. */
function heldOutMeasures(before: PreferenceVerdict, after: PreferenceVerdict, beta: number): Measure[] {
  const { accuracy, margin, likelier, chosen, rejected } = after;
  return [
    ...(accuracy && margin
      ? [
          {
            id: "accuracy",
            name: "implicit reward ranks the chosen response higher",
            after: accuracy.mean,
            interval: [accuracy.low, accuracy.high] as const,
          },
          {
            id: "margin",
            name: `by how much (nats, times β = ${beta})`,
            after: beta * margin.mean,
            interval: [beta * margin.low, beta * margin.high] as const,
          },
        ]
      : []),
    {
      id: "likelier",
      name: "chosen response is the likelier one",
      before: before.likelier.mean,
      after: likelier.mean,
      interval: [likelier.low, likelier.high],
    },
    { id: "chosen", name: "log-probability of chosen responses", before: before.chosen.mean, after: chosen.mean },
    { id: "rejected", name: "log-probability of rejected responses", before: before.rejected.mean, after: rejected.mean },
  ];
}
