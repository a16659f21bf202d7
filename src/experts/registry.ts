import { nearest } from "../envs/nearest.ts";
import { isTabular } from "../envs/tabular/index.ts";
import type { Env } from "../mdp/env.ts";
import { driver } from "./driver.ts";
import { planner } from "./planner.ts";
import { acrobat, balancer, type Controller, climber, gentleClimber, swinger } from "./scripted.ts";

/** A scripted expert that is known by name, and the environments that it fits. */
export interface ScriptedExpert {
  /** The expert for an environment that it fits. */
  readonly make: (env: Env) => Controller;
  /** Ids of environments. */
  readonly fits: readonly string[];
  readonly about: string;
}

/** Every scripted expert, by name. */
export const scriptedExperts: Readonly<Record<string, ScriptedExpert>> = {
  balancer: { make: balancer, fits: ["CartPole-v1", "CartPoleFixed-v1"], about: "pushes to the side to which the pole falls" },
  acrobat: { make: acrobat, fits: ["Acrobot-v1"], about: "feeds the swing of the second link" },
  climber: { make: climber, fits: ["MountainCar-v0"], about: "swings until a full push carries it over the hill" },
  gentleClimber: { make: gentleClimber, fits: ["MountainCarContinuous-v0"], about: "swings with forces proportional to speed" },
  swinger: { make: swinger, fits: ["Pendulum-v1"], about: "swings up by energy, then holds by spring and damper" },
  driver: {
    make: driver,
    fits: ["track-state", "track-state-held-out", "track-camera", "track-camera-held-out"],
    about: "steers as the road bends, and back to its centre",
  },
};

/** The names of the experts that fit an environment; tabular ones whose observations are their states have the planner. */
export function expertsFor(env: Env): string[] {
  const scripted = Object.keys(scriptedExperts).filter((name) => scriptedExperts[name].fits.includes(env.id));
  return isTabular(env) && !env.seen ? [...scripted, "planner"] : scripted;
}

/** The expert of a name. Throws, naming the nearest and the fitting ones, if there is none or it doesn't fit the environment. */
export function makeExpert(name: string, env: Env): Controller {
  const known = [...Object.keys(scriptedExperts), "planner"];
  const fitting = expertsFor(env);
  if (fitting.includes(name)) return name === "planner" ? planner(env) : scriptedExperts[name].make(env);
  const instead = fitting.length > 0 ? `for ${env.id} there is ${fitting.join(", ")}` : `there is no known expert for ${env.id}`;
  if (!known.includes(name)) {
    throw new RangeError(`unknown expert "${name}"; the nearest are ${nearest(name, known).join(", ")}; ${instead}`);
  }
  const fits = name === "planner" ? "tabular environments that show their state" : scriptedExperts[name].fits.join(", ");
  throw new RangeError(`expert ${name} is for ${fits}; ${instead}`);
}
