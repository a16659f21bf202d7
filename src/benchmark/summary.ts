import {
  type Interval,
  interquartileMean,
  type ProfilePoint,
  performanceProfile,
  probabilityOfImprovement,
  type StratifiedOptions,
  taskMean,
} from "../evaluation/index.ts";

/** What one run of an algorithm came to: its mean return in an environment. */
export interface Scored {
  readonly env: string;
  readonly algorithm: string;
  readonly seed: number;
  /** In the environment's units. */
  readonly return: number;
}

/** The two ends of an environment's scale: mean returns of a random policy and of the expert. */
export interface Reference {
  readonly env: string;
  readonly random: number;
  readonly expert: number;
}

/** One algorithm in one environment, over its seeds. Scores are normalised. */
export interface Cell {
  readonly env: string;
  readonly algorithm: string;
  readonly scores: readonly number[];
  /** Mean return in the environment's units. */
  readonly return: Interval;
  readonly mean: Interval;
  readonly iqm: Interval;
}

/** One algorithm over all environments. */
export interface Overall {
  readonly algorithm: string;
  readonly mean: Interval;
  readonly iqm: Interval;
}

/** How often a run of X is better than one of Y. */
export interface Improvement {
  readonly x: string;
  readonly y: string;
  readonly probability: Interval;
}

/** What a benchmark says. All intervals have the same coverage. */
export interface Summary {
  readonly environments: readonly string[];
  readonly algorithms: readonly string[];
  readonly references: readonly Reference[];
  readonly cells: readonly Cell[];
  /** Only of algorithms with runs in every environment: others would be compared on easier or harder ground. */
  readonly overall: readonly Overall[];
  readonly improvement: readonly Improvement[];
  readonly profiles: readonly { readonly algorithm: string; readonly points: readonly ProfilePoint[] }[];
}

export interface SummaryOptions extends StratifiedOptions {
  /** Scores at which the performance profiles are measured. */
  readonly thresholds?: readonly number[];
}

/** From 0.2 below a random policy to a little above the expert. */
const THRESHOLDS = Array.from({ length: 66 }, (_, i) => Math.round(2 * i - 20) / 100);

/**
 * A return on the scale on which a random policy has 0 and the expert 1,
 *
 *     x = (R − R_random) / (R_expert − R_random).
 *
 * Throws where the expert is not better than chance: there is no such scale then.
 * @formula normalised-return
 */
export function normalised(R: number, { env, random, expert }: Reference): number {
  if (!(expert > random)) {
    throw new RangeError(`the expert of ${env} returns ${expert}, chance ${random}: returns are normalised by a better expert`);
  }
  return (R - random) / (expert - random);
}

/**
 * Runs as the figures that they are compared by: per environment and over all of them the mean and the interquartile mean,
 * and between algorithms the probability of improvement, with intervals stratified by environment. Runs in environments
 * without a reference are left out. Throws where an expert is not better than chance.
 */
export function summarise(
  runs: readonly Scored[],
  references: readonly Reference[],
  { thresholds = THRESHOLDS, ...how }: SummaryOptions = {},
): Summary {
  const known = references.filter(({ env }) => runs.some((run) => run.env === env));
  const measured = runs.filter((run) => known.some(({ env }) => env === run.env));
  const algorithms = [...new Set(measured.map(({ algorithm }) => algorithm))];
  const returnsOf = (algorithm: string, { env }: Reference) =>
    measured.filter((run) => run.algorithm === algorithm && run.env === env).map((run) => run.return);
  const scoresOf = (algorithm: string, reference: Reference) =>
    returnsOf(algorithm, reference).map((R) => normalised(R, reference));
  const cells = known.flatMap((reference) =>
    algorithms.flatMap((algorithm): Cell[] => {
      const returns = returnsOf(algorithm, reference);
      if (returns.length === 0) return [];
      const scores = scoresOf(algorithm, reference);
      return [
        {
          env: reference.env,
          algorithm,
          scores,
          return: taskMean([returns], how),
          mean: taskMean([scores], how),
          iqm: interquartileMean([scores], how),
        },
      ];
    }),
  );
  const table = new Map(algorithms.map((algorithm) => [algorithm, known.map((reference) => scoresOf(algorithm, reference))]));
  const complete = algorithms.filter((algorithm) => table.get(algorithm)!.every((scores) => scores.length > 0));
  return {
    environments: known.map(({ env }) => env),
    algorithms,
    references: known,
    cells,
    overall: complete.map((algorithm) => ({
      algorithm,
      mean: taskMean(table.get(algorithm)!, how),
      iqm: interquartileMean(table.get(algorithm)!, how),
    })),
    improvement: complete.flatMap((x, i) =>
      complete.slice(0, i).map((y) => ({ x, y, probability: probabilityOfImprovement(table.get(x)!, table.get(y)!, how) })),
    ),
    profiles: complete.map((algorithm) => ({
      algorithm,
      points: performanceProfile(table.get(algorithm)!, thresholds, { resamples: 2000, ...how }),
    })),
  };
}
