import { firstLine, type MjData, type MjModel, type Mujoco, mujoco, unloadMujoco } from "./engine.ts";

/** What a task can read of the simulation, in MuJoCo's layout; the positions and velocities can be written. */
export interface RobotReadings {
  /** Joint positions, `[nq]`: rad, m, a free joint's point and quaternion */
  readonly qpos: Float64Array;
  /** Joint velocities, `[nv]` */
  readonly qvel: Float64Array;
  /** Origins of the bodies, `[nbody, 3]`, the world first, as the last evaluation of the dynamics found them */
  readonly xpos: Float64Array;
  /** Sites, `[nsite, 3]`, likewise */
  readonly siteXpos: Float64Array;
  /** Forces of contacts and limits on the joints, `[nv]` */
  readonly qfrcConstraint: Float64Array;
  /** External torques and forces on the bodies, `[nbody, 6]`; only where the task asks for contact forces. */
  readonly cfrcExt: Float64Array;
}

/**
 * One model with one set of MuJoCo's working data, in which any number of copies take turns: all that a step depends on is
 * written before it and read after it. A set of working data takes a megabyte, a copy's state a few hundred bytes.
 */
export interface Simulator {
  readonly model: MjModel;
  readonly data: MjData;
  readonly mujoco: Mujoco;
  /** Views that are valid now. */
  readings(): RobotReadings & { readonly warmstart: Float64Array; readonly ctrl: Float64Array };
}

/** Models kept at a time; past that the one made first goes, and is made again when it is asked for. */
const KEPT = 16;
const open = new Map<string, Simulator>();

/** The simulator of a model in MuJoCo's language. Throws if MuJoCo is not loaded, or does not take the model. */
export function simulator(id: string, xml: string): Simulator {
  const found = open.get(xml);
  if (found) return found;
  const engine = mujoco(id);
  if (open.size >= KEPT) free(...(open.entries().next().value as [string, Simulator]));
  const made = make(engine, id, xml);
  open.set(xml, made);
  return made;
}

/**
 * Frees every model and lets MuJoCo's memory go. Robots' states are not in that memory: after another `loadMujoco` their
 * copies go on where they were.
 */
export function closeMujoco(): void {
  for (const [xml, made] of open) free(xml, made);
  unloadMujoco();
}

function free(xml: string, { data, model }: Simulator): void {
  data.delete();
  model.delete();
  open.delete(xml);
}

function make(engine: Mujoco, id: string, xml: string): Simulator {
  let model: MjModel | undefined;
  let data: MjData;
  try {
    model = engine.MjModel.from_xml_string(xml);
    data = new engine.MjData(model);
  } catch (cause) {
    model?.delete();
    throw new Error(`${id}: MuJoCo does not take the model (${firstLine(cause)}); correct the mechanism`, { cause });
  }
  const views = () => ({
    qpos: data.qpos,
    qvel: data.qvel,
    warmstart: data.qacc_warmstart,
    ctrl: data.ctrl,
    xpos: data.xpos,
    siteXpos: data.site_xpos,
    qfrcConstraint: data.qfrc_constraint,
    cfrcExt: data.cfrc_ext,
  });
  let current = views();
  return {
    model,
    data,
    mujoco: engine,
    readings: () => {
      if (current.qpos.length === 0) current = views(); // the memory has grown, and the old views are empty
      return current;
    },
  };
}
