import { available, type TabularMdp } from "../../mdp/tabular.ts";

/**
 * A policy as a table: pi(a|s), stationary `[S, A]`, or pi_h(a|s) for every step of a finite horizon, `[H, S, A]`.
 * Which of the two it is, its length says.
 */
export type PolicyTable = Float64Array;

/** How far the probabilities of a state may be from adding up to 1. */
const SUM_TOLERANCE = 1e-8;
/** Values closer than this, relative to the larger, count as tied: rounding must not choose actions. */
export const TIE = 1e-12;

/**
 * How far apart a table's steps are: S * A for `[H, S, A]`, 0 for a stationary `[S, A]` one. Throws if it has neither
 * length, if a state's probabilities are negative or don't sum to 1, or if an unavailable action has any.
 */
export function policyStride(mdp: TabularMdp, pi: PolicyTable): number {
  const { S, A, H } = mdp;
  const pairs = S * A;
  if (pi.length !== pairs && pi.length !== H * pairs) {
    const expected = H === Infinity ? `S * A = ${pairs}` : `S * A = ${pairs} or H * S * A = ${H * pairs}`;
    throw new RangeError(`the policy has ${pi.length} probabilities, expected ${expected}`);
  }
  for (let first = 0, s = 0; first < pi.length; first += A, s = s + 1 === S ? 0 : s + 1) {
    let sum = 0;
    for (let a = 0; a < A; a++) {
      const probability = pi[first + a];
      if (probability > 0 ? !available(mdp, s, a) : probability !== 0) refuse(mdp, pi, first + a);
      sum += probability;
    }
    if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
      throw new RangeError(`pi(. | s=${s}${atStep(mdp, pi, first)}) sums to ${sum}, expected 1: divide it by its sum`);
    }
  }
  return pi.length === pairs ? 0 : pairs;
}

function refuse({ S, A, H }: TabularMdp, pi: PolicyTable, i: number): never {
  const what = `pi(a=${i % A} | s=${Math.floor(i / A) % S}${atStep({ S, A, H }, pi, i)}) is ${pi[i]}`;
  throw new RangeError(
    pi[i] > 0
      ? `${what}, but that action is not available there: give it probability 0`
      : `${what}, expected a probability from 0 to 1`,
  );
}

function atStep({ S, A, H }: Pick<TabularMdp, "S" | "A" | "H">, pi: PolicyTable, i: number): string {
  return H > 1 && pi.length === H * S * A ? `, h=${Math.floor(i / (S * A)) + 1}` : "";
}

/**
 * The greedy actions argmax_a Q(s,a) of `Q [.., S, A]`, as indices `[.., S]`; ties go to the lowest action, and values
 * within 1e-12 of each other (relatively) are tied.
 */
export function greedyActions(A: number, Q: Float64Array): Int32Array {
  const actions = new Int32Array(Q.length / A);
  for (let s = 0, first = 0; s < actions.length; s++, first += A) {
    let best = Q[first];
    for (let i = first + 1; i < first + A; i++) if (Q[i] > best) best = Q[i];
    const enough = best - TIE * Math.abs(best);
    let a = 0;
    while (Q[first + a] < enough) a++;
    actions[s] = a;
  }
  return actions;
}

/** The greedy policy of `Q`, as a table of the same shape. */
export function greedy(A: number, Q: Float64Array): PolicyTable {
  return oneHot(A, greedyActions(A, Q));
}

/** The table of a deterministic policy: actions `[S]` or `[H, S]` to probabilities `[S, A]` or `[H, S, A]`. Throws on an action outside of 0 .. A-1. */
export function oneHot(A: number, actions: ArrayLike<number>): PolicyTable {
  const pi = new Float64Array(actions.length * A);
  for (let s = 0; s < actions.length; s++) {
    const a = actions[s];
    if (!(Number.isInteger(a) && a >= 0 && a < A))
      throw new RangeError(`the action of entry ${s} is ${a}, expected 0 to ${A - 1}`);
    pi[s * A + a] = 1;
  }
  return pi;
}

/**
 * pi(a|s) = exp(Q(s,a) / alpha) / sum_b exp(Q(s,b) / alpha), alpha the temperature; `Q [.., S, A]`.
 * Throws unless the temperature is positive and finite.
 * @formula softmax-policy
 */
export function softmaxPolicy(A: number, Q: Float64Array, temperature = 1): PolicyTable {
  mustBeTemperature(temperature, "the softmax of a temperature of 0 is greedy(A, Q)");
  const pi = new Float64Array(Q.length);
  for (let first = 0; first < Q.length; first += A) {
    let best = Q[first];
    for (let i = first + 1; i < first + A; i++) if (Q[i] > best) best = Q[i];
    let sum = 0;
    for (let i = first; i < first + A; i++) {
      pi[i] = Q[i] === best ? 1 : Math.exp((Q[i] - best) / temperature);
      sum += pi[i];
    }
    for (let i = first; i < first + A; i++) pi[i] /= sum;
  }
  return pi;
}

/** The policy that chooses among the available actions with equal chances, `[S, A]`. */
export function uniformPolicy(mdp: TabularMdp): PolicyTable {
  const { S, A } = mdp;
  const pi = new Float64Array(S * A);
  for (let s = 0; s < S; s++) {
    let n = 0;
    for (let a = 0; a < A; a++) if (available(mdp, s, a)) n++;
    for (let a = 0; a < A; a++) if (available(mdp, s, a)) pi[s * A + a] = 1 / n;
  }
  return pi;
}

/** (1 - weight) pi + weight other: in every state, and at every step, the second policy acts with that chance. Throws on tables of two lengths. */
export function mixture(pi: PolicyTable, other: PolicyTable, weight: number): PolicyTable {
  if (pi.length !== other.length) {
    throw new RangeError(
      `a mixture takes two tables of one length, found ${pi.length} and ${other.length}: repeat the stationary one H times`,
    );
  }
  if (!(weight >= 0 && weight <= 1)) throw new RangeError(`the weight is ${weight}, expected 0 to 1`);
  return pi.map((probability, i) => (1 - weight) * probability + weight * other[i]);
}

/** Throws unless the temperature is positive and finite; `instead` says what to call for 0. */
export function mustBeTemperature(temperature: number, instead: string): void {
  if (!(temperature > 0 && temperature < Infinity)) {
    throw new RangeError(`the temperature is ${temperature}, expected a positive number; ${instead}`);
  }
}
