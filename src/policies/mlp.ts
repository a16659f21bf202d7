import type { Plain } from "../mdp/index.ts";
import { HEAD_OPTIONS, type HeadOptions, headFor, joinParams, mustBeOptions, type PolicyModel, type Spaces } from "./model.ts";
import { type Activation, type DenseOptions, dense, type Network } from "./network.ts";
import { featureCount, observationFeatures } from "./observation.ts";

export interface MlpOptions extends HeadOptions {
  readonly hidden?: readonly number[];
  readonly activation?: Activation;
}

/** A multilayer perceptron as a plain network `[B, in]` to `[B, out]`. */
export function mlp(sides: DenseOptions): Network;
/** A policy for an environment (or for two spaces): choices become one-hot, then hidden layers, then the head that fits the actions. */
export function mlp(env: Spaces, options?: MlpOptions): PolicyModel;
export function mlp(target: DenseOptions | Spaces, options: MlpOptions = {}): Network | PolicyModel {
  if (!("observation" in target)) return dense(target);
  mustBeOptions("mlp", options, ["hidden", "activation", ...HEAD_OPTIONS]);
  const { hidden = [32, 32], activation = "tanh" } = options;
  const head = headFor(target.action, options);
  const network = dense({ in: featureCount(target.observation), hidden, out: head.inputs, activation });
  const { scale = "fixed", initialLogStd = -0.5 } = options;
  const distribution = head.kind === "squashed-gaussian" ? "squashed" : "gaussian";
  const real: Record<string, Plain> = target.action.kind === "box" ? { distribution, scale, initialLogStd } : {};
  return {
    observation: target.observation,
    action: target.action,
    params: joinParams(network.params, head),
    head,
    forward: (s, normal) => network(observationFeatures(target.observation, s, normal)),
    description: { kind: hidden.length > 0 ? "mlp" : "linear", hidden: [...hidden], activation, ...real },
  };
}

/** A policy whose network is one linear layer: a softmax regression, or a linear controller. */
export function linearPolicy(env: Spaces, options: HeadOptions = {}): PolicyModel {
  return mlp(env, { ...options, hidden: [] });
}
