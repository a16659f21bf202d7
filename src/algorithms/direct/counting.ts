import { allPairs, type Dataset, type Pairs } from "../../data/index.ts";
import { describe } from "../../mdp/index.ts";
import type { PolicyModel } from "../../policies/index.ts";

/** The least logit: probabilities below e^-80 are zero in single precision sums. */
const FLOOR = -80;

export interface CountingOptions {
  /** Counts c added to every action of every state. */
  readonly smoothing?: number;
  /**
   * What the table says of states that no demonstration visits, where the loss says nothing: `uniform`, or `marginal`,
   * Σ_s n(s, a) / N, the minimiser among policies that don't look at the state.
   */
  readonly unseen?: "uniform" | "marginal";
}

/**
 * The minimiser of the log loss among all tables: π(a | s) = (n(s, a) + c) / Σ_b (n(s, b) + c), as logits log π, flat
 * `[S, A]`. Throws a TypeError unless observations and actions are discrete.
 * @formula log-loss-table
 */
export function countedLogits(
  model: PolicyModel,
  demos: Dataset | Pairs,
  { smoothing = 0, unseen = "uniform" }: CountingOptions = {},
): Float32Array {
  const { observation, action } = model;
  if (observation.kind !== "discrete" || action.kind !== "discrete") {
    throw new TypeError(
      `counting needs discrete observations and actions, found ${describe(observation)} and ${describe(action)}`,
    );
  }
  const A = action.n;
  const counts = new Float64Array(observation.n * A).fill(smoothing);
  const elsewhere = new Float64Array(A).fill(unseen === "uniform" ? 1 / A : 0);
  const { s, a } = allPairs(demos);
  for (let i = 0; i < a.length; i++) {
    counts[s[i] * A + a[i]]++;
    if (unseen === "marginal") elsewhere[a[i]] += 1 / a.length;
  }
  const logits = new Float32Array(counts.length);
  for (let state = 0; state < observation.n; state++) {
    let sum = 0;
    for (let k = 0; k < A; k++) sum += counts[state * A + k];
    for (let k = 0; k < A; k++) {
      const p = sum > 0 ? counts[state * A + k] / sum : elsewhere[k];
      logits[state * A + k] = p > 0 ? Math.max(FLOOR, Math.log(p)) : FLOOR;
    }
  }
  return logits;
}

/** The log loss of a table of logits, in nats, and the share of pairs whose action is its most likely one. */
export function tableScore(model: PolicyModel, logits: Float32Array, demos: Dataset | Pairs): { loss: number; accuracy: number } {
  const A = (model.action as { n: number }).n;
  const normalisers = new Float64Array(logits.length / A); // log Σ_a exp z_a of each state
  const best = new Int32Array(normalisers.length);
  for (let state = 0; state < best.length; state++) {
    const row = logits.subarray(state * A, (state + 1) * A);
    for (let k = 1; k < A; k++) if (row[k] > row[best[state]]) best[state] = k;
    let sum = 0;
    for (let k = 0; k < A; k++) sum += Math.exp(row[k] - row[best[state]]);
    normalisers[state] = row[best[state]] + Math.log(sum);
  }
  const { s, a } = allPairs(demos);
  let loss = 0;
  let matches = 0;
  for (let i = 0; i < a.length; i++) {
    loss += normalisers[s[i]] - logits[s[i] * A + a[i]];
    if (best[s[i]] === a[i]) matches++;
  }
  return { loss: loss / a.length, accuracy: matches / a.length };
}
