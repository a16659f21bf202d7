import { type Body, type Mechanism, rod } from "./mechanism.ts";
import { type RobotEnv, robot } from "./robot.ts";
import { addNormal, addUniform, clip } from "./task.ts";

const LENGTH = 0.6; // m, of either pole
const DAMPING = 0.05;

const pole = (name: string, joint: string, height: number): Body => ({
  name,
  at: [0, 0, height],
  joints: [{ name: joint, kind: "hinge", axis: [0, 1, 0], damping: DAMPING }],
  shapes: [{ kind: "capsule", from: [0, 0, 0], to: [0, 0, LENGTH], radius: 0.045 }],
});

/** A cart on a rail of 2 m, a pole on it, and a pole on that; gravity pulls a hair to the right. */
const body: Mechanism = {
  name: "inverted-double-pendulum",
  timestep: 0.01,
  integrator: "RK4",
  gravity: [1e-5, 0, -9.81],
  scene: [{ kind: "plane", at: [0, 0, -3] }, rod([0, 0, 0], Math.PI / 2, 1, 0.02)],
  bodies: [
    {
      name: "cart",
      at: [0, 0, 0],
      joints: [{ name: "slider", kind: "slide", axis: [1, 0, 0], range: [-1, 1], margin: 0.01, damping: DAMPING }],
      shapes: [rod([0, 0, 0], Math.PI / 2, 0.1, 0.1)],
      bodies: [{ ...pole("pole", "hinge", 0), bodies: [{ ...pole("pole2", "hinge2", LENGTH), site: [0, 0, LENGTH] }] }],
    },
  ],
  motors: [{ joint: "slider", gear: 500 }],
};

export interface InvertedDoublePendulumOptions {
  readonly healthyReward?: number;
  /** Half the width of the uniform noise on the positions and the standard deviation of that on the velocities */
  readonly resetNoiseScale?: number;
}

/**
 * InvertedDoublePendulum-v5: a cart on a rail keeps a pole on a pole upright. With the tip at (x, y):
 *   r = healthy · 1{y > 1} − 0.01 x² − (y − 2)² − 0.001 θ̇₁² − 0.005 θ̇₂²
 * Observation: x, the sines and then the cosines of the two angles, the three velocities cut at 10, the force of the rail's ends
 * on the cart cut at 10; action: the force on the cart, -1 to 1 times 500 N; it ends when the tip is no higher than 1 m, and is
 * cut at 1000 steps of 50 ms. Physics, reward and limits are Gymnasium's.
 */
export function invertedDoublePendulum(options: InvertedDoublePendulumOptions = {}): RobotEnv {
  const { healthyReward = 10, resetNoiseScale = 0.1 } = options;
  return robot({
    id: "InvertedDoublePendulum-v5",
    maxSteps: 1000,
    mechanism: body,
    view: { from: "side", width: 3, height: 1.8, centre: [0, 0.6] },
    task: {
      size: 9,
      frameSkip: 5,
      begin: ({ qpos, qvel }, random) => {
        addUniform(qpos, resetNoiseScale, random);
        addNormal(qvel, resetNoiseScale, random);
      },
      observe: ({ qpos, qvel, qfrcConstraint }, out, at) => {
        out[at] = qpos[0];
        for (let k = 0; k < 2; k++) {
          out[at + 1 + k] = Math.sin(qpos[1 + k]);
          out[at + 3 + k] = Math.cos(qpos[1 + k]);
        }
        for (let k = 0; k < 3; k++) out[at + 5 + k] = clip(qvel[k], 10);
        out[at + 8] = clip(qfrcConstraint[0], 10);
      },
      progress: () => 0,
      reward: ({ qvel, siteXpos }) => {
        const [x, , y] = siteXpos;
        const alive = y > 1 ? healthyReward : 0;
        return alive - (0.01 * x ** 2 + (y - 2) ** 2) - (1e-3 * qvel[1] ** 2 + 5e-3 * qvel[2] ** 2);
      },
      terminated: ({ siteXpos }) => siteXpos[2] <= 1,
    },
  });
}
