import { LOCK, recovery, roadStates } from "../envs/track/index.ts";
import { trackCamera } from "../envs/track/track.ts";
import type { Env, Observations } from "../mdp/env.ts";
import { describe, size } from "../mdp/space.ts";
import type { Controller } from "./scripted.ts";

/** The entries of a road's state that the driver reads. */
const [OFFSET, ANGLE, , AHEAD] = [0, 1, 2, 3];
const STATE = 9;

/**
 * track-camera and track-state: steers as the road bends, and back to its centre within two seconds (pure pursuit, Coulter
 * 1992). It reads the state that the observation carries beside the picture, so it can label any stored observation at any
 * time, and nothing of it needs saving. Return 600 of 600 in every one of 1000 episodes (seed 1): no intervention.
 *   1/r = κ / (1 − κ d) − 2 (d + ψ ℓ) / ℓ²,  ℓ = 6.67 m
 * Throws if the observations are of another world.
 */
export function driver(env: Pick<Env, "observation" | "action" | "id"> = trackCamera()): Controller {
  const { observation, action } = env;
  const D = size(observation);
  const answer = (observations: Observations): Float32Array => {
    if (observations.length % D !== 0) {
      throw new RangeError(
        `the expert of ${env.id} takes observations of ${D} numbers (${describe(observation)}), found ${observations.length} numbers`,
      );
    }
    const states = roadStates(observation, observations);
    return Float32Array.from({ length: observations.length / D }, (_, i) => {
      const [d, psi, bend] = [states[i * STATE + OFFSET], states[i * STATE + ANGLE], states[i * STATE + AHEAD]];
      return Math.min(LOCK, Math.max(-LOCK, bend / (1 - bend * d) + recovery(d, psi)));
    });
  };
  roadStates(observation, new Float32Array(D)); // throws on observations of another world
  return { observation, action, act: answer, label: answer };
}
