/** A point or a direction `[x, y, z]`, in m. */
export type Vec = readonly [x: number, y: number, z: number];

/** A joint between a body and the one that it hangs on (or the world). */
export interface Joint {
  readonly name: string;
  /** `free` moves in all six directions: its position is a point and a quaternion. */
  readonly kind: "hinge" | "slide" | "free";
  readonly axis?: Vec;
  /** Where it sits in the frame of its body; its origin by default. */
  readonly at?: Vec;
  /** Its limits, in rad or m; without them it has none. */
  readonly range?: readonly [low: number, high: number];
  /** What it reads in the pose that is described, in rad or m; 0 by default. */
  readonly reads?: number;
  /** N m/rad or N/m, towards the pose that is described */
  readonly stiffness?: number;
  /** N m s/rad or N s/m */
  readonly damping?: number;
  /** Inertia of the motor, kg m^2 or kg */
  readonly armature?: number;
  /** The limit is felt from this distance on, in rad or m. */
  readonly margin?: number;
  /** How soft its limit is: MuJoCo's time constant and damping ratio, and impedance. */
  readonly solref?: readonly number[];
  readonly solimp?: readonly number[];
}

/** How a shape meets others. */
export interface Surface {
  /** `ground`: only what is `all`; by default it touches nothing. */
  readonly touches?: "nothing" | "ground" | "all";
  /** Sliding, torsional (m) and rolling (m) friction */
  readonly friction?: readonly number[];
  /** 1 without friction, 3 with sliding friction; the larger of two that touch counts. */
  readonly condim?: 1 | 3;
  /** The contact is felt from this distance on, m. */
  readonly margin?: number;
  /** How soft the contact is: MuJoCo's time constant and damping ratio, and impedance. */
  readonly solref?: readonly number[];
  readonly solimp?: readonly number[];
}

/** What a body is made of, in its frame. It has mass by its volume: `density` in kg/m^3, 1000 by default. */
export type Shape = Surface & {
  readonly density?: number /** Drawn paler, to be told from others */;
  readonly pale?: boolean;
} & (
    | { readonly kind: "capsule"; readonly from: Vec; readonly to: Vec; readonly radius: number }
    | { readonly kind: "sphere"; readonly at: Vec; readonly radius: number }
    | { readonly kind: "plane"; readonly at: Vec }
  );

/** A rigid body, its joints to the body above, and the bodies that hang on it. */
export interface Body {
  readonly name: string;
  /** Its origin in the frame of the body above */
  readonly at: Vec;
  readonly joints?: readonly Joint[];
  readonly shapes: readonly Shape[];
  readonly bodies?: readonly Body[];
  /** A point that tasks look at */
  readonly site?: Vec;
}

/** A robot and the ground that it stands on, as physical parameters. */
export interface Mechanism {
  readonly name: string;
  /** s */
  readonly timestep: number;
  readonly integrator: "Euler" | "RK4";
  /** m/s^2; `[0, 0, -9.81]` by default */
  readonly gravity?: Vec;
  /** What it swims in: density in kg/m^3, viscosity in Pa s */
  readonly medium?: { readonly density: number; readonly viscosity: number };
  /** The masses are scaled to this sum, kg. */
  readonly totalMass?: number;
  /** What does not move */
  readonly scene: readonly Shape[];
  readonly bodies: readonly Body[];
  /** The motors in the order of the actions: torque (N m) or force (N) at control 1. */
  readonly motors: readonly { readonly joint: string; readonly gear: number }[];
  /** Controls go from -limit to limit; 1 by default. */
  readonly limit?: number;
}

export const DEGREE = Math.PI / 180;

/** A capsule around a centre, `half` m to either end, leaning by `pitch` rad from the z-axis towards the x-axis. */
export function rod(at: Vec, pitch: number, half: number, radius: number) {
  const [x, y, z] = at;
  const [dx, dz] = [half * Math.sin(pitch), half * Math.cos(pitch)];
  return { kind: "capsule", from: [x + dx, y, z + dz], to: [x - dx, y, z - dz], radius } as const;
}

/** The joints of a body that moves in the x-z plane only; `height` is what the second one reads, m. */
export function planar(height = 0): Joint[] {
  return [
    { name: "rootx", kind: "slide", axis: [1, 0, 0] },
    { name: "rootz", kind: "slide", axis: [0, 0, 1], reads: height },
    { name: "rooty", kind: "hinge", axis: [0, 1, 0] },
  ];
}
