import { acrobot } from "../envs/classic/acrobot.ts";
import { cartPole } from "../envs/classic/cartpole.ts";
import { mountainCar } from "../envs/classic/mountain-car.ts";
import { mountainCarContinuous } from "../envs/classic/mountain-car-continuous.ts";
import { pendulum } from "../envs/classic/pendulum.ts";
import type { ActionSpace, Actions, Env, Observations } from "../mdp/env.ts";
import type { Expert } from "../mdp/expert.ts";
import type { Policy } from "../mdp/policy.ts";
import { describe, size } from "../mdp/space.ts";

/**
 * A controller that is written down, not learned: it acts, and it answers what it would do. The same observations always get
 * the same actions, in an array of their own.
 */
export interface Controller extends Policy, Expert {
  act(observations: Observations): Actions;
  label(observations: Observations): Actions;
}

/**
 * CartPole-v1: pushes to the side to which the pole leans and moves, and a little to the side where the cart is, which leans
 * the pole back towards the middle. Return 500 in every one of 1000 episodes (seed 1).
 *   a = 1[θ + 0.3 θ̇ + 0.1 x + 0.2 ẋ > 0]
 */
export function balancer(): Controller {
  return controller(cartPole(), (o, at) => {
    const [x, xDot, theta, thetaDot] = [o[at], o[at + 1], o[at + 2], o[at + 3]];
    return theta + 0.3 * thetaDot + 0.1 * x + 0.2 * xDot > 0 ? 1 : 0;
  });
}

/**
 * MountainCar-v0: pushes right for good once that carries the car over the hill; until then it swings, and turns round before it has
 * lost its speed. Mean return -100.7 over 1000 episodes (seed 1; -86 to -108); a plan on a fine grid gets -97.6.
 *   E(x, v) = v²/2 + (0.0025/3) sin 3x − 0.001 x,  constant under a full push to the right
 *   a = 2 if v > 0 and E ≥ E(arccos(0.4)/3, 0), or if v ≥ 0 and x < −0.46;  else 0
 */
export function climber(): Controller {
  const height = (x: number) => (0.0025 / 3) * Math.sin(3 * x) - 0.001 * x;
  const top = height(Math.acos(0.4) / 3);
  return controller(mountainCar(), (o, at) => {
    const [x, v] = [o[at], o[at + 1]];
    const carries = v > 0 && v ** 2 / 2 + height(x) >= top;
    return carries || (v >= 0 && x < -0.46) ? 2 : 0;
  });
}

/**
 * MountainCarContinuous-v0: of all forces that give the car the same energy, the sum of u v, those proportional to v have the least sum of squares;
 * a small push keeps it going at the turns. Mean return 97.3 over 1000 episodes (seed 1; 96.0 to 98.0), in 234 steps.
 *   u = 10 v ± 0.1, with the sign of v
 */
export function gentleClimber(): Controller {
  return controller(mountainCarContinuous(), (o, at) => {
    const v = o[at + 1];
    return clipped(10 * v + (v >= 0 ? 0.1 : -0.1), 1);
  });
}

/**
 * Pendulum-v1: away from upright it gives the rod the energy that it would have standing there (Åström & Furuta 2000), close
 * to it a spring and a damper hold it. Mean return -147.6 over 1000 episodes (seed 1); a plan on a fine grid gets -138.
 *   E = θ̇²/2 + 15 (cos θ − 1)
 *   u = −8 θ − 2 θ̇  where cos θ > 0.8,  −E sign θ̇  elsewhere,  within ±2
 */
export function swinger(): Controller {
  return controller(pendulum(), (o, at) => {
    const [cos, sin, thetaDot] = [o[at], o[at + 1], o[at + 2]];
    if (cos > 0.8) return clipped(-8 * Math.atan2(sin, cos) - 2 * thetaDot, 2);
    const energy = thetaDot ** 2 / 2 + 15 * (cos - 1);
    return clipped(thetaDot >= 0 ? -energy : energy, 2);
  });
}

/**
 * Acrobot-v1: the torque goes with the second link's speed, which feeds the swing, and with the lean of both joints against
 * that of the free end, which times it. Mean return -74.1 over 1000 episodes (seed 1; median -70); about one episode in three
 * thousand is caught in a swing that does not grow and gets -500.
 *   a = 2 · 1[θ̇2 + 3 sin θ1 + sin θ2 − sin(θ1 + θ2) > 0]
 */
export function acrobat(): Controller {
  return controller(acrobot(), (o, at) => {
    const [cos1, sin1, cos2, sin2, speed2] = [o[at], o[at + 1], o[at + 2], o[at + 3], o[at + 5]];
    return speed2 + 3 * sin1 + sin2 - (sin1 * cos2 + cos1 * sin2) > 0 ? 2 : 0;
  });
}

/** A controller from the rule for the observation that begins at `at`. */
function controller(env: Env, rule: (o: Observations, at: number) => number): Controller {
  const { observation, action } = env;
  const D = size(observation);
  const answer = (observations: Observations): Actions => {
    if (observations.length % D !== 0) {
      throw new RangeError(
        `the expert of ${env.id} takes observations of ${D} numbers (${describe(observation)}), found ${observations.length} numbers`,
      );
    }
    const actions = room(action, observations.length / D);
    for (let i = 0; i < actions.length; i++) actions[i] = rule(observations, i * D);
    return actions;
  };
  return { observation, action, act: answer, label: answer };
}

function room(action: ActionSpace, n: number): Int32Array | Float32Array {
  return action.kind === "box" ? new Float32Array(n) : new Int32Array(n);
}

function clipped(value: number, limit: number): number {
  return Math.min(Math.max(value, -limit), limit);
}
