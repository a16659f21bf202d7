/** Where episodes end: the discount, and the number of steps after which they would have been cut. */
export interface Horizon {
  readonly gamma: number;
  /** `Infinity` for none. */
  readonly maxSteps: number;
}

/**
 * What follows an episode that the world ended is not nothing: it is the absorbing state for good (Kostrikov et al. 2019, section 4.1).
 * Adds its value to the rewards of the steps that ended one, in place:
 *
 *     r ← r + Σ_{k ≥ 1} γ^k r(s_abs) = r + γ / (1 − γ) r(s_abs)
 *
 * so that ending early is neither punished by rewards that are all positive nor sought for by rewards that are all negative.
 * Throws unless γ < 1.
 * @formula absorbing-value
 */
export function addAbsorbing(rewards: Float64Array, terminated: Uint8Array, absorbed: number, gamma: number): void {
  if (!(gamma < 1))
    throw new RangeError(`the value of an absorbing state needs gamma < 1, found ${gamma}; discount, or leave it out`);
  const rest = (gamma / (1 - gamma)) * absorbed;
  for (let k = 0; k < rewards.length; k++) if (terminated[k] === 1) rewards[k] += rest;
}

/** Steps that an episode which the world ended after `length` steps would have spent in the absorbing state. */
export function stepsAbsorbed(length: number, { gamma, maxSteps }: Horizon): number {
  if (maxSteps !== Infinity) return Math.max(0, maxSteps - length);
  return gamma < 1 ? Math.round(1 / (1 - gamma)) : 0;
}
