import { ant } from "./ant.ts";
import { loadMujoco } from "./engine.ts";
import { halfCheetah } from "./half-cheetah.ts";
import { hopper } from "./hopper.ts";
import { invertedDoublePendulum } from "./inverted-double-pendulum.ts";
import { invertedPendulum } from "./inverted-pendulum.ts";
import { reacher } from "./reacher.ts";
import type { RobotEnv } from "./robot.ts";
import { swimmer } from "./swimmer.ts";
import { walker2d } from "./walker2d.ts";

export { type AntOptions, ant } from "./ant.ts";
export { loadMujoco, MissingPackageError, type MujocoFactory, type MujocoOptions, mujocoLoaded } from "./engine.ts";
export { halfCheetah } from "./half-cheetah.ts";
export { type HopperOptions, hopper } from "./hopper.ts";
export { type InvertedDoublePendulumOptions, invertedDoublePendulum } from "./inverted-double-pendulum.ts";
export { type InvertedPendulumOptions, invertedPendulum } from "./inverted-pendulum.ts";
export type { Body, Joint, Mechanism, Shape as BodyShape, Surface, Vec } from "./mechanism.ts";
export { mjcf } from "./mjcf.ts";
export type { BodyPose, Pose, RobotPoses, ShapePose } from "./poses.ts";
export { type ReacherOptions, reacher } from "./reacher.ts";
export { isRobot, type RobotDefinition, type RobotEnv, type RobotTask, type RobotVector, robot } from "./robot.ts";
export type { RobotView } from "./side-view.ts";
export { closeMujoco, type RobotReadings } from "./simulator.ts";
export { swimmer } from "./swimmer.ts";
export type { LocomotionOptions, Range as HealthyRange } from "./task.ts";
export { type Walker2dOptions, walker2d } from "./walker2d.ts";

/** The robots by the names they are found by. */
export const robots: Readonly<
  Record<string, { readonly make: () => RobotEnv; readonly about: string; readonly prepare: () => Promise<void> }>
> = Object.fromEntries(
  (
    [
      ["InvertedPendulum-v5", invertedPendulum, "keep a pole upright on a cart, with real forces (MuJoCo)"],
      ["InvertedDoublePendulum-v5", invertedDoublePendulum, "keep a pole on a pole upright on a cart (MuJoCo)"],
      ["Reacher-v5", reacher, "bring the tip of a two-link arm to a target (MuJoCo)"],
      ["Hopper-v5", hopper, "hop forward on one leg without falling (MuJoCo)"],
      ["HalfCheetah-v5", halfCheetah, "run forward on two springy legs (MuJoCo)"],
      ["Walker2d-v5", walker2d, "walk forward on two legs without falling (MuJoCo)"],
      ["Swimmer-v5", swimmer, "swim forward with three links in a viscous fluid (MuJoCo)"],
      ["Ant-v5", ant, "walk forward on four legs, touching the ground gently (MuJoCo)"],
    ] as const
  ).map(([id, make, about]) => [id, { make: () => make(), about, prepare: () => loadMujoco() }]),
);
