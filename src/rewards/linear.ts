import type { RewardTable, TabularMdp } from "../mdp/tabular.ts";
import type { Features, RewardOver } from "./features.ts";

/** Rewards r_w = w · phi, one for every w of F numbers. */
export interface LinearReward {
  readonly kind: "linear";
  readonly features: Features;
}

/** The rewards that are linear in features. */
export function linearReward(features: Features): LinearReward {
  return { kind: "linear", features };
}

/**
 * The rewards of all rows, `[rows]`, into `out` where it is given:
 *
 *     r_w(row) = w · φ(row)
 *
 * Throws unless there is a weight for each feature.
 * @formula linear-reward
 */
export function linearValues(
  { rows, F, phi }: Features,
  w: ArrayLike<number>,
  out: Float64Array = new Float64Array(rows),
): Float64Array {
  if (w.length !== F) throw new RangeError(`there are ${w.length} weights, expected one for each of the ${F} features`);
  if (!phi) {
    for (let i = 0; i < rows; i++) out[i] = w[i];
    return out;
  }
  for (let i = 0, at = 0; i < rows; i++) {
    let sum = 0;
    for (let f = 0; f < F; f++, at++) sum += w[f] * phi[at];
    out[i] = sum;
  }
  return out;
}

/**
 * The feature counts of visits, `[F]`: how much of each feature a path collects, where `visits [rows]` says how often it
 * is expected in each row:
 *
 *     f = Σ_rows visits(row) φ(row)
 *
 * Throws a RangeError if the visits are not one for each row.
 *
 * @formula feature-counts
 */
export function featureCounts(
  { rows, F, phi }: Features,
  visits: Float64Array,
  out: Float64Array = new Float64Array(F),
): Float64Array {
  if (visits.length !== rows) throw new RangeError(`there are visits to ${visits.length} rows, the features have ${rows}`);
  if (!phi) {
    out.set(visits);
    return out;
  }
  out.fill(0);
  for (let i = 0, at = 0; i < rows; i++, at += F) {
    const n = visits[i];
    if (n !== 0) for (let f = 0; f < F; f++) out[f] += n * phi[at + f];
  }
  return out;
}

/** Rewards of rows as the table that `withRewardTable(mdp, table)` takes. */
export function rewardTable(over: RewardOver, values: Float64Array): RewardTable {
  return over === "s" ? { s: values } : over === "sa" ? { sa: values } : { sas: values };
}

/**
 * r(s, a) `[S, A]` of a reward given by rows, into `out`: r(s, a) = Σ_s' P(s'|s,a) r(s, a, s'). Terminal states have 0 and
 * unavailable actions -Infinity. What a learner of rewards calls in its inner loop: nothing is checked or allocated.
 */
export function expectedReward(mdp: TabularMdp, over: RewardOver, values: Float64Array, out: Float64Array): void {
  const { S, A, terminal } = mdp;
  const { rows, p } = mdp.P;
  for (let s = 0, i = 0; s < S; s++) {
    for (let a = 0; a < A; a++, i++) {
      const end = rows[i + 1];
      if (rows[i] === end) out[i] = -Infinity;
      else if (terminal[s] === 1) out[i] = 0;
      else if (over === "s") out[i] = values[s];
      else if (over === "sa") out[i] = values[i];
      else {
        let sum = 0;
        for (let k = rows[i]; k < end; k++) sum += p[k] * values[k];
        out[i] = sum;
      }
    }
  }
}
