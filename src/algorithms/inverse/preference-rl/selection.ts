/** Which comparisons are worth an answer. */
export type Selection = "random" | "disagreement" | "information";

export const selections = ["random", "disagreement", "information"] as const;

/**
 * How much the members p_e = p_e(σ₁ ≻ σ₂) disagree about an answer (Christiano et al. 2017, section 2.2.4):
 *
 *     Var_e p_e
 *
 * @formula query-disagreement
 */
export function disagreement(p: readonly number[]): number {
  const mean = p.reduce((sum, own) => sum + own, 0) / p.length;
  return p.reduce((sum, own) => sum + (own - mean) ** 2, 0) / p.length;
}

/**
 * How much an answer is expected to say about which member is right, in nats (Houlsby et al. 2011):
 *
 *     H[(1/E) Σ_e p_e] − (1/E) Σ_e H[p_e]
 *
 * @formula query-information
 */
export function information(p: readonly number[]): number {
  const mean = p.reduce((sum, own) => sum + own, 0) / p.length;
  return Math.max(0, entropy(mean) - p.reduce((sum, own) => sum + entropy(own), 0) / p.length);
}

function entropy(p: number): number {
  const term = (q: number) => (q > 0 ? -q * Math.log(q) : 0);
  return term(p) + term(1 - p);
}

/** The numbers of the n largest values, the largest first; of equal ones the first. */
export function largest(values: readonly number[], n: number): number[] {
  return [...values.keys()].sort((a, b) => values[b] - values[a] || a - b).slice(0, n);
}
