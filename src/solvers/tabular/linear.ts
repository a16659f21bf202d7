import { Matrix, solve } from "ml-matrix";
import type { TabularMdp } from "../../mdp/tabular.ts";
import type { PolicyTable } from "./policies.ts";

/** Up to so many states a discounted process is solved by elimination, S^3 / 3 multiplications; beyond, by iteration. */
const DIRECT_UP_TO = 400;

export interface DiscountedOptions {
  /** `direct` eliminates, `iteration` sweeps until the bound on the error is met; by default the first for up to 400 states. */
  readonly method?: "direct" | "iteration";
  /** When iteration stops: the bound on the error, relative to the largest value. */
  readonly tolerance?: number;
}

export const TOLERANCE = 1e-12;

/** Whether to eliminate. Throws on a tolerance that is not positive. */
export function direct(mdp: TabularMdp, { method, tolerance = TOLERANCE }: DiscountedOptions): boolean {
  if (!(tolerance > 0)) throw new RangeError(`the tolerance is ${tolerance}, expected a positive number`);
  return method ? method === "direct" : mdp.S <= DIRECT_UP_TO;
}

/** I - gamma P_pi, or its transpose, `[S, S]`, where P_pi(s'|s) = sum_a pi(a|s) P(s'|s,a). */
export function resolvent(mdp: TabularMdp, pi: PolicyTable, transposed = false): Matrix {
  const { S, A, gamma } = mdp;
  const { rows, next, p } = mdp.P;
  const matrix = Matrix.eye(S, S);
  for (let s = 0; s < S; s++) {
    for (let i = s * A; i < (s + 1) * A; i++) {
      if (pi[i] === 0) continue;
      for (let k = rows[i]; k < rows[i + 1]; k++) {
        const [row, column] = transposed ? [next[k], s] : [s, next[k]];
        matrix.set(row, column, matrix.get(row, column) - gamma * pi[i] * p[k]);
      }
    }
  }
  return matrix;
}

/** The solution x of (I - gamma P_pi) x = b, or of the transposed system. */
export function solveFor(mdp: TabularMdp, pi: PolicyTable, b: Float64Array, transposed = false): Float64Array {
  return Float64Array.from(solve(resolvent(mdp, pi, transposed), Matrix.columnVector(b)).to1DArray());
}

/**
 * Whether iteration may stop: the bound gamma / (1 - gamma) * change on the distance to the fixed point is within the
 * tolerance, relative to the largest value, or the change is down to rounding.
 */
export function settled(change: number, largest: number, gamma: number, tolerance: number): boolean {
  const bound = (gamma / (1 - gamma)) * change;
  return bound <= tolerance * Math.max(1, largest) || change <= 4 * Number.EPSILON * largest;
}

export function largestOf(V: Float64Array): number {
  let largest = 0;
  for (let s = 0; s < V.length; s++) largest = Math.max(largest, Math.abs(V[s]));
  return largest;
}

/** What rounding may do to the solution of a system with I - gamma P_pi. */
export function roundingOf(V: Float64Array, gamma: number): number {
  return (8 * Number.EPSILON * largestOf(V)) / (1 - gamma);
}
