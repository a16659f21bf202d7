import { type Mechanism, planar, rod } from "./mechanism.ts";
import { planarLeg, THIGH_RADIUS } from "./planar-leg.ts";
import { type RobotEnv, robot } from "./robot.ts";
import { addUniform, inside, type LocomotionOptions, observeJoints, type Range } from "./task.ts";

const surface = { touches: "all", condim: 1, margin: 0.001, solref: [0.02, 1], solimp: [0.8, 0.8, 0.01] } as const;
const roll = [0.005, 0.0001] as const;

/** One leg under a torso, in the x-z plane (Erez, Tassa & Todorov 2011). */
const body: Mechanism = {
  name: "hopper",
  timestep: 0.002,
  integrator: "RK4",
  scene: [{ kind: "plane", at: [0, 0, 0], ...surface, condim: 3 }],
  bodies: [
    {
      name: "torso",
      at: [0, 0, 1.25],
      joints: planar(1.25),
      shapes: [{ ...rod([0, 0, 0], 0, 0.2, THIGH_RADIUS), ...surface, friction: [0.9, ...roll] }],
      bodies: [
        planarLeg({
          side: "",
          joint: { armature: 1, damping: 1 },
          surface,
          roll,
          foot: { ankleToOrigin: 0.13, half: 0.195, centre: -0.065, friction: 2 },
        }),
      ],
    },
  ],
  motors: ["thigh", "leg", "foot"].map((name) => ({ joint: `${name}_joint`, gear: 200 })),
};

export interface HopperOptions extends LocomotionOptions {
  readonly healthyReward?: number;
  readonly terminateWhenUnhealthy?: boolean;
  /** All positions and velocities from the height on */
  readonly healthyStateRange?: Range;
  /** Height of the torso, m */
  readonly healthyZRange?: Range;
  /** Lean of the torso, rad */
  readonly healthyAngleRange?: Range;
}

/**
 * Hopper-v5: a torso on one leg hops forward by torques at hip, knee and ankle.
 *   r = forward · ẋ + healthy · 1{healthy} − ctrl · |a|²
 * Observation: 5 positions (height and angles), 6 velocities cut at 10; action: 3 torques, -1 to 1; it ends when the torso sinks
 * below 0.7 m or leans by more than 0.2 rad, and is cut at 1000 steps of 8 ms. Physics, reward and limits are Gymnasium's.
 */
export function hopper(options: HopperOptions = {}): RobotEnv {
  const { forwardRewardWeight = 1, ctrlCostWeight = 1e-3, resetNoiseScale = 5e-3, excludeCurrentPositions = true } = options;
  const { healthyReward = 1, terminateWhenUnhealthy = true } = options;
  const { healthyStateRange = [-100, 100], healthyZRange = [0.7, Infinity], healthyAngleRange = [-0.2, 0.2] } = options;
  const skip = excludeCurrentPositions ? 1 : 0;

  const healthy = (qpos: Float64Array, qvel: Float64Array): boolean =>
    inside(qpos[1], healthyZRange) &&
    inside(qpos[2], healthyAngleRange) &&
    qpos.every((value, k) => k < 2 || inside(value, healthyStateRange)) &&
    qvel.every((value) => inside(value, healthyStateRange));

  return robot({
    id: "Hopper-v5",
    maxSteps: 1000,
    mechanism: body,
    view: { from: "side", width: 4, height: 2, centre: [0, 0.8], follow: true },
    task: {
      size: 12 - skip,
      frameSkip: 4,
      begin: ({ qpos, qvel }, random) => {
        addUniform(qpos, resetNoiseScale, random);
        addUniform(qvel, resetNoiseScale, random);
      },
      observe: (now, out, at) => {
        observeJoints(now, skip, 10, out, at);
      },
      progress: ({ qpos }) => qpos[0],
      reward: ({ qpos, qvel }, speed, effort) =>
        forwardRewardWeight * speed + (healthy(qpos, qvel) ? healthyReward : 0) - ctrlCostWeight * effort,
      terminated: ({ qpos, qvel }) => terminateWhenUnhealthy && !healthy(qpos, qvel),
    },
  });
}
