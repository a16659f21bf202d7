import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { type Dataset, episodeReturns, rollout } from "../data/index.ts";
import { loadEnv } from "../envs/index.ts";
import type { Env, Policy } from "../mdp/index.ts";
import { sampleInto, size } from "../mdp/index.ts";
import { actionArray } from "../policies/index.ts";
import { requireRng } from "../policies/onnx-policy.ts";
import { writeWhole } from "../runs/index.ts";
import { findRecipe } from "./algorithms/index.ts";
import { findExpert } from "./expert.ts";
import { ingredients, type ProblemConfig } from "./ingredients.ts";

/** Trains an expert for a task that has no scripted one, and saves it. */
export interface ExpertJob {
  readonly kind: "expert";
  readonly env: string;
  readonly algorithm: string;
  readonly file: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly problem: ProblemConfig;
}

/** Measures an end of a task's scale: what chance returns, or the expert. */
export interface ReferenceJob {
  readonly kind: "reference";
  readonly env: string;
  readonly algorithm: "random" | "expert";
  readonly seed: number;
  readonly expert: string;
  readonly episodes: number;
}

/** Trains an algorithm once and measures what it has learned. */
export interface LearnerJob {
  readonly kind: "learner";
  readonly env: string;
  readonly algorithm: string;
  readonly seed: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly problem: ProblemConfig;
  /** It asks for labels: it gets as many as there are pairs in the demonstrations that the others are shown. */
  readonly asks: boolean;
}

export type Job = ExpertJob | ReferenceJob | LearnerJob;

/** What a job came to: returns of episodes, in the environment's units. */
export interface Played {
  readonly returns: readonly number[];
  /** Of the demonstrations; absent where there were none. */
  readonly pairs?: number;
  /** That the expert gave, where it was asked. */
  readonly labels?: number;
  /** What it was trained by: updates, labels, steps of the environment. */
  readonly work?: { readonly done: number; readonly unit: string };
  readonly seconds: number;
}

/** Does a job. `onProgress` is told the share that is done. */
export async function conduct(job: Job, onProgress: (share: number) => void): Promise<Played> {
  const began = performance.now();
  const env = await loadEnv(job.env);
  const made = job.kind === "reference" ? { returns: await reference(job, env) } : await learned(job, env, onProgress);
  return { ...made, seconds: (performance.now() - began) / 1000 };
}

async function reference({ algorithm, seed, expert, episodes }: ReferenceJob, env: Env): Promise<number[]> {
  const actor = algorithm === "random" ? uniform(env) : await findExpert(expert, env);
  return played(env, actor, { episodes, seed });
}

async function learned(
  job: ExpertJob | LearnerJob,
  env: Env,
  onProgress: (share: number) => void,
): Promise<Omit<Played, "seconds">> {
  const recipe = findRecipe(job.algorithm);
  const parts = ingredients(job.problem);
  const demos = await demonstrations(job.problem, env);
  const prepared = await recipe.prepare(
    demos ? { ...parts, demos: async () => demos } : parts,
    job.kind === "learner" && job.asks ? asManyLabels(job.options, demos!, env) : job.options,
  );
  const run = prepared.start();
  await run.ready;
  let last: { readonly labels?: number } = {};
  for await (const row of run) {
    last = row;
    const { done, total } = run.progress();
    onProgress(done / total);
    await new Promise((resolve) => setImmediate(resolve)); // messages and signals are heard
  }
  const { policy } = await run.result();
  if (job.kind === "expert") {
    mkdirSync(dirname(job.file), { recursive: true });
    writeWhole(job.file, policy.toOnnx({ env: job.env, algorithm: recipe.name, seed: 0 }));
  }
  const { done, unit } = run.progress();
  const returns = await played(env, policy, job.problem.judge);
  return {
    returns,
    ...(demos ? { pairs: demos.rewards.length } : {}),
    ...(last.labels === undefined ? {} : { labels: last.labels }),
    work: { done, unit },
  };
}

/** What the expert shows, without a word to whoever watches: the same that `train` records. */
async function demonstrations({ demos: from }: ProblemConfig, env: Env): Promise<Dataset | undefined> {
  if (!from || "file" in from) return undefined;
  const { expert, episodes, seed } = from;
  return rollout(env, await findExpert(expert, env), { episodes, seed, expert });
}

/**
 * As many labels in all as the demonstrations have pairs, the first round's of the expert's own states. A round that is shorter
 * than an episode never sees how episodes end, so there are as many rounds as allow for that, from 3 to 5. Each fit is
 * behavior cloning's own, of as many updates.
 */
function asManyLabels(options: Readonly<Record<string, unknown>>, demos: Dataset, { maxSteps }: Env): Record<string, unknown> {
  const labels = demos.rewards.length;
  const rounds = Math.min(5, Math.max(3, Math.floor(labels / maxSteps)));
  return { ...options, rounds, states: Math.ceil(labels / rounds), budget: labels };
}

/** Every learner by its most likely actions. */
async function played(env: Env, actor: Policy, how: { episodes: number; seed: number }): Promise<number[]> {
  const { returns } = await episodeReturns(env, actor, { ...how, deterministic: true });
  return Array.from(returns);
}

/** Actions drawn uniformly, whatever is seen. It has no most likely one, so it always draws. */
function uniform(env: Env): Policy {
  const { observation, action } = env;
  const [D, K] = [size(observation), size(action)];
  return {
    observation,
    action,
    act(observations, { rng } = {}) {
      const actions = actionArray(action, observations.length / D);
      const stream = requireRng(rng);
      for (let i = 0; i < actions.length / K; i++) sampleInto(action, stream(i), actions, i * K);
      return actions;
    },
  };
}
