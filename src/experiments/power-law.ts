import { type Rng, rng } from "../autodiff/index.ts";
import type { Measured } from "./experiment.ts";

/** What was measured at one x in independent repetitions; y is the mean of `values`, over the mean of `per` if that is there. */
export interface Repeated {
  readonly x: number;
  readonly values: readonly number[];
  readonly per?: readonly number[];
}

export interface PowerLawOptions {
  readonly resamples?: number;
  readonly seed?: number;
}

/**
 * The exponent p of y ∝ x^p: the slope of the least-squares line through (log x, log y). Its 95 % interval is that of a
 * percentile bootstrap over the repetitions, those of each x drawn by themselves. A y that is not positive has no logarithm:
 * the estimate is then NaN, and a resample without a slope counts at both ends.
 */
export function exponent(points: readonly Repeated[], { resamples = 2000, seed = 0 }: PowerLawOptions = {}): Measured {
  const draws = rng(seed).split("exponent");
  const logX = points.map(({ x }) => Math.log(x));
  const slopes = Array.from({ length: resamples }, () => {
    return slope(
      logX,
      points.map((point) => Math.log(ratio(resampled(point, draws)))),
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
  const ratios = Array.from({ length: resamples }, () => ratio(resampled(point, draws))).sort((a, b) => a - b);
  const at = (share: number) => ratios[Math.round(share * (resamples - 1))];
  return { mean: ratio(point), low: at(0.025), high: at(0.975) };
}

function resampled({ values, per }: Omit<Repeated, "x">, draws: Rng): Omit<Repeated, "x"> {
  const picked = values.map(() => draws.integer(values.length));
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
