import { type ParamTree, reshape, type Tensor } from "../../autodiff/index.ts";
import {
  type Activation,
  activations,
  dense,
  featureCount,
  observationFeatures,
  type PolicyModel,
} from "../../policies/index.ts";

/** A family of state values V_φ. */
export interface Critic {
  /** φ as a tree with names. */
  readonly params: ParamTree;
  /** V(s), `[B]`, for observations s `[B, D]` (normalised as the policy's are). */
  value(s: Tensor): Tensor;
}

/** A multilayer perceptron with the hidden layers of the policy where that is one too, or with those given. */
export function mlpCritic(policy: PolicyModel, hidden?: readonly number[]): Critic {
  const { description, observation } = policy;
  const same = Array.isArray(description.hidden) && description.hidden.length > 0 ? (description.hidden as number[]) : [64, 64];
  const activation = String(description.activation) in activations ? (description.activation as Activation) : "tanh";
  const network = dense({
    in: featureCount(observation),
    hidden: hidden ?? same,
    out: 1,
    activation,
    outputGain: 1,
  });
  return { params: network.params, value: (s) => reshape(network(observationFeatures(observation, s)), [s.shape[0]]) };
}
