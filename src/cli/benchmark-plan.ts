import { createHash } from "node:crypto";
import { contenders, type Task, tasks, seeds as usualSeeds } from "../benchmark/index.ts";
import { loadEnv, MissingPackageError, nearest } from "../envs/index.ts";
import { recipes } from "./algorithms/index.ts";
import type { Job } from "./benchmark-cell.ts";
import { type LearnedExpert, learnedExpert, TRAINER } from "./benchmark-experts.ts";
import { BadInput } from "./exit.ts";
import { defaultExpert } from "./ingredients.ts";
import { seedOf, settled } from "./train.ts";
import { versions } from "./versions.ts";

/** What `benchmark` is asked for. */
export interface BenchmarkRequest {
  /** The classic tasks only, with fewer seeds. */
  readonly quick: boolean;
  readonly seeds?: number;
  /** Names of environments and algorithms; none means all. */
  readonly only?: readonly string[];
  /** Demonstrations, instead of each task's own number. */
  readonly episodes?: number;
  readonly judgeEpisodes: number;
  /** `ALGORITHM.NAME=VALUE` */
  readonly set?: readonly string[];
  /** Runs at the same time. */
  readonly jobs?: number;
  readonly out: string;
  readonly json: boolean;
}

/** One run that the table needs: of an algorithm, or of chance and the expert for the scale. */
export interface PlannedRun {
  readonly name: string;
  readonly env: string;
  readonly algorithm: string;
  readonly seed: number;
  readonly key: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly job: Job;
  readonly after?: string;
}

export interface Plan {
  readonly tasks: readonly Task[];
  readonly algorithms: readonly string[];
  readonly seeds: number;
  readonly experts: readonly LearnedExpert[];
  /** Seed by seed, so that half a benchmark is a whole one of half the seeds. */
  readonly runs: readonly PlannedRun[];
  /** Environments that can't be had here, and why. */
  readonly skipped: readonly { readonly env: string; readonly why: string }[];
}

/** Seeds of what the scale is measured with: of no run that is scored. */
const REFERENCE_SEED = 2 ** 30;

/** Every run of a benchmark with all its settings. Throws `BadInput` on a name or a setting that is not there. */
export async function planned(request: BenchmarkRequest): Promise<Plan> {
  const chosen = choose(request);
  const set = settingsByAlgorithm(request.set ?? [], [...chosen.algorithms, TRAINER]);
  const seeds = request.seeds ?? (request.quick ? usualSeeds.quick : usualSeeds.full);
  const at: (Task & { readonly expert: string; readonly expertId: string; readonly after?: string })[] = [];
  const skipped: { env: string; why: string }[] = [];
  const experts: LearnedExpert[] = [];
  for (const task of chosen.tasks) {
    try {
      const scripted = defaultExpert(await loadEnv(task.env));
      if (scripted !== undefined) {
        at.push({ ...task, expert: scripted, expertId: scripted });
        continue;
      }
      const expert = await learnedExpert(task.env, request.out, set.get(TRAINER) ?? []);
      experts.push(expert);
      at.push({
        ...task,
        expert: expert.file,
        expertId: `${TRAINER} ${expert.id}`,
        ...(expert.job ? { after: expert.name } : {}),
      });
    } catch (error) {
      if (!(error instanceof MissingPackageError)) throw error;
      skipped.push({ env: task.env, why: error.message });
    }
  }
  const runs: PlannedRun[] = [];
  const add = (run: Omit<PlannedRun, "key" | "name">) => {
    const { env, algorithm, seed, settings } = run;
    runs.push({ ...run, name: `${algorithm} ${env} ${seed}`, key: keyOf({ env, algorithm, seed, ...settings }) });
  };
  for (const { env, expert, expertId, referenceEpisodes: episodes, after } of at) {
    for (const algorithm of ["random", "expert"] as const) {
      const how = { env, algorithm, seed: REFERENCE_SEED };
      const settings = { expert: algorithm === "expert" ? expertId : null, episodes };
      const waits = after === undefined || algorithm === "random" ? {} : { after };
      add({ ...how, settings, job: { kind: "reference", ...how, expert, episodes }, ...waits });
    }
  }
  for (let seed = 0; seed < seeds; seed++) {
    for (const { env, expert, expertId, after, ...task } of at) {
      for (const algorithm of chosen.algorithms) {
        const demonstrations = request.episodes ?? task.demonstrations;
        const how = { env, algorithm, seed };
        const { options, problem } = await settled({
          ...how,
          judgeEpisodes: request.judgeEpisodes,
          set: settingsFor(algorithm, set),
        });
        const { policy, judge } = problem;
        const demos = { expert, episodes: demonstrations, seed: seedOf("demos", seed) };
        const asks = ASKING.includes(algorithm);
        add({
          ...how,
          settings: {
            options,
            policy,
            demos: { ...demos, expert: expertId },
            judge,
            ...(asks ? { labels: "as many as pairs" } : {}),
          },
          job: { kind: "learner", ...how, options, problem: { env, policy, judge, demos, expert }, asks },
          ...(after === undefined ? {} : { after }),
        });
      }
    }
  }
  return { tasks: at, algorithms: chosen.algorithms, seeds, experts, runs, skipped };
}

/** Algorithms that ask the expert for labels instead of being shown its demonstrations. */
const ASKING = ["dagger"];

/**
 * What was asked for; whoever fits as behavior cloning does fits for as long, or the two could not be compared, and is judged at
 * the end alone, as the others are.
 */
function settingsFor(algorithm: string, set: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const own = set.get(algorithm) ?? [];
  if (!ASKING.includes(algorithm)) return own;
  const unless = (names: RegExp, text: string) => (own.some((given) => names.test(given)) ? [] : [text]);
  return [
    ...own,
    ...unless(/^(epochs|updates)=/, `epochs=${recipes.bc.settings.epochs.default}`),
    ...unless(/^validationEpisodes=/, "validationEpisodes=0"),
  ];
}

/** The tasks and algorithms that were asked for; a kind of which nothing is named stands whole. */
function choose({ quick, only = [] }: BenchmarkRequest): { tasks: readonly Task[]; algorithms: readonly string[] } {
  const present = contenders.filter((name) => Object.hasOwn(recipes, name));
  const among = quick ? tasks.filter(({ group }) => group === "classic") : tasks;
  const known = [...among.map(({ env }) => env), ...present];
  for (const name of only) {
    if (known.includes(name)) continue;
    if (tasks.some(({ env }) => env === name)) {
      throw new BadInput(`--only ${name}: the quick benchmark has the classic tasks alone; leave out --quick`);
    }
    throw new BadInput(`--only ${name}: the benchmark has no such environment or algorithm; it has ${known.join(", ")}`);
  }
  const some = <T>(all: readonly T[], name: (one: T) => string) => {
    const named = all.filter((one) => only.includes(name(one)));
    return named.length > 0 ? named : all;
  };
  return { tasks: some(among, ({ env }) => env), algorithms: some(present, (name) => name) };
}

/** `gail.steps=100000 bc.epochs=5` as the settings of each algorithm. */
function settingsByAlgorithm(texts: readonly string[], algorithms: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const text of texts) {
    const [, algorithm, setting] = /^([^.=]+)\.(.+)$/.exec(text) ?? [];
    if (algorithm === undefined || !/^[^=]+=/.test(setting)) {
      throw new BadInput(`--set ${text}: expected ALGORITHM.NAME=VALUE, such as --set bc.epochs=20`);
    }
    if (!algorithms.includes(algorithm)) {
      const near = nearest(algorithm, algorithms).join(", ");
      throw new BadInput(`--set ${text}: ${algorithm} does not take part; the nearest are ${near}`);
    }
    if (ASKING.includes(algorithm) && /^(rounds|states|budget)=/.test(setting)) {
      throw new BadInput(
        `--set ${text}: ${algorithm} gets as many labels as the others are shown pairs; give --episodes for more of both`,
      );
    }
    found.set(algorithm, [...(found.get(algorithm) ?? []), setting]);
  }
  return found;
}

/** A hash of everything that a run hangs on, this program's version included. */
function keyOf(settings: Readonly<Record<string, unknown>>): string {
  const { apprentice, onnxruntime } = versions();
  return createHash("sha256")
    .update(JSON.stringify({ ...settings, apprentice, onnxruntime }))
    .digest("hex")
    .slice(0, 32);
}
