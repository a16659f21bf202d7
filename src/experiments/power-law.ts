import { type Rng, rng } from "../autodiff/index.ts";
import { FEW, studentInterval } from "../evaluation/index.ts";
import type { Measured, Series } from "./experiment.ts";

/** What was measured at one x in independent repetitions; y is the mean of `values`, over the mean of `per` if that is there. */
export interface Repeated {
  readonly x: number;
  readonly values: readonly number[];
  readonly per?: readonly number[];
}

export interface PowerLawOptions {
  readonly resamples?: number;
  readonly seed?: number;
  /** Repetition i of every x followed the same chances, so they are drawn together. */
  readonly paired?: boolean;
}

/**
 * The exponent p of y ∝ x^p: the slope of the least-squares line through (log x, log y). Its 95 % interval is that of a
 * percentile bootstrap over the repetitions, those of each x drawn by themselves unless they are `paired`; of fewer than 30 repetitions
 * it is Student's. A y that is not positive has no logarithm: the estimate is then NaN, and a resample without a slope counts at both ends.
 */
export function exponent(
  points: readonly Repeated[],
  { resamples = 2000, seed = 0, paired = false }: PowerLawOptions = {},
): Measured {
  const logX = points.map(({ x }) => Math.log(x));
  const estimate = slope(
    logX,
    points.map((point) => Math.log(ratio(point))),
  );
  if (points.some(({ values }) => values.length < FEW)) return ofFew(logX, points, estimate, paired);
  const draws = rng(seed).split("exponent");
  const slopes = Array.from({ length: resamples }, () => {
    const together = paired ? picks(points[0].values.length, draws) : undefined;
    return slope(
      logX,
      points.map((point) => Math.log(ratio(chosen(point, together ?? picks(point.values.length, draws))))),
    );
  });
  const known = slopes.filter((p) => Number.isFinite(p)).sort((a, b) => a - b);
  const unknown = resamples - known.length;
  const ends = [...new Array<number>(unknown).fill(-Infinity), ...known, ...new Array<number>(unknown).fill(Infinity)];
  const at = (share: number) => ends[Math.round(share * (ends.length - 1))];
  return { mean: estimate, low: at(0.025), high: at(0.975) };
}

/**
 * Student's interval of the slope Σ_k c_k log y_k, c_k = (log x_k − mean) / Σ_j (log x_j − mean)², from few repetitions: to first order
 * repetition i adds c_k (deviation of y_k at i) / y_k to it. Where the interval of a y reaches 0 that is no guide, and it decides nothing.
 */
function ofFew(logX: readonly number[], points: readonly Repeated[], estimate: number, paired: boolean): Measured {
  const middle = mean(logX);
  const squares = logX.reduce((sum, x) => sum + (x - middle) ** 2, 0);
  if (!points.every((point) => ratioInterval(point).low > 0)) return { mean: estimate, low: -Infinity, high: Infinity };
  const influences = points.map((point, k) => {
    const weight = (logX[k] - middle) / squares / ratio(point);
    return deviations(point).map((deviation) => weight * deviation);
  });
  const together = () => influences[0].map((_, i) => influences.reduce((sum, own) => sum + own[i], 0));
  const parts = (paired ? [together()] : influences).map((own) => ({ variance: meanVariance(own), n: own.length }));
  return studentInterval(estimate, parts);
}

/**
 * mean(values), or mean(values) / mean(per), with its 95 % interval over the repetitions: Student's of a ratio estimate (Cochran 1977,
 * section 6.4) if they are fewer than 30, otherwise that of a percentile bootstrap.
 */
export function ratioInterval(point: Omit<Repeated, "x">, { resamples = 2000, seed = 0 }: PowerLawOptions = {}): Measured {
  const { length: n } = point.values;
  if (n < FEW) return studentInterval(ratio(point), [{ variance: meanVariance(deviations(point)), n }]);
  const draws = rng(seed).split("ratio");
  const ratios = Array.from({ length: resamples }, () => ratio(chosen(point, picks(point.values.length, draws)))).sort(
    (a, b) => a - b,
  );
  const at = (share: number) => ratios[Math.round(share * (resamples - 1))];
  return { mean: ratio(point), low: at(0.025), high: at(0.975) };
}

/** The points with their intervals as a line of a figure, all times `scale`. */
export function lineOf(name: string, points: readonly Repeated[], scale = 1): Series {
  return {
    name,
    points: points.map((point) => {
      const { mean, low, high } = ratioInterval(point);
      return { x: point.x, y: scale * mean, low: scale * low, high: scale * high };
    }),
  };
}

function picks(n: number, draws: Rng): number[] {
  return Array.from({ length: n }, () => draws.integer(n));
}

function chosen({ values, per }: Omit<Repeated, "x">, picked: readonly number[]): Omit<Repeated, "x"> {
  return { values: picked.map((i) => values[i]), ...(per ? { per: picked.map((i) => per[i]) } : {}) };
}

/** mean(values), or mean(values) / mean(per). */
function ratio({ values, per }: Omit<Repeated, "x">): number {
  return mean(values) / (per ? mean(per) : 1);
}

/** How far each repetition is off the ratio r of the means: (value − r per) / mean(per). */
function deviations({ values, per }: Omit<Repeated, "x">): number[] {
  const r = ratio({ values, ...(per ? { per } : {}) });
  const scale = per ? mean(per) : 1;
  const rounding = 1e-12 * Math.max(...values.map(Math.abs));
  return values.map((value, i) => {
    const deviation = value - r * (per ? per[i] : 1);
    return Math.abs(deviation) <= rounding ? 0 : deviation / scale;
  });
}

/** The variance of the mean of deviations from it: Σ d² / (n − 1) / n. */
function meanVariance(deviations: readonly number[]): number {
  const { length: n } = deviations;
  return deviations.reduce((sum, d) => sum + d * d, 0) / (n - 1) / n;
}

function slope(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)];
  let products = 0;
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    products += (x[i] - mx) * (y[i] - my);
    squares += (x[i] - mx) ** 2;
  }
  return products / squares;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
