import { rng } from "../../autodiff/index.ts";
import { fromTabular, type TabularEnv } from "../../envs/index.ts";
import { tabularMdp } from "../../mdp/index.ts";

export interface CorridorsOptions {
  readonly corridors: number;
  /** The number of demonstrations that the world is hard for. */
  readonly n: number;
  readonly H: number;
  /** Draws the right action of every corridor. */
  readonly seed: number;
}

/**
 * A stationary task whose every episode is about one thing: it enters one of some corridors and stays in it. The corridor's
 * own action, the same at every step, earns 1/H; the other one ends the episode. So the total reward is at most 1, whatever
 * the horizon, and a longer episode tells no more about the expert than a short one. All corridors but the last have
 * the chance 1/(n + 1): among n demonstrations each is missing with chance about 1/e.
 */
export function corridors({ corridors: K, n, H, seed }: CorridorsOptions): TabularEnv {
  const random = rng(seed).split("corridors");
  const S = K + 1;
  const P = new Float64Array(S * 2 * S);
  const r = new Float64Array(S * 2);
  for (let s = 0; s < K; s++) {
    const right = random.integer(2);
    P[(s * 2 + right) * S + s] = 1;
    P[(s * 2 + 1 - right) * S + K] = 1;
    r[s * 2 + right] = 1 / H;
  }
  const rho = new Float64Array(S).fill(1 / (n + 1), 0, K - 1);
  rho[K - 1] = 1 - (K - 1) / (n + 1);
  const mdp = tabularMdp({ S, A: 2, P, r: { sa: r }, rho, terminal: [K], H });
  return fromTabular(mdp, { id: "Corridors" });
}
