import { count, type Dataset, trajectoryAt } from "../data/index.ts";
import { type Actions, actionDistance, type Observations, type Policy, size } from "../mdp/index.ts";

/**
 * How far two answers to the same states differ, trajectory by trajectory, `[n]`: for choices the share of steps with
 * another choice,
 *
 *     ε_i = (1/T_i) Σ_h 1{π̂(s_h) ≠ π*(s_h)}
 *
 * over the T_i steps that the episode has (the exact ε of `theory` divides by the whole horizon H), and for real actions, where equality means nothing, the root mean square difference in units of half the action range.
 * Slides: "Behavior Cloning: Reduction to Classification". Throws if the policy answers with a wrong number of actions.
 * @formula disagreement-rate
 */
export async function disagreementByTrajectory(policy: Policy, data: Dataset): Promise<Float64Array> {
  const space = data.actionSpace;
  const K = size(space);
  const out = new Float64Array(count(data));
  for (let i = 0; i < out.length; i++) {
    const tau = trajectoryAt(data, i);
    const T = tau.rewards.length;
    const states = Float32Array.from(tau.observations.subarray(0, T * size(data.observationSpace)));
    out[i] = actionDistance(space, await ask(policy, states, T * K), tau.actions, T);
  }
  return out;
}

async function ask(policy: Policy, states: Observations, expected: number): Promise<Actions> {
  const actions = await policy.act(states, { deterministic: true });
  if (actions.length !== expected)
    throw new RangeError(`the policy answered with ${actions.length} numbers, expected ${expected}; one action for each state`);
  return actions;
}
