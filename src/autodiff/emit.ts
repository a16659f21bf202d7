import { ancestors } from "./grad.ts";
import { elementType, type OnnxAttribute, type OnnxGraph, type OnnxNode, type OnnxTensor, type OnnxValue } from "./onnx.ts";
import { bind, type Dim, factors, type Shape } from "./shape.ts";
import { simplify } from "./simplify.ts";
import type { DType, Emitter, OnnxAttrs, Tensor } from "./tensor.ts";

/** An ONNX graph in the making: nodes are added in order, and a node that is already there is not added twice. */
export interface GraphWriter extends Emitter {
  /** Declares a graph input; its symbolic sides become readable at run time. */
  input(name: string, shape: Shape, dtype: DType): string;
  /** Makes a value of the surrounding graph known to a nested one, with its symbolic sides. */
  outer(name: string, shape: Shape): void;
  /** A node whose outputs have given names and whose attribute is a graph (a loop). */
  loop(type: string, inputs: readonly string[], outputs: readonly string[], body: OnnxGraph, attrs: OnnxAttrs): void;
  /** Gives a value a name of its own, as a graph output needs. */
  output(value: string, name: string, shape: Shape, dtype: DType): void;
  initializer(name: string, values: Float32Array, shape: readonly number[]): string;
  graph(name: string): OnnxGraph;
}

/** A writer. `dims` fixes symbolic sides; `prefix` keeps the names of nested graphs apart. */
export function graphWriter(dims: Readonly<Record<string, number>> = {}, prefix = "_v"): GraphWriter {
  const node: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  const seen = new Map<string, string[]>();
  const siblings = new Map<string, string[]>();
  const sources = new Map<string, { name: string; axis: number }>();
  const renamed = new Map<string, string>();
  let count = 0;
  const fresh = () => `${prefix}${count++}`;

  const nodes = (type: string, operands: readonly string[], outs: number, attrs: OnnxAttrs = {}): string[] => {
    const key = `${type}(${operands.join(",")})${JSON.stringify(attrs)}`;
    const known = seen.get(key);
    if (known) return known;
    const names = Array.from({ length: outs }, fresh);
    node.push({ opType: type, input: [...operands], output: names, attribute: attributes(attrs) });
    seen.set(key, names);
    siblings.set(names[0], names);
    return names;
  };
  const initializer = (key: string, dataType: number, dims: readonly number[], rawData: Uint8Array): string => {
    const known = seen.get(key);
    if (known) return known[0];
    const name = fresh();
    initializers.push({ name, dataType, dims: [...dims], rawData });
    seen.set(key, [name]);
    return name;
  };
  const raw = (values: ArrayBufferView) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  const known = (dim: Dim) => {
    const bound = bind(dim, dims);
    return typeof bound === "number" ? bound : undefined;
  };

  const writer: GraphWriter = {
    node: (type, operands, attrs) => nodes(type, operands, 1, attrs)[0],
    nodes,
    sibling: (first, index) => siblings.get(first)![index],
    known,
    scalar: (value) =>
      initializer(`f:${Object.is(value, -0) ? "-0" : value}`, elementType.float32, [], raw(Float32Array.of(value))),
    constant(values, shape) {
      const type = values instanceof Float32Array ? "float32" : values instanceof Int32Array ? "int32" : "bool";
      const key = values.length <= 64 ? `c:${type}[${shape}]:${values.join(",")}` : `c:${count}`;
      return initializer(key, elementType[type], shape, raw(values));
    },
    ints: (values) =>
      initializer(`i:${values.join(",")}`, elementType.int64, [values.length], raw(BigInt64Array.from(values, BigInt))),
    sides(sides) {
      const numbers = sides.map(known);
      if (numbers.every((side) => side !== undefined)) return writer.ints(numbers as number[]);
      const parts = sides.map((side, axis) =>
        numbers[axis] !== undefined ? writer.ints([numbers[axis] as number]) : runtimeSide(bind(side, dims)),
      );
      return parts.length === 1 ? parts[0] : writer.node("Concat", parts, { axis: { int: 0 } });
    },
    input(name, shape, dtype) {
      inputs.push({ name, elementType: elementType[dtype], dims: shape.map(declared) });
      writer.outer(name, shape);
      return name;
    },
    outer(name, shape) {
      shape.forEach((side, axis) => {
        const own = bind(side, dims);
        if (typeof own === "string" && !sources.has(own)) sources.set(own, { name, axis });
      });
    },
    loop(type, operands, outs, body, attrs) {
      node.push({
        opType: type,
        input: [...operands],
        output: [...outs],
        attribute: [...attributes(attrs), { name: "body", type: 5, g: body }],
      });
    },
    output(value, name, shape, dtype) {
      // A value made here takes the output's name; an input, or a value that is an output already, must be copied to have it.
      const maker = node.find((own) => own.output.includes(value));
      if (maker && !outputs.some((own) => own.name === value)) rename(value, name);
      else node.push({ opType: "Identity", input: [renamed.get(value) ?? value], output: [name], attribute: [] });
      outputs.push({ name, elementType: elementType[dtype], dims: shape.map(declared) });
    },
    initializer(name, values, shape) {
      initializers.push({ name, dataType: elementType.float32, dims: [...shape], rawData: raw(values) });
      return name;
    },
    graph: (name) => ({ name, node, initializer: initializers, input: inputs, output: outputs }),
  };

  /** A side as it is declared: runtimes take equal names for equal sides, so a product gets a name of its own. */
  function declared(side: Dim): Dim {
    const own = bind(side, dims);
    return typeof own === "string" ? own.replaceAll("*", "_times_") : own;
  }

  function rename(value: string, name: string): void {
    const swap = (own: string) => (own === value ? name : own);
    for (const own of node) {
      own.input = own.input.map(swap);
      own.output = own.output.map(swap);
    }
    renamed.set(value, name);
  }

  /** A product of symbols as an int64 vector of one entry, read from the shapes of the inputs. */
  function runtimeSide(dim: Dim): string {
    const whole = sources.get(dim as string);
    if (whole) return readSide(whole);
    const { factor, symbols } = factors(dim);
    let value = factor === 1 ? undefined : writer.ints([factor]);
    for (const symbol of symbols) {
      const source = sources.get(symbol);
      if (!source)
        throw new RangeError(`the side "${symbol}" belongs to none of the program's inputs; fix it by dims: { ${symbol}: ... }`);
      const own = readSide(source);
      value = value ? writer.node("Mul", [value, own]) : own;
    }
    return value!;
  }

  function readSide({ name, axis }: { name: string; axis: number }): string {
    return writer.node("Gather", [writer.node("Shape", [name]), writer.ints([axis])]);
  }

  return writer;
}

function attributes(attrs: OnnxAttrs): OnnxAttribute[] {
  return Object.entries(attrs).map(([name, value]) => {
    if ("int" in value) return { name, type: 2, i: value.int };
    if ("float" in value) return { name, type: 1, f: value.float };
    if ("ints" in value) return { name, type: 7, ints: [...value.ints] };
    return { name, type: 3, s: Uint8Array.from(value.string, (c) => c.charCodeAt(0)) };
  });
}

/**
 * Writes all that `roots` need and gives their names. `names` holds the values that are there already (inputs,
 * parameters) and is filled with the rest.
 */
export function write(writer: GraphWriter, roots: readonly Tensor[], names: Map<Tensor, string>): string[] {
  const lean = simplify(roots);
  for (const t of ancestors(lean)) {
    if (names.has(t)) continue;
    const operands = t.inputs.map((operand) => names.get(operand)!);
    names.set(t, t.op.emit(writer, t, operands));
  }
  return lean.map((root) => names.get(root)!);
}
