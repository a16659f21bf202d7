import type { Env } from "../../mdp/env.ts";
import { box } from "../../mdp/space.ts";
import { batched, type KernelActions, savedRows } from "../vector.ts";
import { drawnOnHill } from "./hill.ts";

const { fround } = Math;
const LIMITS = { minX: -1.2, maxX: 0.6, maxSpeed: 0.07, goal: 0.45 };
const SINGLE = { minX: fround(-1.2), maxX: fround(0.6), maxSpeed: fround(0.07), goal: fround(0.45) };
const POWER = fround(0.0015);
const GRAVITY = 0.0025;

/**
 * MountainCarContinuous-v0: the mountain car with a force in [-1, 1]. Observation `[x, v]`; reward -0.1 force^2 a step and
 * 100 for the goal, x >= 0.45; it is cut at 999 steps. Dynamics, reward and limits are Gymnasium's, and so is its precision: forces
 * are single, and so is the state after an episode's first step, which alone starts from a double.
 */
export function mountainCarContinuous(): Env {
  return batched({
    id: "MountainCarContinuous-v0",
    observation: box([2], [SINGLE.minX, -SINGLE.maxSpeed], [SINGLE.maxX, SINGLE.maxSpeed]),
    action: box([1], -1, 1),
    maxSteps: 999,
    dynamics: (n) => {
      const s = new Float64Array(n * 3); // x, v, and 1 once they have single precision
      return {
        reset: (i, random) => {
          s[i * 3] = random.uniform(-0.6, -0.4);
          s[i * 3 + 1] = 0;
          s[i * 3 + 2] = 0;
        },
        step: (actions, idle, _, rewards, terminated) => drive(s, actions, idle, rewards, terminated),
        observe: (from, to, out) => {
          for (let i = from; i < to; i++) {
            out[i * 2] = s[i * 3];
            out[i * 2 + 1] = s[i * 3 + 1];
          }
        },
        ...savedRows("MountainCarContinuous-v0: world", s),
        draw: (i) => drawnOnHill("MountainCarContinuous-v0", s[i * 3], s[i * 3 + 1], LIMITS.goal),
      };
    },
  });
}

/** v ← clip(v + 0.0015 u − 0.0025 cos 3x),  x ← clip(x + v),  r = 100 [goal] − 0.1 u²; the left wall takes the speed away. */
function drive(s: Float64Array, actions: KernelActions, idle: Uint8Array, rewards: Float64Array, terminated: Uint8Array): void {
  for (let i = 0, k = 0; i < idle.length; i++, k += 3) {
    if (idle[i] !== 0) continue;
    const single = s[k + 2] === 1;
    const { minX, maxX, maxSpeed, goal } = single ? SINGLE : LIMITS;
    const u = fround(actions[i]);
    const angle = single ? fround(3 * s[k]) : 3 * s[k];
    const sum = s[k + 1] + fround(fround(u * POWER) - fround(GRAVITY * Math.cos(angle)));
    let v = Math.min(Math.max(single ? fround(sum) : sum, -maxSpeed), maxSpeed);
    const moved = s[k] + v;
    const x = Math.min(Math.max(single ? fround(moved) : moved, minX), maxX);
    if (x === minX && v < 0) v = 0;
    const arrived = x >= goal && v >= 0;
    s[k] = fround(x);
    s[k + 1] = fround(v);
    s[k + 2] = 1;
    rewards[i] = (arrived ? 100 : 0) - u * u * 0.1;
    terminated[i] = arrived ? 1 : 0;
  }
}
