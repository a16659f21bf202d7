import { type Actions, type ActOptions, describe, type Observations, type Policy, sameKind, size } from "../mdp/index.ts";
import { actionArray } from "./head.ts";
import { putRows, rowsWhere, takeRows } from "./rows.ts";

/**
 * A policy that looks at the clock: π(a | s) = π_h(a | s) in step h of an episode, the last one from there on. It has to be told
 * the step of each row (`places`), as rollouts do. Throws if there is no policy, if their spaces differ, and when it acts
 * without `places`.
 */
export function clockedPolicy(policies: readonly Policy[]): Policy {
  if (policies.length === 0) throw new RangeError("a clocked policy has at least one step, found none");
  const [{ observation, action }] = policies;
  for (const [h, own] of policies.entries()) {
    if (!sameKind(own.observation, observation) || !sameKind(own.action, action)) {
      throw new TypeError(
        `the policy of step ${h} is ${describe(own.observation)} -> ${describe(own.action)}, that of step 0 is ${describe(observation)} -> ${describe(action)}`,
      );
    }
  }
  const D = size(observation);
  const K = size(action);
  return {
    observation,
    action,
    async act(s: Observations, options: ActOptions = {}): Promise<Actions> {
      const { places, ...rest } = options;
      const { rng } = rest;
      if (!places) throw new TypeError("a clocked policy has to know the step of each row; pass { places }, as rollout does");
      const n = s.length / D;
      const turn = Int32Array.from(places.step, (step) => Math.min(step, policies.length - 1));
      const actions = actionArray(action, n);
      for (const h of new Set(turn)) {
        const rows = rowsWhere(n, (row) => turn[row] === h);
        const own = Array.isArray(rng) ? { ...rest, rng: rows.map((row) => rng[row]) } : rest;
        putRows(actions, rows, await policies[h].act(takeRows(s, rows, D), own), K);
      }
      return actions;
    },
  };
}
