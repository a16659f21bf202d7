import type { ActionSpace, Actions, Observations } from "./env.ts";
import { describe, misfit, type Space, size } from "./space.ts";

/** One episode tau = (s_1, a_1, r_1, ..., s_T, a_T, r_T, s_{T+1}): T actions, T + 1 observations. */
export interface Trajectory {
  /** `[T + 1, D]` */
  readonly observations: Observations;
  /** `[T]` or `[T, K]` */
  readonly actions: Actions;
  /** `[T]`, in the environment's units; NaN in every step where nobody wrote them down, as of a person's demonstrations */
  readonly rewards: Float64Array;
  /** Whether the world ended it; otherwise it was cut, and s_{T+1} still has a value. */
  readonly terminated: boolean;
}

/** A checked trajectory. Throws, naming the step, if lengths differ or an entry doesn't fit its space. */
export function trajectory(observation: Space, action: ActionSpace, parts: Trajectory): Trajectory {
  const T = parts.rewards.length;
  const D = size(observation);
  const K = size(action);
  if (T === 0) throw new RangeError("a trajectory has at least one action, found none");
  if (parts.observations.length !== (T + 1) * D) {
    throw new RangeError(
      `a trajectory of ${T} actions has ${T + 1} observations of ${describe(observation)} (${(T + 1) * D} numbers), found ${parts.observations.length}`,
    );
  }
  if (parts.actions.length !== T * K) {
    throw new RangeError(
      `a trajectory of ${T} rewards has ${T} actions of ${describe(action)} (${T * K} numbers), found ${parts.actions.length}`,
    );
  }
  const known = !Number.isNaN(parts.rewards[0]);
  for (let t = 0; t < T; t++) {
    const found = misfit(action, parts.actions, t * K);
    if (found) throw new RangeError(`action ${t} does not fit ${describe(action)}: ${found}`);
    const fits = known ? Number.isFinite(parts.rewards[t]) : Number.isNaN(parts.rewards[t]);
    if (!fits)
      throw new RangeError(`reward ${t} is ${parts.rewards[t]}, expected ${known ? "a finite number" : "NaN, as reward 0 is"}`);
  }
  for (let i = 0; i < parts.observations.length; i++) {
    if (!Number.isFinite(parts.observations[i])) {
      throw new RangeError(
        `observation ${Math.floor(i / D)} has ${parts.observations[i]} at entry ${i % D}, expected a finite number`,
      );
    }
  }
  return parts;
}
