import type { Body, Mechanism, Shape } from "./mechanism.ts";
import type { Simulator } from "./simulator.ts";

/** A place and an orientation in the world. */
export interface Pose {
  /** `[x, y, z]`, m; z is up */
  readonly position: readonly number[];
  /** `[w, x, y, z]`, of length 1 */
  readonly quaternion: readonly number[];
}

export interface BodyPose extends Pose {
  readonly name: string;
}

export interface ShapePose extends Pose {
  readonly kind: Shape["kind"];
  /** The body that it belongs to; `world` for what does not move */
  readonly body: string;
  /** m; 0 for a plane */
  readonly radius: number;
  /** From the centre of a capsule to that of either cap, along its own z-axis, m; 0 for others */
  readonly half: number;
  /** Whether it is drawn paler, to be told from others. */
  readonly pale: boolean;
}

/** Where the parts of a robot are. */
export interface RobotPoses {
  readonly bodies: readonly BodyPose[];
  readonly shapes: readonly ShapePose[];
}

/** The poses that the kinematics last came to. */
export function posesOf({ model, data }: Simulator, mechanism: Mechanism): RobotPoses {
  const { xpos, xquat, geom_xpos } = data;
  const { geom_size, geom_quat } = model;
  const bodies = mechanism.bodies.flatMap(below).map(({ name }, b) => {
    return { name, position: part(xpos, b + 1, 3), quaternion: part(xquat, b + 1, 4) };
  });
  const still = { name: "world", quaternion: [1, 0, 0, 0] };
  // MuJoCo numbers the bodies as a walk through the tree meets them, and the shapes body by body.
  const owned = [
    ...mechanism.scene.map((shape) => ({ shape, owner: still })),
    ...mechanism.bodies.flatMap(below).flatMap(({ shapes }, b) => shapes.map((shape) => ({ shape, owner: bodies[b] }))),
  ];
  const shapes = owned.map(({ shape: { kind, pale = false }, owner }, g) => ({
    kind,
    body: owner.name,
    radius: kind === "plane" ? 0 : geom_size[g * 3],
    half: kind === "capsule" ? geom_size[g * 3 + 1] : 0,
    pale,
    position: part(geom_xpos, g, 3),
    quaternion: turned(owner.quaternion, part(geom_quat, g, 4)),
  }));
  return { bodies, shapes };
}

function below(body: Body): Body[] {
  return [body, ...(body.bodies ?? []).flatMap(below)];
}

function part(values: Float64Array, i: number, width: number): number[] {
  return Array.from(values.subarray(i * width, (i + 1) * width));
}

/** The turn q after the turn p, both `[w, x, y, z]`. */
function turned(q: readonly number[], p: readonly number[]): number[] {
  const [a, b, c, d] = q;
  const [w, x, y, z] = p;
  return [
    a * w - b * x - c * y - d * z,
    a * x + b * w + c * z - d * y,
    a * y - b * z + c * w + d * x,
    a * z + b * y - c * x + d * w,
  ];
}
