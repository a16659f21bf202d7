import { resolve } from "node:path";
import type { Progress } from "../algorithms/index.ts";
import { loadEnv } from "../envs/index.ts";
import type { Policy } from "../mdp/index.ts";
import {
  createRun,
  type Driven,
  FolderTakenError,
  mustBeFree,
  type RunConfig,
  type RunFolder,
  readConfig,
  readRecords,
  readVerdict,
} from "../runs/index.ts";
import { findRecipe } from "./algorithms/index.ts";
import { divergence } from "./diverged.ts";
import { driven, reopened, untilVerdict } from "./driving.ts";
import { BadInput, given } from "./exit.ts";
import { findExpert, isSynthetic, keptExpert, keptReward } from "./expert.ts";
import { failuresJson, tellFailures } from "./failures.ts";
import { idleSettings } from "./idle-settings.ts";
import { defaultExpert, type Ingredients, ingredients, type ProblemConfig, policySettings, readProblem } from "./ingredients.ts";
import { type Judgement, judged } from "./judge.ts";
import { tellingNotes } from "./notes.ts";
import type { Prepared, Recipe } from "./recipe.ts";
import { runReport } from "./report.ts";
import { readSettings, type Settings, withDefaults } from "./settings.ts";
import { counted, duration, inUnits, say, short } from "./terminal.ts";
import { versions } from "./versions.ts";

/** What `train` is asked for. */
export interface TrainRequest {
  readonly algorithm: string;
  readonly env?: string;
  readonly demos?: string;
  readonly expert?: string;
  /** A learned reward to maximise instead of the environment's own: a file, or the folder of a run. */
  readonly reward?: string;
  readonly episodes?: number;
  readonly judgeEpisodes: number;
  readonly out?: string;
  readonly seed: number;
  readonly set?: readonly string[];
  /** Seconds between checkpoints. */
  readonly checkpointEvery: number;
  readonly command: readonly string[];
}

/** What of a request says what is to be learned: the rest is where and how it is kept. */
type Problem = Omit<TrainRequest, "out" | "checkpointEvery" | "command">;

/** What a run came to. */
export interface Trained {
  readonly out: string;
  readonly config: RunConfig;
  readonly recipe: Recipe;
  readonly verdict: Judgement;
  readonly driven: Driven;
  readonly updates: { readonly done: number; readonly unit: string };
  readonly transitions: number | undefined;
  /** Of a robot: episodes that ended because the simulation blew up, since the command began. */
  readonly failures?: number;
}

/** Trains in a new folder. Whatever is wrong with the request is thrown as `BadInput` before the folder is made. */
export async function train(request: TrainRequest): Promise<Trained> {
  const { recipe, options, problem } = await settled(request);
  const path = request.out ?? `runs/${recipe.name}${problem.env ? `-${problem.env}` : ""}-${request.seed}`;
  free(path);

  const parts = ingredients(problem);
  const prepared = await given(() => recipe.prepare(parts, options));
  if (request.episodes !== undefined && !parts.resolved().demos) {
    throw new BadInput(
      `${recipe.name} records no demonstrations, found --episodes ${request.episodes}; leave it out, or give --demos FILE`,
    );
  }
  const run = prepared.start();
  await given(() => run.ready); // refuses a problem and options that don't fit together
  if (request.expert === undefined && recipe.expert !== undefined)
    say(`${recipe.expert} compares, by the environment's own rewards; another: --expert ${recipe.expert}:error=0.1`);
  tellIdle(request, options, parts);
  const config: RunConfig = {
    format: 1,
    algorithm: recipe.name,
    ...(problem.env ? { env: problem.env } : {}),
    seed: request.seed,
    options,
    problem: parts.resolved(),
    command: request.command,
    versions: versions(),
  };
  const folder = await given(() => createRun(path, config));
  return work({ folder, recipe, prepared, parts, run, every: request.checkpointEvery });
}

/** Says which of the settings that were given change nothing. */
function tellIdle(request: TrainRequest, options: Readonly<Record<string, unknown>>, parts: Ingredients): void {
  const names = (request.set ?? []).map((text) => text.slice(0, text.indexOf("=")));
  const { env, policy } = parts.resolved();
  if (env === undefined || policy.policy === "auto") return; // no policy was made of these settings
  const chosen = { policy: String(policy.policy), action: parts.env().action.kind, values: options };
  for (const sentence of idleSettings(names, chosen)) say(`note: ${sentence}`);
}

/** A request with every default put in its place. Throws `BadInput` on an algorithm, a setting or an environment that is not there. */
export async function settled(
  request: Problem,
): Promise<{ recipe: Recipe; options: Record<string, unknown>; problem: ProblemConfig }> {
  const recipe = findRecipe(request.algorithm);
  const known = settingsOf(recipe, request.env);
  const values = readSettings(known, request.set ?? [], recipe.name);
  const pick = (names: object) => Object.fromEntries(Object.keys(names).map((name) => [name, values[name]]));
  const options = { ...pick(recipe.settings), seed: request.seed };
  return { recipe, options, problem: await plan(request, pick(policySettings), recipe.expert) };
}

/** Goes on with a run that was stopped, or killed, as if nothing had happened. */
export async function goOn(path: string, every: number): Promise<Trained> {
  const config = await given(() => readConfig(path));
  const recipe = findRecipe(config.algorithm);
  const problem = readProblem(config.problem, `${path}/config.json`);
  const { env } = problem;
  if (env !== undefined) await given(() => loadEnv(env));
  const parts = ingredients(problem);
  const prepare = () => recipe.prepare(parts, config.options);
  return reopened(path, config, prepare, (folder, prepared, run) => work({ folder, recipe, prepared, parts, run, every }));
}

/** The settings of a recipe and of its policy, with the defaults that it has for an environment. */
export function settingsOf(recipe: Recipe, env: string | undefined): Settings {
  return withDefaults({ ...recipe.settings, ...policySettings }, recipe.preset(env));
}

/** The problem that a request describes, every default put in its place. */
async function plan(request: Problem, policy: Record<string, unknown>, asked?: string): Promise<ProblemConfig> {
  const { seed, demos, episodes } = request;
  const judge = { episodes: request.judgeEpisodes, seed: seedOf("judge", seed) };
  const { env } = request;
  const world = env === undefined ? undefined : await given(() => loadEnv(env));
  const reward = request.reward === undefined ? {} : keptReward(request.reward);
  const base = { ...(world ? { env: world.id } : {}), policy, judge, ...reward };
  if (demos !== undefined) {
    const expert = request.expert === undefined ? {} : keptExpert(request.expert);
    return { ...base, demos: { file: resolve(demos), ...(episodes === undefined ? {} : { episodes }) }, ...expert };
  }
  const name = request.expert ?? asked ?? (world ? defaultExpert(world) : undefined);
  if (name === undefined) return base;
  const kept = keptExpert(name);
  if (isSynthetic(name)) {
    const actor = world && defaultExpert(world); // whoever compares can't act
    return { ...base, ...kept, judge: { ...judge, ...(actor === undefined ? {} : { expert: actor }) } };
  }
  return { ...base, demos: { expert: kept.expert, episodes: episodes ?? 50, seed: seedOf("demos", seed) }, ...kept };
}

/**
 * Different seeds for the different things that are drawn, so that a policy is never judged on the very episodes it was
 * shown. (The judge also uses the seed after its own.)
 */
export function seedOf(what: "demos" | "judge", seed: number): number {
  return 4 * seed + { demos: 1, judge: 2 }[what];
}

/** Throws `BadInput`, saying what to do, unless a path is free for a new run. */
export function free(path: string): void {
  try {
    mustBeFree(path);
  } catch (error) {
    if (!(error instanceof FolderTakenError)) throw error;
    const way = error.run ? `, or go on with that run: apprentice train --resume ${path}` : "";
    throw new BadInput(`${error.message}; choose another with --out${way}`);
  }
}

interface Work {
  readonly folder: RunFolder;
  readonly recipe: Recipe;
  readonly prepared: Prepared;
  readonly parts: Ingredients;
  readonly run: ReturnType<Prepared["start"]>;
  readonly every: number;
}

async function work({ folder, recipe, prepared, parts, run, every }: Work): Promise<Trained> {
  const { path, config } = folder;
  try {
    const of = (at: Progress) => rate(prepared.transitions(at));
    const tellNotes = tellingNotes();
    const show = (row: object) => {
      tellNotes(row);
      return prepared.show(row);
    };
    const made = await driven(run, folder, { name: recipe.name, every, show, rate: of, drawn: prepared.drawn });
    const at = run.progress();
    const transitions = prepared.transitions(at);
    const speed = transitions === undefined ? "" : `, ${short(transitions / made.seconds)} transitions/s`;
    say(`trained: ${inUnits(at.done, at.unit)} in ${duration(made.seconds)}${speed}`);
    const { scale } = parts.resolved().policy;
    const diverged = divergence(recipe.name, readRecords(path), { options: config.options, action: parts.env().action, scale });
    if (diverged !== undefined) say(`note: ${diverged}`);

    const { policy, reward } = await run.result();
    const about = { env: config.env ?? null, algorithm: config.algorithm, seed: config.seed };
    folder.write("policy.onnx", policy.toOnnx(about));
    if (reward?.toOnnx) folder.write("reward.onnx", reward.toOnnx(about)); // not every learned reward is one network
    const quit = untilVerdict(folder);
    const verdict = (readVerdict(path) as Judgement | undefined) ?? (await verdictOn(policy, parts, prepared));
    const page = await runReport({ config, recipe, verdict, policy, records: readRecords(path), env: parts.env() });
    folder.write("report.html", page);
    folder.finish(verdict);
    quit.release();
    const env = parts.env();
    tellFailures(env);
    return { out: path, config, recipe, verdict, driven: made, updates: at, transitions, ...failuresJson(env) };
  } finally {
    folder.release();
  }
}

function rate(total: number | undefined): { total: number; unit: string } | undefined {
  return total === undefined ? undefined : { total, unit: "transitions" };
}

async function verdictOn(policy: Policy, parts: Ingredients, prepared: Prepared): Promise<Judgement> {
  const {
    judge: { expert, ...how },
    demos,
  } = parts.resolved();
  const env = parts.env();
  say(`judging over ${counted(how.episodes, "episode")}`);
  if (parts.hasExpert) return judged(env, policy, { ...how, expert: await parts.expert() });
  if (expert !== undefined) return judged(env, policy, { ...how, expert: await findExpert(expert, env) });
  const { heldOut } = prepared;
  return judged(env, policy, { ...how, ...(demos ? { demos: await parts.demos() } : {}), ...(heldOut ? { heldOut } : {}) });
}
