import {
  add,
  compile,
  compileUpdate,
  input,
  layout,
  mul,
  neg,
  type Optimizer,
  reshape,
  square,
  sum,
  type TrainState,
} from "../autodiff/index.ts";
import { type DenseOptions, dense, type Network } from "../policies/index.ts";
import type { Features } from "./features.ts";

/** Rewards r_theta(row) = network(phi(row)), one for every theta. */
export interface NeuralReward {
  readonly kind: "neural";
  readonly features: Features;
  /** `[rows, F]` to `[rows, 1]`. */
  readonly network: Network;
}

/** The rewards that a multilayer perceptron makes of the features of a state (or pair, or transition). */
export function neuralReward(
  features: Features,
  { hidden = [32, 32], activation = "tanh" }: Pick<DenseOptions, "hidden" | "activation"> = {},
): NeuralReward {
  return { kind: "neural", features, network: dense({ in: features.F, hidden, out: 1, activation }) };
}

/** A neural reward, compiled: its values in all rows, and updates along a direction given in the rows. */
export interface CompiledReward {
  /** r_theta of all rows, `[rows]`. */
  values(theta: Float32Array): Promise<Float64Array>;
  /**
   * One update of theta that raises Σ_rows slope(row) r_θ(row) - λ/2 ‖θ‖². Where an objective J depends on θ through the
   * rewards alone, slope = ∂J/∂r makes it an update of J: by the chain rule the two have the same gradient. Gives its norm.
   */
  raise(state: TrainState, slope: Float64Array): Promise<number>;
  release(): Promise<void>;
}

/** Compiles a neural reward. `l2` is λ, the weight of λ/2 ‖θ‖². */
export async function compileReward(reward: NeuralReward, optimizer: Optimizer, l2 = 0): Promise<CompiledReward> {
  const { features, network } = reward;
  const { rows, F } = features;
  const x = input("x", [rows, F]);
  const slope = input("slope", [rows]);
  const r = reshape(network(x), [rows]);
  let loss = neg(sum(mul(slope, r)));
  if (l2 > 0) {
    const squares = layout(network.params).params.map((theta) => sum(square(theta)));
    loss = add(loss, mul(l2 / 2, squares.reduce(add)));
  }
  const forward = await compile({ outputs: { r }, params: network.params });
  const update = await compileUpdate({ loss, params: network.params, optimizer });
  const phi = Float32Array.from(features.phi ?? identity(rows));
  return {
    async values(theta) {
      return Float64Array.from((await forward.run({ x: phi, theta })).r);
    },
    async raise(state, direction) {
      const { gradNorm } = await update.run(state, { x: phi, slope: Float32Array.from(direction) });
      return gradNorm[0];
    },
    async release() {
      await forward.release();
      await update.release();
    },
  };
}

function identity(n: number): Float64Array {
  const one = new Float64Array(n * n);
  for (let i = 0; i < n; i++) one[i * n + i] = 1;
  return one;
}
