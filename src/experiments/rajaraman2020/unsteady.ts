import { fromTabular, type RajaramanEnv } from "../../envs/index.ts";
import { tabularMdp } from "../../mdp/index.ts";

/**
 * The hard instance with an expert that falls too: in the rare states even the right action leads to the bad state half of the
 * time. Then a fall doesn't say that the action was wrong, and knowing the dynamics doesn't give the expert's action away:
 * what goes to the bad state has to be matched, and can only be matched as exactly as it was counted.
 */
export function unsteady({ mdp, expert, layout }: RajaramanEnv): RajaramanEnv {
  const { S, A, H, P, r, rho } = mdp;
  const bad = S - 1;
  const good = bad / H; // states a step; the last of them is the common one
  const rows = new Int32Array(S * A + 1);
  const next: number[] = [];
  const p: number[] = [];
  for (let i = 0; i < bad * A; i++) {
    const s = Math.floor(i / A);
    const falls = i % A === expert[s] && s % good < good - 1 ? 0.5 : 0;
    for (let k = P.rows[i]; k < P.rows[i + 1]; k++) {
      next.push(P.next[k]);
      p.push((1 - falls) * P.p[k]);
    }
    if (falls > 0) {
      next.push(bad);
      p.push(falls);
    }
    rows[i + 1] = next.length;
  }
  rows.fill(next.length, bad * A + 1);
  const transitions = { rows, next: Int32Array.from(next), p: Float64Array.from(p) };
  const world = tabularMdp({ S, A, P: transitions, r: { sa: r }, rho, terminal: [bad], H });
  return { ...fromTabular(world, { id: "RajaramanUnsteady", layout }), expert };
}
