import { rng } from "../../autodiff/random.ts";
import { tabularMdp } from "../../mdp/tabular.ts";
import { fromTabular, type TabularEnv } from "./from-tabular.ts";
import type { GridLayout } from "./layout.ts";

export interface RajaramanOptions {
  /** |S|: states a step, the bad one included; at least 3. */
  readonly states?: number;
  readonly actions?: number;
  readonly H?: number;
  /** The number of expert trajectories that the instance is hard for. */
  readonly N?: number;
  /** Draws the expert's action of every state and step. */
  readonly seed?: number;
  /** One expert's action for a state, whatever the step: then data of other steps helps, and the H² is gone. */
  readonly stationary?: boolean;
}

/** A world whose expert is known, because the world was made from it. */
export interface RajaramanEnv extends TabularEnv {
  /** The expert's action in every state, `[S]`. */
  readonly expert: Int32Array;
}

/**
 * The lower-bound family of Rajaraman, Yang, Jiao & Ramchandran 2020: the expert's action earns 1 and draws the next state
 * from ρ afresh, any other one leads to a bad state, for good and for nothing. ρ gives 1/(N+1) to each of |S| - 2
 * states and the rest to one more, so that among N trajectories each of the rare states is missing at a given step with
 * chance (1 - 1/(N+1))^N ≈ 1/e, and a learner can only guess there: no algorithm loses less than order |S| H²/N, not even
 * one that asks the expert where it goes. The expert acts by the step, so the process has a copy of the |S| - 1 good
 * states for each step: state h (|S|-1) + i, and last the bad one (terminal). Throws a RangeError on sizes that are too small,
 * or more states than N leaves probability for.
 */
export function rajaraman(options: RajaramanOptions = {}): RajaramanEnv {
  const { states = 6, actions = 2, H = 10, N = 10, seed = 0, stationary = false } = options;
  for (const [name, value, least] of [
    ["states", states, 3],
    ["actions", actions, 2],
    ["H", H, 1],
    ["N", N, 1],
  ] as const) {
    if (!(Number.isInteger(value) && value >= least)) {
      throw new RangeError(`rajaraman: ${name} is ${value}, expected a whole number from ${least} on`);
    }
  }
  const good = states - 1;
  const rare = 1 / (N + 1);
  if (rare * (good - 1) > 1)
    throw new RangeError(`rajaraman: ${states} states are too many for N = ${N}, expected at most ${N + 3}`);
  const fresh = Float64Array.from({ length: good }, (_, i) => (i + 1 < good ? rare : 1 - rare * (good - 1)));
  const layers = stationary ? 1 : H;
  const S = layers * good + 1;
  const bad = S - 1;
  const random = rng(seed);
  const expert = Int32Array.from({ length: S }, (_, s) => (s === bad ? 0 : random.integer(actions)));
  const rows = new Int32Array(S * actions + 1);
  const next: number[] = [];
  const p: number[] = [];
  const r = new Float64Array(S * actions);
  for (let s = 0; s < bad; s++) {
    const layer = Math.floor(s / good);
    for (let a = 0; a < actions; a++) {
      if (a !== expert[s] || (layer + 1 === layers && !stationary)) {
        next.push(bad); // nothing is earned after the last step, so where it leads doesn't matter
        p.push(1);
      } else {
        fresh.forEach((chance, i) => {
          if (chance === 0) return;
          next.push((stationary ? 0 : layer + 1) * good + i);
          p.push(chance);
        });
      }
      r[s * actions + a] = a === expert[s] ? 1 : 0;
      rows[s * actions + a + 1] = next.length;
    }
  }
  rows.fill(next.length, bad * actions + 1);
  const rho = new Float64Array(S);
  rho.set(fresh);
  const P = { rows, next: Int32Array.from(next), p: Float64Array.from(p) };
  const mdp = tabularMdp({ S, A: actions, P, r: { sa: r }, rho, terminal: [bad], H });
  const layout: GridLayout = {
    kind: "grid",
    rows: states,
    columns: layers,
    stateOf: (cell) => (Math.floor(cell / layers) < good ? (cell % layers) * good + Math.floor(cell / layers) : bad),
    cellOf: (s) => (s === bad ? good * layers : (s % good) * layers + Math.floor(s / good)),
    actions: Array.from({ length: actions }, (_, a) => String(a)),
    mark: (cell) => (Math.floor(cell / layers) < good ? "" : "bad"),
  };
  return { ...fromTabular(mdp, { id: "Rajaraman-v1", layout }), expert };
}
