import { tail } from "./resampling.ts";

/** With fewer values than this an interval is Student's: a bootstrap of ten normal values covers 90 %, of three 73 %, not 95 %. */
export const FEW = 30;

/** A sample's part in an estimate: the variance that it brings, and the number of its values. */
export interface Part {
  readonly variance: number;
  readonly n: number;
}

/**
 * P(|T| <= t) for Student's distribution of ν whole degrees of freedom, exactly (Abramowitz & Stegun 26.7.3 and 26.7.4), with
 * θ = atan(t / √ν): 2/π (θ + sin θ (cos θ + 2/3 cos³θ + ... )) up to the power ν − 2 if ν is odd, and
 * sin θ (1 + 1/2 cos²θ + (1·3)/(2·4) cos⁴θ + ...) if it is even.
 */
function within(t: number, degrees: number): number {
  const theta = Math.atan(t / Math.sqrt(degrees));
  const odd = degrees % 2;
  let term = odd ? Math.cos(theta) : 1;
  let sum = 0;
  for (let power = odd; power <= degrees - 2; power += 2) {
    sum += term;
    term *= ((power + 1) / (power + 2)) * Math.cos(theta) ** 2;
  }
  return odd ? (2 / Math.PI) * (theta + Math.sin(theta) * sum) : Math.sin(theta) * sum;
}

/**
 * t for which P(|T| <= t) is the confidence, found by halving. Degrees of freedom are rounded down, which only widens. Throws a
 * RangeError on fewer than one degree of freedom.
 */
export function studentQuantile(confidence: number, degrees: number): number {
  const nu = Math.floor(degrees);
  if (!(nu >= 1)) throw new RangeError(`Student's distribution has at least one degree of freedom, found ${degrees}`);
  let [low, high] = [0, 1];
  while (within(high, nu) < confidence) [low, high] = [high, 2 * high];
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (within(middle, nu) < confidence) low = middle;
    else high = middle;
  }
}

/**
 * estimate ± t_ν √(Σ_j v_j) (Student 1908), for an estimate that is a sum of independent samples' parts, with the degrees of freedom of
 * Welch (1947) and Satterthwaite: ν = (Σ_j v_j)² / Σ_j v_j² / (n_j − 1); one sample's are n − 1.
 */
export function studentInterval(
  estimate: number,
  parts: readonly Part[],
  confidence = 0.95,
): { readonly mean: number; readonly low: number; readonly high: number } {
  tail(confidence); // throws unless between 0 and 1
  if (parts.some(({ n }) => n < 2)) return { mean: estimate, low: -Infinity, high: Infinity };
  const variance = parts.reduce((sum, part) => sum + part.variance, 0);
  if (variance === 0) return { mean: estimate, low: estimate, high: estimate };
  const squares = parts.reduce((sum, { variance: own, n }) => sum + (own / variance) ** 2 / (n - 1), 0);
  // One sample's degrees of freedom are whole, however 1 / (1 / (n - 1)) is rounded.
  const half = studentQuantile(confidence, 1 / squares + 1e-9) * Math.sqrt(variance);
  return { mean: estimate, low: estimate - half, high: estimate + half };
}
