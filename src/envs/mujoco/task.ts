import type { Rng } from "../../autodiff/random.ts";
import type { RobotReadings } from "./simulator.ts";

// What several robots' tasks have in common: how an episode starts, what is seen, what counts as standing.

/** An open interval `low < x < high`, or a closed one where it says so. */
export type Range = readonly [low: number, high: number];

/** Options that robots that run forward share; the names and defaults are Gymnasium's. */
export interface LocomotionOptions {
  /** Weight of the speed in the reward, s/m */
  readonly forwardRewardWeight?: number;
  /** Weight of |a|^2, which is subtracted */
  readonly ctrlCostWeight?: number;
  /** How far the first state is from rest: half the width of uniform noise, the standard deviation of normal noise. */
  readonly resetNoiseScale?: number;
  /** Whether the observation leaves out where the robot is along its way, which should not matter. */
  readonly excludeCurrentPositions?: boolean;
}

/** Adds noise to every entry: uniform from -scale to scale. */
export function addUniform(values: Float64Array, scale: number, random: Rng): void {
  for (let k = 0; k < values.length; k++) values[k] += random.uniform(-scale, scale);
}

/** Adds noise to every entry: normal with a standard deviation. */
export function addNormal(values: Float64Array, deviation: number, random: Rng): void {
  for (let k = 0; k < values.length; k++) values[k] += deviation * random.normal();
}

/** Writes the joint positions from number `skip` on and then the joint velocities, cut at `bound`; gives the place after them. */
export function observeJoints({ qpos, qvel }: RobotReadings, skip: number, bound: number, out: Float64Array, at: number): number {
  let to = at;
  for (let k = skip; k < qpos.length; k++) out[to++] = qpos[k];
  for (let k = 0; k < qvel.length; k++) out[to++] = clip(qvel[k], bound);
  return to;
}

export function clip(value: number, bound: number): number {
  return Math.min(Math.max(value, -bound), bound);
}

export function inside(value: number, [low, high]: Range): boolean {
  return low < value && value < high;
}
