import { type Body, DEGREE, type Joint, rod, type Shape } from "./mechanism.ts";

/** The foot of a leg, and how the leg is made. */
export interface LegMaterial {
  /** Added to the names of the parts */
  readonly side: string;
  readonly joint: Pick<Joint, "armature" | "damping">;
  readonly surface: Pick<Shape, "touches" | "condim" | "margin" | "solref" | "solimp" | "pale">;
  /** Torsional and rolling friction */
  readonly roll: readonly [torsional: number, rolling: number];
  readonly foot: { readonly ankleToOrigin: number; readonly half: number; readonly centre: number; readonly friction: number };
}

export const THIGH_RADIUS = 0.05;

/**
 * The leg that Hopper has once and Walker2d twice: a thigh of 45 cm, a leg of 50 cm and a foot, with a hip, a knee and an
 * ankle that bend backwards in the x-z plane. It hangs from the lower end of a torso of 40 cm.
 */
export function planarLeg({ side, joint, surface, roll, foot }: LegMaterial): Body {
  const hinge = (name: string, range: readonly [number, number], at?: Joint["at"]): Joint => ({
    name: `${name}${side}_joint`,
    kind: "hinge",
    axis: [0, -1, 0],
    range: [range[0] * DEGREE, range[1] * DEGREE],
    ...(at ? { at } : {}),
    ...joint,
  });
  const skin = { ...surface, friction: [0.9, ...roll] };
  const { ankleToOrigin: reach, half, centre } = foot;
  return {
    name: `thigh${side}`,
    at: [0, 0, -0.2],
    joints: [hinge("thigh", [-150, 0])],
    shapes: [{ ...rod([0, 0, -0.225], 0, 0.225, THIGH_RADIUS), ...skin }],
    bodies: [
      {
        name: `leg${side}`,
        at: [0, 0, -0.7],
        joints: [hinge("leg", [-150, 0], [0, 0, 0.25])],
        shapes: [{ ...rod([0, 0, 0], 0, 0.25, 0.04), ...skin }],
        bodies: [
          {
            name: `foot${side}`,
            at: [reach, 0, -0.35],
            joints: [hinge("foot", [-45, 45], [-reach, 0, 0.1])],
            shapes: [{ ...rod([centre, 0, 0.1], -Math.PI / 2, half, 0.06), ...surface, friction: [foot.friction, ...roll] }],
          },
        ],
      },
    ],
  };
}
