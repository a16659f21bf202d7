import type { Env, Plain } from "../../mdp/env.ts";
import { type Discrete, discrete } from "../../mdp/space.ts";
import { available, type TabularMdp } from "../../mdp/tabular.ts";
import { batched, type Dynamics, mustMatch } from "../vector.ts";
import { drawGraph } from "./graph-picture.ts";
import { drawGrid } from "./grid-picture.ts";
import { cells, circle, type Layout, type Show } from "./layout.ts";
import type { OutcomeTable } from "./table.ts";

/** A world that also says, exactly, what it is: its observations are the states of `mdp`. */
export interface TabularEnv extends Env {
  readonly observation: Discrete;
  readonly action: Discrete;
  readonly mdp: TabularMdp;
  /** The outcomes that the world steps by, where they say more than `mdp` (see `absorbing`). */
  readonly table?: OutcomeTable;
  /** What is seen in each state, `[S]`, where it is not the state's own index. */
  readonly seen?: Int32Array;
  readonly layout: Layout;
  /** The world as SVG, with values, occupancies or rewards as colour and a policy as arrows. */
  picture(show?: Show): string;
}

/** Whether an environment knows its own tables. */
export function isTabular(env: Env): env is TabularEnv {
  return "mdp" in env;
}

export interface TabularWorld {
  readonly id: string;
  /** Steps after which an episode is cut; by default the process's horizon. */
  readonly maxSteps?: number;
  readonly table?: OutcomeTable;
  readonly seen?: Int32Array;
  /** By default a circle of discs, or a square of cells for more than 40 states. */
  readonly layout?: Layout;
}

/**
 * The environment of a decision process: a step from s with a draws s' from P(. | s, a) and earns r(s, a, s') (r(s, a) if
 * the process has no more). Entering a terminal state ends the episode, the horizon cuts it. A step with an action that
 * is not available throws before any copy has moved.
 */
export function fromTabular(
  mdp: TabularMdp,
  { id, maxSteps = mdp.H, table, seen, layout = fallback(mdp) }: TabularWorld,
): TabularEnv {
  if (table && (table.S !== mdp.S || table.A !== mdp.A)) {
    throw new RangeError(`${id}: the table is of ${table.S} states and ${table.A} actions, its process of ${mdp.S} and ${mdp.A}`);
  }
  const observation = discrete(seen ? seen.reduce((most, s) => Math.max(most, s), 0) + 1 : mdp.S);
  const action = discrete(mdp.A);
  const picture = (show: Show = {}) => {
    const title = show.title ?? titleOf(id, show);
    return layout.kind === "grid" ? drawGrid(mdp, layout, show, title) : drawGraph(mdp, layout, show, title);
  };
  const start = cumulated(mdp.rho);
  const env = batched({
    id,
    observation,
    action,
    maxSteps,
    dynamics: (n) => dynamics(n, { id, mdp, table, seen, start, picture }),
  });
  return { ...env, observation, action, mdp, table, seen, layout, picture };
}

interface Inside extends Pick<TabularEnv, "id" | "mdp" | "table" | "seen" | "picture"> {
  readonly start: Float64Array;
}

function dynamics(n: number, { id, mdp, table, seen, start, picture }: Inside): Dynamics {
  const { S, A, r, rNext, terminal } = mdp;
  const { rows, next, p } = table ?? mdp.P;
  const states = new Int32Array(n);
  const complete = rows.every((at, i) => i === 0 || at > rows[i - 1]);
  return {
    reset: (i, random) => {
      states[i] = draw(start, random.float());
    },
    step: (actions, idle, randoms, rewards, terminated) => {
      if (!complete) mustBeAvailable(actions, idle);
      for (let i = 0; i < n; i++) {
        if (idle[i] !== 0) continue;
        const row = states[i] * A + actions[i];
        let k = rows[row];
        const last = rows[row + 1] - 1;
        if (k < last) {
          // The first outcome whose cumulated probability is above the draw; the last one, should rounding leave none.
          const draw = randoms[i].float();
          for (let below = p[k]; below <= draw && k < last; below += p[k]) k++;
          while (p[k] === 0) k--;
        }
        states[i] = next[k];
        rewards[i] = table ? table.reward[k] : rNext ? rNext[k] : r[row];
        terminated[i] = table ? table.ends[k] : terminal[next[k]];
      }
    },
    observe: (from, to, out) => {
      for (let i = from; i < to; i++) out[i] = seen ? seen[states[i]] : states[i];
    },
    state: () => states.slice(),
    restore: (state: Plain) => {
      mustMatch(`${id}: world`, states, state);
      for (const s of state as Int32Array) {
        if (!(s >= 0 && s < S)) throw new RangeError(`${id}: the state to restore is ${s}, expected 0 to ${S - 1}`);
      }
      states.set(state as Int32Array);
    },
    draw: (i) => picture({ at: states[i] }),
  };

  function mustBeAvailable(actions: ArrayLike<number>, idle: Uint8Array): void {
    for (let i = 0; i < n; i++) {
      if (idle[i] !== 0 || available(mdp, states[i], actions[i])) continue;
      const choices = Array.from({ length: A }, (_, a) => a).filter((a) => available(mdp, states[i], a));
      throw new RangeError(
        `${id}: copy ${i} takes action ${actions[i]} in state ${states[i]}, which has only ${choices.join(", ")}`,
      );
    }
  }
}

/** The sums rho(0) + .. + rho(s), `[S]`, the last one made exactly 1. */
function cumulated(rho: Float64Array): Float64Array {
  const sums = new Float64Array(rho.length);
  let last = 0;
  for (let s = 0, sum = 0; s < rho.length; s++) {
    sum += rho[s];
    sums[s] = sum;
    if (rho[s] > 0) last = s;
  }
  return sums.fill(1, last);
}

/** The first index whose cumulated probability is above `u`, by bisection. */
function draw(sums: Float64Array, u: number): number {
  let [low, high] = [0, sums.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sums[middle] > u) high = middle;
    else low = middle + 1;
  }
  return low;
}

function fallback({ S, A }: TabularMdp): Layout {
  if (S <= 40) return circle(S);
  const columns = Math.ceil(Math.sqrt(S));
  const names = Array.from({ length: A }, (_, a) => String(a));
  const grid = cells(Math.ceil(S / columns), columns, names);
  return { ...grid, stateOf: (cell) => (cell < S ? cell : -1) };
}

function titleOf(id: string, { values, occupancy, rewards, policy, at }: Show): string {
  const what = [values ? "values" : occupancy ? "occupancy" : rewards ? "rewards" : "", policy ? "policy" : ""].filter(Boolean);
  return `${id}${what.length > 0 ? `: ${what.join(" and ")}` : ""}${at === undefined ? "" : `, in state ${at}`}`;
}
