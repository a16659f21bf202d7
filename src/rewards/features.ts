import type { TabularMdp } from "../mdp/tabular.ts";

/** What a reward depends on: the state, r(s); the state and the action, r(s, a); or also where the step leads, r(s, a, s'). */
export type RewardOver = "s" | "sa" | "sas";

/**
 * phi: F numbers for each row that a reward distinguishes. The rows are the states `[S]`, the pairs `[S, A]`, or the
 * transitions that can happen, `[entries]` in the order of `mdp.P`.
 */
export interface Features {
  readonly over: RewardOver;
  readonly rows: number;
  readonly F: number;
  /** `[rows, F]` row-major; absent for indicators, where feature i is 1 in row i and 0 elsewhere. */
  readonly phi?: Float64Array;
}

/**
 * The features of a process, from a table `[rows, F]` (F is read off its length). Throws, with the length found and the
 * lengths that would do, if it is no whole number of rows, and on a number that is not finite.
 */
export function features(mdp: TabularMdp, over: RewardOver, phi: ArrayLike<number>): Features {
  const { rows, what } = rowsOf(mdp, over);
  const F = phi.length / rows;
  if (!(Number.isInteger(F) && F >= 1)) {
    throw new RangeError(
      `features over "${over}" have ${phi.length} numbers, expected F for each of the ${rows} ${what}: a multiple of ${rows}`,
    );
  }
  const copy = Float64Array.from(phi);
  const bad = copy.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new RangeError(
      `feature ${bad % F} of row ${Math.floor(bad / F)} (${nameOf(mdp, over, Math.floor(bad / F))}) is ${copy[bad]}, expected a finite number`,
    );
  }
  return { over, rows, F, phi: copy };
}

/** One feature for each state (or pair, or transition): a reward linear in them is any reward at all. */
export function indicators(mdp: TabularMdp, over: RewardOver = "s"): Features {
  const { rows } = rowsOf(mdp, over);
  return { over, rows, F: rows };
}

/** Throws unless the features are those of a process of this size. */
export function mustFit(mdp: TabularMdp, { over, rows }: Features): void {
  const expected = rowsOf(mdp, over);
  if (rows !== expected.rows) {
    throw new RangeError(
      `the features have ${rows} rows over "${over}", the process has ${expected.rows} ${expected.what}: make them with features(mdp, "${over}", ...)`,
    );
  }
}

/** Row `row` in words, for messages. */
export function nameOf({ A, P }: TabularMdp, over: RewardOver, row: number): string {
  if (over === "s") return `s=${row}`;
  if (over === "sa") return `s=${Math.floor(row / A)}, a=${row % A}`;
  let pair = 0;
  while (P.rows[pair + 1] <= row) pair++;
  return `s=${Math.floor(pair / A)}, a=${pair % A}, s'=${P.next[row]}`;
}

function rowsOf({ S, A, P }: TabularMdp, over: RewardOver): { rows: number; what: string } {
  if (over === "s") return { rows: S, what: "states" };
  if (over === "sa") return { rows: S * A, what: `pairs (${S} states, ${A} actions)` };
  if (over === "sas") return { rows: P.next.length, what: "transitions that the process has" };
  throw new RangeError(`a reward is over "s", "sa" or "sas", found "${over}"`);
}
