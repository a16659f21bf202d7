import { type Mechanism, planar, rod } from "./mechanism.ts";
import { type LegMaterial, planarLeg, THIGH_RADIUS } from "./planar-leg.ts";
import { type RobotEnv, robot } from "./robot.ts";
import { addUniform, inside, type LocomotionOptions, observeJoints, type Range } from "./task.ts";

const surface = { touches: "ground", condim: 3 } as const;
const roll = [0.1, 0.1] as const;

const leg: Omit<LegMaterial, "side"> = {
  joint: { armature: 0.01, damping: 0.1 },
  surface,
  roll,
  foot: { ankleToOrigin: 0.2, half: 0.1, centre: -0.1, friction: 1.9 },
};

/** Two legs under a torso, in the x-z plane; they pass through each other. */
const body: Mechanism = {
  name: "walker2d",
  timestep: 0.002,
  integrator: "RK4",
  scene: [{ kind: "plane", at: [0, 0, 0], touches: "all", condim: 3, friction: [0.7, ...roll] }],
  bodies: [
    {
      name: "torso",
      at: [0, 0, 1.25],
      joints: planar(1.25),
      shapes: [{ ...rod([0, 0, 0], 0, 0.2, THIGH_RADIUS), ...surface, friction: [0.9, ...roll] }],
      bodies: [planarLeg({ ...leg, side: "" }), planarLeg({ ...leg, side: "_left", surface: { ...surface, pale: true } })],
    },
  ],
  motors: ["thigh", "leg", "foot", "thigh_left", "leg_left", "foot_left"].map((name) => ({ joint: `${name}_joint`, gear: 100 })),
};

export interface Walker2dOptions extends LocomotionOptions {
  readonly healthyReward?: number;
  readonly terminateWhenUnhealthy?: boolean;
  /** Height of the torso, m */
  readonly healthyZRange?: Range;
  /** Lean of the torso, rad */
  readonly healthyAngleRange?: Range;
}

/**
 * Walker2d-v5: a torso walks forward on two legs by torques at hips, knees and ankles.
 *   r = forward · ẋ + healthy · 1{healthy} − ctrl · |a|²
 * Observation: 8 positions (height and angles), 9 velocities cut at 10; action: 6 torques, -1 to 1; it ends when the torso is not
 * between 0.8 and 2 m high or leans by more than 1 rad, and is cut at 1000 steps of 8 ms. Physics, reward and limits are
 * Gymnasium's.
 */
export function walker2d(options: Walker2dOptions = {}): RobotEnv {
  const { forwardRewardWeight = 1, ctrlCostWeight = 1e-3, resetNoiseScale = 5e-3, excludeCurrentPositions = true } = options;
  const { healthyReward = 1, terminateWhenUnhealthy = true, healthyZRange = [0.8, 2], healthyAngleRange = [-1, 1] } = options;
  const skip = excludeCurrentPositions ? 1 : 0;
  const healthy = (qpos: Float64Array) => inside(qpos[1], healthyZRange) && inside(qpos[2], healthyAngleRange);
  return robot({
    id: "Walker2d-v5",
    maxSteps: 1000,
    mechanism: body,
    view: { from: "side", width: 4, height: 2, centre: [0, 0.8], follow: true },
    task: {
      size: 18 - skip,
      frameSkip: 4,
      begin: ({ qpos, qvel }, random) => {
        addUniform(qpos, resetNoiseScale, random);
        addUniform(qvel, resetNoiseScale, random);
      },
      observe: (now, out, at) => {
        observeJoints(now, skip, 10, out, at);
      },
      progress: ({ qpos }) => qpos[0],
      reward: ({ qpos }, speed, effort) =>
        forwardRewardWeight * speed + (healthy(qpos) ? healthyReward : 0) - ctrlCostWeight * effort,
      terminated: ({ qpos }) => terminateWhenUnhealthy && !healthy(qpos),
    },
  });
}
