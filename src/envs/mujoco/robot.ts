import type { Rng } from "../../autodiff/random.ts";
import type { Autoreset, Env, Observations, VectorEnv } from "../../mdp/env.ts";
import { type Box, box } from "../../mdp/space.ts";
import { batched, type Dynamics, type KernelActions, mustMatch } from "../vector.ts";
import type { Mechanism } from "./mechanism.ts";
import { mjcf } from "./mjcf.ts";
import { posesOf, type RobotPoses } from "./poses.ts";
import { drawn, type RobotView } from "./side-view.ts";
import { type RobotReadings, type Simulator, simulator } from "./simulator.ts";

/** What a robot is for: what it sees, what it earns, when it has fallen. */
export interface RobotTask {
  /** Numbers in an observation */
  readonly size: number;
  /** Simulation steps to an action */
  readonly frameSkip: number;
  /** Makes a first state of an episode, in place, of the pose that the mechanism describes, at rest. */
  begin(now: RobotReadings, random: Rng): void;
  /** Writes the observation into `out[at ..]`. */
  observe(now: RobotReadings, out: Float64Array, at: number): void;
  /** Where it has got to, in m, as its speed is measured by; 0 where speed is not rewarded. */
  progress(now: RobotReadings): number;
  /** r, from the mean speed of the step (m/s) and the effort |a|^2 of its action. */
  reward(now: RobotReadings, speed: number, effort: number): number;
  /** Whether the episode ends here. */
  terminated(now: RobotReadings): boolean;
  /** Whether it reads `cfrcExt`, which takes a further pass. */
  readonly contactForces?: boolean;
}

/** A robot, its task, and how to look at it. */
export interface RobotDefinition {
  /** The name it is found by, with a version. */
  readonly id: string;
  readonly maxSteps: number;
  readonly mechanism: Mechanism;
  readonly task: RobotTask;
  readonly view: RobotView;
}

/** An environment on MuJoCo. Its spaces are known at once; copies can be made after `await loadMujoco()`. */
export interface RobotEnv extends Env {
  readonly observation: Box;
  readonly action: Box;
  readonly mechanism: Mechanism;
  /** Episodes of all copies, ever, that ended because the simulation blew up. */
  readonly failures: number;
  vector(n: number, options?: { autoreset?: Autoreset }): RobotVector;
}

/** Copies of a robot. */
export interface RobotVector extends VectorEnv {
  readonly env: RobotEnv;
  /** Episodes of these copies that ended because the simulation blew up. */
  readonly failures: number;
  /** Where the bodies and shapes of copy i are. */
  poses(i: number): RobotPoses;
  /**
   * Starts an episode of copy i at given joint positions and velocities, in MuJoCo's order, instead of drawn ones. Throws
   * on a wrong number of them, or one that is not finite.
   */
  place(i: number, qpos: ArrayLike<number>, qvel: ArrayLike<number>): Observations;
}

/** Whether an environment is a robot on MuJoCo. */
export function isRobot(env: Env): env is RobotEnv {
  return "mechanism" in env;
}

/**
 * The environment of a robot. Throws, when copies are made, if MuJoCo is not loaded or does not take the mechanism.
 *
 * A simulation that blows up (a position or velocity that is no number or beyond MuJoCo's bound of 10^10, an observation or
 * a reward that is not finite) ends its episode: terminated, reward 0, the observation and the state as they last were
 * sound; `failures` counts it.
 */
export function robot(definition: RobotDefinition): RobotEnv {
  const { id, maxSteps, mechanism, task } = definition;
  const xml = mjcf(mechanism);
  const limit = mechanism.limit ?? 1;
  const observation = box([task.size]);
  const action = box([mechanism.motors.length], -limit, limit);
  let failures = 0;
  const env: RobotEnv = {
    id,
    observation,
    action,
    maxSteps,
    mechanism,
    get failures() {
      return failures;
    },
    vector: (n, options) => {
      let made!: ReturnType<typeof copies>; // made once `batched` has found n and the options right
      const dynamics = () => {
        made = copies(definition, xml, n, () => failures++);
        return made.dynamics;
      };
      const inner = batched({ id, observation, action, maxSteps, dynamics }).vector(n, options);
      const there = (i: number) => {
        if (Number.isInteger(i) && i >= 0 && i < n) return;
        throw new RangeError(`${id}: copy ${i} of ${n} does not exist, expected 0 to ${n - 1}`);
      };
      return {
        ...inner,
        env,
        get failures() {
          return made.failures();
        },
        poses: (i) => {
          if (!made.begun()) throw new Error(`${id}: poses before the first reset; call reset(seed) first`);
          there(i);
          return made.poses(i);
        },
        place: (i, qpos, qvel) => {
          there(i);
          return made.place({ qpos, qvel }, () => inner.resetOne(i));
        },
      };
    },
  };
  return env;
}

const BOUND = 1e10; // MuJoCo's mjMAXVAL

/**
 * The copies' states, a row of `width` numbers each: `[time, qpos, qvel, warmstart, progress, failures, observation]`. The
 * others are the places in a row where each part begins.
 */
interface Rows {
  readonly values: Float64Array;
  /** Room for a row as it was before a step. */
  readonly kept: Float64Array;
  readonly nq: number;
  readonly nv: number;
  readonly qpos: number;
  readonly qvel: number;
  readonly warmstart: number;
  readonly progress: number;
  readonly failures: number;
  readonly seen: number;
  readonly width: number;
}

function rowsOf(n: number, nq: number, nv: number, observation: number): Rows {
  const [qpos, qvel, warmstart, progress] = [1, 1 + nq, 1 + nq + nv, 1 + nq + 2 * nv];
  const [failures, seen] = [progress + 1, progress + 2];
  const width = seen + observation;
  const [values, kept] = [new Float64Array(n * width), new Float64Array(width)];
  return { values, kept, nq, nv, qpos, qvel, warmstart, progress, failures, seen, width };
}

/** Gives the simulator all of a row that MuJoCo's next step depends on, but for the controls, which every action gives anew. */
function enter({ values, nq, nv, qpos, qvel, warmstart }: Rows, at: number, { data, readings }: Simulator): void {
  const now = readings();
  data.time = values[at];
  for (let k = 0; k < nq; k++) now.qpos[k] = values[at + qpos + k];
  for (let k = 0; k < nv; k++) now.qvel[k] = values[at + qvel + k];
  for (let k = 0; k < nv; k++) now.warmstart[k] = values[at + warmstart + k];
}

/** Writes what the simulator has come to, and what is seen of it, to the row at `at`. */
function leave(rows: Rows, at: number, { data, readings }: Simulator, task: RobotTask): void {
  const { values } = rows;
  const now = readings();
  values[at] = data.time;
  values.set(now.qpos, at + rows.qpos);
  values.set(now.qvel, at + rows.qvel);
  values.set(now.warmstart, at + rows.warmstart);
  values[at + rows.progress] = task.progress(now);
  task.observe(now, values, at + rows.seen);
}

function sound({ nq, nv }: Rows, { qpos, qvel }: RobotReadings): boolean {
  for (let k = 0; k < nq; k++) if (!(Math.abs(qpos[k]) <= BOUND)) return false;
  for (let k = 0; k < nv; k++) if (!(Math.abs(qvel[k]) <= BOUND)) return false;
  return true;
}

/** One step of the copy whose row is at `at`, under the controls `actions[from ..]`; its reward, or `undefined` if the simulation blew up. */
function advance(
  rows: Rows,
  at: number,
  sim: Simulator,
  { task, mechanism }: RobotDefinition,
  actions: KernelActions,
  from: number,
): number | undefined {
  const { mujoco, model, data } = sim;
  const { values, kept, width, progress, seen } = rows;
  const K = mechanism.motors.length;
  enter(rows, at, sim);
  const { ctrl } = sim.readings();
  let effort = 0;
  for (let k = 0; k < K; k++) {
    const control = actions[from + k];
    ctrl[k] = control;
    effort += control * control;
  }
  for (let k = 0; k < task.frameSkip; k++) mujoco.mj_step(model, data);
  if (sound(rows, sim.readings())) {
    if (task.contactForces) mujoco.mj_rnePostConstraint(model, data);
    const before = values[at + progress];
    kept.set(values.subarray(at, at + width));
    leave(rows, at, sim, task);
    const speed = (values[at + progress] - before) / (mechanism.timestep * task.frameSkip);
    const reward = task.reward(sim.readings(), speed, effort);
    if (Number.isFinite(reward) && values.subarray(at + seen, at + width).every(Number.isFinite)) return reward;
    values.set(kept, at);
  }
  mujoco.mj_resetData(model, data); // no infinity stays behind for the next copy
  return undefined;
}

/** n copies of a robot; `count` is told of each episode that ended because the simulation blew up. */
function copies(definition: RobotDefinition, xml: string, n: number, count: () => void) {
  const { id, mechanism, task, view } = definition;
  const { nq, nv } = simulator(id, xml).model;
  const rows = rowsOf(n, nq, nv, task.size);
  const { values, width } = rows;
  let begun = false;
  let placed: Joints | undefined;

  const dynamics: Dynamics = {
    reset: (i, random) => {
      const sim = simulator(id, xml);
      sim.mujoco.mj_resetData(sim.model, sim.data);
      const now = sim.readings();
      if (placed) {
        now.qpos.set(placed.qpos);
        now.qvel.set(placed.qvel);
      } else task.begin(now, random);
      sim.mujoco.mj_forward(sim.model, sim.data);
      leave(rows, i * width, sim, task);
      begun = true;
    },
    step: (actions, idle, _, rewards, terminated) => {
      const sim = simulator(id, xml);
      const K = mechanism.motors.length;
      for (let i = 0; i < n; i++) {
        if (idle[i] !== 0) continue;
        const earned = advance(rows, i * width, sim, definition, actions, i * K);
        if (earned === undefined) {
          values[i * width + rows.failures] += 1;
          count();
        }
        rewards[i] = earned ?? 0;
        terminated[i] = earned === undefined || task.terminated(sim.readings()) ? 1 : 0;
      }
    },
    observe: (from, to, out) => {
      const D = task.size;
      for (let i = from; i < to; i++) for (let k = 0; k < D; k++) out[i * D + k] = values[i * width + rows.seen + k];
    },
    state: () => values.slice(),
    restore: (saved) => {
      mustMatch(`${id}: world`, values, saved);
      values.set(saved as Float64Array);
      begun = true;
    },
    draw: (i) => drawn(id, poses(i), view),
  };

  function poses(i: number): RobotPoses {
    const sim = simulator(id, xml);
    enter(rows, i * width, sim);
    sim.mujoco.mj_kinematics(sim.model, sim.data);
    return posesOf(sim, mechanism);
  }

  function place(joints: Joints, reset: () => Observations): Observations {
    mustFit(id, joints, rows);
    placed = joints;
    try {
      return reset();
    } finally {
      placed = undefined;
    }
  }

  const failures = () => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[i * width + rows.failures];
    return sum;
  };

  return { dynamics, poses, place, failures, begun: () => begun };
}

/** Joint positions and velocities, in MuJoCo's order. */
interface Joints {
  readonly qpos: ArrayLike<number>;
  readonly qvel: ArrayLike<number>;
}

function mustFit(id: string, { qpos, qvel }: Joints, { nq, nv }: Rows): void {
  for (const [name, given, length] of [
    ["qpos", qpos, nq],
    ["qvel", qvel, nv],
  ] as const) {
    if (given.length === length && Array.from(given).every(Number.isFinite)) continue;
    throw new RangeError(`${id}: place takes ${length} finite numbers as ${name}, found [${Array.from(given).join(", ")}]`);
  }
}
