import { type Body, type Mechanism, planar, rod, type Vec } from "./mechanism.ts";
import { type RobotEnv, robot } from "./robot.ts";
import { addNormal, addUniform, type LocomotionOptions, observeJoints } from "./task.ts";

const RADIUS = 0.046; // m, of every part
const skin = { condim: 3, friction: [0.4, 0.1, 0.1], solref: [0.02, 1], solimp: [0, 0.8, 0.01] } as const;
const surface = { ...skin, touches: "ground" } as const;

interface Segment {
  readonly name: string;
  /** Where it hangs on the segment above, m */
  readonly at: Vec;
  readonly range: readonly [number, number];
  readonly stiffness: number;
  readonly damping: number;
  /** Its capsule: centre (m), lean (rad), half length (m) */
  readonly rod: readonly [centre: Vec, pitch: number, half: number];
}

/** Springy legs: thigh, shin and foot, from the hip down. */
const back: readonly Segment[] = [
  { name: "bthigh", at: [-0.5, 0, 0], range: [-0.52, 1.05], stiffness: 240, damping: 6, rod: [[0.1, 0, -0.13], -3.8, 0.145] },
  {
    name: "bshin",
    at: [0.16, 0, -0.25],
    range: [-0.785, 0.785],
    stiffness: 180,
    damping: 4.5,
    rod: [[-0.14, 0, -0.07], -2.03, 0.15],
  },
  {
    name: "bfoot",
    at: [-0.28, 0, -0.14],
    range: [-0.4, 0.785],
    stiffness: 120,
    damping: 3,
    rod: [[0.03, 0, -0.097], -0.27, 0.094],
  },
];
const front: readonly Segment[] = [
  { name: "fthigh", at: [0.5, 0, 0], range: [-1, 0.7], stiffness: 180, damping: 4.5, rod: [[-0.07, 0, -0.12], 0.52, 0.133] },
  {
    name: "fshin",
    at: [-0.14, 0, -0.24],
    range: [-1.2, 0.87],
    stiffness: 120,
    damping: 3,
    rod: [[0.065, 0, -0.09], -0.6, 0.106],
  },
  { name: "ffoot", at: [0.13, 0, -0.18], range: [-0.5, 0.5], stiffness: 60, damping: 1.5, rod: [[0.045, 0, -0.07], -0.6, 0.07] },
];

function leg([segment, ...below]: readonly Segment[]): Body {
  const { name, at, range, stiffness, damping } = segment;
  const limit = { solref: [0.02, 1], solimp: [0, 0.8, 0.03] };
  return {
    name,
    at,
    joints: [{ name, kind: "hinge", axis: [0, 1, 0], range, stiffness, damping, armature: 0.1, ...limit }],
    shapes: [{ ...rod(...segment.rod, RADIUS), ...surface }],
    bodies: below.length > 0 ? [leg(below)] : [],
  };
}

/** A back with a head and two springy legs, in the x-z plane, 14 kg (Wawrzyński 2009). */
const body: Mechanism = {
  name: "half-cheetah",
  timestep: 0.01,
  integrator: "Euler",
  totalMass: 14,
  scene: [{ kind: "plane", at: [0, 0, 0], ...skin, touches: "all" }],
  bodies: [
    {
      name: "torso",
      at: [0, 0, 0.7],
      joints: planar(),
      shapes: [
        { kind: "capsule", from: [-0.5, 0, 0], to: [0.5, 0, 0], radius: RADIUS, ...surface },
        { ...rod([0.6, 0, 0.1], 0.87, 0.15, RADIUS), ...surface },
      ],
      bodies: [leg(back), leg(front)],
    },
  ],
  motors: Object.entries({ bthigh: 120, bshin: 90, bfoot: 60, fthigh: 120, fshin: 60, ffoot: 30 }).map(([joint, gear]) => ({
    joint,
    gear,
  })),
};

/**
 * HalfCheetah-v5: a cheetah cut in half lengthwise runs forward by torques at six joints.
 *   r = forward · ẋ − ctrl · |a|²
 * Observation: 8 positions (height and angles), 9 velocities; action: 6 torques, -1 to 1; it never ends and is cut at 1000 steps
 * of 50 ms. Physics, reward and limits are Gymnasium's.
 */
export function halfCheetah(options: LocomotionOptions = {}): RobotEnv {
  const { forwardRewardWeight = 1, ctrlCostWeight = 0.1, resetNoiseScale = 0.1, excludeCurrentPositions = true } = options;
  const skip = excludeCurrentPositions ? 1 : 0;
  return robot({
    id: "HalfCheetah-v5",
    maxSteps: 1000,
    mechanism: body,
    view: { from: "side", width: 4, height: 2, centre: [0, 0.7], follow: true },
    task: {
      size: 18 - skip,
      frameSkip: 5,
      begin: ({ qpos, qvel }, random) => {
        addUniform(qpos, resetNoiseScale, random);
        addNormal(qvel, resetNoiseScale, random);
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
