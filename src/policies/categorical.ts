import {
  add,
  argmax,
  exp,
  input,
  logSoftmax,
  mul,
  neg,
  type Rng,
  reshape,
  slice,
  stack,
  sum,
  type Tensor,
  takeAlongAxis,
} from "../autodiff/index.ts";
import type { Actions, Discrete, MultiDiscrete } from "../mdp/index.ts";
import type { Head, Outputs } from "./head.ts";

/**
 * π(a | s) = softmax(z)_a; for several choices at once the product of one softmax each.
 */
export function categorical(space: Discrete | MultiDiscrete): Head {
  const ns = space.kind === "discrete" ? [space.n] : space.ns;
  const starts = ns.map((_, i) => ns.slice(0, i).reduce((a, b) => a + b, 0));
  const total = ns.reduce((a, b) => a + b, 0);
  const single = space.kind === "discrete";
  /** log π of each choice, one tensor `[B, n_i]` a part. */
  const parts = (z: Tensor) => ns.map((n, i) => logSoftmax(slice(z, 1, starts[i], starts[i] + n)));
  const column = (a: Tensor, i: number) => (single ? a : reshape(slice(a, 1, i, i + 1), [a.shape[0]]));
  const addAll = (terms: Tensor[]) => terms.reduce((x, y) => add(x, y));
  const logProb = (z: Tensor, a: Tensor) => addAll(parts(z).map((logPi, i) => takeAlongAxis(logPi, column(a, i))));
  const weights = new Float64Array(Math.max(...ns));
  return {
    kind: "categorical",
    inputs: total,
    params: {},
    action: (name) => input(name, single ? ["B"] : ["B", ns.length], "int32"),
    logProb,
    drawLogProb: logProb,
    entropy: (z) => addAll(parts(z).map((logPi) => neg(sum(mul(exp(logPi), logPi), 1)))),
    mode(z) {
      const choices = ns.map((n, i) => argmax(slice(z, 1, starts[i], starts[i] + n)));
      return single ? choices[0] : stack(choices, 1);
    },
    outputs: (z) => ({ logits: z }),
    sample(outputs: Outputs, random: (row: number) => Rng, actions: Actions, draws?: Actions) {
      const z = outputs.logits;
      for (let row = 0, k = 0; k < actions.length; row++) {
        const own = random(row);
        for (let i = 0; i < ns.length; i++, k++) {
          const from = row * total + starts[i];
          let top = -Infinity;
          for (let j = 0; j < ns[i]; j++) top = Math.max(top, z[from + j]);
          for (let j = 0; j < ns[i]; j++) weights[j] = Math.exp(z[from + j] - top);
          actions[k] = own.categorical(weights, 0, ns[i]);
        }
      }
      draws?.set(actions);
    },
  };
}
