import { rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Progress } from "../algorithms/index.ts";
import {
  createRun,
  type Driven,
  diskCache,
  type RunConfig,
  type RunFolder,
  readConfig,
  readRecords,
  readVerdict,
  saveFolder,
} from "../runs/index.ts";
import { findLanguageRecipe } from "./algorithms/language.ts";
import { divergence } from "./diverged.ts";
import { driven, reopened, untilVerdict } from "./driving.ts";
import { BadInput, given } from "./exit.ts";
import { describeModel } from "./language-parts.ts";
import { type LanguageProblem, type LanguageRequest, languageProblem, readLanguageProblem } from "./language-problem.ts";
import type { LanguageRecipe, LanguageVerdict, PreparedLanguage, Shared } from "./language-recipe.ts";
import { languageReport } from "./language-report.ts";
import { languageSettings } from "./language-settings.ts";
import { tellingNotes } from "./notes.ts";
import { checkScorer } from "./scorer.ts";
import { readSettings } from "./settings.ts";
import { counted, duration, inUnits, say, short } from "./terminal.ts";
import { languageIngredients } from "./texts.ts";
import { free } from "./train.ts";
import { versions } from "./versions.ts";

export interface LanguageTrainRequest extends LanguageRequest {
  readonly algorithm: string;
  readonly out?: string;
  readonly seed: number;
  readonly set?: readonly string[];
  readonly checkpointEvery: number;
  readonly command: readonly string[];
}

/** What a run came to. */
export interface TrainedLanguage {
  readonly out: string;
  readonly config: RunConfig;
  readonly recipe: LanguageRecipe;
  readonly verdict: LanguageVerdict;
  readonly driven: Driven;
  readonly updates: { readonly done: number; readonly unit: string };
  /** Learned from, padding left out, since the command began. */
  readonly tokens: number;
  readonly tokensPerSecond: number;
}

/** Trains a language model in a new folder. Whatever is wrong with the request is thrown as `BadInput` before the folder is made. */
export async function trainLanguage(request: LanguageTrainRequest): Promise<TrainedLanguage> {
  const recipe = findLanguageRecipe(request.algorithm);
  const { seed, algorithm } = request;
  for (const name of ["reference", "expert", "reward"] as const) {
    if (request[name] !== undefined && !recipe.takes.includes(name))
      throw new BadInput(`--${name} means nothing to ${algorithm}, found ${request[name]}; leave it out`);
  }
  const values = readSettings(recipe.settings, request.set ?? [], recipe.name);
  const pick = (keep: (name: string) => boolean) => Object.fromEntries(Object.entries(values).filter(([name]) => keep(name)));
  const language = pick((name) => Object.hasOwn(languageSettings, name));
  const options = { ...pick((name) => recipe.options.includes(name)), seed };
  const path = request.out ?? `runs/${recipe.name}-${seed}`;
  checkOptions(recipe, options, request.set ?? []);
  const problem = languageProblem(request, language, seed);
  if (request.expert !== undefined) await checkScorer(request.expert, "expert");
  if (request.reward !== undefined) await checkScorer(request.reward, "reward");
  free(path);
  const { prepared, ingredients } = await ready(recipe, problem, options, path);
  const run = prepared.start();
  await given(() => run.ready);
  describeModel(await ingredients.parts());
  fewUpdates(run.progress(), values);
  const config: RunConfig = {
    format: 1,
    algorithm: recipe.name,
    seed,
    options,
    problem,
    command: request.command,
    versions: versions(),
  };
  const folder = await given(() => createRun(path, config));
  return work(folder, recipe, prepared, run, request.checkpointEvery);
}

/** Throws `BadInput` on options that can't be: with what was set, where the refusal names it. */
function checkOptions(recipe: LanguageRecipe, options: Readonly<Record<string, unknown>>, set: readonly string[]): void {
  try {
    recipe.check(options);
  } catch (error) {
    const { message } = error as Error;
    const named = set.filter((text) => new RegExp(`\\b${text.slice(0, text.indexOf("="))}\\b`).test(message));
    const said = named.length === 0 ? "" : `--set ${named.join(" ")}: `;
    throw new BadInput(said + message, { cause: error });
  }
}

/** Updates below which a run is said to be short, unless their number was asked for. */
const FEW = 10;

/** Says so where defaults come to so few updates that little can be learned. */
function fewUpdates({ total, unit }: Progress, { updates, epochs, batchSize }: Readonly<Record<string, unknown>>): void {
  if (unit !== "updates" || total >= FEW || updates !== 0) return;
  say(
    `note: ${counted(total, "update")} in all, which is little to learn by; make more passes (--set epochs=N, now ${epochs}) or take smaller minibatches (--set batchSize=N, now ${batchSize})`,
  );
}

/** Goes on with a run that was stopped, or killed, as if nothing had happened. */
export async function goOnLanguage(path: string, every: number): Promise<TrainedLanguage> {
  const config = await given(() => readConfig(path));
  const recipe = findLanguageRecipe(config.algorithm);
  const problem = readLanguageProblem(config.problem, `${path}/config.json`);
  const prepare = async () => (await ready(recipe, problem, config.options, path)).prepared;
  return reopened(path, config, prepare, (folder, prepared, run) => work(folder, recipe, prepared, run, every));
}

async function ready(recipe: LanguageRecipe, problem: LanguageProblem, options: Readonly<Record<string, unknown>>, path: string) {
  const shared: Shared = { cache: diskCache(join(dirname(resolve(path)), ".reference")) };
  const ingredients = languageIngredients(problem);
  const prepared = await given(() => recipe.prepare(ingredients, options, shared));
  return { prepared, ingredients };
}

async function work(
  folder: RunFolder,
  recipe: LanguageRecipe,
  prepared: PreparedLanguage,
  run: ReturnType<PreparedLanguage["start"]>,
  every: number,
): Promise<TrainedLanguage> {
  const { path, config } = folder;
  try {
    let before = folder.from === undefined ? undefined : (readRecords(path).at(-1) as object | undefined);
    let tokens = 0;
    const tellNotes = tellingNotes();
    const began = performance.now();
    const made = await driven(run, folder, {
      name: recipe.name,
      every,
      show(row) {
        tokens += prepared.tokens(row, before);
        before = row;
        tellNotes(row);
        return prepared.show(row);
      },
      rate: () => ({ total: tokens, unit: "tokens" }),
    });
    const tokensPerSecond = tokens / Math.max(1e-9, (performance.now() - began) / 1000);
    const updates = run.progress();
    const speed = tokens > 0 ? `, ${short(tokensPerSecond)} tokens/s` : "";
    say(`trained: ${inUnits(updates.done, updates.unit)} in ${duration(made.seconds)}${speed}`);
    const diverged = divergence(recipe.name, readRecords(path), { options: config.options });
    if (diverged !== undefined) say(`note: ${diverged}`);

    const result = await run.result();
    const known = readVerdict(path) as unknown as LanguageVerdict | undefined;
    if (!known) {
      for (const [name, files] of prepared.files(result)) {
        rmSync(join(path, name), { recursive: true, force: true }); // what a killed process left
        await saveFolder(join(path, name), files);
      }
    }
    const quit = untilVerdict(folder);
    const verdict = known ?? (await prepared.judge(result));
    folder.write("report.html", await languageReport({ config, recipe, verdict, records: readRecords(path) }));
    folder.finish(verdict);
    quit.release();
    return { out: path, config, recipe, verdict, driven: made, updates, tokens, tokensPerSecond };
  } finally {
    folder.release();
  }
}
