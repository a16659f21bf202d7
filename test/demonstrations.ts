import { rng } from "../src/autodiff/random.ts";
import { type Dataset, fromTrajectories } from "../src/data/index.ts";
import { discrete } from "../src/mdp/space.ts";
import type { TabularMdp } from "../src/mdp/tabular.ts";

/** Paths given by their states and actions; one ended if its last state is terminal. */
export function demonstrations(mdp: TabularMdp, states: number[][], actions: number[][]): Dataset {
  return fromTrajectories(
    discrete(mdp.S),
    discrete(mdp.A),
    states.map((s, i) => ({
      observations: Float32Array.from(s),
      actions: Int32Array.from(actions[i]),
      rewards: new Float64Array(actions[i].length),
      terminated: mdp.terminal[s[s.length - 1]] === 1,
    })),
  );
}

/** Paths of a policy in its world, of `T` steps or until they end. */
export function sample(mdp: TabularMdp, pi: Float64Array, n: number, seed: number, T = mdp.H): Dataset {
  const random = rng(seed);
  const { S, A, P, rho, terminal } = mdp;
  const states: number[][] = [];
  const actions: number[][] = [];
  for (let i = 0; i < n; i++) {
    let s = random.categorical(rho);
    states.push([s]);
    actions.push([]);
    for (let h = 0; h < T && (h === 0 || terminal[s] === 0); h++) {
      const a = random.categorical(pi, (pi.length === S * A ? 0 : h * S * A) + s * A, A);
      s = P.next[P.rows[s * A + a] + random.categorical(P.p.subarray(P.rows[s * A + a], P.rows[s * A + a + 1]))];
      actions[i].push(a);
      states[i].push(s);
    }
  }
  return demonstrations(mdp, states, actions);
}
