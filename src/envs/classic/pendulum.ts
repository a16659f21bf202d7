import type { Env } from "../../mdp/env.ts";
import { box } from "../../mdp/space.ts";
import { circle, ink, line, picture } from "../picture.ts";
import { batched, type KernelActions, savedRows } from "../vector.ts";

const MAX_SPEED = 8; // rad/s
const MAX_TORQUE = 2; // N m
const GRAVITY = 10; // m/s^2
const MASS = 1; // kg
const LENGTH = 1; // m
const STEP = 0.05; // s
const EFFORT = Math.fround(0.001); // cost of a squared torque

/**
 * Pendulum-v1: a rod is swung up and held there by a torque at its joint, too weak to lift it at once. Observation
 * `[cos theta, sin theta, thetaDot]`, theta = 0 upright; action: the torque in N m, -2 to 2; it never ends and is cut at 200
 * steps. Dynamics, reward and limits are Gymnasium's; as there, torques have single precision, and so have the products that
 * hold nothing else (3 u and 0.001 u^2). NumPy's single-precision square is a last digit off for about one torque in a
 * thousand, which moves its reward by up to 2.4e-10; here the square is rounded correctly.
 */
export function pendulum(): Env {
  return batched({
    id: "Pendulum-v1",
    observation: box([3], [-1, -1, -MAX_SPEED], [1, 1, MAX_SPEED]),
    action: box([1], -MAX_TORQUE, MAX_TORQUE),
    maxSteps: 200,
    dynamics: (n) => {
      const s = new Float64Array(n * 2); // theta, thetaDot
      return {
        reset: (i, random) => {
          s[i * 2] = random.uniform(-Math.PI, Math.PI);
          s[i * 2 + 1] = random.uniform(-1, 1);
        },
        step: (actions, idle, _, rewards, terminated) => turn(s, actions, idle, rewards, terminated),
        observe: (from, to, out) => {
          for (let i = from; i < to; i++) {
            out[i * 3] = Math.cos(s[i * 2]);
            out[i * 3 + 1] = Math.sin(s[i * 2]);
            out[i * 3 + 2] = s[i * 2 + 1];
          }
        },
        ...savedRows("Pendulum-v1: world", s),
        draw: (i) => drawn(s[i * 2], s[i * 2 + 1]),
      };
    },
  });
}

/**
 * Euler's rule, the new speed moving the angle; theta is counted from upright and normalised to [-π, π) for the cost:
 *   r = −(θ² + 0.1 θ̇² + 0.001 u²)
 *   θ̇ ← clip(θ̇ + (3g/(2l) sin θ + 3/(m l²) u) Δt),  θ ← θ + θ̇ Δt
 */
function turn(s: Float64Array, actions: KernelActions, idle: Uint8Array, rewards: Float64Array, terminated: Uint8Array): void {
  for (let i = 0, k = 0; i < idle.length; i++, k += 2) {
    if (idle[i] !== 0) continue;
    const theta = s[k];
    const thetaDot = s[k + 1];
    const u = Math.fround(actions[i]);
    const off = normalised(theta);
    rewards[i] = -(off * off + 0.1 * (thetaDot * thetaDot) + Math.fround(EFFORT * Math.fround(u * u)));
    const pull = ((3 * GRAVITY) / (2 * LENGTH)) * Math.sin(theta) + Math.fround((3 / (MASS * LENGTH ** 2)) * u);
    const speed = Math.min(Math.max(thetaDot + pull * STEP, -MAX_SPEED), MAX_SPEED);
    s[k] = theta + speed * STEP;
    s[k + 1] = speed;
    terminated[i] = 0;
  }
}

/** The same angle in [-π, π). */
function normalised(theta: number): number {
  const turns = (theta + Math.PI) % (2 * Math.PI);
  return (turns < 0 ? turns + 2 * Math.PI : turns) - Math.PI;
}

function drawn(theta: number, thetaDot: number): string {
  const tipX = 110 - 80 * Math.sin(theta); // angles grow counterclockwise
  const tipY = 110 - 80 * Math.cos(theta);
  const degrees = ((normalised(theta) * 180) / Math.PI).toFixed(1);
  return picture(`Pendulum-v1: ${degrees} degrees from upright, turning at ${thetaDot.toFixed(2)} rad/s`, 220, 220, [
    line(110, 30, 110, 20, ink.light, 2),
    line(110, 110, tipX, tipY, ink.middle, 14),
    circle(110, 110, 5, ink.dark),
  ]);
}
