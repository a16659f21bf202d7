import type { Env } from "../../mdp/env.ts";
import { box, discrete } from "../../mdp/space.ts";
import { block, circle, ink, line, picture } from "../picture.ts";
import { batched, type KernelActions, savedRows } from "../vector.ts";

const GRAVITY = 9.8; // m/s^2
const CART = 1.0; // kg
const POLE = 0.1; // kg
const HALF_LENGTH = 0.5; // m, from the joint to the pole's centre of mass
const FORCE = 10.0; // N
const STEP = 0.02; // s
const MAX_ANGLE = (12 * 2 * Math.PI) / 360; // rad
const MAX_X = 2.4; // m

const TOTAL = POLE + CART;
const MOMENT = POLE * HALF_LENGTH;

/**
 * CartPole-v1: a cart, pushed left (0) or right (1) with 10 N, keeps a pole upright (Barto, Sutton & Anderson 1983).
 * Observation `[x, xDot, theta, thetaDot]` in m, m/s, rad, rad/s; reward 1 a step; it ends beyond 2.4 m or 12 degrees and
 * is cut at 500 steps (CartPole-v0: `maxSteps` 200). Dynamics, reward and limits are Gymnasium's.
 */
export function cartPole({ maxSteps = 500 }: { readonly maxSteps?: number } = {}): Env {
  const bound = [MAX_X * 2, Infinity, MAX_ANGLE * 2, Infinity].map(Math.fround);
  return batched({
    id: "CartPole-v1",
    observation: box(
      [4],
      bound.map((b) => -b),
      bound,
    ),
    action: discrete(2),
    maxSteps,
    dynamics: (n) => {
      const s = new Float64Array(n * 4); // x, xDot, theta, thetaDot
      return {
        reset: (i, random) => {
          for (let k = i * 4; k < i * 4 + 4; k++) s[k] = random.uniform(-0.05, 0.05);
        },
        step: (actions, idle, _, rewards, terminated) => push(s, actions, idle, rewards, terminated),
        observe: (from, to, out) => {
          for (let k = from * 4; k < to * 4; k++) out[k] = s[k];
        },
        ...savedRows("CartPole-v1: world", s),
        draw: (i) => drawnCartPole("CartPole-v1", s[i * 4], s[i * 4 + 2]),
      };
    },
  });
}

/**
 * Euler's rule on the cart and pole (Florian 2007, without friction), with M the total mass, m the pole's, l half its length:
 *   temp   = (F + m l θ̇² sin θ) / M
 *   θ̈ = (g sin θ − cos θ temp) / (l (4/3 − m cos² θ / M))
 *   ẍ = temp − m l θ̈ cos θ / M
 */
export function push(
  s: Float64Array,
  actions: KernelActions,
  idle: Uint8Array,
  rewards: Float64Array,
  terminated: Uint8Array,
): void {
  for (let i = 0, k = 0; i < idle.length; i++, k += 4) {
    if (idle[i] !== 0) continue;
    const xDot = s[k + 1];
    const thetaDot = s[k + 3];
    const cos = Math.cos(s[k + 2]);
    const sin = Math.sin(s[k + 2]);
    const force = actions[i] === 1 ? FORCE : -FORCE;
    const temp = (force + MOMENT * (thetaDot * thetaDot) * sin) / TOTAL;
    const thetaDotDot = (GRAVITY * sin - cos * temp) / (HALF_LENGTH * (4 / 3 - (POLE * (cos * cos)) / TOTAL));
    const xDotDot = temp - (MOMENT * thetaDotDot * cos) / TOTAL;
    const x = s[k] + STEP * xDot;
    const theta = s[k + 2] + STEP * thetaDot;
    s[k] = x;
    s[k + 1] = xDot + STEP * xDotDot;
    s[k + 2] = theta;
    s[k + 3] = thetaDot + STEP * thetaDotDot;
    rewards[i] = 1;
    terminated[i] = x < -MAX_X || x > MAX_X || theta < -MAX_ANGLE || theta > MAX_ANGLE ? 1 : 0;
  }
}

/** The cart at x metres with its pole at an angle, as an SVG picture. */
export function drawnCartPole(id: string, x: number, theta: number): string {
  const scale = 300 / (2 * MAX_X);
  const cart = 150 + x * scale;
  const pole = 2 * HALF_LENGTH * 90;
  const degrees = ((theta * 180) / Math.PI).toFixed(1);
  return picture(`${id}: cart at ${x.toFixed(2)} m, pole at ${degrees} degrees`, 300, 160, [
    line(0, 130, 300, 130, ink.light, 2),
    block(cart, 120, 44, 20, ink.dark),
    line(cart, 112, cart + pole * Math.sin(theta), 112 - pole * Math.cos(theta), ink.middle, 7),
    circle(cart, 112, 4, ink.paper),
  ]);
}
