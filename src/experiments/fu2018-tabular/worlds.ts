import type { Rng } from "../../autodiff/index.ts";
import { type TabularMdp, tabularMdp } from "../../mdp/index.ts";

export const S = 16;
export const A = 4;
const GAMMA = 0.9;

/**
 * A world of 16 states and 4 actions whose steps are drawn at random: to one state each, or (stochastic) to all by weights drawn
 * from the simplex. One state earns 1, the others nothing; episodes begin anywhere.
 */
export function randomWorld(random: Rng, goal: number, stochastic: boolean): TabularMdp {
  for (;;) {
    const P = new Float64Array(S * A * S);
    for (let row = 0; row < P.length; row += S) {
      if (!stochastic) P[row + random.integer(S)] = 1;
      else {
        const weights = Float64Array.from({ length: S }, () => -Math.log(1 - random.float()));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        P.set(
          weights.map((weight) => weight / total),
          row,
        );
      }
    }
    const r = { s: Float64Array.from({ length: S }, (_, s) => (s === goal ? 1 : 0)) };
    const mdp = tabularMdp({ S, A, P, r, rho: new Float64Array(S).fill(1 / S), gamma: GAMMA });
    if (decomposable(mdp)) return mdp;
  }
}

/**
 * The condition under which a reward over states can be told from shaping (Fu et al. 2018, definition 5.1): two states are linked
 * where one state leads to both in one step; all states hang together by links.
 */
export function decomposable({ P }: TabularMdp): boolean {
  const part = Int32Array.from({ length: S }, (_, s) => s);
  for (let s = 0; s < S; s++) {
    const [first, end] = [P.rows[s * A], P.rows[(s + 1) * A]];
    for (let k = first + 1; k < end; k++) {
      const [from, to] = [part[P.next[k]], part[P.next[first]]];
      for (let t = 0; t < S; t++) if (part[t] === from) part[t] = to;
    }
  }
  return part.every((own) => own === part[0]);
}
