import {
  gelu,
  type Initializer,
  linear,
  orthogonal,
  type ParamTree,
  param,
  relu,
  silu,
  type Tensor,
  tanh,
  zeros,
} from "../autodiff/index.ts";

/** A function of tensors with parameters of its own. */
export interface Network {
  (x: Tensor): Tensor;
  readonly params: ParamTree;
}

export const activations = { tanh, relu, silu, gelu: (x: Tensor) => gelu(x), none: (x: Tensor) => x } as const;
export type Activation = keyof typeof activations;

export interface DenseOptions {
  readonly in: number;
  readonly hidden?: readonly number[];
  readonly out: number;
  readonly activation?: Activation;
  /** Scale of the last layer's first weights: small values start near the uniform policy. */
  readonly outputGain?: number;
}

/**
 * A multilayer perceptron `[B, in]` to `[B, out]`: h ← φ(h W + b) for each hidden layer, then a linear one. Orthogonal
 * weights, zero biases. Throws a RangeError on a layer without a positive whole number of units.
 */
export function dense(options: DenseOptions): Network {
  const { hidden = [], activation = "tanh", outputGain = 0.01 } = options;
  if (!Array.isArray(hidden))
    throw new TypeError(`hidden is ${hidden}, expected the units of each layer in a list, such as [32, 32]`);
  if (!Object.hasOwn(activations, activation)) {
    throw new RangeError(`activation is ${JSON.stringify(activation)}, expected ${Object.keys(activations).join(", ")}`);
  }
  const sides = [options.in, ...hidden, options.out];
  for (const side of sides) {
    if (!(Number.isInteger(side) && side > 0))
      throw new RangeError(`a layer has a positive whole number of units, found ${side} in [${sides.join(", ")}]`);
  }
  const gain = activation === "tanh" ? 5 / 3 : activation === "none" ? 1 : Math.SQRT2;
  const layers = sides.slice(1).map((units, i) => {
    const init: Initializer = orthogonal(i < hidden.length ? gain : outputGain);
    return { W: param([sides[i], units], init), b: param([units], zeros) };
  });
  const phi = activations[activation];
  const forward = (x: Tensor) =>
    layers.reduce((h, { W, b }, i) => (i < hidden.length ? phi(linear(h, W, b)) : linear(h, W, b)), x);
  return Object.assign(forward, { params: Object.fromEntries(layers.map((layer, i) => [String(i), layer])) });
}
