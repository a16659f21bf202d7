import { supervisedFineTuning } from "../../algorithms/index.ts";
import { perplexity } from "../../policies/index.ts";
import { languageRecipe } from "../language-recipe.ts";
import { samplesOf } from "../samples.ts";
import { choice, whole } from "../settings.ts";
import { counted, parts, short } from "../terminal.ts";
import { measuredOn } from "../texts.ts";
import { modelFiles } from "./model-files.ts";
import { fitReadings, lossReadings } from "./readings.ts";

export const sft = languageRecipe({
  algorithm: supervisedFineTuning,
  learner: "model",
  readings: {
    ...fitReadings,
    ...lossReadings,
    length: whole(),
    microBatch: whole(),
    logits: whole(),
    page: whole(1),
    threads: whole(1),
    keep: choice("best", "last"),
  },
  takes: [],
  async build(ingredients, options) {
    const { model, tokenizer, context, values } = await ingredients.parts();
    const { training, held, prompts } = await ingredients.texts();
    const length = options.length > 0 ? Math.min(options.length, context) : context;
    const measured = async (own: typeof model) =>
      held && perplexity(own.model, own.theta, held, { length, threads: options.threads });
    return {
      problem: { demos: training, policy: model.model, theta: model.theta, ...(held ? { validation: held } : {}) },
      options: { length },
      async judge({ policy }) {
        const [before, after] = [await measured(model), await measured(policy)];
        return {
          on: held
            ? `${measuredOn(held.offsets.length - 1, true, "text")}, ${counted(after?.tokens ?? 0, "token")}`
            : "nothing was held out",
          measures:
            before && after
              ? [
                  { id: "perplexity", name: "perplexity", before: before.perplexity, after: after.perplexity },
                  { id: "loss", name: "log loss (nats a token)", before: before.loss, after: after.loss },
                  { id: "accuracy", name: "most likely token is the next one", before: before.accuracy, after: after.accuracy },
                ]
              : [],
          samples: await samplesOf(tokenizer, [model, policy], prompts, { n: values.samples, seed: options.seed }),
        };
      },
      files: ({ policy }) => modelFiles(policy, model.json, ingredients.problem),
    };
  },
  show: ({ loss, validationLoss, perplexity: own }) =>
    parts(
      `loss ${short(loss)}`,
      validationLoss === undefined ? "" : `held out ${short(validationLoss)}`,
      own === undefined ? "" : `perplexity ${short(own)}`,
    ),
  tokens: ({ tokens }) => tokens ?? 0,
  curves: [
    {
      title: "Log loss on the texts",
      x: { of: "updates", label: "updates of the parameters" },
      y: "log loss (nats a token)",
      lines: [
        { of: "loss", name: "training" },
        { of: "validationLoss", name: "held-out texts" },
      ],
    },
  ],
});
