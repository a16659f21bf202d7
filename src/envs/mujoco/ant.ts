import { type Body, DEGREE, type Joint, type Mechanism, type Shape, type Surface, type Vec } from "./mechanism.ts";
import { type RobotEnv, robot } from "./robot.ts";
import { addNormal, addUniform, clip, type LocomotionOptions, observeJoints, type Range } from "./task.ts";

const skin: Surface = { condim: 3, friction: [1, 0.5, 0.5], margin: 0.01 };
const flesh = { ...skin, touches: "ground", density: 5 } as const;
const hinge = { kind: "hinge", armature: 1, damping: 1 } as const;

/** Leg k of the four: where it points, in x and y. */
const legs = [
  [1, 1],
  [-1, 1],
  [-1, -1],
  [1, -1],
] as const;

/** A leg along the diagonal (x, y): a stump, a limb that a hip turns sideways, and a limb that an ankle bends down. */
function leg([x, y]: readonly [number, number], k: number): Body {
  const out = (length: number): Vec => [x * length, y * length, 0];
  const limb = (length: number): Shape => ({ kind: "capsule", from: [0, 0, 0], to: out(length), radius: 0.08, ...flesh });
  const bend: readonly [number, number] = x > 0 ? [30, 70] : [-70, -30];
  const hip: Joint = { ...hinge, name: `hip_${k}`, axis: [0, 0, 1], range: [-30 * DEGREE, 30 * DEGREE] };
  const ankle: Joint = { ...hinge, name: `ankle_${k}`, axis: [-x * y, 1, 0], range: [bend[0] * DEGREE, bend[1] * DEGREE] };
  return {
    name: `stump_${k}`,
    at: [0, 0, 0],
    shapes: [limb(0.2)],
    bodies: [
      {
        name: `upper_${k}`,
        at: out(0.2),
        joints: [hip],
        shapes: [limb(0.2)],
        bodies: [{ name: `lower_${k}`, at: out(0.2), joints: [ankle], shapes: [limb(0.4)] }],
      },
    ],
  };
}

/** A ball on four legs of two joints each (Schulman et al. 2016). */
const body: Mechanism = {
  name: "ant",
  timestep: 0.01,
  integrator: "RK4",
  scene: [{ kind: "plane", at: [0, 0, 0], ...skin, touches: "all" }],
  bodies: [
    {
      name: "torso",
      at: [0, 0, 0.75],
      joints: [{ name: "root", kind: "free", margin: 0.01 }],
      shapes: [{ kind: "sphere", at: [0, 0, 0], radius: 0.25, ...flesh }],
      bodies: legs.map((direction, k) => leg(direction, k + 1)),
    },
  ],
  motors: [4, 1, 2, 3].flatMap((k) => [
    { joint: `hip_${k}`, gear: 150 },
    { joint: `ankle_${k}`, gear: 150 },
  ]),
};

export interface AntOptions extends LocomotionOptions {
  /** Weight of the squared contact forces, which are subtracted */
  readonly contactCostWeight?: number;
  readonly healthyReward?: number;
  readonly terminateWhenUnhealthy?: boolean;
  /** Height of the torso, m, ends included */
  readonly healthyZRange?: Range;
  /** Contact forces are cut at this, in N and N m. */
  readonly contactForceBound?: number;
  readonly includeContactForces?: boolean;
}

/**
 * Ant-v5: a four-legged ant walks along x by torques at its eight joints.
 *   r = forward · ẋ + healthy · 1{healthy} − ctrl · |a|² − contact · |clip(F)|²
 * Observation: 13 positions (height, orientation `[w, x, y, z]`, angles), 14 velocities, the torque and force `[6]` from outside on
 * each of 13 bodies, cut at 1; action: 8 torques, -1 to 1; it ends when the torso is not between 0.2 and 1 m high, and is cut at
 * 1000 steps of 50 ms. Physics, reward and limits are Gymnasium's.
 */
export function ant(options: AntOptions = {}): RobotEnv {
  const { forwardRewardWeight = 1, ctrlCostWeight = 0.5, resetNoiseScale = 0.1, excludeCurrentPositions = true } = options;
  const { contactCostWeight = 5e-4, healthyReward = 1, terminateWhenUnhealthy = true, healthyZRange = [0.2, 1] } = options;
  const { contactForceBound = 1, includeContactForces = true } = options;
  const skip = excludeCurrentPositions ? 2 : 0;
  const bodies = 13;
  const healthy = (qpos: Float64Array) => healthyZRange[0] <= qpos[2] && qpos[2] <= healthyZRange[1];
  return robot({
    id: "Ant-v5",
    maxSteps: 1000,
    mechanism: body,
    view: { from: "side", width: 4, height: 2, centre: [0, 0.7], follow: true },
    task: {
      size: 29 - skip + (includeContactForces ? 6 * bodies : 0),
      frameSkip: 5,
      contactForces: true,
      begin: ({ qpos, qvel }, random) => {
        addUniform(qpos, resetNoiseScale, random);
        addNormal(qvel, resetNoiseScale, random);
      },
      observe: (now, out, at) => {
        const to = observeJoints(now, skip, Infinity, out, at);
        if (!includeContactForces) return;
        for (let k = 0; k < 6 * bodies; k++) out[to + k] = clip(now.cfrcExt[6 + k], contactForceBound);
      },
      progress: ({ xpos }) => xpos[3],
      reward: ({ qpos, cfrcExt }, speed, effort) => {
        let contact = 0;
        for (const force of cfrcExt) contact += clip(force, contactForceBound) ** 2;
        const earned = forwardRewardWeight * speed + (healthy(qpos) ? healthyReward : 0);
        return earned - (ctrlCostWeight * effort + contactCostWeight * contact);
      },
      terminated: ({ qpos }) => terminateWhenUnhealthy && !healthy(qpos),
    },
  });
}
