import { cast, gather, param, reshape, zeros } from "../autodiff/index.ts";
import { describe } from "../mdp/index.ts";
import { categorical } from "./categorical.ts";
import type { PolicyModel, Spaces } from "./model.ts";
import type { NeuralPolicy } from "./neural.ts";

/** One row of logits for each state: π(· | s) = softmax(θ_s). Throws unless observations and actions are discrete. */
export function tabular(env: Spaces): PolicyModel {
  const { observation, action } = env;
  if (observation.kind !== "discrete" || action.kind !== "discrete") {
    throw new TypeError(
      `a tabular policy needs discrete observations and actions, found ${describe(observation)} and ${describe(action)}; use mlp`,
    );
  }
  const table = param([observation.n, action.n], zeros);
  return {
    observation,
    action,
    params: { table },
    head: categorical(action),
    forward: (s) => gather(table, cast(reshape(s, [s.shape[0]]), "int32")),
    description: { kind: "tabular" },
  };
}

/**
 * π(a | s) of a policy of discrete observations, written out as a table `[S, A]` in double precision: what exact evaluation
 * reads. Throws unless observations and actions are discrete.
 */
export async function tableOf(policy: NeuralPolicy): Promise<Float64Array> {
  const { observation, action } = policy;
  if (observation.kind !== "discrete" || action.kind !== "discrete") {
    throw new TypeError(
      `a table needs discrete observations and actions, found ${describe(observation)} and ${describe(action)}`,
    );
  }
  const states = Float32Array.from({ length: observation.n }, (_, s) => s);
  const isTable = policy.model.description.kind === "tabular"; // then its parameters are the logits
  const logits = isTable ? policy.theta : (await policy.distribution(states)).logits;
  const pi = new Float64Array(logits.length);
  for (let first = 0; first < pi.length; first += action.n) {
    const top = logits.subarray(first, first + action.n).reduce((most, z) => Math.max(most, z), -Infinity);
    let sum = 0;
    for (let i = first; i < first + action.n; i++) sum += pi[i] = Math.exp(logits[i] - top);
    for (let i = first; i < first + action.n; i++) pi[i] /= sum;
  }
  return pi;
}
