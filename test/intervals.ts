/** One-sided 95 % quantiles of Student's t with 2, 3, ... degrees of freedom. */
const T = [2.92, 2.353, 2.132, 2.015, 1.943, 1.895, 1.86, 1.833];

export function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

/** The lower end of a one-sided 95 % interval of the mean of three to ten values, each of a seed of its own: m − t s/√n. */
export function lowerEnd(values: readonly number[]): number {
  const m = mean(values);
  const variance = values.reduce((sum, value) => sum + (value - m) ** 2, 0) / (values.length - 1);
  return m - T[values.length - 3] * Math.sqrt(variance / values.length);
}
