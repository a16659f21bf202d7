import { type Rng, rng } from "../autodiff/random.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { checked, pick, positive, quantile, tail } from "./resampling.ts";
import { FEW, studentInterval } from "./student.ts";

/** An estimate and the interval that is meant to cover the true value. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface IntervalOptions {
  /** Coverage, 0.95 for 95 %. */
  readonly confidence?: number;
  /** Bootstrap resamples, B. */
  readonly resamples?: number;
  readonly seed?: number;
  /**
   * `t`: Student's interval, the default below 30 values. `bca`: a bias-corrected and accelerated bootstrap, the default from there.
   * `percentile`: the plain quantiles of the resamples.
   */
  readonly method?: "t" | "bca" | "percentile";
}

/**
 * The mean of independent values with its interval: Student's, mean ± t_{n−1} s/√n, of fewer than 30 values, and from there a
 * bootstrap (Efron 1987, BCa by default; Efron & Tibshirani 1993, chapters 13 and 14), which asks nothing of the values' shape but
 * is too narrow for few. The same values and seed give the same interval. One value alone says nothing of its spread: its interval is
 * infinite. Values that are all equal show no spread either, and their interval is a point: shares of a count are for `wilson`. A bootstrap takes
 * about 5 ns for each of the B n draws. Throws on no values, and on NaN or infinity.
 */
export function meanInterval(values: ArrayLike<number>, options: IntervalOptions = {}): Interval {
  return interval([checked(values, "the values")], [1], options);
}

/**
 * mean(x) - mean(y) of two independent samples with its interval: Welch's if either has fewer than 30 values, otherwise a bootstrap
 * for which each is resampled by itself. Throws as `meanInterval` does.
 */
export function differenceOfMeans(x: ArrayLike<number>, y: ArrayLike<number>, options: IntervalOptions = {}): Interval {
  return interval([checked(x, "the first sample"), checked(y, "the second sample")], [1, -1], options);
}

/**
 * The mean of several independent samples' means, every sample with the same weight however many values it has, with its interval:
 * Welch's if one has fewer than 30 values, otherwise a bootstrap for which each is resampled by itself. Throws as `meanInterval` does,
 * and without a sample.
 */
export function meanOfMeans(samples: readonly ArrayLike<number>[], options: IntervalOptions = {}): Interval {
  if (samples.length === 0) throw new RangeError("a mean of means takes at least one sample, found none");
  const weight = 1 / samples.length;
  return interval(
    samples.map((values, j) => checked(values, `sample ${j}`)),
    samples.map(() => weight),
    options,
  );
}

/**
 * The mean of x_i - y_i, for values that belong together in pairs (the same episode, the same seed), with the interval of
 * `meanInterval`. Throws as that does, and unless there are as many x as y.
 */
export function pairedDifference(x: ArrayLike<number>, y: ArrayLike<number>, options: IntervalOptions = {}): Interval {
  return meanInterval(differences(x, y), options);
}

/**
 * A proportion k/n with Wilson's score interval (Wilson 1927), which keeps its coverage near 0 and 1:
 * (p̂ + z²/2n ± z √(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n). Throws unless 0 <= k <= n are whole and n > 0.
 */
export function wilson(k: number, n: number, options: { confidence?: number } = {}): Interval {
  if (!(Number.isInteger(k) && Number.isInteger(n) && k >= 0 && k <= n && n > 0)) {
    throw new RangeError(`a proportion k/n takes whole numbers 0 <= k <= n, n > 0, found ${k}/${n}`);
  }
  const p = k / n;
  const z = normalQuantile(1 - tail(options.confidence));
  const middle = p + (z * z) / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return { mean: p, low: k === 0 ? 0 : (middle - half) / scale, high: k === n ? 1 : (middle + half) / scale };
}

/** What was counted in one repetition: k of n. */
export interface Count {
  readonly k: number;
  readonly n: number;
}

/**
 * The mean over repetitions of a proportion that is counted in each, with its interval. Items of one repetition share its chances (one
 * trained network judges them all), so the repetitions are the sample: Student's interval of the J proportions. Where these
 * happen to agree, as zeros do, their spread says too little; it is taken to be no less than that of counts: with
 * p̃ = (Σk + 2) / (Σn + 4) (Agresti & Coull 1998), p̃ ± t_{J−1} √(max(s², p̃ (1 − p̃) / n̄) / J), within 0 and 1, and n̄ the mean n.
 * One repetition alone leaves all of 0 to 1. Throws without a repetition, and unless each has whole 0 <= k <= n, n > 0.
 */
export function repeatedProportion(counts: readonly Count[], { confidence = 0.95 }: { confidence?: number } = {}): Interval {
  const J = counts.length;
  const shares = checked(
    counts.map(({ k, n }) => wilson(k, n).mean),
    "the proportions",
  );
  const centre = mean(shares);
  if (J === 1) return { mean: centre, low: 0, high: 1 };
  const [k, n] = [counts.reduce((sum, count) => sum + count.k, 0), counts.reduce((sum, count) => sum + count.n, 0)];
  const p = (k + 2) / (n + 4);
  const counted = (p * (1 - p)) / n; // n = J n̄
  const between = variance(shares, 0);
  const from = between >= counted ? centre : p;
  const { low, high } = studentInterval(from, [{ variance: Math.max(between, counted), n: J }], confidence);
  return { mean: centre, low: k === 0 ? 0 : Math.max(0, low), high: k === n ? 1 : Math.min(1, high) };
}

export interface PermutationOptions {
  /** Random arrangements, if there are too many to try all. */
  readonly permutations?: number;
  readonly seed?: number;
  /** What the test is to find: any difference, mean(x) > mean(y), or mean(x) < mean(y). */
  readonly alternative?: "two-sided" | "greater" | "less";
  /** x_i and y_i belong together: arrangements exchange them pair by pair. */
  readonly paired?: boolean;
}

/**
 * A permutation test for a difference of means (Fisher 1935): p is the share of arrangements of the values under which the
 * difference is at least as large (in absolute value, if two-sided). All arrangements are tried if they are no more than
 * `permutations`; otherwise that many random ones, and p = (1 + hits) / (1 + permutations). Throws as `meanInterval` does.
 */
export function permutationTest(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  options: PermutationOptions = {},
): { difference: number; p: number; exact: boolean } {
  const { permutations = 10_000, seed = 0, alternative = "two-sided", paired = false } = options;
  positive(permutations, "permutations");
  const arrangements = paired
    ? exchanges(differences(x, y))
    : shuffles(checked(x, "the first sample"), checked(y, "the second sample"));
  const { difference, count, each, random } = arrangements;
  const slack = 1e-12 * arrangements.scale; // the same sums in another order
  const extreme = (d: number) => {
    if (alternative === "greater") return d >= difference - slack;
    if (alternative === "less") return d <= difference + slack;
    return Math.abs(d) >= Math.abs(difference) - slack;
  };
  let hits = 0;
  if (count <= permutations) {
    each((d) => {
      if (extreme(d)) hits++;
    });
    return { difference, p: hits / count, exact: true };
  }
  const draws = rng(seed).split("permutations");
  for (let i = 0; i < permutations; i++) if (extreme(random(draws))) hits++;
  return { difference, p: (1 + hits) / (1 + permutations), exact: false };
}

/** Σ_j weight_j mean(sample_j) with its interval. */
function interval(samples: readonly Float64Array[], weights: readonly number[], options: IntervalOptions): Interval {
  const { resamples = 10_000, seed = 0 } = options;
  const { method = samples.some(({ length }) => length < FEW) ? "t" : "bca" } = options;
  const alpha = tail(options.confidence);
  positive(resamples, "resamples");
  const estimate = samples.reduce((sum, sample, j) => sum + weights[j] * mean(sample), 0);
  if (samples.some((sample) => sample.length < 2)) return { mean: estimate, low: -Infinity, high: Infinity };
  // What is zero but for rounding is zero.
  const rounding = 1e-12 * Math.max(...samples.map(largest));
  if (method === "t") {
    const parts = samples.map((sample, j) => ({ variance: weights[j] ** 2 * variance(sample, rounding), n: sample.length }));
    const { low, high } = studentInterval(estimate, parts, options.confidence);
    return { mean: estimate, low: zeroed(low, rounding), high: zeroed(high, rounding) };
  }
  const distribution = new Float64Array(resamples);
  samples.forEach((sample, j) => {
    // Centred, so that the values' size doesn't drown their spread.
    const centre = mean(sample);
    const centred = sample.map((value) => value - centre);
    const draws = rng(seed).split(j);
    const n = centred.length;
    for (let b = 0; b < resamples; b++) {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += centred[pick(draws, n)];
      distribution[b] += (weights[j] * sum) / n;
    }
  });
  distribution.sort();
  const ends = method === "bca" ? accelerated(distribution, acceleration(samples, weights), alpha) : [alpha, 1 - alpha];
  const [low, high] = ends.map((p) => zeroed(estimate + quantile(distribution, p), rounding));
  return { mean: estimate, low, high };
}

/**
 * The levels of the BCa interval (Efron 1987): Φ(z₀ + (z₀ + z) / (1 − a (z₀ + z))) for z = Φ⁻¹(α), Φ⁻¹(1 − α), where
 * z₀ = Φ⁻¹(the share of resamples below the estimate, which stands at 0).
 */
function accelerated(distribution: Float64Array, a: number, alpha: number): number[] {
  const B = distribution.length;
  const slack = 1e-12 * Math.max(-distribution[0], distribution[B - 1]); // the same sum in another order is a tie
  let below = 0;
  for (const value of distribution) below += value < -slack ? 1 : value <= slack ? 0.5 : 0;
  const z0 = normalQuantile(Math.min(B - 0.5, Math.max(0.5, below)) / B);
  return [alpha, 1 - alpha].map((level) => {
    const z = z0 + normalQuantile(level);
    return normalCdf(z0 + z / (1 - a * z));
  });
}

/** a = (1/6) Σ U³ / (Σ U²)^(3/2), over the influences U = weight (x_i − mean) / n of all samples. */
function acceleration(samples: readonly Float64Array[], weights: readonly number[]): number {
  let cubes = 0;
  let squares = 0;
  samples.forEach((sample, j) => {
    const centre = mean(sample);
    for (const value of sample) {
      const influence = (weights[j] * (value - centre)) / sample.length;
      squares += influence ** 2;
      cubes += influence ** 3;
    }
  });
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
}

interface Arrangements {
  readonly difference: number;
  readonly scale: number;
  readonly count: number;
  each(visit: (difference: number) => void): void;
  random(draws: Rng): number;
}

/** Every choice of which n of the n + m values are called x. */
function shuffles(x: Float64Array, y: Float64Array): Arrangements {
  const [n, m] = [x.length, y.length];
  const values = Float64Array.of(...x, ...y);
  const total = values.reduce((sum, value) => sum + value, 0);
  const between = (sum: number) => sum / n - (total - sum) / m;
  let count = 1;
  for (let i = 1; i <= n; i++) count *= (m + i) / i;
  return {
    difference: mean(x) - mean(y),
    scale: largest(values),
    count: Math.round(count),
    each(visit) {
      const choose = (from: number, left: number, sum: number) => {
        if (left === 0) return visit(between(sum));
        for (let i = from; i <= values.length - left; i++) choose(i + 1, left - 1, sum + values[i]);
      };
      choose(0, n, 0);
    },
    random(draws) {
      let sum = 0;
      for (let i = 0; i < n; i++) {
        const j = i + pick(draws, values.length - i);
        const value = values[j];
        values[j] = values[i];
        values[i] = value;
        sum += value;
      }
      return between(sum);
    },
  };
}

/** Every choice of weights of n differences. */
function exchanges(d: Float64Array): Arrangements {
  return {
    difference: mean(d),
    scale: largest(d),
    count: 2 ** d.length,
    each(visit) {
      const flip = (i: number, sum: number) => {
        if (i === d.length) return visit(sum / d.length);
        flip(i + 1, sum + d[i]);
        flip(i + 1, sum - d[i]);
      };
      flip(0, 0);
    },
    random(draws) {
      let sum = 0;
      for (let i = 0; i < d.length; i++) sum += draws.next() & 1 ? d[i] : -d[i];
      return sum / d.length;
    },
  };
}

function differences(x: ArrayLike<number>, y: ArrayLike<number>): Float64Array {
  const [first, second] = [checked(x, "the first sample"), checked(y, "the second sample")];
  if (first.length !== second.length) {
    throw new RangeError(`paired samples are equally long, found ${first.length} and ${second.length}; compare them unpaired`);
  }
  return first.map((value, i) => value - second[i]);
}

/** The variance of the values' mean, s²/n with s² = Σ (x_i − mean)² / (n − 1). */
function variance(values: Float64Array, rounding: number): number {
  const centre = mean(values);
  let squares = 0;
  for (const value of values) squares += zeroed(value - centre, rounding) ** 2;
  return squares / (values.length - 1) / values.length;
}

function zeroed(value: number, rounding: number): number {
  return Math.abs(value) <= rounding ? 0 : value;
}

function mean(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function largest(values: Float64Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
