import {
  type Expectation,
  improvementRows,
  markdownTable,
  type Summary,
  scoreHead,
  scoreRows,
  scoreText,
  titleOf,
} from "../benchmark/index.ts";
import { reportPage, type Section } from "../runs/index.ts";
import type { DrawnFigure } from "./benchmark-figures.ts";
import { counted, duration, short } from "./terminal.ts";
import { version } from "./versions.ts";

/** What stands beside the scores. */
export interface About {
  readonly command: string;
  readonly seeds: number;
  readonly judgeEpisodes: number;
  /** Trajectories, by environment, and the pairs in them, by seed. */
  readonly demonstrations: ReadonlyMap<string, number>;
  readonly pairs: ReadonlyMap<string, readonly number[]>;
  /** What each algorithm's runs took. */
  readonly seconds: ReadonlyMap<string, readonly number[]>;
  readonly skipped: readonly { readonly env: string; readonly why: string }[];
  readonly failures: readonly { readonly name: string; readonly error: string }[];
}

interface Part {
  readonly heading: string;
  readonly text?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The tables of a benchmark, in the order in which they are read. */
function parts(summary: Summary, expected: readonly Expectation[], about: About): Part[] {
  const { references, improvement, algorithms } = summary;
  const scores = { head: scoreHead(summary) };
  const all: Part[] = [
    { ...scores, heading: "Mean", text: "0 is a random policy, 1 the expert; 95 % intervals.", rows: scoreRows(summary, "mean") },
    { ...scores, heading: "Interquartile mean", rows: scoreRows(summary, "iqm") },
  ];
  if (improvement.length > 0) {
    all.push({
      heading: "Probability of improvement",
      text: "How often a run of the row is better than one of the column.",
      head: ["", ...summary.overall.map(({ algorithm }) => titleOf(algorithm))],
      rows: improvementRows(summary),
    });
  }
  if (expected.length > 0) {
    all.push({
      heading: "Expectations",
      head: ["expected", "measured", "where", "holds"],
      rows: expectationRows(expected),
    });
  }
  all.push({
    heading: "Scale",
    head: ["", "random policy", "expert", "demonstrations", "pairs in them"],
    rows: references.map(({ env, random, expert }) => [
      env,
      short(random),
      short(expert),
      String(about.demonstrations.get(env) ?? ""),
      short(mean(about.pairs.get(env) ?? [])),
    ]),
  });
  all.push({
    heading: "Time",
    head: ["", "mean time of a run"],
    rows: algorithms.map((algorithm) => [titleOf(algorithm), duration(mean(about.seconds.get(algorithm) ?? []))]),
  });
  return all;
}

/** The tables as a file in Markdown. */
export function benchmarkMarkdown(summary: Summary, expected: readonly Expectation[], about: About): string {
  const tables = parts(summary, expected, about).map(
    ({ heading, text, head, rows }) => `## ${heading}\n\n${text ? `${text}\n\n` : ""}${markdownTable(head, rows)}\n`,
  );
  const head = [`# Benchmark\n\nPrinted by \`${about.command}\` (apprentice ${version()}).`, conditions(about)];
  return `${[...head, ...remarks(about), ...tables].join("\n\n").replaceAll("\n\n\n", "\n\n")}`;
}

/** The tables and figures as a page. */
export function benchmarkPage(
  summary: Summary,
  expected: readonly Expectation[],
  about: About,
  figures: readonly DrawnFigure[],
): string {
  const tables = parts(summary, expected, about).map(({ heading, head, rows }): Section => ({ heading, table: { head, rows } }));
  return reportPage({
    title: "Imitation learning benchmark",
    summary: conditions(about),
    sections: [
      ...remarks(about).map((text): Section => ({ heading: "Left out", text })),
      ...tables,
      ...figures.map(({ heading, caption, svg }): Section => ({ heading, caption, svg })),
    ],
    foot: `${about.command}  ·  apprentice ${version()}, node ${process.versions.node}`,
  });
}

export function expectationRows(expected: readonly Expectation[]): string[][] {
  return expected.map((one) => [one.expected, scoreText(one.measured), one.where, one.holds ? "yes" : "NO"]);
}

function conditions({ seeds, judgeEpisodes }: About): string {
  return (
    `${counted(seeds, "seed")}; every algorithm is shown the same demonstrations; DAgger is shown none and may ask for as many labels as they have pairs; ` +
    `each policy is measured over ${judgeEpisodes} episodes by its most likely actions.`
  );
}

function remarks({ skipped, failures }: About): string[] {
  return [
    ...skipped.map(({ env, why }) => `${env} is left out: ${why}.`),
    ...failures.map(({ name, error }) => `${name} failed: ${error}.`),
  ];
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}
