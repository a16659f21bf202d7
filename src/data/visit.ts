import type { Env, Observations } from "../mdp/env.ts";
import { size } from "../mdp/space.ts";
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
  const { n } = options;
  if (!(Number.isInteger(n) && n > 0)) throw new RangeError(`visit takes a positive whole number of states n, found ${n}`);
  const D = size(env.observation);
  const longest = Math.min(env.maxSteps, options.maxSteps ?? Infinity);
  const copies = options.copies ?? Math.min(64, Math.max(1, Math.ceil(n / longest)));
  const met: number[][] = []; // by episode: the states acted in, then the present one
  const over: boolean[] = [];
  let total = 0;
  await play(
    env,
    actor,
    { ...options, copies },
    {
      more: () => total < n,
      began: (e, row) => {
        met[e] = Array.from(row);
      },
      stepped: (e, _action, _reward, row) => {
        for (let d = 0; d < D; d++) met[e].push(row[d]);
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
  const states = new Float32Array(n * D);
  let at = 0;
  for (const rows of met) {
    const room = Math.min(rows.length - D, states.length - at);
    for (let k = 0; k < room; k++) states[at++] = rows[k];
  }
  return states;
}
