/**
 * P(s' | s, a) in compressed rows: pair (s, a) owns the entries `rows[s * A + a] .. rows[s * A + a + 1]`.
 * A dense table is turned into this form, so that everything that reads transitions reads one layout.
 */
export interface Transitions {
  /** `[S * A + 1]`, rising from 0 to the number of entries. */
  readonly rows: Int32Array;
  /** `[entries]`: s'. The same s' may stand twice in a row: its probabilities add. */
  readonly next: Int32Array;
  /** `[entries]`: P(s' | s, a). */
  readonly p: Float64Array;
}

/**
 * A reward by what it depends on: `s`, r(s) `[S]`; `sa`, r(s, a) `[S, A]`; `sas`, r(s, a, s'), aligned with the
 * transitions as they were given (`[S, A, S']` beside dense ones, `[entries]` beside sparse ones).
 */
export type RewardTable =
  | { readonly s: ArrayLike<number> }
  | { readonly sa: ArrayLike<number> }
  | { readonly sas: ArrayLike<number> };

/**
 * A decision process whose every number is known.
 *
 * - Horizon: with a finite `H` an episode has H steps and values depend on the step h; with `H = Infinity` there is a
 *   discount gamma < 1 and values are stationary. Both together: H steps, discounted.
 * - A terminal state is absorbing with zero reward, whatever is done in it: all its rows lead back to it with
 *   probability 1. Its value is 0, the soft value too (nothing is chosen there, so there is no entropy to earn).
 * - An action that is not available in s has an empty row and r(s, a) = -Infinity, so that no maximum and no softmax
 *   chooses it.
 */
export interface TabularMdp {
  /** States 0 .. S-1. */
  readonly S: number;
  /** Actions 0 .. A-1. */
  readonly A: number;
  readonly P: Transitions;
  /** `[S, A]`: the expected reward r(s, a) = sum_{s'} P(s'|s,a) r(s,a,s'). */
  readonly r: Float64Array;
  /** `[entries]`: r(s, a, s') where the reward depends on where the step leads. */
  readonly rNext?: Float64Array;
  /** `[S]`: the distribution of the first state. */
  readonly rho: Float64Array;
  /** `[S]`: 1 for terminal states. */
  readonly terminal: Uint8Array;
  /** Steps of an episode; `Infinity` for a discounted process. */
  readonly H: number;
  /** In [0, 1]; 1 for an undiscounted one. */
  readonly gamma: number;
}

export interface TabularParts {
  readonly S: number;
  readonly A: number;
  /** `[S, A, S']` row-major, or compressed rows (kept, not copied). */
  readonly P: ArrayLike<number> | Transitions;
  readonly r: RewardTable;
  /** `[S]`, or one state where every episode starts. */
  readonly rho: ArrayLike<number> | number;
  /** The terminal states. Their rows may be left empty (all zero) or lead back to themselves; their rewards must be 0. */
  readonly terminal?: ArrayLike<number>;
  readonly H?: number;
  readonly gamma?: number;
  /** Reads an empty (all-zero) row of a state that is not terminal as an action that is not available there. */
  readonly allowUnavailable?: boolean;
}

/** How far a distribution's sum may be from 1. */
const SUM_TOLERANCE = 1e-8;

/**
 * A checked decision process. Throws if S, A, H or gamma is out of range, if a row of P has a negative or NaN
 * probability, leads outside of 0 .. S-1 or doesn't sum to 1 (to 1e-8), if rho has another length or doesn't sum to 1,
 * if a reward is not finite or not of its shape, if a terminal state leads elsewhere or has a reward, or if a state has
 * no available action.
 */
export function tabularMdp(parts: TabularParts): TabularMdp {
  const { S, A, allowUnavailable = false } = parts;
  count("S", S);
  count("A", A);
  const { H, gamma } = objective(parts);
  const terminal = new Uint8Array(S);
  for (const s of Array.from(parts.terminal ?? [])) {
    if (!inside(s, S)) throw new RangeError(`terminal names state ${s}, expected 0 to ${S - 1}`);
    terminal[s] = 1;
  }
  const given = "rows" in parts.P ? parts.P : undefined;
  if (given) checkLayout(given, S, A);
  const { P, kept } = given ? closeTerminal(given, terminal, A) : compress(parts.P as ArrayLike<number>, S, A, terminal);
  checkRows(P, S, A, terminal, allowUnavailable);
  const rewards = rewardOf({ S, A, P, terminal, kept, entriesGiven: given ? given.next.length : S * A * S }, parts.r);
  return { S, A, P, ...rewards, rho: distribution(parts.rho, S), terminal, H, gamma };
}

/**
 * The same process with another reward. A learned reward is defined everywhere, so what it says of terminal states is
 * dropped (their reward is 0). An `sas` reward is aligned with `mdp.P`. Throws on a wrong length or a number that is not finite.
 */
export function withRewardTable(mdp: TabularMdp, r: RewardTable): TabularMdp {
  const { S, A, P, terminal, rho, H, gamma } = mdp;
  const layout = { S, A, P, terminal, entriesGiven: P.next.length, lenient: true };
  return { S, A, P, ...rewardOf(layout, r), rho, terminal, H, gamma };
}

/** The same process over another horizon or discount. Throws as `tabularMdp` does. */
export function withObjective(mdp: TabularMdp, of: { readonly H?: number; readonly gamma?: number }): TabularMdp {
  return { ...mdp, ...objective(of) };
}

/** The transitions written out, `[S, A, S']`. */
export function denseTransitions({ S, A, P }: TabularMdp): Float64Array {
  const dense = new Float64Array(S * A * S);
  for (let i = 0; i < S * A; i++) {
    for (let k = P.rows[i]; k < P.rows[i + 1]; k++) dense[i * S + P.next[k]] += P.p[k];
  }
  return dense;
}

/** Whether action `a` can be taken in state `s`. */
export function available({ A, P }: TabularMdp, s: number, a: number): boolean {
  return P.rows[s * A + a + 1] > P.rows[s * A + a];
}

/** The sum of gamma^(h-1) over the horizon: H where there is no discount, 1 / (1 - gamma) where there is no horizon. */
export function effectiveHorizon({ H, gamma }: Pick<TabularMdp, "H" | "gamma">): number {
  return gamma === 1 ? H : Math.expm1(H * Math.log(gamma)) / (gamma - 1);
}

function objective({ H = Infinity, gamma = 1 }: { readonly H?: number; readonly gamma?: number }) {
  if (H !== Infinity && !(Number.isInteger(H) && H >= 1)) {
    throw new RangeError(`H is ${H}, expected a whole number of steps from 1 on, or Infinity together with gamma < 1`);
  }
  if (!(gamma >= 0 && gamma <= 1)) throw new RangeError(`gamma is ${gamma}, expected 0 to 1`);
  if (H === Infinity && gamma === 1) {
    throw new RangeError("neither a horizon nor a discount was found: give H (whole steps from 1 on) or gamma < 1");
  }
  return { H, gamma };
}

function checkLayout({ rows, next, p }: Transitions, S: number, A: number): void {
  if (rows.length !== S * A + 1) {
    throw new RangeError(`P.rows has ${rows.length} entries, expected S * A + 1 = ${S * A + 1} (one start a pair, and the end)`);
  }
  if (rows[0] !== 0 || rows[S * A] !== next.length || p.length !== next.length) {
    throw new RangeError(
      `P.rows runs from ${rows[0]} to ${rows[S * A]} over ${next.length} states and ${p.length} probabilities, expected 0 to their common number`,
    );
  }
  for (let i = 0; i < S * A; i++) {
    if (rows[i + 1] < rows[i])
      throw new RangeError(`P.rows falls from ${rows[i]} to ${rows[i + 1]} at ${pair(i, A)}, expected it to rise`);
  }
}

/** Compressed rows of a dense table; `kept[k]` is the place in the table that entry k came from, -1 for an added self-loop. */
function compress(dense: ArrayLike<number>, S: number, A: number, terminal: Uint8Array): { P: Transitions; kept: Float64Array } {
  if (dense.length !== S * A * S) {
    throw new RangeError(
      `P has ${dense.length} numbers, expected S * A * S = ${S * A * S}, row-major [S, A, S'], or compressed rows`,
    );
  }
  const rows = new Int32Array(S * A + 1);
  for (let i = 0; i < S * A; i++) {
    let n = 0;
    for (let j = i * S; j < (i + 1) * S; j++) if (dense[j] !== 0) n++;
    rows[i + 1] = rows[i] + (n === 0 && terminal[Math.floor(i / A)] ? 1 : n);
  }
  const next = new Int32Array(rows[S * A]);
  const p = new Float64Array(rows[S * A]);
  const kept = new Float64Array(rows[S * A]).fill(-1);
  for (let i = 0; i < S * A; i++) {
    let k = rows[i];
    for (let j = i * S; j < (i + 1) * S; j++) {
      if (dense[j] === 0) continue;
      next[k] = j - i * S;
      p[k] = dense[j];
      kept[k++] = j;
    }
    if (k < rows[i + 1]) {
      next[k] = Math.floor(i / A);
      p[k] = 1;
    }
  }
  return { P: { rows, next, p }, kept };
}

/** Compressed rows with the empty rows of terminal states closed by self-loops (the same arrays where there are none). */
function closeTerminal(P: Transitions, terminal: Uint8Array, A: number): { P: Transitions; kept?: Float64Array } {
  const pairs = P.rows.length - 1;
  let open = 0;
  for (let i = 0; i < pairs; i++) if (P.rows[i + 1] === P.rows[i] && terminal[Math.floor(i / A)]) open++;
  if (open === 0) return { P };
  const rows = new Int32Array(pairs + 1);
  const next = new Int32Array(P.next.length + open);
  const p = new Float64Array(P.next.length + open);
  const kept = new Float64Array(P.next.length + open).fill(-1);
  for (let i = 0, at = 0; i < pairs; i++) {
    for (let k = P.rows[i]; k < P.rows[i + 1]; k++) {
      next[at] = P.next[k];
      p[at] = P.p[k];
      kept[at++] = k;
    }
    if (P.rows[i + 1] === P.rows[i] && terminal[Math.floor(i / A)]) {
      next[at] = Math.floor(i / A);
      p[at++] = 1;
    }
    rows[i + 1] = at;
  }
  return { P: { rows, next, p }, kept };
}

function checkRows({ rows, next, p }: Transitions, S: number, A: number, terminal: Uint8Array, allowUnavailable: boolean): void {
  for (let s = 0; s < S; s++) {
    let choices = 0;
    for (let i = s * A; i < (s + 1) * A; i++) {
      let sum = 0;
      for (let k = rows[i]; k < rows[i + 1]; k++) {
        if (!(p[k] >= 0)) {
          throw new RangeError(`P(s'=${next[k]} | ${pair(i, A)}) is ${p[k]}, expected a probability from 0 to 1`);
        }
        if (!inside(next[k], S)) throw new RangeError(`P(. | ${pair(i, A)}) leads to state ${next[k]}, expected 0 to ${S - 1}`);
        if (terminal[s] && next[k] !== s && p[k] > 0) {
          throw new RangeError(
            `terminal state ${s} leads to state ${next[k]} by action ${i % A}: leave its rows empty, or drop it from terminal`,
          );
        }
        sum += p[k];
      }
      if (rows[i] === rows[i + 1] && allowUnavailable) continue;
      if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
        const way =
          sum === 0
            ? "if the action is not available there, leave the row empty and set allowUnavailable"
            : "divide the row by its sum";
        throw new RangeError(`P(. | ${pair(i, A)}) sums to ${sum}, expected 1: ${way}`);
      }
      choices++;
    }
    if (choices === 0) throw new RangeError(`state ${s} has no available action: give it one, or list it as terminal`);
  }
}

interface RewardLayout {
  readonly S: number;
  readonly A: number;
  readonly P: Transitions;
  readonly terminal: Uint8Array;
  /** Where each entry of P stood in the reward's own layout, -1 for added ones; none if the layouts are the same. */
  readonly kept?: Float64Array;
  readonly entriesGiven: number;
  /** Drop rewards of terminal states instead of refusing them. */
  readonly lenient?: boolean;
}

function rewardOf(layout: RewardLayout, table: RewardTable): { r: Float64Array; rNext?: Float64Array } {
  const { S, A, P, terminal, kept, entriesGiven } = layout;
  const [name, values, expected, shape] =
    "s" in table
      ? ["r.s", table.s, S, "[S]"]
      : "sa" in table
        ? ["r.sa", table.sa, S * A, "[S, A]"]
        : ["r.sas", table.sas, entriesGiven, "aligned with P"];
  if (values.length !== expected) throw new RangeError(`${name} has ${values.length} numbers, expected ${expected} ${shape}`);
  const r = new Float64Array(S * A);
  const rNext = "sas" in table ? new Float64Array(P.next.length) : undefined;
  for (let s = 0; s < S; s++) {
    for (let i = s * A; i < (s + 1) * A; i++) {
      if (P.rows[i] === P.rows[i + 1]) {
        r[i] = -Infinity;
        continue;
      }
      if (!rNext) r[i] = values["s" in table ? s : i];
      else {
        for (let k = P.rows[i]; k < P.rows[i + 1]; k++) {
          const from = kept ? kept[k] : k;
          rNext[k] = from < 0 ? 0 : values[from];
          r[i] += P.p[k] * rNext[k];
        }
      }
      if (terminal[s] && r[i] !== 0) {
        if (!layout.lenient) {
          throw new RangeError(`terminal state ${s} has reward ${r[i]}, expected 0: give it on the steps that lead there`);
        }
        r[i] = 0;
        rNext?.fill(0, P.rows[i], P.rows[i + 1]);
      }
      if (!Number.isFinite(r[i])) throw new RangeError(`the reward of ${pair(i, A)} is ${r[i]}, expected a finite number`);
    }
  }
  return rNext ? { r, rNext } : { r };
}

function distribution(rho: ArrayLike<number> | number, S: number): Float64Array {
  if (typeof rho === "number") {
    if (!inside(rho, S)) throw new RangeError(`rho names state ${rho}, expected 0 to ${S - 1}`);
    const out = new Float64Array(S);
    out[rho] = 1;
    return out;
  }
  if (rho.length !== S) throw new RangeError(`rho has ${rho.length} entries, expected one for each of the ${S} states`);
  let sum = 0;
  for (let s = 0; s < S; s++) {
    if (!(rho[s] >= 0)) throw new RangeError(`rho(s=${s}) is ${rho[s]}, expected a probability from 0 to 1`);
    sum += rho[s];
  }
  if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) throw new RangeError(`rho sums to ${sum}, expected 1: divide it by its sum`);
  return Float64Array.from(rho);
}

function inside(s: number, S: number): boolean {
  return Number.isInteger(s) && s >= 0 && s < S;
}

function count(name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 1)) throw new RangeError(`${name} is ${value}, expected a whole number from 1 on`);
}

function pair(i: number, A: number): string {
  return `s=${Math.floor(i / A)}, a=${i % A}`;
}
