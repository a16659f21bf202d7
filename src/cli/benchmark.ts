import { existsSync, mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import {
  type Expectation,
  expectations,
  type Reference,
  type Summary,
  scoreHead,
  scoreRows,
  summarise,
} from "../benchmark/index.ts";
import type { Interval } from "../evaluation/index.ts";
import { png, writeWhole } from "../runs/index.ts";
import { putInPlace } from "./benchmark-experts.ts";
import { benchmarkFigures } from "./benchmark-figures.ts";
import { type Kept, type KeptRun, openKept } from "./benchmark-kept.ts";
import { type BenchmarkRequest, type Plan, type PlannedRun, planned } from "./benchmark-plan.ts";
import { type Task, workThrough } from "./benchmark-pool.ts";
import { type About, benchmarkMarkdown, benchmarkPage, expectationRows } from "./benchmark-report.ts";
import { BadInput, given } from "./exit.ts";
import { onStop } from "./signals.ts";
import { duration, meter, print, printJson, say, short, table } from "./terminal.ts";

/** Below these, a bootstrap of so few returns covers less than it says; interquartile means, of half of them, least of all. */
const FEW_SEEDS = 5;

/** A run that could not be made. */
interface Failure {
  readonly name: string;
  readonly error: string;
}

/**
 * Runs every algorithm in every environment over some seeds, and says how they compare. What is finished is kept in a folder,
 * so the same command goes on where it was stopped; a run that was made with other settings is made again. Throws (exit
 * code 1) if a run failed: after everything else has been shown and written.
 */
export async function benchmark(request: BenchmarkRequest): Promise<void> {
  const began = performance.now();
  const plan = await planned(request);
  for (const { env, why } of plan.skipped) say(`${env} is left out: ${why}`);
  if (plan.tasks.length === 0)
    throw new BadInput("no environment is left to measure in; install what is missing, or name others with --only");
  const kept = await given(() => openKept(request.out, say));
  try {
    const failures = await conductAll(plan, kept, request);
    const seconds = (performance.now() - began) / 1000;
    await show(plan, kept, failures, request, seconds);
    if (failures.length > 0) {
      const [{ name, error }] = failures;
      throw new Error(
        `${failures.length} of ${plan.runs.length} runs failed, the first (${name}): ${error}; the same command tries them again`,
      );
    }
  } finally {
    kept.release();
  }
}

/** Makes the runs that are not kept yet, and shows how far they are. */
async function conductAll(plan: Plan, kept: Kept, { jobs, out }: BenchmarkRequest): Promise<Failure[]> {
  const missing = plan.runs.filter(({ key }) => !kept.runs.has(key));
  const present = plan.runs.length - missing.length;
  if (present > 0) say(`${present} of ${plan.runs.length} runs are kept in ${kept.file}`);
  const others = stale(plan, kept);
  if (others > 0) say(`${others} runs there were made with other settings, and are made again`);
  if (missing.length === 0) return [];

  plan.experts.forEach(putInPlace);
  const experts = plan.experts.flatMap(({ name, file, job }) =>
    job && !existsSync(file) && missing.some(({ after }) => after === name) ? [{ name, job }] : [],
  );
  const trained = new Set(experts.map(({ name }) => name));
  const tasks: Task[] = [
    ...experts,
    ...missing.map(({ name, job, after }) => ({ name, job, ...(after !== undefined && trained.has(after) ? { after } : {}) })),
  ];
  const byName = new Map(missing.map((run) => [run.name, run]));
  const failures: Failure[] = [];
  const shares = new Map<string, number>();
  let finished = 0;
  const progress = meter("benchmark");
  const at = () => {
    const running = [...shares];
    const done = finished + running.reduce((sum, [, share]) => sum + share, 0);
    const detail = running.map(([name, share]) => `${name} ${Math.round(100 * share)} %`).join(", ");
    progress.at({ done: Math.round(100 * done) / 100, total: tasks.length, unit: "runs" }, detail, { total: done, unit: "runs" });
  };
  const end = (name: string) => {
    shares.delete(name);
    finished += 1;
    at();
  };
  const stop = onStop(() => {
    progress.end();
    say(`stopped; ${kept.runs.size} runs are kept in ${kept.file}, and the same command goes on from there`);
    kept.release();
  });
  try {
    at();
    await workThrough(tasks, {
      jobs: jobs ?? availableParallelism(),
      onProgress: (name, share) => {
        shares.set(name, share);
        at();
      },
      onDone: (name, played) => {
        const run = byName.get(name);
        if (run) {
          const { env, algorithm, seed, key, settings } = run;
          const mean = played.returns.reduce((sum, value) => sum + value, 0) / played.returns.length;
          kept.add({ key, env, algorithm, seed, return: mean, ...played, returns: [...played.returns], settings });
        }
        end(name);
      },
      onFailed: (name, error) => {
        failures.push({ name, error });
        say(`${name} failed: ${error}`);
        end(name);
      },
    });
  } finally {
    progress.end();
    stop.release();
  }
  say(`runs and their settings are kept in ${out}`);
  return failures;
}

/** How many runs there are of what is planned, but with other settings. */
function stale(plan: Plan, kept: Kept): number {
  const identity = ({ env, algorithm, seed }: Pick<KeptRun, "env" | "algorithm" | "seed">) => `${env} ${algorithm} ${seed}`;
  const wanted = new Set(plan.runs.filter(({ key }) => !kept.runs.has(key)).map(identity));
  return new Set([...kept.runs.values()].map(identity).filter((name) => wanted.has(name))).size;
}

async function show(
  plan: Plan,
  kept: Kept,
  failures: readonly Failure[],
  request: BenchmarkRequest,
  seconds: number,
): Promise<void> {
  const { out, json } = request;
  const found = plan.runs.flatMap((run): (PlannedRun & { readonly result: KeptRun })[] => {
    const result = kept.runs.get(run.key);
    return result ? [{ ...run, result }] : [];
  });
  const referenceOf = (env: string, algorithm: string) =>
    found.find((run) => run.env === env && run.algorithm === algorithm && run.job.kind === "reference")?.result.return;
  const skipped = [...plan.skipped];
  const references = plan.tasks.flatMap(({ env }): Reference[] => {
    const [random, expert] = [referenceOf(env, "random"), referenceOf(env, "expert")];
    if (random === undefined || expert === undefined) return [];
    if (expert > random) return [{ env, random, expert }];
    const why = `its expert returns ${short(expert)}, a random policy ${short(random)}: there is no scale between them`;
    skipped.push({ env, why });
    say(`${env} is left out: ${why}`);
    return [];
  });
  if (references.length === 0) {
    if (failures.length > 0) return; // they are what the command ends with
    throw new Error("no environment has a scale to compare on: give the experts more steps, with --set ppo.steps=N");
  }
  const learners = found.filter(({ job }) => job.kind === "learner");
  const summary = summarise(
    learners.map(({ env, algorithm, seed, result }) => ({ env, algorithm, seed, return: result.return })),
    references,
  );
  const expected = expectations(summary);
  const about: About = {
    command: commandOf(request),
    seeds: plan.seeds,
    judgeEpisodes: request.judgeEpisodes,
    demonstrations: new Map(plan.tasks.map(({ env, demonstrations }) => [env, request.episodes ?? demonstrations])),
    pairs: new Map(
      plan.tasks.map(({ env }) => [env, learners.filter((run) => run.env === env).map(({ result }) => result.pairs ?? 0)]),
    ),
    seconds: new Map(
      plan.algorithms.map((name) => [name, learners.filter((run) => run.algorithm === name).map(({ result }) => result.seconds)]),
    ),
    skipped,
    failures,
  };
  const figures = await benchmarkFigures(summary);
  const folder = join(out, "figures");
  mkdirSync(folder, { recursive: true });
  for (const { name, svg } of figures) {
    writeWhole(join(folder, `${name}.svg`), svg);
    writeWhole(join(folder, `${name}.png`), await png(svg));
  }
  writeWhole(join(out, "benchmark.md"), benchmarkMarkdown(summary, expected, about));
  writeWhole(join(out, "benchmark.html"), benchmarkPage(summary, expected, about, figures));

  const tell = json ? say : print; // with --json nothing else stands on standard output
  tell(`\nMean of the normalised returns (0: a random policy, 1: the expert) with 95 % intervals\n`);
  tell(table(scoreRows(summary, "mean"), scoreHead(summary)));
  tell(`\nInterquartile mean\n`);
  tell(table(scoreRows(summary, "iqm"), scoreHead(summary)));
  if (plan.seeds < FEW_SEEDS)
    tell(
      `\nWith ${plan.seeds === 1 ? "one seed" : `${plan.seeds} seeds`} intervals are too narrow; take ${FEW_SEEDS} or more: --seeds ${FEW_SEEDS}`,
    );
  if (expected.length > 0) tell(`\n${table(expectationRows(expected), ["expected", "measured", "where", "holds"])}`);
  tell(
    `\n${learners.length} runs in ${duration(seconds)}; tables in ${join(out, "benchmark.md")}, figures in ${join(out, "benchmark.html")}, every run in ${kept.file}`,
  );
  if (json) printJson(asJson({ request, plan, skipped, summary, expected, failures, runs: kept.file, seconds }));
}

/** The benchmark for programs. An interval that a single run leaves open has `null` for its ends. */
function asJson(parts: {
  readonly request: BenchmarkRequest;
  readonly plan: Plan;
  readonly skipped: Plan["skipped"];
  readonly summary: Summary;
  readonly expected: readonly Expectation[];
  readonly failures: readonly Failure[];
  readonly runs: string;
  readonly seconds: number;
}): Record<string, unknown> {
  const { request, plan, skipped, summary, expected, failures, runs, seconds } = parts;
  const end = (value: number) => (Number.isFinite(value) ? value : null);
  const ends = ({ mean, low, high }: Interval) => ({ estimate: mean, low: end(low), high: end(high) });
  return {
    quick: request.quick,
    seeds: plan.seeds,
    confidence: 0.95,
    environments: summary.references,
    algorithms: summary.algorithms,
    cells: summary.cells.map((cell) => ({
      env: cell.env,
      algorithm: cell.algorithm,
      scores: cell.scores,
      return: ends(cell.return),
      mean: ends(cell.mean),
      iqm: ends(cell.iqm),
    })),
    overall: summary.overall.map(({ algorithm, mean, iqm }) => ({ algorithm, mean: ends(mean), iqm: ends(iqm) })),
    improvement: summary.improvement.map(({ x, y, probability }) => ({ x, y, probability: ends(probability) })),
    profiles: summary.profiles.map(({ algorithm, points }) => ({
      algorithm,
      points: points.map(({ threshold, ...share }) => ({ threshold, ...ends(share) })),
    })),
    expectations: expected.map(({ measured, ...rest }) => ({ ...rest, measured: ends(measured) })),
    skipped,
    failures,
    runs,
    seconds,
  };
}

/** The command that makes the same tables. */
function commandOf({ quick, seeds, only, episodes, judgeEpisodes, set }: BenchmarkRequest): string {
  return [
    "apprentice benchmark",
    quick ? "--quick" : "",
    seeds === undefined ? "" : `--seeds ${seeds}`,
    only && only.length > 0 ? `--only ${only.join(" ")}` : "",
    episodes === undefined ? "" : `--episodes ${episodes}`,
    judgeEpisodes === 100 ? "" : `--judge-episodes ${judgeEpisodes}`,
    set && set.length > 0 ? `--set ${set.join(" ")}` : "",
  ]
    .filter((part) => part !== "")
    .join(" ");
}
