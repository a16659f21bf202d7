import { existsSync } from "node:fs";
import { readConfig } from "../runs/index.ts";
import { recipes, unknownAlgorithm } from "./algorithms/index.ts";
import { languageRecipes } from "./algorithms/language.ts";
import { BadInput, given } from "./exit.ts";
import { measureTable } from "./language-report.ts";
import { printSamples } from "./samples.ts";
import { print, printJson, table } from "./terminal.ts";
import { goOnLanguage, type LanguageTrainRequest, type TrainedLanguage, trainLanguage } from "./train-language.ts";

/** Options that are about worlds, and those that are about language models. */
export const WORLDS = { env: "--env", demos: "--demos", episodes: "--episodes" } as const;
export const LANGUAGE = {
  model: "--model",
  tokenizer: "--tokenizer",
  data: "--data",
  reference: "--reference",
  reward: "--reward",
} as const;

/**
 * Whether a request is about a language model: by its algorithm, or that of the run it goes on with. Throws `BadInput` on options that
 * belong to the other kind.
 */
export async function isLanguage(
  algorithm: string | undefined,
  options: Readonly<Record<string, unknown>>,
  resume: string | undefined,
): Promise<boolean> {
  const name =
    algorithm ?? (resume !== undefined && existsSync(resume) ? await given(() => readConfig(resume).algorithm) : undefined);
  const language = name !== undefined && Object.hasOwn(languageRecipes, name);
  if (name !== undefined && !language && !Object.hasOwn(recipes, name)) throw unknownAlgorithm(name);
  const world = name === undefined || language ? undefined : recipes[name];
  const foreign = Object.entries(language ? WORLDS : LANGUAGE).find(
    ([option]) => options[option] !== undefined && !(option === "reward" && world?.takesReward),
  );
  if (world && foreign?.[0] === "reward") {
    throw new BadInput(
      `${name} maximises no reward that is given, found --reward ${options.reward}; train ppo --env NAME --reward ${options.reward} does`,
    );
  }
  if (foreign && name !== undefined) {
    const what = language
      ? `${name} learns from texts: give --model and --data`
      : `${name} learns in an environment: give --env; language models are learned by ${Object.keys(languageRecipes).join(", ")}`;
    throw new BadInput(`${foreign[1]} means nothing to ${name}, found ${options[foreign[0]]}; ${what}`);
  }
  return language;
}

/** The command `train` for language models: begins a run or goes on with one, and prints what it came to. */
export async function runTrainLanguage(
  request: LanguageTrainRequest | { readonly resume: string; readonly checkpointEvery: number },
  json: boolean,
): Promise<void> {
  const began = performance.now();
  const trained =
    "resume" in request ? await goOnLanguage(request.resume, request.checkpointEvery) : await trainLanguage(request);
  const { verdict, out, recipe } = trained;
  if (json) {
    printJson(trainedLanguageJson(trained, (performance.now() - began) / 1000));
    return;
  }
  if (verdict.measures.length > 0) {
    const { rows, head } = measureTable(verdict.measures, verdict.on);
    print(table(rows, head));
  } else print(`nothing to judge by: ${verdict.on}`);
  printSamples(verdict.samples);
  print("");
  print(
    table([
      ["model", `${out}/${recipe.folder}`],
      ["report", `${out}/report.html`],
    ]),
  );
}

/** What a finished run is to a program. */
export function trainedLanguageJson(trained: TrainedLanguage, seconds: number): Record<string, unknown> {
  const { config, recipe, verdict, driven, updates, tokens, tokensPerSecond, out } = trained;
  return {
    algorithm: config.algorithm,
    seed: config.seed,
    on: verdict.on,
    ...Object.fromEntries(
      verdict.measures.map(({ id, before, after, interval }) => [
        id,
        { ...(before === undefined ? {} : { before }), after, ...(interval ? { low: interval[0], high: interval[1] } : {}) },
      ]),
    ),
    samples: verdict.samples,
    rounds: driven.rounds,
    [updates.unit]: updates.done,
    tokens,
    tokensPerSecond,
    seconds: driven.seconds,
    wallSeconds: seconds,
    out,
    model: `${out}/${recipe.folder}`,
    report: `${out}/report.html`,
  };
}
