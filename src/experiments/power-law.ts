import { type Rng, rng } from "../autodiff/index.ts";
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
 * percentile bootstrap over the repetitions, those of each x drawn by themselves unless they are `paired`. A y that is not positive has no logarithm:
 * the estimate is then NaN, and a resample without a slope counts at both ends.
 */
export function exponent(
  points: readonly Repeated[],
  { resamples = 2000, seed = 0, paired = false }: PowerLawOptions = {},
): Measured {
  const draws = rng(seed).split("exponent");
  const logX = points.map(({ x }) => Math.log(x));
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
  const estimate = slope(
    logX,
    points.map((point) => Math.log(ratio(point))),
  );
  return { mean: estimate, low: at(0.025), high: at(0.975) };
}

/** mean(values), or mean(values) / mean(per), with its 95 % percentile bootstrap interval over the repetitions. */
export function ratioInterval(point: Omit<Repeated, "x">, { resamples = 2000, seed = 0 }: PowerLawOptions = {}): Measured {
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
