import type { ActionSpace } from "../mdp/env.ts";
import { type Space, size } from "../mdp/space.ts";
import { type Dataset, fromTrajectories, type GivenTrajectory, type Metadata, observationColumn } from "./dataset.ts";

/** One step, as a log has it: what was seen, what was done, what came of it. */
export interface Step {
  /** s_t: `size(observation)` numbers; one number may stand alone. */
  readonly observation: number | ArrayLike<number>;
  /** a_t */
  readonly action: number | ArrayLike<number>;
  /** r_t; in every step of a trajectory or in none, where rewards are not known. */
  readonly reward?: number | undefined;
  /** Whether the world ended the episode here. */
  readonly terminated?: boolean | undefined;
  /** Whether it was cut here, by a limit of time or whoever recorded it. */
  readonly truncated?: boolean | undefined;
  /** s_{t+1}; looked at where a trajectory ends, elsewhere it is the next step's. */
  readonly nextObservation?: number | ArrayLike<number> | undefined;
}

/**
 * A data set of steps one after the other; a trajectory ends where one is `terminated` or `truncated`, and after the last.
 *
 * T actions have T + 1 observations, of which most logs keep T. The last is its `nextObservation`, where that is given. Without it a
 * trajectory that the world ended gets s_T once more: nothing follows, so that nothing is read from it; one that was cut is left without
 * its last action, as what came of it is not known. Throws, naming the step or the trajectory, as `fromTrajectories` does, and where a
 * trajectory that was cut has nothing left.
 */
export function fromSteps(
  observationSpace: Space,
  actionSpace: ActionSpace,
  steps: Iterable<Step>,
  metadata: Metadata = {},
): Dataset {
  const [D, K] = [size(observationSpace), size(actionSpace)];
  const trajectories: GivenTrajectory[] = [];
  let open: Step[] = [];
  let t = 0;
  const numbersOf = (value: number | ArrayLike<number>, count: number, what: string): ArrayLike<number> => {
    const list = typeof value === "number" ? [value] : value;
    if (list?.length !== count) throw new RangeError(`step ${t}: ${what} has ${list?.length ?? "no"} numbers, expected ${count}`);
    return list;
  };
  const close = () => {
    const last = open[open.length - 1];
    const terminated = last.terminated === true && last.truncated !== true;
    const after = last.nextObservation ?? (terminated ? last.observation : undefined);
    const T = after === undefined ? open.length - 1 : open.length;
    if (T === 0) {
      throw new RangeError(
        `trajectory ${trajectories.length} was cut after its only step ${t}, and what it led to is not known; give nextObservation, or leave it out`,
      );
    }
    const observations = observationColumn(observationSpace, T + 1);
    const actions = new Float64Array(T * K);
    const told = open[0].reward !== undefined;
    const rewards = new Float64Array(T);
    t -= open.length - 1; // back to the first, for what is said of each
    open.forEach(({ observation, action, reward }, i) => {
      if (i <= T) observations.set(numbersOf(observation, D, "the observation"), i * D);
      if (i < T) actions.set(numbersOf(action, K, "the action"), i * K);
      if ((reward !== undefined) !== told)
        throw new RangeError(`step ${t}: has ${told ? "no" : "a"} reward, unlike the first of its trajectory`);
      if (i < T) rewards[i] = reward ?? Number.NaN;
      if (i < open.length - 1) t++;
    });
    if (after !== undefined) observations.set(numbersOf(after, D, "the next observation"), T * D);
    trajectories.push({ observations, actions, terminated, ...(told ? { rewards } : {}) });
    open = [];
  };
  for (const step of steps) {
    open.push(step);
    if (step.terminated || step.truncated) close();
    t++;
  }
  t--;
  if (open.length > 0) close();
  return fromTrajectories(observationSpace, actionSpace, trajectories, metadata);
}
