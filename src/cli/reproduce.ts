import { mkdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { nearest } from "../envs/index.ts";
import { type Experiment, experiments, type Figure, lecture } from "../experiments/index.ts";
import { intervalFigure, lineFigure, png, writeWhole } from "../runs/index.ts";
import { apart, canWorkApart, EndedEarly } from "./apart.ts";
import { BadInput } from "./exit.ts";
import { type Assignment, conduct } from "./experiment-worker.ts";
import { type Kept, keptResults, type Result } from "./reproduce-kept.ts";
import { type Finished, LINE_HEAD, line, reproducePage, verdict } from "./reproduce-report.ts";
import { onStop } from "./signals.ts";
import { duration, meter, print, printJson, say, table } from "./terminal.ts";

export interface ReproduceRequest {
  /** Experiments by name; none, with `all`, means every one. */
  readonly ids: readonly string[];
  readonly all: boolean;
  readonly quick: boolean;
  readonly json: boolean;
  readonly seeds?: number;
  /** Experiments at the same time. */
  readonly jobs?: number;
  /** The report's file. */
  readonly out: string;
  /** A folder for the figures by themselves, as SVG and PNG. */
  readonly figures?: string;
}

/**
 * Runs experiments and says claim by claim what the paper has, what was measured, and whether it holds. Throws (exit code 1)
 * if one doesn't hold: after everything has been shown and written.
 */
export async function reproduce(request: ReproduceRequest): Promise<void> {
  const chosen = choose(request);
  if (chosen.length === 0) return list(request.json);
  const began = performance.now();
  const kept = keptResults(`${request.out}.unfinished`, request);
  const finished = await conductAll(chosen, request, kept);
  const drawn = await Promise.all(finished.map(({ outcome }) => Promise.all(outcome.figures.map(draw))));

  if (request.figures !== undefined) await saveFigures(request.figures, finished, drawn);
  mkdirSync(dirname(request.out), { recursive: true });
  const readme = (id: string) =>
    encodeURI(
      readmeOf(id, dirname(resolve(request.out)))
        .split(sep)
        .join("/"),
    );
  writeWhole(request.out, reproducePage(finished, drawn, { quick: request.quick, readme }));
  kept.clear();
  const tell = request.json ? say : print; // with --json nothing else stands on standard output
  for (const { slides } of lecture) {
    for (const slide of slides) {
      const shown = finished.filter(({ experiment }) => slide.experiments.includes(experiment));
      if (shown.length > 0) tell(`\n${slide.title}`);
      for (const { experiment, outcome } of shown) {
        tell(`\n${experiment.id}: ${experiment.title}\n\n${table(outcome.rows.map(line), LINE_HEAD)}`);
        if (outcome.note !== undefined) tell(outcome.note);
      }
    }
  }
  const rows = finished.flatMap(({ outcome }) => outcome.rows);
  const missed = finished.filter(({ outcome }) => outcome.rows.some(({ holds, attempted }) => attempted && !holds));
  tell(`\n${verdict(rows)}, in ${duration((performance.now() - began) / 1000)}; figures in ${request.out}`);
  if (request.json) {
    printJson(
      finished.flatMap(({ experiment, outcome: { rows, note }, seconds }) =>
        rows.map((row) => ({ id: experiment.id, ...row, seconds, ...(note === undefined ? {} : { note }) })),
      ),
    );
  }
  if (missed.length > 0) {
    const names = missed.map(({ experiment, outcome }) => `${experiment.id} (${verdict(outcome.rows)})`).join("; ");
    const why = missed.map(({ experiment }) => readmeOf(experiment.id)).join(", ");
    throw new Error(`not everything is reproduced: ${names}; why: ${why}`);
  }
}

/** The experiments that were asked for. Throws `BadInput`, naming the nearest, if there is none of a name. */
function choose({ ids, all }: ReproduceRequest): Experiment[] {
  const known = experiments.map(({ id }) => id);
  for (const id of ids) {
    if (known.includes(id)) continue;
    throw new BadInput(
      `unknown experiment "${id}"; the nearest are ${nearest(id, known).join(", ")}; all of them: apprentice reproduce`,
    );
  }
  return experiments.filter(({ id }) => all || ids.includes(id));
}

/** Where an experiment's README stands, seen from a folder, or else from where the command was called. */
function readmeOf(id: string, from = process.cwd()): string {
  return relative(from, fileURLToPath(new URL(`../../src/experiments/${id}/README.md`, import.meta.url)));
}

function list(json: boolean): void {
  if (json) {
    printJson(experiments.map(({ id, title, source, claims }) => ({ id, title, source, claims: Object.values(claims) })));
    return;
  }
  print(
    table(
      experiments.map(({ id, title, source }) => [id, title, source]),
      ["experiment", "title", "source"],
    ),
  );
  print("\nOne of them: apprentice reproduce horizon; all of them: apprentice reproduce --all");
}

/** Runs the experiments, a few at the same time, and shows how far they are. */
async function conductAll(
  chosen: readonly Experiment[],
  { quick, seeds, jobs }: ReproduceRequest,
  kept: Kept,
): Promise<Finished[]> {
  const shares = new Map(chosen.map(({ id }) => [id, 0]));
  const progress = meter("reproduce");
  const show = () => {
    const done = [...shares.values()].reduce((sum, share) => sum + share, 0);
    const running = [...shares].filter(([, share]) => share > 0 && share < 1);
    progress.at(
      { done: Math.round(100 * done) / 100, total: chosen.length, unit: "experiments" },
      running.map(([id, share]) => `${id} ${Math.round(100 * share)} %`).join(", "),
    );
  };
  const results = new Map<string, Finished>();
  const stop = onStop(() => {
    progress.end();
    const gone = `${results.size} of ${chosen.length} experiments are kept: the same command goes on from there`;
    say(`stopped; ${results.size === 0 ? "nothing was written" : gone}`);
  });
  for (const experiment of chosen) {
    const before = kept.of(experiment.id);
    if (!before) continue;
    results.set(experiment.id, { experiment, ...before });
    shares.set(experiment.id, 1);
    say(`${experiment.id}: ${verdict(before.outcome.rows)}, kept from before`);
  }
  const waiting = chosen.filter(({ id }) => !results.has(id));
  const together = canWorkApart ? Math.min(jobs ?? availableParallelism(), waiting.length) : 1;
  const work = async () => {
    for (let experiment = waiting.shift(); experiment; experiment = waiting.shift()) {
      const { id } = experiment;
      const assignment: Assignment = { id, quick, ...(seeds === undefined ? {} : { seeds }) };
      const onProgress = ({ done, total }: { done: number; total: number }) => {
        shares.set(id, Math.min(0.999, done / total));
        show();
      };
      const { outcome, seconds } = await (canWorkApart ? conductApart(assignment, onProgress) : conduct(assignment, onProgress));
      shares.set(id, 1);
      results.set(id, { experiment, outcome, seconds });
      if (chosen.length > 1) kept.keep(id, { outcome, seconds });
      say(`${id}: ${verdict(outcome.rows)}, in ${duration(seconds)}`);
      show();
    }
  };
  try {
    await Promise.all(Array.from({ length: together }, work));
  } finally {
    progress.end();
    stop.release();
  }
  return chosen.map(({ id }) => results.get(id)!);
}

/** Runs an experiment in a process of its own. */
async function conductApart(
  assignment: Assignment,
  onProgress: (progress: { done: number; total: number }) => void,
): Promise<Result> {
  const process = apart<Assignment, { done: number; total: number }, Result>(new URL("./experiment-worker.js", import.meta.url));
  try {
    return await process.work(assignment, onProgress);
  } catch (error) {
    throw error instanceof EndedEarly ? new Error(`${assignment.id}: ${error.message}`) : error;
  } finally {
    process.close();
  }
}

function draw(figure: Figure): Promise<string> {
  return figure.kind === "lines" ? lineFigure(figure) : intervalFigure(figure);
}

async function saveFigures(folder: string, finished: readonly Finished[], drawn: readonly string[][]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [i, { experiment }] of finished.entries()) {
    for (const [k, svg] of drawn[i].entries()) {
      const name = join(folder, k === 0 ? experiment.id : `${experiment.id}-${k + 1}`);
      writeWhole(`${name}.svg`, svg);
      writeWhole(`${name}.png`, await png(svg));
    }
  }
}
