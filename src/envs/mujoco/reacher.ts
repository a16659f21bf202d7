import type { Mechanism, Shape, Vec } from "./mechanism.ts";
import { type RobotEnv, robot } from "./robot.ts";
import type { RobotReadings } from "./simulator.ts";
import { addUniform } from "./task.ts";

const motor = { kind: "hinge", axis: [0, 0, 1], armature: 1, damping: 1 } as const;
const link: Shape = { kind: "capsule", from: [0, 0, 0], to: [0.1, 0, 0], radius: 0.01 };
const side = (from: Vec, to: Vec): Shape => ({ kind: "capsule", from, to, radius: 0.02 });
const reach = { kind: "slide", range: [-0.27, 0.27] } as const;
const ARENA = 0.3; // m

/** An arm of two links of 10 cm in the x-y plane, and a target that stands where it is put. */
const body: Mechanism = {
  name: "reacher",
  timestep: 0.01,
  integrator: "RK4",
  scene: [
    { kind: "plane", at: [0, 0, 0] },
    side([-ARENA, -ARENA, 0.01], [ARENA, -ARENA, 0.01]),
    side([ARENA, -ARENA, 0.01], [ARENA, ARENA, 0.01]),
    side([-ARENA, ARENA, 0.01], [ARENA, ARENA, 0.01]),
    side([-ARENA, -ARENA, 0.01], [-ARENA, ARENA, 0.01]),
  ],
  bodies: [
    {
      name: "upper",
      at: [0, 0, 0.01],
      joints: [{ ...motor, name: "joint0" }],
      shapes: [link],
      bodies: [
        {
          name: "lower",
          at: [0.1, 0, 0],
          joints: [{ ...motor, name: "joint1", range: [-3, 3] }],
          shapes: [link],
          bodies: [{ name: "fingertip", at: [0.11, 0, 0], shapes: [{ kind: "sphere", at: [0, 0, 0], radius: 0.01 }] }],
        },
      ],
    },
    {
      name: "target",
      at: [0.1, -0.1, 0.01],
      joints: [
        { ...reach, name: "target_x", axis: [1, 0, 0], reads: 0.1 },
        { ...reach, name: "target_y", axis: [0, 1, 0], reads: -0.1 },
      ],
      shapes: [{ kind: "sphere", at: [0, 0, 0], radius: 0.009, pale: true }],
    },
  ],
  motors: ["joint0", "joint1"].map((joint) => ({ joint, gear: 200 })),
};

export interface ReacherOptions {
  /** Weight of the distance (m), which is subtracted */
  readonly distWeight?: number;
  /** Weight of |a|^2, which is subtracted */
  readonly controlWeight?: number;
}

/** From the target to the fingertip, in direction k: their bodies are the fourth and the third. */
const gap = ({ xpos }: RobotReadings, k: number) => xpos[9 + k] - xpos[12 + k];

/**
 * Reacher-v5: a two-link arm brings its fingertip to a target, drawn in a disc of 20 cm around its shoulder.
 *   r = −dist · |fingertip − target| − control · |a|²
 * Observation: the cosines and sines of the two angles, the target `[x, y]`, the two angular velocities, fingertip - target
 * `[x, y]`; action: 2 torques, -1 to 1; it never ends and is cut at 50 steps of 20 ms. Physics, reward and limits are Gymnasium's.
 */
export function reacher({ distWeight = 1, controlWeight = 1 }: ReacherOptions = {}): RobotEnv {
  return robot({
    id: "Reacher-v5",
    maxSteps: 50,
    mechanism: body,
    view: { from: "top", width: 0.8, height: 0.8, centre: [0, 0] },
    task: {
      size: 10,
      frameSkip: 2,
      begin: ({ qpos, qvel }, random) => {
        addUniform(qpos, 0.1, random);
        addUniform(qvel, 0.005, random);
        do {
          qpos[2] = random.uniform(-0.2, 0.2);
          qpos[3] = random.uniform(-0.2, 0.2);
        } while (Math.hypot(qpos[2], qpos[3]) >= 0.2);
        qvel.fill(0, 2);
      },
      observe: (now, out, at) => {
        const { qpos, qvel } = now;
        for (let k = 0; k < 2; k++) {
          out[at + k] = Math.cos(qpos[k]);
          out[at + 2 + k] = Math.sin(qpos[k]);
          out[at + 4 + k] = qpos[2 + k];
          out[at + 6 + k] = qvel[k];
          out[at + 8 + k] = gap(now, k);
        }
      },
      progress: () => 0,
      reward: (now, _, effort) => -distWeight * Math.hypot(gap(now, 0), gap(now, 1), gap(now, 2)) - controlWeight * effort,
      terminated: () => false,
    },
  });
}
