import { type Dim, type Shape, show } from "./shape.ts";

/** Element types: what the arithmetic runs on, indices, and truth values. */
export type DType = "float32" | "int32" | "bool";

/** What an operation needs to know beside its inputs; printable, so that equal nodes are found by their spelling. */
export type Attrs = Readonly<Record<string, number | string | boolean | readonly (number | string)[] | undefined>>;

/** A symbolic value: what it is made by, from what, and what shape it has. It holds no numbers. */
export interface Tensor {
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly attrs: Attrs;
  readonly shape: Shape;
  readonly dtype: DType;
  /** For an `input` and a `param`: its name. */
  readonly name?: string;
  /** For a constant: its values. */
  readonly values?: Float32Array | Int32Array | Uint8Array;
  /** For a `param`: how it starts. */
  readonly init?: Initializer;
}

/** An operation: how it is written as ONNX, and its derivative. */
export interface Op {
  readonly name: string;
  /** Writes the node(s) and gives the result's ONNX name; `inputs` are the names of the operands. */
  emit(e: Emitter, t: Tensor, inputs: readonly string[]): string;
  /** The adjoints of the inputs, given the output's adjoint `g`; `undefined` where nothing flows. Absent: not differentiable. */
  readonly grad?: (t: Tensor, g: Tensor) => readonly (Tensor | undefined)[];
  /** The same value made with less; t itself where nothing can be saved (see simplify.ts). */
  readonly simplify?: (t: Tensor) => Tensor;
}

/** Draws a parameter's first values. */
export type Initializer = (
  shape: readonly number[],
  random: { normal(): number; uniform(low: number, high: number): number },
) => Float32Array;

/** What operations write themselves with. */
export interface Emitter {
  /** Adds a node with one output and gives that output's name. */
  node(type: string, inputs: readonly string[], attrs?: OnnxAttrs): string;
  /** Adds a node with several outputs. */
  nodes(type: string, inputs: readonly string[], outputs: number, attrs?: OnnxAttrs): string[];
  /** Output `index` of the node whose first output is `first`. */
  sibling(first: string, index: number): string;
  constant(values: Float32Array | Int32Array | Uint8Array, shape: readonly number[]): string;
  scalar(value: number): string;
  /** An int64 vector constant. */
  ints(values: readonly number[]): string;
  /** An int64 vector of sides, computed when the program runs if they are not yet known. */
  sides(dims: readonly Dim[]): string;
  /** The number a side has, when it is known at compile time. */
  known(dim: Dim): number | undefined;
}

/** An attribute of an ONNX node: whole numbers and reals are told apart by their wrapper. */
export type OnnxAttrs = Readonly<
  Record<string, { int: number } | { float: number } | { ints: readonly number[] } | { string: string }>
>;

/** A value, or a plain number that stands for a scalar constant. */
export type Value = Tensor | number;

const inputOp: Op = {
  name: "input",
  emit: (_e, t) => {
    throw new Error(`the program reads the input "${t.name}" but does not list it; add it to its inputs`);
  },
};

const paramOp: Op = {
  name: "param",
  emit: (_e, t) => {
    throw new Error(`the program reads the parameter ${t.name ?? show(t.shape)} but does not list it; add it to its parameters`);
  },
};

const constantOp: Op = {
  name: "constant",
  emit: (e, t) =>
    t.dtype === "float32" && t.shape.length === 0 ? e.scalar(t.values![0]) : e.constant(t.values!, t.shape as number[]),
};

/**
 * A value that is given anew at each call, such as a minibatch: `input("s", ["B", 4])`. Symbols stand for sides known at run
 * time. Throws a RangeError on a side that is neither a positive whole number nor a name.
 */
export function input(name: string, shape: Shape, dtype: DType = "float32"): Tensor {
  for (const side of shape) {
    if (typeof side === "number" ? !(Number.isInteger(side) && side > 0) : !/^[A-Za-z_]\w*$/.test(side)) {
      throw new RangeError(
        `input "${name}": a side is a positive whole number or a symbol, found ${JSON.stringify(side)} in ${show(shape)}`,
      );
    }
  }
  return { op: inputOp, inputs: [], attrs: {}, shape, dtype, name };
}

/** A value that is learned. Its name comes from its place in the tree of parameters. */
export function param(shape: readonly number[], init: Initializer): Tensor {
  return { op: paramOp, inputs: [], attrs: {}, shape, dtype: "float32", init };
}

/** A constant of any shape; nested rows must be flattened first. Throws a RangeError if the values do not fill the shape. */
export function constant(values: Float32Array | Int32Array | ArrayLike<number>, shape?: readonly number[]): Tensor {
  const data = values instanceof Int32Array ? values : Float32Array.from(values);
  const sides = shape ?? [data.length];
  const count = sides.reduce((n, side) => n * side, 1);
  if (count !== data.length) throw new RangeError(`constant: ${data.length} values do not fill the shape ${show(sides)}`);
  return {
    op: constantOp,
    inputs: [],
    attrs: {},
    shape: sides,
    dtype: values instanceof Int32Array ? "int32" : "float32",
    values: data,
  };
}

/** A scalar constant. */
export function scalar(value: number): Tensor {
  return { op: constantOp, inputs: [], attrs: {}, shape: [], dtype: "float32", values: Float32Array.of(value) };
}

export function tensor(value: Value): Tensor {
  return typeof value === "number" ? scalar(value) : value;
}

/** The number a scalar constant holds, or `undefined`. */
export function literal(t: Tensor): number | undefined {
  return t.op === constantOp && t.shape.length === 0 ? t.values![0] : undefined;
}

export function isInput(t: Tensor): boolean {
  return t.op === inputOp;
}

export function isParam(t: Tensor): boolean {
  return t.op === paramOp;
}

/** A node: the result of `op` on `inputs`. */
export function apply(op: Op, inputs: readonly Tensor[], shape: Shape, attrs: Attrs = {}, dtype: DType = "float32"): Tensor {
  return { op, inputs, attrs, shape, dtype };
}

/** Throws unless `t` has one of the element types that the operation works on. */
export function requireType(op: string, t: Tensor, ...types: DType[]): void {
  if (!types.includes(t.dtype))
    throw new TypeError(`${op}: received ${t.dtype}${show(t.shape)}; expected ${types.join(" or ")}; use cast`);
}
