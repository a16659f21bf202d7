import type { Env } from "../mdp/env.ts";
import { acrobot } from "./classic/acrobot.ts";
import { cartPole } from "./classic/cartpole.ts";
import { cartPoleFixed } from "./classic/cartpole-fixed.ts";
import { mountainCar } from "./classic/mountain-car.ts";
import { mountainCarContinuous } from "./classic/mountain-car-continuous.ts";
import { pendulum } from "./classic/pendulum.ts";
import { robots } from "./mujoco/index.ts";
import { nearest } from "./nearest.ts";
import { tabularEnvs } from "./tabular/index.ts";
import { trackCamera, trackState } from "./track/track.ts";

/** A registered environment: how it is made, and what it is in one line. */
export interface Registered {
  readonly make: () => Env;
  readonly about: string;
  /** Loads what its copies run on, where that has to be loaded first. */
  readonly prepare?: () => Promise<void>;
}

/** Every environment that is known by its id. */
export const environments: Readonly<Record<string, Registered>> = {
  "CartPole-v1": { make: cartPole, about: "keep a pole upright on a cart by pushing left or right" },
  "CartPoleFixed-v1": { make: cartPoleFixed, about: "the same, always 500 steps long: one for each with the pole upright" },
  "Acrobot-v1": { make: acrobot, about: "swing a two-link arm up by the joint between its links" },
  "MountainCar-v0": { make: mountainCar, about: "swing a weak car up a hill by pushing left, not at all or right" },
  "MountainCarContinuous-v0": { make: mountainCarContinuous, about: "swing a weak car up a hill with little effort" },
  "Pendulum-v1": { make: pendulum, about: "swing a rod up and hold it there with a weak torque" },
  "track-camera": { make: trackCamera, about: "steer a car round a road by the pictures of its camera" },
  "track-camera-held-out": { make: () => trackCamera({ tracks: "held-out" }), about: "the same on tracks kept for the test" },
  "track-state": { make: trackState, about: "steer a car round a road by where it is and how the road bends" },
  "track-state-held-out": { make: () => trackState({ tracks: "held-out" }), about: "the same on tracks kept for the test" },
  ...tabularEnvs,
  ...robots,
};

/**
 * The environment of an id. Copies of a robot can be made only after `loadMujoco()`: `loadEnv` sees to that. Throws, naming the
 * nearest ids, if there is none.
 */
export function makeEnv(id: string): Env {
  if (Object.hasOwn(environments, id)) return environments[id].make();
  const near = nearest(id, Object.keys(environments)).join(", ");
  throw new RangeError(`unknown environment "${id}"; the nearest are ${near}`);
}

/**
 * The environment of an id, ready to make copies: what it runs on is loaded. Throws as `makeEnv` does, and
 * `MissingPackageError` if an optional package is not installed.
 */
export async function loadEnv(id: string): Promise<Env> {
  const env = makeEnv(id);
  await environments[id].prepare?.();
  return env;
}
