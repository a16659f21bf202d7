import fc from "fast-check";
import { type Rng, rng } from "../src/autodiff/random.ts";
import { available, type TabularMdp, tabularMdp } from "../src/mdp/tabular.ts";

/** What decides a random decision process: small numbers that shrink well. */
export interface Case {
  readonly seed: number;
  readonly S: number;
  readonly A: number;
  readonly H: number;
  /** Whether there are terminal states, unavailable actions, rows with few entries. */
  readonly terminal: boolean;
  readonly unavailable: boolean;
  readonly sparse: boolean;
  readonly scale: number;
}

export const cases: fc.Arbitrary<Case> = fc.record({
  seed: fc.integer({ min: 0, max: 1_000_000 }),
  S: fc.integer({ min: 1, max: 7 }),
  A: fc.integer({ min: 1, max: 4 }),
  H: fc.integer({ min: 1, max: 9 }),
  terminal: fc.boolean(),
  unavailable: fc.boolean(),
  sparse: fc.boolean(),
  scale: fc.constantFrom(1, 1, 1, 1e-3, 1e3),
});

export function randomMdp(of: Case, objective: { H?: number; gamma?: number } = { H: of.H }): TabularMdp {
  const { S, A, scale } = of;
  const random = rng(of.seed);
  const terminal = of.terminal && S > 1 ? [S - 1] : [];
  const P = new Float64Array(S * A * S);
  const sas = new Float64Array(S * A * S);
  for (let s = 0; s < S - terminal.length; s++) {
    for (let a = 0; a < A; a++) {
      if (of.unavailable && a > 0 && random.float() < 0.3) continue;
      const weights = Array.from({ length: S }, () => (of.sparse && random.float() < 0.6 ? 0 : -Math.log(1 - random.float())));
      weights[random.integer(S)] += 0.1;
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      weights.forEach((weight, t) => {
        P[(s * A + a) * S + t] = weight / total;
        sas[(s * A + a) * S + t] = scale * random.normal();
      });
    }
  }
  return tabularMdp({ S, A, P, r: { sas }, rho: simplex(S, random), terminal, allowUnavailable: true, ...objective });
}

/** A random policy, stationary or with a table for each of `steps` steps; deterministic if so asked. */
export function randomPolicy(mdp: TabularMdp, seed: number, { steps = 1, deterministic = false } = {}): Float64Array {
  const { S, A } = mdp;
  const random = rng(seed).split("policy");
  const pi = new Float64Array(steps * S * A);
  for (let first = 0; first < pi.length; first += A) {
    const weights = simplex(A, random);
    for (let a = 0; a < A; a++) if (!available(mdp, Math.floor(first / A) % S, a)) weights[a] = 0;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (deterministic) pi[first + weights.indexOf(Math.max(...weights))] = 1;
    else
      pi.set(
        weights.map((weight) => weight / total),
        first,
      );
  }
  return pi;
}

function simplex(n: number, random: Rng): number[] {
  const weights = Array.from({ length: n }, () => -Math.log(1 - random.float()));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
