/**
 * One reward of several members' opinions, `[N]` each: their mean, less what they differ by,
 *
 *     r = mean_e r_e − β std_e r_e
 *
 * so that steps unlike any that the members learned from are worth less. β = 0 is the mean alone. Throws without a member.
 * @formula reward-ensemble
 */
export function cautious(members: readonly ArrayLike<number>[], beta: number): Float64Array {
  if (members.length === 0) throw new RangeError("an ensemble has at least one member, found none");
  const { mean, std } = spread(members);
  return beta === 0 ? mean : mean.map((r, k) => r - beta * std[k]);
}

/** The members' mean and standard deviation, `[N]` each. */
export function spread(members: readonly ArrayLike<number>[]): { readonly mean: Float64Array; readonly std: Float64Array } {
  const N = members[0].length;
  const [mean, std] = [new Float64Array(N), new Float64Array(N)];
  for (let k = 0; k < N; k++) {
    for (const own of members) mean[k] += own[k] / members.length;
    let variance = 0;
    for (const own of members) variance += (own[k] - mean[k]) ** 2 / members.length;
    std[k] = Math.sqrt(variance);
  }
  return { mean, std };
}
