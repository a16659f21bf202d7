import type { ActionSpace, Actions, Expert, InterveningExpert, Observations, Space } from "../mdp/index.ts";
import { size } from "../mdp/space.ts";

export interface WatchfulOptions {
  /** Whether a state is dangerous, by its observation `[D]`: elsewhere the learner is left alone. Everywhere by default. */
  readonly dangerous?: (observation: Observations) => boolean;
  /** For real actions: how far from its own action, in half action ranges, the expert finds the learner's still right. */
  readonly tolerance?: number;
}

/**
 * An expert who watches the learner. It takes over where the state is dangerous and the learner is about to do something else
 * than it would; it hands back when the state is no longer dangerous, or the learner would do the same. It decides by what it
 * sees alone, so that it is the same after a resumption.
 */
export function watchful(
  expert: Expert,
  { observation, action }: { readonly observation: Space; readonly action: ActionSpace },
  { dangerous = () => true, tolerance = 0.2 }: WatchfulOptions = {},
): InterveningExpert {
  const D = size(observation);
  const K = size(action);
  const differs = (own: Actions, theirs: Actions, at: number) => {
    for (let k = 0; k < K; k++) {
      const distance = Math.abs(own[at + k] - theirs[at + k]);
      if (action.kind !== "box" ? distance > 0 : distance > tolerance * halfRange(action.low[k], action.high[k])) return true;
    }
    return false;
  };
  return {
    label: (observations) => expert.label(observations),
    async takesOver({ observations, proposed }) {
      const own = await expert.label(observations);
      return Uint8Array.from({ length: observations.length / D }, (_, i) =>
        dangerous(observations.subarray(i * D, (i + 1) * D)) && differs(own, proposed, i * K) ? 1 : 0,
      );
    },
  };
}

function halfRange(low: number, high: number): number {
  return Number.isFinite(low) && Number.isFinite(high) && high > low ? (high - low) / 2 : 1;
}
