import type { ParamTree, Rng, Tensor } from "../autodiff/index.ts";
import type { ActionSpace, Actions } from "../mdp/index.ts";

/** The results of a policy's network that a draw needs, by name, as arrays over the batch. */
export type Outputs = Readonly<Record<string, Float32Array | Int32Array | Uint8Array>>;

/** What turns a network's output z `[B, inputs]` into a distribution over actions. */
export interface Head {
  readonly kind: "categorical" | "gaussian" | "squashed-gaussian";
  /** How many numbers the network gives for one observation. */
  readonly inputs: number;
  /** Parameters of its own, such as a scale that doesn't depend on the state. */
  readonly params: ParamTree;
  /** A batch of actions as an input called `name`: int32 `[B]` or `[B, K]`, or float32 `[B, K]`. */
  action(name: string): Tensor;
  /** log π(a | s), `[B]`, in nats; for real actions the density in the environment's units. */
  logProb(z: Tensor, a: Tensor): Tensor;
  /** The entropy of π(· | s), `[B]`, in nats (of the unsquashed Gaussian where squashing leaves no closed form). */
  entropy(z: Tensor): Tensor;
  /** The most likely action: `[B]` or `[B, K]`, in the environment's units. */
  mode(z: Tensor): Tensor;
  /** What `sample` reads, as expressions. */
  outputs(z: Tensor): Readonly<Record<string, Tensor>>;
  /**
   * Fills `actions` with draws from the distributions that `outputs` describes; row i draws from `random(i)`. `draws`, where
   * given, gets the same draws as they were before they were cut to the box or squashed into it.
   */
  sample(outputs: Outputs, random: (row: number) => Rng, actions: Actions, draws?: Actions): void;
  /**
   * The log-density of draws x `[B]` or `[B, K]` as they were before they were brought into the box, `[B]`, in nats (squashed:
   * with respect to x itself). Cutting maps many draws to one action, so a ratio π_θ/π_old that is meant to be the draw's has
   * to be taken here, not from the action.
   */
  drawLogProb(z: Tensor, x: Tensor): Tensor;
}

/** An array for `n` actions of a space. */
export function actionArray(space: ActionSpace, n: number): Int32Array | Float32Array {
  if (space.kind === "box") return new Float32Array(n * space.low.length);
  return new Int32Array(n * (space.kind === "discrete" ? 1 : space.ns.length));
}
