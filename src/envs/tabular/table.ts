import { type TabularMdp, type Transitions, tabularMdp } from "../../mdp/tabular.ts";

/** One thing that can happen: its probability, the next state, the reward, and whether the episode ends with it. */
export type Outcome = readonly [p: number, next: number, reward: number, ends: boolean];

/**
 * A world as a list of outcomes for every (s, a), in compressed rows: what Gymnasium calls `P[s][a]`. Here the end of an
 * episode belongs to a step; in a `TabularMdp` it belongs to a state.
 */
export interface OutcomeTable extends Transitions {
  readonly S: number;
  readonly A: number;
  /** `[entries]` */
  readonly reward: Float64Array;
  /** `[entries]`: 1 where the episode ends. */
  readonly ends: Uint8Array;
}

/** The table of a world that says what can happen after each (s, a). */
export function tabulate(S: number, A: number, outcomes: (s: number, a: number) => readonly Outcome[]): OutcomeTable {
  const rows = new Int32Array(S * A + 1);
  const all: Outcome[] = [];
  for (let i = 0; i < S * A; i++) {
    all.push(...outcomes(Math.floor(i / A), i % A));
    rows[i + 1] = all.length;
  }
  return {
    S,
    A,
    rows,
    p: Float64Array.from(all, ([p]) => p),
    next: Int32Array.from(all, ([, next]) => next),
    reward: Float64Array.from(all, ([, , reward]) => reward),
    ends: Uint8Array.from(all, ([, , , ends]) => (ends ? 1 : 0)),
  };
}

/**
 * The decision process of a table: the states that an ending step leads to become terminal, which replaces their own rows
 * (a world that has ended takes no step). Values, occupancies and policies are those of the world wherever the world can be.
 */
export function absorbing(
  table: OutcomeTable,
  of: { readonly rho: ArrayLike<number> | number; readonly H?: number; readonly gamma?: number },
): TabularMdp {
  const { S, A } = table;
  const terminal = new Set<number>();
  table.ends.forEach((ends, k) => {
    if (ends) terminal.add(table.next[k]);
  });
  const closed = tabulate(S, A, (s, a) => {
    if (terminal.has(s)) return [[1, s, 0, true]];
    const row: Outcome[] = [];
    for (let k = table.rows[s * A + a]; k < table.rows[s * A + a + 1]; k++) {
      row.push([table.p[k], table.next[k], table.reward[k], table.ends[k] === 1]);
    }
    return row;
  });
  const { rows, next, p, reward } = closed;
  return tabularMdp({ S, A, P: { rows, next, p }, r: { sas: reward }, terminal: [...terminal], allowUnavailable: true, ...of });
}
