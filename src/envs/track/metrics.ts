import type { Space } from "../../mdp/space.ts";
import { isBytes, size } from "../../mdp/space.ts";
import { STEP } from "./car.ts";
import { STATE_SIZE, stateFromBytes } from "./road-state.ts";
import { INTERVENTION_SECONDS } from "./track.ts";

/** The states `[n, 9]` of observations of a track environment, as `track-state` shows them. Throws on other observations. */
export function roadStates(observation: Space, observations: ArrayLike<number>): Float64Array {
  const D = size(observation);
  const n = observations.length / D;
  const states = new Float64Array(n * STATE_SIZE);
  if (observation.kind === "dict" && "hidden" in observation.spaces && isBytes(observation)) {
    const hidden = hiddenAt(observation.spaces);
    for (let i = 0; i < n; i++) stateFromBytes(observations, i * D + hidden, states, i * STATE_SIZE);
  } else if (observation.kind === "box" && D === STATE_SIZE) {
    for (let k = 0; k < states.length; k++) states[k] = observations[k];
  } else {
    throw new TypeError("these are not observations of a track; expected those of track-camera or track-state");
  }
  return states;
}

/** Where the hidden state begins in an observation of named parts. */
function hiddenAt(parts: Readonly<Record<string, Space>>): number {
  let at = 0;
  for (const [name, part] of Object.entries(parts)) {
    if (name === "hidden") return at;
    at += size(part);
  }
  return at;
}

/** How a car was driven, over one or more episodes. */
export interface Driving {
  /** Time at the wheel, s. */
  readonly seconds: number;
  /** How often the car was put back. */
  readonly interventions: number;
  readonly laps: number;
  /** Interventions a lap: falls off the road where the car is put back only when it leaves the road. */
  readonly perLap: number;
  /** Metres off the centre line: mean and largest, over the steps that were begun. */
  readonly meanOff: number;
  readonly greatestOff: number;
  /** (1 − 6 s · interventions / elapsed s) · 100 */
  readonly autonomy: number;
}

/**
 * What episodes on a track came to: of each its observations `[T + 1, D]` and rewards `[T]` (a negative one is an intervention).
 * Autonomy as in Bojarski et al. 2016: (1 − 6 s · interventions / elapsed s) · 100; it falls below zero with more than one
 * intervention in six seconds.
 * @formula autonomy
 */
export function driving(
  observation: Space,
  episodes: Iterable<{ readonly observations: ArrayLike<number>; readonly rewards: ArrayLike<number> }>,
): Driving {
  let steps = 0;
  let interventions = 0;
  let laps = 0;
  let sum = 0;
  let greatestOff = 0;
  for (const { observations, rewards } of episodes) {
    const states = roadStates(observation, observations);
    for (let t = 0; t < rewards.length; t++) {
      const off = Math.abs(states[t * STATE_SIZE]);
      const gone = states[(t + 1) * STATE_SIZE + 8] - states[t * STATE_SIZE + 8];
      laps += gone - Math.round(gone); // the beginning of the road may lie between
      sum += off;
      greatestOff = Math.max(greatestOff, off);
      if (rewards[t] < 0) interventions += 1;
    }
    steps += rewards.length;
  }
  const seconds = steps * STEP;
  return {
    seconds,
    interventions,
    laps,
    perLap: interventions / laps,
    meanOff: sum / steps,
    greatestOff,
    autonomy: (1 - (INTERVENTION_SECONDS * interventions) / seconds) * 100,
  };
}
