import { concat, constant, div, type ParamTree, reshape, sub, type Tensor } from "../../autodiff/index.ts";
import type { Box, Space } from "../../mdp/index.ts";
import { range } from "../../policies/gaussian.ts";
import { type Activation, dense, featureCount, type Normaliser, observationFeatures } from "../../policies/index.ts";

/** A family of action values Q_φ(s, a) for real actions. */
export interface ActionCritic {
  /** φ as a tree with names. */
  readonly params: ParamTree;
  /** Q(s, a), `[B]`, for observations s `[B, D]` and actions a `[B, K]`. */
  value(s: Tensor, a: Tensor, normal?: Normaliser): Tensor;
}

/** A multilayer perceptron of the observation's features and the action, which it sees in units of half its range. */
export function mlpActionCritic(
  spaces: { readonly observation: Space; readonly action: Box },
  options: { readonly hidden?: readonly number[]; readonly activation?: Activation } = {},
): ActionCritic {
  const { hidden = [64, 64], activation = "relu" } = options;
  const { mid, half } = range(spaces.action);
  const network = dense({
    in: featureCount(spaces.observation) + mid.length,
    hidden,
    out: 1,
    activation,
    outputGain: 0.1,
  });
  return {
    params: network.params,
    value(s, a, normal) {
      const unit = div(sub(a, constant(mid)), constant(half));
      const x = concat([observationFeatures(spaces.observation, s, normal), unit], 1);
      return reshape(network(x), [x.shape[0]]);
    },
  };
}
