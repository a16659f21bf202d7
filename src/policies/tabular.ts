import { cast, gather, param, reshape, zeros } from "../autodiff/index.ts";
import { describe } from "../mdp/index.ts";
import { categorical } from "./categorical.ts";
import type { PolicyModel, Spaces } from "./model.ts";

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
