import { layout, type ParamTree, type Tensor } from "../autodiff/index.ts";
import type { ActionSpace, Plain, Space } from "../mdp/index.ts";
import { categorical } from "./categorical.ts";
import { type GaussianOptions, gaussian, squashedGaussian } from "./gaussian.ts";
import type { Head } from "./head.ts";
import type { Normaliser } from "./observation.ts";

/** A family of policies π_θ: everything but the values of θ. */
export interface PolicyModel {
  readonly observation: Space;
  readonly action: ActionSpace;
  /** θ as a tree with names; the head's own parameters are in it. */
  readonly params: ParamTree;
  readonly head: Head;
  /** The network's output z `[B, head.inputs]` for flat observations s `[B, D]`; real entries are normalised if asked. */
  forward(s: Tensor, normal?: Normaliser): Tensor;
  /** Whether the network brings its observations to scale itself, so that their moments need not be known. */
  readonly scalesItself?: true;
  /** What it is, for files and lists: `{ kind: "mlp", hidden: [32, 32], ... }`. */
  readonly description: { readonly [key: string]: Plain };
}

/** Where a policy is meant to act: an environment, or just its two spaces. */
export interface Spaces {
  readonly observation: Space;
  readonly action: ActionSpace;
}

export interface HeadOptions extends GaussianOptions {
  /**
   * For real actions: `squashed` (through tanh, never outside the box), the default where the box has bounds, since experts
   * often act at them; or `gaussian` (cut to the box), the default where it has none.
   */
  readonly distribution?: "gaussian" | "squashed";
}

/** `squashed` where an action box has bounds, `gaussian` where it has none. */
export function usualDistribution(action: ActionSpace): "gaussian" | "squashed" {
  return action.kind === "box" && [...action.low, ...action.high].every(Number.isFinite) ? "squashed" : "gaussian";
}

/** Options of a head, for those who check that they have no others. */
export const HEAD_OPTIONS: readonly string[] = ["distribution", "scale", "initialLogStd"];

/** Throws, naming those there are, on an option of another name: it would be passed over without a word. */
export function mustBeOptions(what: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new RangeError(`${what} has no option "${name}"; it has ${known.join(", ")}`);
  }
}

function mustBeOneOf(name: string, value: unknown, known: readonly string[]): void {
  if (value !== undefined && !known.includes(value as string)) {
    throw new RangeError(`${name} is ${JSON.stringify(value)}, expected ${known.map((one) => `"${one}"`).join(" or ")}`);
  }
}

/** The head that fits an action space. */
export function headFor(action: ActionSpace, options: HeadOptions = {}): Head {
  mustBeOneOf("distribution", options.distribution, ["gaussian", "squashed"]);
  mustBeOneOf("scale", options.scale, ["fixed", "state", "constant"]);
  if (action.kind !== "box") return categorical(action);
  const { distribution = usualDistribution(action) } = options;
  return distribution === "squashed" ? squashedGaussian(action, options) : gaussian(action, options);
}

/** The tree of a network and a head together. */
export function joinParams(network: ParamTree, head: Head): ParamTree {
  return Object.keys(head.params).length > 0 ? { ...network, head: head.params } : network;
}

/** How many parameters a model has. */
export function parameterCount(model: PolicyModel): number {
  return layout(model.params).size;
}
