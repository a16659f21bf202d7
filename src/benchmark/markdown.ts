import type { Interval } from "../evaluation/index.ts";
import { titles } from "./suite.ts";
import type { Cell, Overall, Summary } from "./summary.ts";

/** A score with its interval as tables have it: `0.97 [0.92, 1.00]`; without an interval where there is a single run. */
export function scoreText({ mean, low, high }: Interval): string {
  const ends = Number.isFinite(low) && Number.isFinite(high) ? ` [${fixed(low)}, ${fixed(high)}]` : "";
  return `${fixed(mean)}${ends}`;
}

/** The rows of a table: an environment each and, where it can be said, a last one over all of them. */
export function scoreRows(summary: Summary, which: "mean" | "iqm"): string[][] {
  const { environments, algorithms, cells, overall } = summary;
  const text = (of: Cell | Overall | undefined) => (of ? scoreText(of[which]) : "");
  const row = (env: string) =>
    algorithms.map((algorithm) => text(cells.find((cell) => cell.env === env && cell.algorithm === algorithm)));
  const all = algorithms.map((algorithm) => text(overall.find((one) => one.algorithm === algorithm)));
  return [...environments.map((env) => [env, ...row(env)]), ...(environments.length > 1 ? [["all", ...all]] : [])];
}

/** The head of such a table. */
export function scoreHead({ algorithms }: Summary): string[] {
  return ["", ...algorithms.map(titleOf)];
}

/** Who is compared with whom: rows are X, columns are Y, entries P(X > Y) with its interval. */
export function improvementRows({ improvement, overall }: Summary): string[][] {
  const entry = (x: string, y: string): string => {
    const found = improvement.find((one) => one.x === x && one.y === y);
    if (found) return scoreText(found.probability);
    const back = improvement.find((one) => one.x === y && one.y === x)?.probability;
    return back ? scoreText({ mean: 1 - back.mean, low: 1 - back.high, high: 1 - back.low }) : "";
  };
  return overall.map(({ algorithm: x }) => [titleOf(x), ...overall.map(({ algorithm: y }) => entry(x, y))]);
}

export function titleOf(algorithm: string): string {
  return titles[algorithm] ?? algorithm;
}

/** A table in Markdown; numbers stand to the right. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = `|${head.map((_, i) => (i === 0 ? "---|" : "--:|")).join("")}`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function fixed(value: number): string {
  const text = value.toFixed(2);
  return Number(text) === 0 ? "0.00" : text;
}
