import type { ActionSpace, Actions, Autoreset, Env } from "../mdp/env.ts";
import { describe, isBytes, misfit, type Space, size } from "../mdp/space.ts";
import { type Trajectory, trajectory } from "../mdp/trajectory.ts";

/** Observations side by side, `[rows, D]`: reals, or bytes where the world shows bytes (pictures). */
export type ObservationColumn = Float32Array | Uint8Array;

/** Actions side by side, `[steps, K]`: whole numbers for discrete spaces, reals for boxes. */
export type ActionColumn = Int32Array | Float32Array;

/** Where a data set comes from. Everything in it is optional: foreign files say little. */
export interface Metadata {
  /** The environment's id. */
  readonly env?: string;
  /** Who acted. */
  readonly expert?: string;
  readonly seed?: number;
  readonly autoreset?: Autoreset;
}

/**
 * n trajectories as columns. Trajectory i has T_i = offsets[i + 1] - offsets[i] actions and T_i + 1 observations: the
 * steps from `offsets[i]` on, and the observation rows from `offsets[i] + i` on.
 */
export interface Dataset {
  readonly observationSpace: Space;
  readonly actionSpace: ActionSpace;
  /** `[sum (T_i + 1), D]` */
  readonly observations: ObservationColumn;
  /** `[sum T_i, K]` */
  readonly actions: ActionColumn;
  /** `[sum T_i]`, in the environment's units; NaN in all steps of a trajectory whose rewards nobody knows (`rewardsKnown`) */
  readonly rewards: Float64Array;
  /** `[n + 1]`, from 0 to sum T_i */
  readonly offsets: Uint32Array;
  /** `[n]`: 1 where the world ended the trajectory, 0 where it was cut. */
  readonly terminated: Uint8Array;
  readonly metadata: Metadata;
}

/** One trajectory of a data set: views into its columns. */
export interface TrajectoryView {
  /** `[T + 1, D]` */
  readonly observations: ObservationColumn;
  /** `[T, K]` */
  readonly actions: ActionColumn;
  /** `[T]`, or NaN where they are not known */
  readonly rewards: Float64Array;
  readonly terminated: boolean;
}

/**
 * A checked data set, over the given columns as they are. Throws, naming the trajectory and the step, where the lengths
 * don't agree, a number is not finite, or an action (or a discrete observation) is outside its space.
 */
export function dataset(parts: Dataset): Dataset {
  checkLengths(parts);
  checkObservations(parts);
  checkActions(parts);
  checkRewards(parts);
  return parts;
}

/** What a trajectory is given as: its observations may be bytes, and its rewards may be left out where nobody knows them. */
export type GivenTrajectory = Omit<Trajectory, "observations" | "rewards"> & {
  readonly observations: ObservationColumn;
  readonly rewards?: Float64Array | undefined;
};

/**
 * A data set of copies of trajectories, which become bytes only if all their observations are bytes. Rewards may be left out: cloning an
 * expert takes none. Throws as `dataset` does, and if there is no trajectory.
 */
export function fromTrajectories(
  observationSpace: Space,
  actionSpace: ActionSpace,
  given: readonly GivenTrajectory[],
  metadata: Metadata = {},
): Dataset {
  const n = given.length;
  const D = size(observationSpace);
  const K = size(actionSpace);
  const offsets = new Uint32Array(n + 1);
  const trajectories = given.map((tau, i) => {
    for (const part of ["observations", "actions"] as const) {
      if (typeof tau?.[part]?.length !== "number") {
        throw new TypeError(`trajectory ${i}: ${part} are ${tau?.[part]}, expected them one after the other in a typed array`);
      }
    }
    const rewards = tau.rewards ?? new Float64Array(Math.ceil(tau.actions.length / K)).fill(Number.NaN);
    return { ...tau, rewards };
  });
  trajectories.forEach((tau, i) => {
    try {
      trajectory(observationSpace, actionSpace, tau as Trajectory);
    } catch (error) {
      throw new RangeError(`trajectory ${i}: ${(error as Error).message}`);
    }
    offsets[i + 1] = offsets[i] + tau.rewards.length;
  });
  const steps = offsets[n];
  const bytes = trajectories.every((tau) => tau.observations instanceof Uint8Array);
  const observations = bytes ? new Uint8Array((steps + n) * D) : new Float32Array((steps + n) * D);
  const actions = actionColumn(actionSpace, steps);
  const rewards = new Float64Array(steps);
  const terminated = new Uint8Array(n);
  trajectories.forEach((tau, i) => {
    observations.set(tau.observations, (offsets[i] + i) * D);
    actions.set(tau.actions as Actions, offsets[i] * K);
    rewards.set(tau.rewards, offsets[i]);
    terminated[i] = tau.terminated ? 1 : 0;
  });
  return dataset({ observationSpace, actionSpace, observations, actions, rewards, offsets, terminated, metadata });
}

/** Trajectory i as views: nothing is copied. Throws if there is none. */
export function trajectoryAt(data: Dataset, i: number): TrajectoryView {
  if (!(Number.isInteger(i) && i >= 0 && i < count(data))) {
    throw new RangeError(`trajectory ${i} does not exist, the data set has 0 to ${count(data) - 1}`);
  }
  const D = size(data.observationSpace);
  const K = size(data.actionSpace);
  const from = data.offsets[i];
  const to = data.offsets[i + 1];
  return {
    observations: data.observations.subarray((from + i) * D, (to + i + 1) * D),
    actions: data.actions.subarray(from * K, to * K),
    rewards: data.rewards.subarray(from, to),
    terminated: data.terminated[i] === 1,
  };
}

/** All trajectories: views into the columns, but for bytes, whose observations are copied into reals. */
export function toTrajectories(data: Dataset): Trajectory[] {
  return Array.from({ length: count(data) }, (_, i) => {
    const tau = trajectoryAt(data, i);
    return { ...tau, observations: reals(tau.observations) };
  });
}

/** The number of trajectories n. */
export function count(data: Dataset): number {
  return data.terminated.length;
}

/** The numbers of steps T_i, `[n]`. */
export function lengths(data: Dataset): Uint32Array {
  return Uint32Array.from(data.terminated, (_, i) => data.offsets[i + 1] - data.offsets[i]);
}

/** Whether the rewards of every step are known. Demonstrations of a person often come without. */
export function rewardsKnown(data: Dataset): boolean {
  for (let i = 0; i < count(data); i++) if (Number.isNaN(data.rewards[data.offsets[i]])) return false;
  return true;
}

/** The returns of the trajectories, sum_t gamma^t r_t, `[n]`, in the environment's units; NaN where rewards are not known. */
export function returns(data: Dataset, gamma = 1): Float64Array {
  return Float64Array.from(data.terminated, (_, i) => {
    let sum = 0;
    for (let step = data.offsets[i + 1] - 1; step >= data.offsets[i]; step--) sum = data.rewards[step] + gamma * sum;
    return sum;
  });
}

/** An empty column for the actions of `steps` steps, of the type that the space asks for. */
export function actionColumn(space: ActionSpace, steps: number): ActionColumn {
  return space.kind === "box" ? new Float32Array(steps * size(space)) : new Int32Array(steps * size(space));
}

/** An empty column for `rows` observations: bytes where the space has only bytes. */
export function observationColumn(space: Space, rows: number): ObservationColumn {
  return isBytes(space) ? new Uint8Array(rows * size(space)) : new Float32Array(rows * size(space));
}

/** The numbers `from` to `to` of a column as reals: a view, but for bytes, which are copied. */
export function reals(column: ObservationColumn, from = 0, to = column.length): Float32Array {
  const part = column.subarray(from, to);
  return part instanceof Float32Array ? part : Float32Array.from(part);
}

/**
 * The same columns under the spaces of an environment. Throws, in a line that says what was found, what was expected and
 * what to do, if the observations or the actions are not of those spaces.
 */
export function fitsEnv(data: Dataset, env: Pick<Env, "id" | "observation" | "action">): Dataset {
  const remedy = `record demonstrations in ${env.id}, or name the environment that these come from`;
  const origin = data.metadata.env === undefined || data.metadata.env === env.id ? "" : ` of ${data.metadata.env}`;
  for (const [what, found, expected] of [
    ["observations", data.observationSpace, env.observation],
    ["actions", data.actionSpace, env.action],
  ] as const) {
    if (!sameLayout(found, expected)) {
      throw new RangeError(
        `the demonstrations${origin} have ${what} ${describe(found)}, ${env.id} expects ${describe(expected)}: ${remedy}`,
      );
    }
  }
  const adopted = { ...data, observationSpace: env.observation, actionSpace: env.action };
  try {
    return dataset(adopted);
  } catch (error) {
    throw new RangeError(`the demonstrations${origin} do not fit ${env.id}: ${(error as Error).message}; ${remedy}`);
  }
}

/** Whether elements of two spaces are laid out alike; a box may also be flat in one of them. Bounds and choices are left aside. */
function sameLayout(a: Space, b: Space): boolean {
  if (a.kind !== b.kind || size(a) !== size(b)) return false;
  if (a.kind === "box" && b.kind === "box") {
    return a.shape.length === 1 || b.shape.length === 1 || a.shape.join() === b.shape.join();
  }
  if (a.kind === "dict" && b.kind === "dict") {
    const names = Object.keys(a.spaces);
    return names.join() === Object.keys(b.spaces).join() && names.every((name) => sameLayout(a.spaces[name], b.spaces[name]));
  }
  return true;
}

function checkLengths(parts: Dataset): void {
  const { offsets, terminated, observationSpace, actionSpace } = parts;
  const n = terminated.length;
  if (n === 0) throw new RangeError("a data set has at least one trajectory, found none");
  if (offsets.length !== n + 1) {
    throw new RangeError(`${n} trajectories have ${n + 1} offsets, found ${offsets.length}`);
  }
  if (offsets[0] !== 0) throw new RangeError(`the first offset is ${offsets[0]}, expected 0`);
  for (let i = 0; i < n; i++) {
    if (offsets[i + 1] <= offsets[i]) {
      throw new RangeError(
        `trajectory ${i} goes from step ${offsets[i]} to ${offsets[i + 1]}, expected at least one action; leave empty trajectories out`,
      );
    }
    if (terminated[i] > 1) throw new RangeError(`trajectory ${i}: terminated is ${terminated[i]}, expected 0 or 1`);
  }
  const steps = offsets[n];
  const D = size(observationSpace);
  const K = size(actionSpace);
  const shape = `${n} trajectories of ${steps} steps in all`;
  for (const [what, found, expected, of] of [
    ["rewards", parts.rewards.length, steps, ""],
    ["actions", parts.actions.length, steps * K, ` (${steps} x ${describe(actionSpace)})`],
    ["observations", parts.observations.length, (steps + n) * D, ` (${steps} + ${n} rows of ${describe(observationSpace)})`],
  ] as const) {
    if (found !== expected) {
      throw new RangeError(
        `${shape} have ${expected} numbers of ${what}${of}, found ${found}; the last trajectory ends at ${steps}`,
      );
    }
  }
  const wanted = actionSpace.kind === "box" ? "Float32Array" : "Int32Array";
  if (actionColumn(actionSpace, 0).constructor !== parts.actions.constructor) {
    throw new TypeError(`actions of ${describe(actionSpace)} stand in ${wanted}, found ${parts.actions.constructor.name}`);
  }
}

function checkObservations(parts: Dataset): void {
  const { observationSpace: space, observations, offsets } = parts;
  const whole = space.kind === "discrete" || space.kind === "multi-discrete";
  const D = size(space);
  if (!whole && observations instanceof Uint8Array) return;
  let i = 0;
  for (let row = 0; row * D < observations.length; row++) {
    if (row === offsets[i + 1] + i + 1) i++;
    let wrong = whole ? misfit(space, observations, row * D) : undefined;
    for (let d = 0; d < D && !whole; d++) {
      const x = observations[row * D + d];
      if (!Number.isFinite(x)) wrong ??= `entry ${d} is ${x}, expected a finite number`;
    }
    if (wrong)
      throw new RangeError(
        `trajectory ${i}, step ${row - offsets[i] - i}: the observation does not fit ${describe(space)}: ${wrong}`,
      );
  }
}

function checkActions(parts: Dataset): void {
  const { actionSpace: space, actions, rewards } = parts;
  const K = size(space);
  const choices = space.kind === "discrete" ? space.n : 0;
  for (let step = 0; step < rewards.length; step++) {
    const choice = actions[step * K];
    if (choices > 0 && choice >= 0 && choice < choices) continue; // whole numbers, as the column's type says
    const wrong = misfit(space, actions, step * K);
    if (wrong) throw new RangeError(`${place(parts, step)}: the action does not fit ${describe(space)}: ${wrong}`);
  }
}

/** A trajectory's rewards are all finite, or all NaN. */
function checkRewards(parts: Dataset): void {
  const { rewards, offsets } = parts;
  for (let i = 0; i + 1 < offsets.length; i++) {
    const known = !Number.isNaN(rewards[offsets[i]]);
    for (let step = offsets[i]; step < offsets[i + 1]; step++) {
      if (known ? Number.isFinite(rewards[step]) : Number.isNaN(rewards[step])) continue;
      const expected = known ? "a finite number" : "NaN as in its first step, where rewards are not known";
      throw new RangeError(`${place(parts, step)}: the reward is ${rewards[step]}, expected ${expected}`);
    }
  }
}

/** "trajectory i, step t" of a step of the columns. */
function place(parts: Dataset, step: number): string {
  let i = 0;
  while (parts.offsets[i + 1] <= step) i++;
  return `trajectory ${i}, step ${step - parts.offsets[i]}`;
}
