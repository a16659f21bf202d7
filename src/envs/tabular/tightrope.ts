import { rng } from "../../autodiff/random.ts";
import { tabularMdp } from "../../mdp/tabular.ts";
import { fromTabular, type TabularEnv } from "./from-tabular.ts";
import { cells } from "./layout.ts";

export interface TightropeOptions {
  readonly H?: number;
  /** Cells of rope; whoever reaches the last one goes on balancing there. */
  readonly length?: number;
  readonly actions?: number;
  /** Whether there is a ladder: the last action leads from the ground back to the rope above. */
  readonly recovery?: boolean;
  /** With a seed, the action that keeps the balance differs from cell to cell; without, it is 0 everywhere. */
  readonly seed?: number;
}

/**
 * The tightrope: one action keeps the balance, earns 1 and leads on along the rope; any other one falls to the ground
 * below, and nothing is earned there. Without recovery one wrong step leaves the expert's path for good, so that a policy
 * that errs with chance ε a step on the rope loses exactly Σ_h (1-ε)^(h-1) ε (H-h+1) ≈ ε H²/2 (Ross & Bagnell 2010; the
 * slides' "off-track" sum). With recovery a fall costs 2 to whoever knows the ladder, and as much as before to whoever
 * has only ever seen the rope: Range(Q^π*) is 2 instead of H.
 *
 * States 0 .. length-1 are the rope, length .. 2 length - 1 the ground below each cell. Throws a RangeError on a rope without
 * cells or fewer than two actions.
 */
export function tightrope({ H = 32, length = 8, actions = 2, recovery = false, seed }: TightropeOptions = {}): TabularEnv {
  if (!(Number.isInteger(length) && length >= 1))
    throw new RangeError(`tightrope: length is ${length}, expected a whole number from 1 on`);
  if (!(Number.isInteger(actions) && actions >= 2))
    throw new RangeError(`tightrope: actions is ${actions}, expected a whole number from 2 on`);
  const random = seed === undefined ? undefined : rng(seed);
  const balance = Array.from({ length }, () => random?.integer(actions) ?? 0);
  const S = 2 * length;
  const next = new Int32Array(S * actions);
  const r = new Float64Array(S * actions);
  for (let cell = 0; cell < length; cell++) {
    for (let a = 0; a < actions; a++) {
      const right = a === balance[cell];
      next[cell * actions + a] = right ? Math.min(cell + 1, length - 1) : length + cell;
      r[cell * actions + a] = right ? 1 : 0;
      next[(length + cell) * actions + a] = recovery && a === actions - 1 ? cell : length + cell;
    }
  }
  const rows = Int32Array.from({ length: S * actions + 1 }, (_, i) => i);
  const P = { rows, next, p: new Float64Array(S * actions).fill(1) };
  const mdp = tabularMdp({ S, A: actions, P, r: { sa: r }, rho: 0, H });
  const names = Array.from({ length: actions }, (_, a) => String(a));
  const arrows =
    seed === undefined && actions === 2 && !recovery
      ? ([
          [1, 0],
          [0, 1],
        ] as const)
      : names;
  const mark = (cell: number) => (cell < length ? "" : "fall");
  return fromTabular(mdp, { id: recovery ? "TightropeRecovery-v1" : "Tightrope-v1", layout: cells(2, length, arrows, mark) });
}
