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
  return Float64Array.from({ length: members[0].length }, (_, k) => {
    let mean = 0;
    for (const own of members) mean += own[k] / members.length;
    if (beta === 0) return mean;
    let variance = 0;
    for (const own of members) variance += (own[k] - mean) ** 2 / members.length;
    return mean - beta * Math.sqrt(variance);
  });
}
