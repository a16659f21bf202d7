/** Below this the result would leave the normal numbers; against a sum that is at least 1 it is nothing. */
const LOWEST = -708;
/** 2^(-j/64) and 2^-n. */
const FRACTIONS = Float64Array.from({ length: 64 }, (_, j) => 2 ** (-j / 64));
const POWERS = Float64Array.from({ length: 1024 }, (_, n) => 2 ** -n);
const PER_UNIT = 64 / Math.LN2;
/** ln 2 / 64 in two parts: k times the first is exact for every k that occurs, the second has the digits that it lacks. */
const HIGH = Math.fround(Math.LN2) / 64;
const LOW = (Math.LN2 - Math.fround(Math.LN2) + 2.3190468138462996e-17) / 64;

/**
 * exp(x) for x <= 0, to a relative 5e-16, and 0 below -708: half the time of `Math.exp`, which is what a soft sweep spends
 * most of its time on. With k the nearest whole number to -64 x / ln 2 and f = x + k ln 2 / 64, |f| <= 0.0055,
 *
 *     exp(x) = 2^(-k/64) exp(f),   exp(f) by its series to f^5
 *
 * (argument reduction by a table, Tang 1989). NaN gives 0.
 */
export function expOfNegative(x: number): number {
  if (!(x > LOWEST)) return 0;
  const k = (0.5 - x * PER_UNIT) | 0;
  const f = x + k * HIGH + k * LOW;
  const square = f * f;
  const series = 1 + f + square * (0.5 + f * (1 / 6) + square * (1 / 24 + f * (1 / 120)));
  return series * FRACTIONS[k & 63] * POWERS[k >> 6];
}
