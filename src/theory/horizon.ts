/**
 * What errors cost when the first one is never made good: with the chance ε of leaving the expert's path at every step
 * that is still on it, the expected number of the H steps that are spent off it,
 *
 *     Σ_{h=1}^{H} (1-ε)^(h-1) ε (H-h+1) = H - (1-ε) (1 - (1-ε)^H) / ε
 *
 * Computed by the right-hand side, or by its series where ε H is small. Throws unless 0 ≤ ε ≤ 1 and H is a whole number
 * from 1 on. Slides: "Behavior Cloning: Reduction to Classification" ("Issue: distribution shift").
 * @formula off-track-sum
 */
export function offTrackSum(eps: number, H: number): number {
  check(eps, H);
  if (eps === 0) return 0;
  if (eps * H < 0.5) {
    // Σ_h (1 - (1-ε)^h) = Σ_{k≥1} (-1)^(k-1) C(H+1, k+1) ε^k, each term at most ε(H-1)/3 of the last
    let sum = 0;
    let term = (eps * H * (H + 1)) / 2;
    for (let k = 1; term !== 0 && Math.abs(term) > 1e-18 * Math.abs(sum); k++) {
      sum += term;
      term *= (-eps * (H - k)) / (k + 2);
    }
    return sum;
  }
  return H + ((1 - eps) * Math.expm1(H * Math.log1p(-eps))) / eps;
}

/** The same sum as the slide writes it, term by term: Σ_{h=1}^{H} (1-ε)^(h-1) ε (H-h+1). */
export function offTrackTerms(eps: number, H: number): Float64Array {
  check(eps, H);
  const terms = new Float64Array(H);
  for (let h = 1, on = 1; h <= H; h++, on *= 1 - eps) terms[h - 1] = on * eps * (H - h + 1);
  return terms;
}

/**
 * What the sum tends to as ε H goes to 0, and never exceeds:
 *
 *     ε H (H+1) / 2
 *
 * so the slide's "≈ ε H²" has the constant 1/2 (each of its H terms is at most ε H, on average half of that). For an ε H
 * that doesn't vanish see `offTrackConstant`.
 * @formula off-track-asymptote
 */
export function offTrackAsymptote(eps: number, H: number): number {
  check(eps, H);
  return (eps * H * (H + 1)) / 2;
}

/**
 * The constant c in "c ε H²" for long horizons at a given number x = ε H of errors an episode:
 *
 *     c(x) = lim_{H→∞} Σ / (ε H²) = (x - 1 + e^(-x)) / x²
 *
 * 1/2 at x = 0, falling to 1/x: nobody loses more than H. Throws unless x ≥ 0.
 * @formula off-track-constant
 */
export function offTrackConstant(x: number): number {
  if (!(x >= 0)) throw new RangeError(`x = eps * H is ${x}, expected a number from 0 on`);
  if (x < 0.5) {
    // Σ_{k≥2} (-x)^(k-2) / k!
    let sum = 0;
    for (let k = 2, term = 0.5; Math.abs(term) > 1e-18; k++, term *= -x / k) sum += term;
    return sum;
  }
  return (x + Math.expm1(-x)) / x ** 2;
}

function check(eps: number, H: number): void {
  if (!(eps >= 0 && eps <= 1)) throw new RangeError(`eps is ${eps}, expected a rate from 0 to 1`);
  if (!(Number.isInteger(H) && H >= 1)) throw new RangeError(`H is ${H}, expected a whole number of steps from 1 on`);
}
