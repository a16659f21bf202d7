import { rng } from "../autodiff/random.ts";
import { checked, pick, positive, quantile, tail } from "./resampling.ts";
import type { Interval, IntervalOptions } from "./statistics.ts";

/** The scores x_{m,n} of one algorithm: for each task m the runs n = 1 .. N_m, which differ by their seeds. */
export type Runs = readonly ArrayLike<number>[];

/**
 * Intervals over several tasks are the quantiles of a bootstrap stratified by task (Agarwal et al. 2021, section 4): a
 * resample draws the runs of each task anew from that task's own. The tasks themselves are not drawn: the interval is about
 * these tasks. A task of a single run says nothing of its spread: the interval is then as wide as the statistic can be.
 */
export type StratifiedOptions = Omit<IntervalOptions, "method">;

/**
 * The mean over tasks, (1/M) Σ_m (1/N_m) Σ_n x_{m,n}, every task with the same weight, with its stratified interval. Throws
 * without a task, on a task without a run, and on a score that is not finite.
 */
export function taskMean(tasks: Runs, options: StratifiedOptions = {}): Interval {
  return stratified(checkedTasks(tasks), meanOfMeans, options);
}

/**
 * The interquartile mean over all runs of all tasks, with its stratified interval (Agarwal et al. 2021): the mean of what is
 * left of the K = Σ N_m sorted scores when a quarter (rounded down) is cut off at either end,
 *
 *     IQM = 1/(K − 2c) Σ_{k = c+1}^{K−c} x_(k),   c = ⌊K/4⌋.
 *
 * Throws as `taskMean` does.
 * @formula interquartile-mean
 */
export function interquartileMean(tasks: Runs, options: StratifiedOptions = {}): Interval {
  const strata = checkedTasks(tasks);
  const pooled = new Float64Array(strata.reduce((sum, { length }) => sum + length, 0));
  const statistic = (drawn: readonly Float64Array[]) => {
    let at = 0;
    for (const stratum of drawn) {
      pooled.set(stratum, at);
      at += stratum.length;
    }
    pooled.sort();
    const cut = Math.floor(pooled.length / 4);
    let sum = 0;
    for (let k = cut; k < pooled.length - cut; k++) sum += pooled[k];
    return sum / (pooled.length - 2 * cut);
  };
  return stratified(strata, statistic, options);
}

/** A point of a performance profile: the share of runs above a score, with its interval. */
export interface ProfilePoint extends Interval {
  readonly threshold: number;
}

/**
 * The performance profile (Dolan & Moré 2002; Agarwal et al. 2021): for each threshold τ the share of runs above it,
 *
 *     F(τ) = (1/M) Σ_m (1/N_m) Σ_n 1{x_{m,n} > τ},
 *
 * with a stratified interval at each τ by itself. Throws as `taskMean` does, and on a threshold that is not finite.
 * @formula performance-profile
 */
export function performanceProfile(tasks: Runs, thresholds: ArrayLike<number>, options: StratifiedOptions = {}): ProfilePoint[] {
  const strata = checkedTasks(tasks);
  return Array.from(checked(thresholds, "the thresholds"), (threshold) => {
    const above = strata.map((stratum) => stratum.map((x) => (x > threshold ? 1 : 0)));
    return { threshold, ...stratified(above, meanOfMeans, options, { low: 0, high: 1 }) };
  });
}

/**
 * The probability that a run of X is better than one of Y on a task drawn at random (Agarwal et al. 2021): the mean over
 * tasks of Mann & Whitney's statistic,
 *
 *     P(X > Y) = (1/M) Σ_m 1/(N_m K_m) Σ_{n,k} ( 1{x_{m,n} > y_{m,k}} + ½ 1{x_{m,n} = y_{m,k}} ),
 *
 * with an interval for which the runs of either are drawn by themselves. Throws as `taskMean` does, and unless both have the
 * same number of tasks.
 * @formula probability-of-improvement
 */
export function probabilityOfImprovement(x: Runs, y: Runs, options: StratifiedOptions = {}): Interval {
  if (x.length !== y.length) {
    throw new RangeError(
      `both are scored on the same tasks, found ${x.length} tasks and ${y.length}; leave out what only one has`,
    );
  }
  const M = x.length;
  const statistic = (drawn: readonly Float64Array[]) => {
    let sum = 0;
    for (let m = 0; m < M; m++) sum += better(drawn[m], drawn[M + m]);
    return sum / M;
  };
  return stratified([...checkedTasks(x), ...checkedTasks(y)], statistic, options, { low: 0, high: 1 });
}

/** The share of pairs in which x is the larger; a tie is half a pair. */
function better(x: Float64Array, y: Float64Array): number {
  let wins = 0;
  for (const a of x) for (const b of y) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (x.length * y.length);
}

function meanOfMeans(strata: readonly Float64Array[]): number {
  let total = 0;
  for (const stratum of strata) {
    let sum = 0;
    for (const x of stratum) sum += x;
    total += sum / stratum.length;
  }
  return total / strata.length;
}

/** A statistic of strata, and the quantiles of what it is when each stratum is drawn anew from its own values. */
function stratified(
  strata: readonly Float64Array[],
  statistic: (strata: readonly Float64Array[]) => number,
  { confidence, resamples = 10_000, seed = 0 }: StratifiedOptions,
  widest = { low: -Infinity, high: Infinity },
): Interval {
  const alpha = tail(confidence);
  const distribution = new Float64Array(positive(resamples, "resamples"));
  const mean = statistic(strata);
  if (strata.some(({ length }) => length < 2)) return { mean, ...widest };
  if (strata.every((stratum) => stratum.every((x) => x === stratum[0]))) return { mean, low: mean, high: mean };
  const draws = rng(seed).split("bootstrap");
  const drawn = strata.map(({ length }) => new Float64Array(length));
  for (let b = 0; b < distribution.length; b++) {
    strata.forEach((stratum, m) => {
      const resample = drawn[m];
      for (let i = 0; i < resample.length; i++) resample[i] = stratum[pick(draws, stratum.length)];
    });
    distribution[b] = statistic(drawn);
  }
  distribution.sort();
  return { mean, low: quantile(distribution, alpha), high: quantile(distribution, 1 - alpha) };
}

function checkedTasks(tasks: Runs): Float64Array[] {
  if (tasks.length === 0) throw new RangeError("an aggregate takes the runs of at least one task, found none");
  return tasks.map((runs, m) => checked(runs, `task ${m}`));
}
