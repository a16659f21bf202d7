import type { ActionSpace, Env, Policy } from "../mdp/index.ts";
import { film, intervalFigure, lineFigure, type RunConfig, reportPage, type Section } from "../runs/index.ts";
import { expertLabel } from "./expert.ts";
import { readProblem } from "./ingredients.ts";
import type { Judgement } from "./judge.ts";
import { notesIn } from "./notes.ts";
import { summary, verdictHead, verdictRows } from "./present.ts";
import type { Curve, Recipe } from "./recipe.ts";
import { shown } from "./settings.ts";
import { counted, short } from "./terminal.ts";

export interface ReportParts {
  readonly config: RunConfig;
  readonly recipe: Recipe;
  readonly verdict: Judgement;
  readonly policy: Policy;
  readonly records: readonly Record<string, unknown>[];
  readonly env: Env;
}

/** The page of a run: what came out, how it was measured, how it was learned, and the policy acting. */
export async function runReport({ config, recipe, verdict, policy, records, env }: ReportParts): Promise<string> {
  const { learner } = recipe;
  const expert = expertName(config);
  const problem = readProblem(config.problem, "config.json");
  const sections: Section[] = [
    {
      heading: "Verdict",
      table: { head: verdictHead(verdict.confidence), rows: verdictRows(verdict, { expert, learner }) },
    },
    {
      heading: "Returns",
      caption: `Mean return of ${counted(verdict.episodes, "episode")}; the bars are ${short(100 * verdict.confidence)} % intervals.`,
      svg: await intervalFigure({
        title: `Return in ${env.id}`,
        x: "return of an episode (sum of the environment's rewards)",
        rows: [
          ...(verdict.expert ? [{ label: `expert (${expert})`, value: verdict.expert }] : []),
          { label: `${learner}, most likely actions`, value: verdict.learner },
          { label: `${learner}, drawn actions`, value: verdict.sampled },
        ],
        ...(verdict.expert ? { reference: { label: "expert's mean", value: verdict.expert.mean } } : {}),
      }),
    },
  ];
  for (const curve of recipe.curves) {
    const svg = await drawn(curve, records, env.action);
    if (svg) sections.push({ heading: curve.title, svg });
  }
  const notes = notesIn(records);
  if (notes.length > 0) sections.push({ heading: "Notes", table: { rows: notes.map((note) => [note]) } });
  const scene = await film(env, policy, { seed: problem.judge.seed });
  sections.push({
    heading: `The ${learner} acting`,
    caption: `One episode with the most likely actions: ${scene.steps} steps, return ${short(scene.total)}.`,
    film: scene,
  });
  const demos = problem.demos;
  const origin =
    demos &&
    ("file" in demos ? demos.file : `${counted(demos.episodes, "episode")} of ${expertLabel(demos.expert)}, seed ${demos.seed}`);
  sections.push({
    heading: "How it was made",
    table: {
      rows: [
        ["algorithm", config.algorithm],
        ["environment", env.id],
        ...(origin ? [["demonstrations", origin]] : []),
        ...(problem.reward === undefined ? [] : [["reward that was maximised", problem.reward]]),
        ["seed", String(config.seed)],
        ...Object.entries({ ...config.options, ...problem.policy })
          .filter(([name]) => name !== "seed")
          .map(([name, value]) => [name, shown(value)]),
      ],
    },
  });
  const made = Object.entries(config.versions).map(([name, value]) => `${name} ${value}`);
  return reportPage({
    title: `${config.algorithm} on ${env.id}`,
    summary: summary(verdict, learner),
    sections,
    foot: `apprentice ${config.command.join(" ")}  ·  ${made.join(", ")}`,
  });
}

/** Who the expert is, as far as the run knows. */
export function expertName(config: RunConfig): string {
  const { expert: asked, demos, judge } = readProblem(config.problem, "config.json");
  const expert = judge.expert ?? asked;
  return expert !== undefined ? expertLabel(expert) : demos && "file" in demos ? "demonstrations" : "none";
}

/**
 * A curve of the records; `undefined` where fewer than two places have its numbers. Where several records stand at one place, such
 * as rounds between two labels, it is the last of them that counts. A single line's name is shown where it says more than title
 * and axis.
 */
export async function drawn(
  { title, x, y, lines, inOrder }: Curve,
  records: readonly Record<string, unknown>[],
  action?: ActionSpace,
): Promise<string | undefined> {
  const series = lines
    .map(({ of, name }) => ({
      name,
      points: thinned(
        (inOrder ? (all: Point[]) => all : lastOfEach)(
          records
            .filter((record) => typeof record[of] === "number" && typeof record[x.of] === "number")
            .map((record) => ({ x: record[x.of] as number, y: record[of] as number })),
        ),
      ),
    }))
    .filter(({ points }) => points.length >= 2);
  const level = typeof y === "string" ? y : action ? y(action) : "";
  if (series.length === 0) return undefined;
  const said = `${title} ${level}`.toLowerCase();
  const legend = series.some(({ name }) => !said.includes(name.toLowerCase()));
  return lineFigure({ title, x: x.label, y: level, series, legend, ...(inOrder ? { inOrder } : {}) });
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Of the points at each place the last, by place. */
function lastOfEach(points: readonly Point[]): Point[] {
  return [...new Map(points.map((point) => [point.x, point])).values()];
}

/** At most 500 points of a line: more can't be seen. */
function thinned<T>(points: readonly T[]): T[] {
  const every = Math.ceil(points.length / 500);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}
