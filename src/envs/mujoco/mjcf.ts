import type { Body, Joint, Mechanism, Shape } from "./mechanism.ts";

type Attributes = Readonly<Record<string, string | number | readonly number[] | undefined>>;

/** Contacts arise where one shape's type meets the other's affinity. */
const masks = { nothing: [0, 0], ground: [1, 0], all: [1, 1] } as const;

/** Bytes for contacts and constraints: MuJoCo's own choice for these robots, 13 MB, is hundreds of times what they use. */
const ARENA = "1M";

/**
 * A mechanism in MuJoCo's modelling language.
 *
 * MuJoCo's habit of silently putting a simulation that blew up back to its first pose is switched off: whoever steps it
 * looks at the state instead.
 */
export function mjcf(mechanism: Mechanism): string {
  const { name, timestep, integrator, gravity = [0, 0, -9.81], medium, totalMass, scene, bodies, motors, limit = 1 } = mechanism;
  return element("mujoco", { model: name }, [
    element("compiler", { angle: "radian", inertiafromgeom: "true", settotalmass: totalMass }),
    element("size", { memory: ARENA }),
    element("option", { timestep, integrator, gravity, density: medium?.density, viscosity: medium?.viscosity }, [
      element("flag", { autoreset: "disable" }),
    ]),
    element("worldbody", {}, [...scene.map(geom), ...bodies.map(body)]),
    element(
      "actuator",
      {},
      motors.map(({ joint, gear }) => element("motor", { joint, gear, ctrllimited: "true", ctrlrange: [-limit, limit] })),
    ),
  ]);
}

function body({ name, at, joints = [], shapes, bodies = [], site }: Body): string {
  const sites = site ? [element("site", { pos: site })] : [];
  return element("body", { name, pos: at }, [...joints.map(jointed), ...shapes.map(geom), ...sites, ...bodies.map(body)]);
}

function jointed({ name, kind, axis, at, range, reads, stiffness, damping, armature, margin, solref, solimp }: Joint): string {
  const limits = { limited: range ? "true" : "false", range, margin, solreflimit: solref, solimplimit: solimp };
  return element("joint", { name, type: kind, axis, pos: at, ref: reads, stiffness, damping, armature, ...limits });
}

function geom(shape: Shape): string {
  const { kind, touches = "nothing", friction, condim, margin, solref, solimp, density } = shape;
  const [contype, conaffinity] = masks[touches];
  const form =
    kind === "capsule"
      ? { fromto: [...shape.from, ...shape.to], size: shape.radius }
      : { pos: shape.at, size: kind === "sphere" ? shape.radius : [40, 40, 40] };
  return element("geom", { type: kind, ...form, contype, conaffinity, friction, condim, margin, solref, solimp, density });
}

function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  const written = Object.entries(attributes).map(([key, value]) => {
    return value === undefined ? "" : ` ${key}="${escaped(Array.isArray(value) ? value.join(" ") : String(value))}"`;
  });
  return `<${name}${written.join("")}>${children.join("")}</${name}>`;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
