import type { Env } from "../../mdp/env.ts";
import { box, discrete } from "../../mdp/space.ts";
import { batched, savedRows } from "../vector.ts";
import { drawnCartPole, push } from "./cartpole.ts";

/**
 * CartPoleFixed-v1: CartPole-v1 whose episodes are always 500 steps long, so that their length says nothing of how well it goes.
 * The cart may leave the track and the pole may fall and swing round; reward 1 for a step after which both are within CartPole's
 * limits (2.4 m, 12 degrees), 0 for another. The angle is kept from -π to π.
 */
export function cartPoleFixed(): Env {
  const id = "CartPoleFixed-v1";
  return batched({
    id,
    observation: box([4], [-Infinity, -Infinity, -Math.PI, -Infinity], [Infinity, Infinity, Math.PI, Infinity]),
    action: discrete(2),
    maxSteps: 500,
    dynamics: (n) => {
      const s = new Float64Array(n * 4); // x, xDot, theta, thetaDot
      return {
        reset: (i, random) => {
          for (let k = i * 4; k < i * 4 + 4; k++) s[k] = random.uniform(-0.05, 0.05);
        },
        step: (actions, idle, _, rewards, terminated) => {
          push(s, actions, idle, rewards, terminated);
          for (let i = 0; i < n; i++) {
            if (idle[i] !== 0) continue;
            rewards[i] = 1 - terminated[i];
            terminated[i] = 0;
            s[i * 4 + 2] = wrapped(s[i * 4 + 2]);
          }
        },
        observe: (from, to, out) => {
          for (let k = from * 4; k < to * 4; k++) out[k] = s[k];
        },
        ...savedRows(`${id}: world`, s),
        draw: (i) => drawnCartPole(id, s[i * 4], s[i * 4 + 2]),
      };
    },
  });
}

/** The same angle from -π to π; one that is there already stays the number it is. */
function wrapped(angle: number): number {
  return angle >= -Math.PI && angle < Math.PI ? angle : angle - 2 * Math.PI * Math.floor((angle + Math.PI) / (2 * Math.PI));
}
