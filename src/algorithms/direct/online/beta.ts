/**
 * β_1, β_2, ...: the chance that the expert acts. `first`: β_i = 1{i = 1}, which has no parameter; `linear`: from 1 down to
 * 1/n in n rounds; `exponential`: β_i = 0.5^(i-1) (the best of those that Ross et al. 2011 tried on Mario); or one number a
 * round, and 0 after the last of them.
 */
export type Beta = "first" | "linear" | "exponential" | number[];

/** β of round i = 0, 1, ... of n. */
export function betaOf(beta: Beta, i: number, n: number): number {
  if (Array.isArray(beta)) return beta[i] ?? 0;
  switch (beta) {
    case "first":
      return i === 0 ? 1 : 0;
    case "linear":
      return 1 - i / n;
    case "exponential":
      return 0.5 ** i;
  }
}

/** β_i = f(i), i = 1 .. rounds: any schedule as the plain numbers that a run keeps. */
export function betaSchedule(f: (i: number) => number, rounds: number): number[] {
  return Array.from({ length: rounds }, (_, i) => f(i + 1));
}

/** β_i = p^(i-1) for the given number of rounds (Ross et al. 2011). */
export function exponentialBeta(p: number, rounds: number): number[] {
  return betaSchedule((i) => p ** (i - 1), rounds);
}

/** β_i falls in a line from 1 to 0 over the given number of rounds. */
export function linearBeta(rounds: number): number[] {
  return betaSchedule((i) => 1 - (i - 1) / rounds, rounds);
}

/** Throws on a β that is no chance, and on a word that names no schedule. */
export function checkBeta(beta: Beta): void {
  if (!Array.isArray(beta)) {
    if (["first", "linear", "exponential"].includes(beta)) return;
    throw new RangeError(`beta is "${beta}", expected first, linear, exponential or a list of chances`);
  }
  const wrong = beta.findIndex((b) => !(b >= 0 && b <= 1));
  if (wrong >= 0) throw new RangeError(`beta of round ${wrong + 1} is ${beta[wrong]}, expected a chance from 0 to 1`);
}
