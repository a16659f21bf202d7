import { tabularMdp } from "../../mdp/tabular.ts";
import { fromTabular, type TabularEnv } from "./from-tabular.ts";
import type { Layout } from "./layout.ts";

/**
 * The same world whose states contain the clock: state (h - 1) S + s is s at step h of H, and a policy of it may depend on
 * the step. Entry `H S`, terminal, is the time after the horizon. Throws if the process has no finite horizon.
 */
export function clocked(env: TabularEnv): TabularEnv {
  const { S, A, H, gamma, P, r, rNext, rho, terminal } = env.mdp;
  if (H === Infinity)
    throw new RangeError(`clocked: ${env.id} has no horizon, expected a finite one: its optimum needs no clock`);
  const per = P.next.length;
  const rows = new Int32Array((H * S + 1) * A + 1).fill(H * per);
  const next = new Int32Array(H * per);
  const p = new Float64Array(H * per);
  const sas = new Float64Array(H * per);
  const ends: number[] = [H * S];
  for (let h = 0; h < H; h++) {
    p.set(P.p, h * per);
    for (let i = 0; i < S * A; i++) {
      const s = Math.floor(i / A);
      rows[h * S * A + i] = h * per + P.rows[i];
      for (let k = P.rows[i]; k < P.rows[i + 1]; k++) {
        next[h * per + k] = terminal[s] === 1 ? h * S + s : h + 1 < H ? (h + 1) * S + P.next[k] : H * S;
        sas[h * per + k] = rNext ? rNext[k] : r[i];
      }
    }
    for (let s = 0; s < S; s++) if (terminal[s] === 1) ends.push(h * S + s);
  }
  const start = new Float64Array(H * S + 1);
  start.set(rho);
  const of = { S: H * S + 1, A, rho: start, r: { sas }, terminal: ends, H, gamma, allowUnavailable: true };
  const mdp = tabularMdp({ ...of, P: { rows, next, p } });
  return fromTabular(mdp, { id: `${env.id} with a clock`, layout: onTheClock(env.layout, S, H) });
}

/** The world's own layout, whose numbers are those of the step that the state belongs to (at first, of step 1). */
function onTheClock(layout: Layout, S: number, H: number): Layout | undefined {
  if (layout.kind === "graph") return undefined;
  const step = (at: number) => Math.min(Math.floor(Math.max(at, 0) / S), H - 1);
  return {
    ...layout,
    stateOf: (cell, at) => {
      const s = layout.stateOf(cell, at < 0 ? at : at % S);
      return s < 0 ? s : step(at) * S + s;
    },
    cellOf: (s) => layout.cellOf(s % S),
    mark: layout.mark && ((cell, at) => layout.mark!(cell, at < 0 ? at : at % S)),
  };
}
