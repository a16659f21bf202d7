import { type RunConfig, reportPage, type Section } from "../runs/index.ts";
import type { LanguageProblem } from "./language-problem.ts";
import type { LanguageRecipe, LanguageVerdict, Measure } from "./language-recipe.ts";
import { notesIn } from "./notes.ts";
import { drawn } from "./report.ts";
import { shown } from "./settings.ts";
import { short } from "./terminal.ts";

/** The measures as a table: what, before, after, its interval; without the columns that are empty. */
export function measureTable(measures: readonly Measure[], on: string): { head: string[]; rows: string[][] } {
  const [before, intervals] = [measures.some((own) => own.before !== undefined), measures.some(({ interval }) => interval)];
  const row = (a: string, b: string, c: string, d: string) => [a, ...(before ? [b] : []), c, ...(intervals ? [d] : [])];
  return {
    head: row(`on ${on}`, "before", before ? "after" : "", "95 %"),
    rows: measures.map((own) =>
      row(
        own.name,
        own.before === undefined ? NONE : short(own.before),
        short(own.after),
        own.interval ? `[${short(own.interval[0])}, ${short(own.interval[1])}]` : NONE,
      ),
    ),
  };
}

/** What stands where there is no number. */
const NONE = "–";

/** The page of a run of a language model: what came out, how it was learned, what it says. */
export async function languageReport({
  config,
  recipe,
  verdict,
  records,
}: {
  readonly config: RunConfig;
  readonly recipe: LanguageRecipe;
  readonly verdict: LanguageVerdict;
  readonly records: readonly Record<string, unknown>[];
}): Promise<string> {
  const { measures, samples, on } = verdict;
  const sections: Section[] = measures.length > 0 ? [{ heading: "Verdict", table: measureTable(measures, on) }] : [];
  for (const curve of recipe.curves) {
    const svg = await drawn(curve, records);
    if (svg) sections.push({ heading: curve.title, svg });
  }
  if (samples.length > 0) {
    const rows = samples.map(({ prompt, before, after }) => [prompt, before, after]);
    sections.push({ heading: "Samples", table: { head: ["prompt", "before", "after"], rows } });
  }
  const notes = notesIn(records);
  if (notes.length > 0) sections.push({ heading: "Notes", table: { rows: notes.map((note) => [note]) } });
  const problem = config.problem as unknown as LanguageProblem;
  const pathOf = (own: LanguageProblem["model"]) => (typeof own === "string" ? own : own.path);
  sections.push({
    heading: "How it was made",
    table: {
      rows: [
        ["algorithm", config.algorithm],
        ["model", pathOf(problem.model)],
        ...(problem.reference ? [["reference", problem.reference.path]] : []),
        ...(problem.expert === undefined ? [] : [["expert", problem.expert]]),
        ["data", problem.data.path],
        ["seed", String(config.seed)],
        ...Object.entries({ ...config.options, ...problem.language })
          .filter(([name]) => name !== "seed")
          .map(([name, value]) => [name, shown(value)]),
      ],
    },
  });
  const made = Object.entries(config.versions).map(([name, value]) => `${name} ${value}`);
  return reportPage({
    title: `${config.algorithm} of ${pathOf(problem.model)}`,
    summary: measures.length > 0 ? summary(measures[0]) : `Nothing to judge by: ${on}.`,
    sections,
    foot: `apprentice ${config.command.join(" ")}  ·  ${made.join(", ")}`,
  });
}

const summary = ({ name, before, after }: Measure) =>
  `${name}: ${before === undefined ? "" : `${short(before)} before, `}${short(after)}${before === undefined ? "" : " after"}.`;
