import { DEGREE, type Joint, type Mechanism, type Shape } from "./mechanism.ts";
import { type RobotEnv, robot } from "./robot.ts";
import { addUniform, type LocomotionOptions, observeJoints } from "./task.ts";

const link = (from: number, to: number): Shape => ({
  kind: "capsule",
  from: [from, 0, 0],
  to: [to, 0, 0],
  radius: 0.1,
  condim: 1,
});

const around = { kind: "hinge", axis: [0, 0, 1], armature: 0.1 } as const;
const bend = (name: string): Joint => ({ ...around, name, range: [-100 * DEGREE, 100 * DEGREE] });

/** Three links of a metre in a viscous fluid, in the x-y plane (Coulom 2002). */
const body: Mechanism = {
  name: "swimmer",
  timestep: 0.01,
  integrator: "RK4",
  medium: { density: 4000, viscosity: 0.1 },
  scene: [{ kind: "plane", at: [0, 0, -0.1], condim: 3 }],
  bodies: [
    {
      name: "torso",
      at: [0, 0, 0],
      joints: [
        { name: "slider1", kind: "slide", axis: [1, 0, 0], armature: 0.1 },
        { name: "slider2", kind: "slide", axis: [0, 1, 0], armature: 0.1 },
        { ...around, name: "free_body_rot" },
      ],
      shapes: [link(1.5, 0.5)],
      bodies: [
        {
          name: "mid",
          at: [0.5, 0, 0],
          joints: [bend("motor1_rot")],
          shapes: [link(0, -1)],
          bodies: [{ name: "back", at: [-1, 0, 0], joints: [bend("motor2_rot")], shapes: [link(0, -1)] }],
        },
      ],
    },
  ],
  motors: ["motor1_rot", "motor2_rot"].map((joint) => ({ joint, gear: 150 })),
};

/**
 * Swimmer-v5: three links swim along x by torques at the two joints between them.
 *   r = forward · ẋ − ctrl · |a|²
 * Observation: 3 angles, 5 velocities; action: 2 torques, -1 to 1; it never ends and is cut at 1000 steps of 40 ms. Physics,
 * reward and limits are Gymnasium's.
 */
export function swimmer(options: LocomotionOptions = {}): RobotEnv {
  const { forwardRewardWeight = 1, ctrlCostWeight = 1e-4, resetNoiseScale = 0.1, excludeCurrentPositions = true } = options;
  const skip = excludeCurrentPositions ? 2 : 0;
  return robot({
    id: "Swimmer-v5",
    maxSteps: 1000,
    mechanism: body,
    view: { from: "top", width: 6, height: 4, centre: [0, 0], follow: true },
    task: {
      size: 10 - skip,
      frameSkip: 4,
      begin: ({ qpos, qvel }, random) => {
        addUniform(qpos, resetNoiseScale, random);
        addUniform(qvel, resetNoiseScale, random);
      },
      observe: (now, out, at) => {
        observeJoints(now, skip, Infinity, out, at);
      },
      progress: ({ qpos }) => qpos[0],
      reward: (_, speed, effort) => forwardRewardWeight * speed - ctrlCostWeight * effort,
      terminated: () => false,
    },
  });
}
