/** The mean and the sum of squared deviations of all rows seen so far, entry by entry. Plain data. */
export interface RunningMoments {
  /** Rows. */
  count: number;
  /** `[D]` */
  mean: Float64Array;
  /** Σ (x − mean)², `[D]` */
  squares: Float64Array;
}

/** The moments of D entries before anything was seen. */
export function noMoments(D: number): RunningMoments {
  return { count: 0, mean: new Float64Array(D), squares: new Float64Array(D) };
}

/**
 * Adds the rows `[*, D]` in place (Chan, Golub & LeVeque 1979): with d the difference of the two means,
 *
 *     mean ← mean + d m / (n + m),   squares ← squares + squares' + d² n m / (n + m)
 */
export function include(moments: RunningMoments, rows: ArrayLike<number>): void {
  const D = moments.mean.length;
  const m = rows.length / D;
  if (m === 0) return;
  const n = moments.count;
  for (let d = 0; d < D; d++) {
    let mean = 0;
    for (let k = d; k < rows.length; k += D) mean += rows[k];
    mean /= m;
    let squares = 0;
    for (let k = d; k < rows.length; k += D) squares += (rows[k] - mean) ** 2;
    const apart = mean - moments.mean[d];
    moments.mean[d] += (apart * m) / (n + m);
    moments.squares[d] += squares + (apart * apart * n * m) / (n + m);
  }
  moments.count = n + m;
}

/** The mean of values; NaN of none. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k];
  return sum / values.length;
}

/** The mean of values and their standard deviation, √(Σ (x − mean)² / n); both 0 of none. */
export function meanAndDeviation(values: ArrayLike<number>): { readonly mean: number; readonly deviation: number } {
  const moments = noMoments(1);
  include(moments, values);
  return { mean: moments.mean[0], deviation: deviations(moments)[0] };
}

/** The standard deviation of each entry, `[D]`; 0 before anything was seen. */
export function deviations({ count, squares }: RunningMoments): Float64Array {
  return squares.map((sum) => (count > 0 ? Math.sqrt(sum / count) : 0));
}
