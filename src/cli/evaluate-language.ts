import { existsSync } from "node:fs";
import { join } from "node:path";
import { rng } from "../autodiff/index.ts";
import { promptIds, unknownShare } from "../data/index.ts";
import { judgePreferences, klFrom } from "../evaluation/index.ts";
import { perplexity } from "../policies/index.ts";
import { readConfig } from "../runs/index.ts";
import { BadInput } from "./exit.ts";
import { type LanguageProblem, languageProblem, modelFolder } from "./language-problem.ts";
import { finite, klName, type Measure } from "./language-recipe.ts";
import { measureTable } from "./language-report.ts";
import { languageSettings } from "./language-settings.ts";
import { kindOfTexts } from "./preferences.ts";
import { counted, print, printJson, say, table } from "./terminal.ts";
import { languageIngredients } from "./texts.ts";

export interface EvaluateLanguageRequest {
  readonly target: string;
  readonly data: string;
  readonly reference?: string;
  readonly tokenizer?: string;
  readonly episodes?: number;
  readonly seed: number;
  readonly json?: boolean;
}

/** Prompts that are answered to measure the divergence from the reference. */
const PROMPTS = 64;

/** Algorithms whose runs stay near a reference: the one that was named, or the model that they began with. */
const NEAR = ["dpo", "rlhf"];

/** The folder of the model that a run stayed near, where the target is such a run and the folder is still there. */
function referenceOfRun(target: string): string | undefined {
  if (modelFolder(target) === target || !existsSync(join(target, "config.json"))) return undefined;
  const { algorithm, problem } = readConfig(target);
  if (!NEAR.includes(algorithm)) return undefined;
  const { reference, model } = problem as unknown as Partial<LanguageProblem>;
  const path = reference?.path ?? (typeof model === "object" ? model.path : undefined);
  return path !== undefined && existsSync(path) ? path : undefined;
}

/** Says how well a language model predicts texts, ranks what an expert compared, and how far it is from a reference. */
export async function evaluateLanguage({
  target,
  data,
  reference: named,
  tokenizer,
  seed,
  json,
}: EvaluateLanguageRequest): Promise<void> {
  const began = performance.now();
  const defaults = Object.fromEntries(Object.entries(languageSettings).map(([name, own]) => [name, own.default]));
  const values = { ...defaults, validation: 0, unusable: "leave-out" };
  const from = named ?? referenceOfRun(target);
  if (named === undefined && from !== undefined) say(`reference: ${from}, as the run knows it; --reference names another one`);
  const request = {
    model: target,
    data,
    ...(from === undefined ? {} : { reference: from }),
    ...(tokenizer === undefined ? {} : { tokenizer }),
  };
  const problem = languageProblem(request, values, seed);
  if (typeof problem.model === "string")
    throw new BadInput(`${target} is the name of a model that has learned nothing yet; give the folder of a model or of a run`);
  const ingredients = languageIngredients(problem);
  const { model, context, reference } = await ingredients.parts();
  const texts = await ingredients.texts();
  if ("get" in texts.training) throw new BadInput(`${data}: more than fits into memory; evaluate on a part of it`);
  const own = await perplexity(model.model, model.theta, texts.training, { length: context });
  const measures: Measure[] = [
    { id: "perplexity", name: "perplexity", after: own.perplexity },
    { id: "loss", name: "log loss (nats a token)", after: own.loss },
    { id: "accuracy", name: "most likely token is the next one", after: own.accuracy },
  ];
  let comparisons = 0;
  if ((await kindOfTexts(data)) === "preferences") {
    const { training, ratings } = await ingredients.comparisons();
    if (!ratings && Array.isArray(training)) {
      const found = await judgePreferences(model, training, { ...(reference ? { reference } : {}), seed });
      comparisons = found.comparisons;
      const line = (id: string, name: string, { mean, low, high }: typeof found.likelier): Measure => ({
        id,
        name,
        after: mean,
        interval: [low, high],
      });
      measures.push(line("likelier", "chosen response is the likelier one", found.likelier));
      if (found.accuracy)
        measures.push(line("preferenceAccuracy", "implicit reward ranks the chosen response higher", found.accuracy));
      if (found.margin) measures.push(line("margin", "by how much, log π/π_ref of chosen less rejected (nats)", found.margin));
    }
  }
  if (reference) {
    const order = rng(seed).split("prompts").permutation(texts.contexts.length);
    const prompts = Array.from(order.slice(0, PROMPTS), (i) => texts.contexts[i]).map((x) =>
      x.length > 0 ? x : promptIds(model.model.tokenizer!, "\n"),
    );
    const kl = await klFrom(model, reference, prompts, { seed });
    measures.push({
      id: "kl",
      name: klName(counted(prompts.length, "prompt")),
      after: kl.mean,
      interval: [kl.low, kl.high],
    });
  }
  const seconds = (performance.now() - began) / 1000;
  if (json) {
    printJson({
      model: target,
      data,
      ...(from === undefined ? {} : { reference: from }),
      tokens: own.tokens,
      unknown: unknownShare(model.model.tokenizer!, [texts.training.tokens]),
      ...(comparisons > 0 ? { comparisons } : {}),
      ...Object.fromEntries(
        finite(measures).map(({ id, after, interval }) => [
          id,
          interval ? { mean: after, low: interval[0], high: interval[1] } : after,
        ]),
      ),
      seconds,
    });
    return;
  }
  const on = `${counted(own.tokens, "token")}${comparisons > 0 ? `, ${counted(comparisons, "comparison")}` : ""}`;
  const { rows, head } = measureTable(finite(measures), on);
  print(table(rows, head));
}
