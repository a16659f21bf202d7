import { count, type Dataset, trajectoryAt } from "../../data/index.ts";
import { describe } from "../../mdp/space.ts";
import { available, type TabularMdp } from "../../mdp/tabular.ts";
import { type Features, featureCounts, nameOf, type RewardOver } from "../../rewards/index.ts";
import { occupancy, type PolicyTable } from "../../solvers/index.ts";

/**
 * What is known of the expert, where it is known exactly: its policy; its occupancy as `occupancy(mdp, pi)` gives it (`dsa`,
 * or `d` for a reward over states); or the feature counts of its paths alone, `[F]`, Σ_h γ^(h-1) E[φ].
 */
export type ExactExpert =
  | { readonly policy: PolicyTable }
  | { readonly occupancy: Float64Array }
  | { readonly counts: ArrayLike<number> };

/** What a learner compares itself with: how often the expert is in each row, and where its paths begin and break off. */
export interface ExpertVisits {
  /** `[rows]`: Σ_h γ^(h-1) Pr(row at step h). Terminal states don't count. Absent if only the feature counts are known. */
  readonly visits?: Float64Array;
  /** `[F]`: the feature counts of these visits. */
  readonly counts: Float64Array;
  readonly flow: Flow;
}

/**
 * Where paths enter and leave. A demonstration cut after T steps enters at s_1 and leaves at step T + 1 with what it would
 * weigh there, -γ^T, so that it is compared with as many steps as it has.
 */
export interface Flow {
  /** `[S]`: the distribution of the first state. */
  readonly start: Float64Array;
  /** `[H, S]`, or `[S]` for a discounted process; absent where no path is cut. */
  readonly cuts?: Float64Array;
}

/** Throws, with what was found and what was expected, if the expert doesn't fit the process. */
export function expertVisits(mdp: TabularMdp, features: Features, expert: Dataset | ExactExpert): ExpertVisits {
  if ("offsets" in expert) return ofDemonstrations(mdp, features, expert);
  const flow = { start: mdp.rho };
  if ("counts" in expert) return { counts: checkedCounts(features, expert.counts), flow };
  const { over } = features;
  const visits = "policy" in expert ? policyVisits(mdp, over, expert.policy) : ofOccupancy(mdp, over, expert.occupancy);
  return { visits, counts: featureCounts(features, visits), flow };
}

/** The visits of demonstrations, averaged over them. States are discrete observations. */
function ofDemonstrations(mdp: TabularMdp, features: Features, demos: Dataset): ExpertVisits {
  const { S, gamma, H, terminal } = mdp;
  const { over, rows } = features;
  const n = count(demos);
  const visits = new Float64Array(rows);
  const start = new Float64Array(S);
  const cuts = new Float64Array((H === Infinity ? 1 : H) * S);
  let cut = false;
  eachDemonstration(mdp, demos, (states, actions) => {
    const T = actions.length;
    start[states[0]] += 1 / n;
    let weight = 1 / n;
    for (let h = 0; h < T; h++, weight *= gamma) {
      const [s, a, next] = [states[h], actions[h], states[h + 1]];
      if (terminal[s] === 1) continue;
      if (over === "sas") spread(mdp, s, a, next, weight, visits);
      else visits[over === "s" ? s : s * mdp.A + a] += weight;
    }
    if (T < H && terminal[states[T]] === 0) {
      cut = true;
      cuts[(H === Infinity ? 0 : T * S) + states[T]] -= weight;
    }
  });
  return { visits, counts: featureCounts(features, visits), flow: cut ? { start, cuts } : { start } };
}

/**
 * The states `[T + 1]` and actions `[T]` of each demonstration. Throws, naming the trajectory and the step, if one is
 * longer than the horizon, makes a step that the process can't make, or ended where the process doesn't end.
 */
export function eachDemonstration(
  mdp: TabularMdp,
  demos: Dataset,
  visit: (states: ArrayLike<number>, actions: ArrayLike<number>, i: number) => void,
): void {
  const { S, A, H, P, terminal } = mdp;
  const { observationSpace: observation, actionSpace: action } = demos;
  if (observation.kind !== "discrete" || observation.n !== S || action.kind !== "discrete" || action.n !== A) {
    throw new TypeError(
      `the demonstrations are ${describe(observation)} -> ${describe(action)}, the process discrete(${S}) -> discrete(${A}): ` +
        "observations are its states",
    );
  }
  for (let i = 0; i < count(demos); i++) {
    const { observations: states, actions, terminated } = trajectoryAt(demos, i);
    const T = actions.length;
    if (T > H)
      throw new RangeError(`trajectory ${i} has ${T} steps, the horizon is ${H}: cut it, or give the process a longer one`);
    for (let h = 0; h < T; h++) {
      const [s, a, next] = [states[h], actions[h], states[h + 1]];
      let p = 0;
      for (let k = P.rows[s * A + a]; k < P.rows[s * A + a + 1]; k++) if (P.next[k] === next) p += P.p[k];
      if (p > 0) continue;
      const why = available(mdp, s, a) ? `P(s'=${next} | s=${s}, a=${a}) = 0` : `action ${a} is not available in state ${s}`;
      throw new RangeError(
        `trajectory ${i}, step ${h}: goes from state ${s} by action ${a} to ${next}, but ${why}: leave it out, or mend the process`,
      );
    }
    if (terminated && T < H && terminal[states[T]] === 0) {
      throw new RangeError(
        `trajectory ${i} ended after step ${T - 1} in state ${states[T]}, which is not terminal in the process: list it as terminal`,
      );
    }
    visit(states, actions, i);
  }
}

/** (1/n) Σ_τ Σ_h γ^(h-1) log π_h(a_h|s_h), in nats. Terminal states don't count. Throws as `eachDemonstration` does. */
export function actionLogLikelihood(mdp: TabularMdp, pi: PolicyTable, demos: Dataset): number {
  const { S, A, gamma, terminal } = mdp;
  const stride = pi.length === S * A ? 0 : S * A;
  let sum = 0;
  let n = 0;
  eachDemonstration(mdp, demos, (states, actions) => {
    n++;
    for (let h = 0, weight = 1; h < actions.length; h++, weight *= gamma) {
      if (terminal[states[h]] === 0) sum += weight * Math.log(pi[h * stride + states[h] * A + actions[h]]);
    }
  });
  return sum / n;
}

/** The weight of one step from s by a to next, shared by the entries that lead there as their probabilities are. */
function spread({ A, P }: TabularMdp, s: number, a: number, next: number, weight: number, visits: Float64Array): void {
  let total = 0;
  for (let k = P.rows[s * A + a]; k < P.rows[s * A + a + 1]; k++) if (P.next[k] === next) total += P.p[k];
  for (let k = P.rows[s * A + a]; k < P.rows[s * A + a + 1]; k++) {
    if (P.next[k] === next) visits[k] += (weight * P.p[k]) / total;
  }
}

/** The visits of a policy to the rows of a reward, Σ_h γ^(h-1) Pr(row at step h); terminal states don't count. */
export function policyVisits(mdp: TabularMdp, over: RewardOver, pi: PolicyTable): Float64Array {
  return ofOccupancy(mdp, over, occupancy(mdp, pi).dsa);
}

/** Visits to rows from d_h(s, a) `[H, S, A]` or `[S, A]`, or from d_h(s) where the reward is over states. */
function ofOccupancy(mdp: TabularMdp, over: RewardOver, given: Float64Array): Float64Array {
  const { S, A, H, gamma } = mdp;
  const steps = H === Infinity ? 1 : H;
  const onStates = over === "s" && given.length === steps * S && A > 1;
  if (!onStates && given.length !== steps * S * A) {
    const lengths = over === "s" ? `${steps * S} (d) or ${steps * S * A} (dsa)` : `${steps * S * A} (dsa)`;
    throw new RangeError(`the occupancy has ${given.length} numbers, expected ${lengths}, as occupancy(mdp, pi) gives it`);
  }
  const width = onStates ? S : S * A;
  const total = new Float64Array(width);
  for (let h = 0, i = 0, weight = H === Infinity ? 1 / (1 - gamma) : 1; h < steps; h++, weight *= gamma) {
    let sum = 0;
    for (let row = 0; row < width; row++, i++) {
      const where = () => `${nameOf(mdp, onStates ? "s" : "sa", row)}${steps > 1 ? `, h=${h + 1}` : ""}`;
      if (!(given[i] >= 0)) throw new RangeError(`the occupancy of ${where()} is ${given[i]}, expected a probability`);
      if (given[i] > 0 && !onStates && !available(mdp, Math.floor(row / A), row % A)) {
        throw new RangeError(`the occupancy of ${where()} is ${given[i]}, but that action is not available there`);
      }
      total[row] += weight * given[i];
      sum += given[i];
    }
    if (!(Math.abs(sum - 1) <= 1e-6)) {
      throw new RangeError(`the occupancy of step ${h + 1} sums to ${sum}, expected 1: give d_h for each step, not their sum`);
    }
  }
  return onStates ? withoutTerminal(mdp, total) : rowVisits(mdp, over, total);
}

/** Visits to the rows of a reward from visits to pairs `[S, A]`; terminal states don't count. */
export function rowVisits(mdp: TabularMdp, over: RewardOver, pairs: Float64Array, out?: Float64Array): Float64Array {
  const { S, A, P, terminal } = mdp;
  const visits = out?.fill(0) ?? new Float64Array(over === "s" ? S : over === "sa" ? S * A : P.next.length);
  for (let s = 0, i = 0; s < S; s++) {
    for (let a = 0; a < A; a++, i++) {
      if (terminal[s] === 1 || pairs[i] === 0) continue;
      if (over === "s") visits[s] += pairs[i];
      else if (over === "sa") visits[i] = pairs[i];
      else for (let k = P.rows[i]; k < P.rows[i + 1]; k++) visits[k] = pairs[i] * P.p[k];
    }
  }
  return visits;
}

function withoutTerminal({ terminal }: TabularMdp, visits: Float64Array): Float64Array {
  return visits.map((n, s) => (terminal[s] === 1 ? 0 : n));
}

function checkedCounts({ F }: Features, counts: ArrayLike<number>): Float64Array {
  if (counts.length !== F) {
    throw new RangeError(`there are ${counts.length} feature counts, expected one for each of the ${F} features`);
  }
  return Float64Array.from(counts, (value, f) => {
    if (!Number.isFinite(value)) throw new RangeError(`the count of feature ${f} is ${value}, expected a finite number`);
    return value;
  });
}
