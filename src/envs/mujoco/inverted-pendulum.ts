import { type Mechanism, rod } from "./mechanism.ts";
import { type RobotEnv, robot } from "./robot.ts";
import { addUniform, observeJoints } from "./task.ts";

/** A cart on a rail of 2 m, and a pole of 60 cm on it. */
const body: Mechanism = {
  name: "inverted-pendulum",
  timestep: 0.02,
  integrator: "RK4",
  scene: [rod([0, 0, 0], Math.PI / 2, 1, 0.02)],
  bodies: [
    {
      name: "cart",
      at: [0, 0, 0],
      joints: [{ name: "slider", kind: "slide", axis: [1, 0, 0], range: [-1, 1], damping: 1 }],
      shapes: [rod([0, 0, 0], Math.PI / 2, 0.1, 0.1)],
      bodies: [
        {
          name: "pole",
          at: [0, 0, 0],
          joints: [{ name: "hinge", kind: "hinge", axis: [0, 1, 0], range: [-Math.PI / 2, Math.PI / 2], damping: 1 }],
          shapes: [{ kind: "capsule", from: [0, 0, 0], to: [0.001, 0, 0.6], radius: 0.049 }],
        },
      ],
    },
  ],
  motors: [{ joint: "slider", gear: 100 }],
  limit: 3,
};

export interface InvertedPendulumOptions {
  /** Half the width of the uniform noise of the first state */
  readonly resetNoiseScale?: number;
}

/**
 * InvertedPendulum-v5: a cart on a rail keeps a pole upright.
 *   r = 1{|θ| ≤ 0.2}
 * Observation `[x, theta, xDot, thetaDot]` in m, rad, m/s, rad/s; action: the force on the cart, -3 to 3 times 100 N; it ends when
 * the pole leans by more than 0.2 rad, and is cut at 1000 steps of 40 ms. Physics, reward and limits are Gymnasium's.
 */
export function invertedPendulum({ resetNoiseScale = 0.01 }: InvertedPendulumOptions = {}): RobotEnv {
  const fallen = (qpos: Float64Array) => Math.abs(qpos[1]) > 0.2;
  return robot({
    id: "InvertedPendulum-v5",
    maxSteps: 1000,
    mechanism: body,
    view: { from: "side", width: 3, height: 1.5, centre: [0, 0.2] },
    task: {
      size: 4,
      frameSkip: 2,
      begin: ({ qpos, qvel }, random) => {
        addUniform(qpos, resetNoiseScale, random);
        addUniform(qvel, resetNoiseScale, random);
      },
      observe: (now, out, at) => {
        observeJoints(now, 0, Infinity, out, at);
      },
      progress: () => 0,
      reward: ({ qpos }) => (fallen(qpos) ? 0 : 1),
      terminated: ({ qpos }) => fallen(qpos),
    },
  });
}
