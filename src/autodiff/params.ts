import type { Rng } from "./random.ts";
import { isParam, type Tensor } from "./tensor.ts";

/** A tree of parameters with names: `{ hidden: { 0: { W, b } }, out: { W, b } }`. */
export interface ParamTree {
  readonly [name: string]: Tensor | ParamTree;
}

/** Where each parameter of a tree lies in one flat vector. */
export interface Layout {
  /** Dotted names in the order of the tree: `hidden.0.W`. */
  readonly names: readonly string[];
  readonly params: readonly Tensor[];
  readonly shapes: readonly (readonly number[])[];
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
  /** The number of parameters, the length of the flat vector. */
  readonly size: number;
}

/** The layout of a tree. Throws if it has no parameter, or one twice (then tie them by using one tensor in two places of the expression). */
export function layout(tree: ParamTree): Layout {
  const names: string[] = [];
  const params: Tensor[] = [];
  const walk = (node: ParamTree, prefix: string) => {
    for (const [name, child] of Object.entries(node)) {
      const path = prefix ? `${prefix}.${name}` : name;
      if (!isTensor(child)) walk(child, path);
      else if (!isParam(child))
        throw new TypeError(`the tree of parameters has a ${child.op.name} at ${path}; expected a param(...)`);
      else if (params.includes(child))
        throw new TypeError(`the parameter at ${path} stands at ${names[params.indexOf(child)]} too; list it once`);
      else {
        names.push(path);
        params.push(child);
      }
    }
  };
  walk(tree, "");
  if (params.length === 0) throw new RangeError("the tree of parameters is empty; expected at least one param(...)");
  const shapes = params.map((t) => t.shape as readonly number[]);
  const sizes = shapes.map((shape) => shape.reduce((n, side) => n * side, 1));
  const offsets: number[] = [];
  let size = 0;
  for (const own of sizes) {
    offsets.push(size);
    size += own;
  }
  return { names, params, shapes, offsets, sizes, size };
}

function isTensor(node: Tensor | ParamTree): node is Tensor {
  return typeof (node as Tensor).op === "object" && Array.isArray((node as Tensor).inputs);
}

/** First values for every parameter; each draws from a stream named after it, so that adding one leaves the others as they were. */
export function initialise(tree: ParamTree, random: Rng): Float32Array {
  const { names, params, shapes, offsets, sizes, size } = layout(tree);
  const theta = new Float32Array(size);
  params.forEach((t, i) => {
    const values = t.init!(shapes[i], random.split(names[i]));
    if (values.length !== sizes[i])
      throw new RangeError(`the initialiser of ${names[i]} gave ${values.length} values for the shape [${shapes[i]}]`);
    theta.set(values, offsets[i]);
  });
  return theta;
}

/** The flat vector as named views, without copying. */
export function named(tree: ParamTree, theta: Float32Array): Record<string, { shape: readonly number[]; data: Float32Array }> {
  const { names, shapes, offsets, sizes } = layout(tree);
  return Object.fromEntries(
    names.map((name, i) => [name, { shape: shapes[i], data: theta.subarray(offsets[i], offsets[i] + sizes[i]) }]),
  );
}
