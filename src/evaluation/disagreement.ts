import { count, type Dataset, trajectoryAt } from "../data/index.ts";
import { type ActionSpace, type Actions, type Observations, type Policy, size } from "../mdp/index.ts";

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
    out[i] = difference(space, await ask(policy, states, T * K), tau.actions, T);
  }
  return out;
}

async function ask(policy: Policy, states: Observations, expected: number): Promise<Actions> {
  const actions = await policy.act(states, { deterministic: true });
  if (actions.length !== expected)
    throw new RangeError(`the policy answered with ${actions.length} numbers, expected ${expected}; one action for each state`);
  return actions;
}

function difference(space: ActionSpace, a: Actions, b: Actions, T: number): number {
  const K = size(space);
  let sum = 0;
  for (let h = 0; h < T; h++) {
    if (space.kind === "box") {
      for (let k = 0; k < K; k++) {
        const half = (space.high[k] - space.low[k]) / 2;
        const clipped = Math.min(space.high[k], Math.max(space.low[k], a[h * K + k]));
        sum += ((clipped - b[h * K + k]) / (Number.isFinite(half) ? half : 1)) ** 2 / K;
      }
    } else {
      for (let k = 0; k < K; k++) {
        if (a[h * K + k] !== b[h * K + k]) {
          sum += 1;
          break;
        }
      }
    }
  }
  return space.kind === "box" ? Math.sqrt(sum / T) : sum / T;
}
