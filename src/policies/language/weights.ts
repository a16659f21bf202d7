import { input, layout, type ParamTree, type Tensor } from "../../autodiff/index.ts";
import type { TransformerWeights } from "../transformer.ts";

/** Weights that stand outside the vector θ: an input for each, which reads its values where they are and copies nothing. */
export interface HeldWeights {
  readonly weights: TransformerWeights;
  /** The arrays of those inputs for a flat vector: views into it. */
  feeds(theta: Float32Array): Record<string, Float32Array>;
}

/**
 * The same weights with an input `prefix.name` in the place of every parameter of `params`. A program that only reads its
 * weights (a reference, a decoder) is faster so: θ as one input would be taken apart, which copies it, at every call.
 */
export function held(weights: TransformerWeights, params: ParamTree, prefix: string): HeldWeights {
  const { params: tensors, names, shapes, offsets, sizes } = layout(params);
  const inputs = new Map(tensors.map((t, i) => [t, input(`${prefix}.${names[i]}`, shapes[i])]));
  return {
    weights: replaced(weights, (t) => inputs.get(t) ?? t),
    feeds: (theta) =>
      Object.fromEntries(names.map((name, i) => [`${prefix}.${name}`, theta.subarray(offsets[i], offsets[i] + sizes[i])])),
  };
}

/** A tree of weights with every tensor exchanged. */
export function replaced<T>(tree: T, change: (t: Tensor) => Tensor): T {
  if (typeof tree !== "object" || tree === null) return tree;
  if ("op" in tree) return change(tree as unknown as Tensor) as unknown as T;
  return Object.fromEntries(Object.entries(tree).map(([name, child]) => [name, replaced(child, change)])) as T;
}
