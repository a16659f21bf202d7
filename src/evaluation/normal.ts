/** phi(x), the density of the standard normal. */
export function normalDensity(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/**
 * Φ(x), the distribution function of the standard normal, to about 15 digits (and relatively so in the lower tail):
 * 1/2 + φ(x) (x + x³/3 + x⁵/(3·5) + ...) near 0, and Laplace's continued fraction φ(x) / (x + 1/(x + 2/(x + ...))) further out
 * (Abramowitz & Stegun 26.2.11 and 26.2.14).
 */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return x;
  const t = Math.abs(x);
  if (t > 38.6) return x < 0 ? 0 : 1;
  if (t < 3) {
    let term = x;
    let sum = x;
    for (let k = 3; Math.abs(term) > 1e-17 * Math.abs(sum); k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    return 0.5 + normalDensity(x) * sum;
  }
  let fraction = t;
  for (let k = 120; k >= 1; k--) fraction = t + k / fraction;
  const tail = normalDensity(t) / fraction;
  return x < 0 ? tail : 1 - tail;
}

/**
 * Φ⁻¹(p), the quantile: a rational first guess (Abramowitz & Stegun 26.2.23), then Halley's steps on Φ(x) = p, which treble
 * the correct digits each time. Throws unless 0 <= p <= 1; p = 0 and 1 give the infinities.
 */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a probability is between 0 and 1, found ${p}`);
  if (p === 0 || p === 1) return p === 0 ? -Infinity : Infinity;
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  let x = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))));
  for (let i = 0; i < 3; i++) {
    const newton = (normalCdf(x) - p) / normalDensity(x);
    x -= newton / (1 + 0.5 * x * newton);
  }
  return x;
}
