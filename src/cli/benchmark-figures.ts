import type { Summary } from "../benchmark/index.ts";
import { titleOf } from "../benchmark/index.ts";
import type { Interval } from "../evaluation/index.ts";
import { intervalFigure, lineFigure } from "../runs/index.ts";

export interface DrawnFigure {
  /** Of its files. */
  readonly name: string;
  readonly heading: string;
  readonly caption: string;
  readonly svg: string;
}

const SCALE = "0: a random policy, 1: the expert";

/** The figures of a benchmark: what Agarwal et al. (2021) ask for, and each environment by itself. */
export async function benchmarkFigures(summary: Summary): Promise<DrawnFigure[]> {
  const { environments, cells, overall, improvement, profiles } = summary;
  const figures: Promise<DrawnFigure>[] = [];
  const add = (name: string, heading: string, caption: string, svg: Promise<string>) =>
    figures.push(svg.then((drawn) => ({ name, heading, caption, svg: drawn })));
  const expert = { label: "expert", value: 1 };
  const several = environments.length > 1;

  if (several && overall.length > 0) {
    for (const [which, what] of [
      ["iqm", "Interquartile mean"],
      ["mean", "Mean"],
    ] as const) {
      add(
        which,
        `${what} over all environments`,
        `${what} of the normalised returns over ${environments.length} environments, with 95 % intervals from a bootstrap stratified by environment.`,
        intervalFigure({
          title: `${what} of the returns over ${environments.length} environments`,
          x: `normalised return (${SCALE})`,
          rows: overall.map((one) => ({ label: titleOf(one.algorithm), value: bounded(one[which]) })),
          reference: expert,
        }),
      );
    }
  }
  if (profiles.length > 0) {
    add(
      "profiles",
      "Performance profiles",
      "The share of runs above each score, every environment with the same weight, in 95 % bands. A line further up and to the right is better; where lines cross, neither algorithm is better throughout.",
      lineFigure({
        title: "Performance profiles",
        x: `normalised return τ (${SCALE})`,
        y: "share of runs with a return above τ",
        steps: true,
        series: profiles.map(({ algorithm, points }) => ({
          name: titleOf(algorithm),
          points: points.map(({ threshold, mean, low, high }) => ({ x: threshold, y: mean, low, high })),
        })),
      }),
    );
  }
  if (improvement.length > 0) {
    add(
      "improvement",
      "Probability of improvement",
      "How often a run of the first is better than one of the second, in an environment drawn at random; ties count half. Intervals above 0.5 say that the first is better.",
      intervalFigure({
        title: "Probability of improvement",
        x: "P(X > Y) (0.5: as often one as the other)",
        rows: improvement.map(({ x, y, probability }) => ({ label: `${titleOf(x)} over ${titleOf(y)}`, value: probability })),
        reference: { label: "equal", value: 0.5 },
      }),
    );
  }
  for (const env of environments) {
    const here = cells.filter((cell) => cell.env === env);
    add(
      env,
      env,
      `Mean of the normalised returns in ${env}, with 95 % bootstrap intervals; every run is a faint mark.`,
      intervalFigure({
        title: `Returns in ${env}`,
        x: `normalised return (${SCALE})`,
        rows: here.map(({ algorithm, mean }) => ({ label: titleOf(algorithm), value: bounded(mean) })),
        observations: here.flatMap(({ algorithm, scores }) => scores.map((score) => [titleOf(algorithm), score] as const)),
        reference: expert,
      }),
    );
  }
  return Promise.all(figures);
}

/** A single run has no interval to draw. */
function bounded({ mean, low, high }: Interval): Interval {
  return Number.isFinite(low) && Number.isFinite(high) ? { mean, low, high } : { mean, low: mean, high: mean };
}
