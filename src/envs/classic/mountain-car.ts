import type { Env } from "../../mdp/env.ts";
import { box, discrete } from "../../mdp/space.ts";
import { batched, type KernelActions, savedRows } from "../vector.ts";
import { drawnOnHill } from "./hill.ts";

const MIN_X = -1.2;
const MAX_X = 0.6;
const MAX_SPEED = 0.07;
const GOAL = 0.5;
const FORCE = 0.001;
const GRAVITY = 0.0025;

/**
 * MountainCar-v0: a car too weak for its hill swings until it gets over (Moore 1990). Observation `[x, v]`; action: push
 * left (0), not at all (1), right (2); reward -1 a step; it ends at x >= 0.5 and is cut at 200 steps. Dynamics, reward and
 * limits are Gymnasium's.
 */
export function mountainCar(): Env {
  return batched({
    id: "MountainCar-v0",
    observation: box([2], [MIN_X, -MAX_SPEED].map(Math.fround), [MAX_X, MAX_SPEED].map(Math.fround)),
    action: discrete(3),
    maxSteps: 200,
    dynamics: (n) => {
      const s = new Float64Array(n * 2); // x, v
      return {
        reset: (i, random) => {
          s[i * 2] = random.uniform(-0.6, -0.4);
          s[i * 2 + 1] = 0;
        },
        step: (actions, idle, _, rewards, terminated) => drive(s, actions, idle, rewards, terminated),
        observe: (from, to, out) => {
          for (let k = from * 2; k < to * 2; k++) out[k] = s[k];
        },
        ...savedRows("MountainCar-v0: world", s),
        draw: (i) => drawnOnHill("MountainCar-v0", s[i * 2], s[i * 2 + 1], GOAL),
      };
    },
  });
}

/** v ← clip(v + 0.001 (a − 1) − 0.0025 cos 3x),  x ← clip(x + v); the left wall takes the speed away. */
function drive(s: Float64Array, actions: KernelActions, idle: Uint8Array, rewards: Float64Array, terminated: Uint8Array): void {
  for (let i = 0, k = 0; i < idle.length; i++, k += 2) {
    if (idle[i] !== 0) continue;
    const pull = (actions[i] - 1) * FORCE + Math.cos(3 * s[k]) * -GRAVITY;
    let v = Math.min(Math.max(s[k + 1] + pull, -MAX_SPEED), MAX_SPEED);
    const x = Math.min(Math.max(s[k] + v, MIN_X), MAX_X);
    if (x === MIN_X && v < 0) v = 0;
    s[k] = x;
    s[k + 1] = v;
    rewards[i] = -1;
    terminated[i] = x >= GOAL && v >= 0 ? 1 : 0;
  }
}
