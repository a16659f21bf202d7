import type { Env } from "../../mdp/env.ts";
import { box, discrete } from "../../mdp/space.ts";
import { circle, ink, line, picture } from "../picture.ts";
import { batched, type KernelActions, savedRows } from "../vector.ts";

const STEP = 0.2; // s
const LENGTH = 1; // m, of the first link
const CENTRE = 0.5; // m, from a link's joint to its centre of mass
const MASS = 1; // kg, of each link
const INERTIA = 1; // kg m^2, of each link
const GRAVITY = 9.8; // m/s^2
const MAX_SPEED_1 = 4 * Math.PI; // rad/s
const MAX_SPEED_2 = 9 * Math.PI; // rad/s

/**
 * Acrobot-v1: two links hang from a fixed joint; a torque of -1, 0 or 1 N m (actions 0, 1, 2) at the joint between them swings
 * the free end above a line one link over the fixed joint (Sutton 1996). Observation `[cos theta1, sin theta1, cos theta2, sin
 * theta2, theta1Dot, theta2Dot]`, theta1 = 0 hanging, theta2 relative to the first link; reward -1 a step, 0 for the last; cut at 500 steps.
 * Dynamics, reward and limits are Gymnasium's; as there, an episode's first state is rounded to single precision.
 */
export function acrobot(): Env {
  const bound = [1, 1, 1, 1, MAX_SPEED_1, MAX_SPEED_2].map(Math.fround);
  return batched({
    id: "Acrobot-v1",
    observation: box(
      [6],
      bound.map((b) => -b),
      bound,
    ),
    action: discrete(3),
    maxSteps: 500,
    dynamics: (n) => {
      const s = new Float64Array(n * 4); // theta1, theta2, theta1Dot, theta2Dot
      return {
        reset: (i, random) => {
          for (let k = i * 4; k < i * 4 + 4; k++) s[k] = Math.fround(random.uniform(-0.1, 0.1));
        },
        step: (actions, idle, _, rewards, terminated) => swing(s, actions, idle, rewards, terminated),
        observe: (from, to, out) => {
          for (let i = from; i < to; i++) {
            out[i * 6] = Math.cos(s[i * 4]);
            out[i * 6 + 1] = Math.sin(s[i * 4]);
            out[i * 6 + 2] = Math.cos(s[i * 4 + 1]);
            out[i * 6 + 3] = Math.sin(s[i * 4 + 1]);
            out[i * 6 + 4] = s[i * 4 + 2];
            out[i * 6 + 5] = s[i * 4 + 3];
          }
        },
        ...savedRows("Acrobot-v1: world", s),
        draw: (i) => drawn(s[i * 4], s[i * 4 + 1]),
      };
    },
  });
}

/** One Runge-Kutta step of fourth order, angles wrapped to [-π, π], speeds clipped. */
function swing(s: Float64Array, actions: KernelActions, idle: Uint8Array, rewards: Float64Array, terminated: Uint8Array): void {
  for (let i = 0, k = 0; i < idle.length; i++, k += 4) {
    if (idle[i] !== 0) continue;
    rungeKutta(s, k, actions[i] - 1);
    s[k] = wrapped(s[k]);
    s[k + 1] = wrapped(s[k + 1]);
    s[k + 2] = Math.min(Math.max(s[k + 2], -MAX_SPEED_1), MAX_SPEED_1);
    s[k + 3] = Math.min(Math.max(s[k + 3], -MAX_SPEED_2), MAX_SPEED_2);
    const up = -Math.cos(s[k]) - Math.cos(s[k + 1] + s[k]) > 1;
    rewards[i] = up ? 0 : -1;
    terminated[i] = up ? 1 : 0;
  }
}

const rates = new Float64Array(16); // the four stages' derivatives, each [theta1Dot, theta2Dot, theta1DotDot, theta2DotDot]

function rungeKutta(s: Float64Array, k: number, torque: number): void {
  const half = STEP / 2;
  derive(s[k], s[k + 1], s[k + 2], s[k + 3], torque, 0);
  for (let stage = 1; stage < 4; stage++) {
    const ahead = stage === 3 ? STEP : half;
    const at = (stage - 1) * 4;
    derive(
      s[k] + ahead * rates[at],
      s[k + 1] + ahead * rates[at + 1],
      s[k + 2] + ahead * rates[at + 2],
      s[k + 3] + ahead * rates[at + 3],
      torque,
      stage * 4,
    );
  }
  for (let j = 0; j < 4; j++) s[k + j] += (STEP / 6) * (rates[j] + 2 * rates[4 + j] + 2 * rates[8 + j] + rates[12 + j]);
}

/**
 * The equations of motion (Sutton & Barto 1998, figure 11.4), with τ the torque:
 *   d1 = m lc² + m (l² + lc² + 2 l lc cos θ2) + 2 I,   d2 = m (lc² + l lc cos θ2) + I
 *   φ2 = m lc g cos(θ1 + θ2 − π/2)
 *   φ1 = −m l lc θ̇2² sin θ2 − 2 m l lc θ̇2 θ̇1 sin θ2 + (m lc + m l) g cos(θ1 − π/2) + φ2
 *   θ̈2 = (τ + (d2/d1) φ1 − m l lc θ̇1² sin θ2 − φ2) / (m lc² + I − d2²/d1)
 *   θ̈1 = −(d2 θ̈2 + φ1) / d1
 */
function derive(theta1: number, theta2: number, speed1: number, speed2: number, torque: number, to: number): void {
  const cos = Math.cos(theta2);
  const sin = Math.sin(theta2);
  const d1 = MASS * CENTRE ** 2 + MASS * (LENGTH ** 2 + CENTRE ** 2 + 2 * LENGTH * CENTRE * cos) + INERTIA + INERTIA;
  const d2 = MASS * (CENTRE ** 2 + LENGTH * CENTRE * cos) + INERTIA;
  const phi2 = MASS * CENTRE * GRAVITY * Math.cos(theta1 + theta2 - Math.PI / 2);
  const phi1 =
    -MASS * LENGTH * CENTRE * (speed2 * speed2) * sin -
    2 * MASS * LENGTH * CENTRE * speed2 * speed1 * sin +
    (MASS * CENTRE + MASS * LENGTH) * GRAVITY * Math.cos(theta1 - Math.PI / 2) +
    phi2;
  const speed2Dot =
    (torque + (d2 / d1) * phi1 - MASS * LENGTH * CENTRE * (speed1 * speed1) * sin - phi2) /
    (MASS * CENTRE ** 2 + INERTIA - d2 ** 2 / d1);
  rates[to] = speed1;
  rates[to + 1] = speed2;
  rates[to + 2] = -(d2 * speed2Dot + phi1) / d1;
  rates[to + 3] = speed2Dot;
}

/** The same angle in [-π, π]. */
function wrapped(theta: number): number {
  let angle = theta;
  while (angle > Math.PI) angle -= 2 * Math.PI;
  while (angle < -Math.PI) angle += 2 * Math.PI;
  return angle;
}

function drawn(theta1: number, theta2: number): string {
  const link = 48;
  const elbowX = 120 + link * Math.sin(theta1);
  const elbowY = 120 + link * Math.cos(theta1);
  const endX = elbowX + link * Math.sin(theta1 + theta2);
  const endY = elbowY + link * Math.cos(theta1 + theta2);
  const height = (-Math.cos(theta1) - Math.cos(theta1 + theta2)).toFixed(2);
  return picture(`Acrobot-v1: the free end ${height} m above the joint`, 240, 240, [
    line(10, 120 - link, 230, 120 - link, ink.light, 2),
    line(120, 120, elbowX, elbowY, ink.dark, 9),
    line(elbowX, elbowY, endX, endY, ink.middle, 9),
    circle(120, 120, 4, ink.paper),
    circle(elbowX, elbowY, 4, ink.paper),
  ]);
}
