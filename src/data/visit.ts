import type { Env, Observations } from "../mdp/env.ts";
import { size } from "../mdp/space.ts";
import { type ActionColumn, actionColumn, type ObservationColumn, observationColumn, reals } from "./dataset.ts";
import { type Growing, growing } from "./growing.ts";
import { type Actor, type PlayOptions, play } from "./play.ts";

export interface VisitOptions extends PlayOptions {
  /** How many states. */
  readonly n: number;
}

/**
 * n states that an actor meets, s_1 .. s_n ~ d^pi, `[n, D]`: the states it acts in, in the order of episodes 0, 1, 2, ...
 * and of their steps, the last episode cut where n is reached. Whole episodes count, long and short, and none that
 * started later is preferred because it ended sooner; so the states don't depend on the number of copies. That number is
 * by default the fewest whose episodes could cover n. Throws as `rollout` does.
 */
export async function visit(env: Env, actor: Actor, options: VisitOptions): Promise<Observations> {
  return reals((await visitColumns(env, actor, options)).states);
}

/** The same states `[n, D]`, with what was done in each, `[n, K]`: the actions as they were executed. */
export async function visitActing(
  env: Env,
  actor: Actor,
  options: VisitOptions,
): Promise<{ states: Observations; actions: ActionColumn }> {
  const { states, actions } = await visitColumns(env, actor, options);
  return { states: reals(states), actions };
}

/** States that were visited, and what was done in them. */
export interface Visited {
  /** `[n, D]`: bytes where the space has only bytes. */
  readonly states: ObservationColumn;
  /** `[n, K]`, as they were executed. */
  readonly actions: ActionColumn;
  /** `[n]`: the episode that each state belongs to. */
  readonly episodes: Uint32Array;
  /** The returns of those episodes that ended before n was reached, in the environment's units. */
  readonly returns: Float64Array;
}

/**
 * The same, as columns of a data set, with the episodes they come from. Throws a RangeError if n is no positive whole number.
 */
export async function visitColumns(env: Env, actor: Actor, options: VisitOptions): Promise<Visited> {
  const { n } = options;
  if (!(Number.isInteger(n) && n > 0)) throw new RangeError(`visit takes a positive whole number of states n, found ${n}`);
  const D = size(env.observation);
  const K = size(env.action);
  const longest = Math.min(env.maxSteps, options.maxSteps ?? Infinity);
  const copies = options.copies ?? Math.min(64, Math.max(1, Math.ceil(n / longest)));
  const met: Growing<ObservationColumn>[] = []; // by episode: the states acted in, then the present one
  const done: Growing<ActionColumn>[] = []; // by episode: the actions
  const over: boolean[] = [];
  const earned: number[] = [];
  let total = 0;
  await play(
    env,
    actor,
    { ...options, copies },
    {
      more: () => total < n,
      began: (e, row) => {
        met[e] = growing((length) => observationColumn(env.observation, length / D));
        met[e].push(row);
        done[e] = growing((length) => actionColumn(env.action, length / K));
        earned[e] = 0;
      },
      stepped: (e, action, reward, row) => {
        earned[e] += reward;
        met[e].push(row);
        done[e].push(action);
        total += 1;
      },
      ended: (e) => {
        over[e] = true;
      },
      enough: () => {
        let known = 0;
        for (let e = 0; e < met.length && known < n; e++) {
          known += met[e].length / D - 1;
          if (!over[e]) break;
        }
        return known >= n;
      },
    },
  );
  const states = observationColumn(env.observation, n);
  const actions = actionColumn(env.action, n);
  const episodes = new Uint32Array(n);
  const returns: number[] = [];
  for (let e = 0, at = 0; e < met.length && at < n; e++) {
    const all = met[e].length / D - 1;
    const steps = Math.min(all, n - at);
    states.set(met[e].values().subarray(0, steps * D), at * D);
    actions.set(done[e].values().subarray(0, steps * K), at * K);
    episodes.fill(e, at, at + steps);
    if (over[e] && steps === all) returns.push(earned[e]);
    at += steps;
  }
  return { states, actions, episodes, returns: Float64Array.from(returns) };
}
