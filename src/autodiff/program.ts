import { type GraphWriter, graphWriter, write } from "./emit.ts";
import { ancestors } from "./grad.ts";
import { encodeModel } from "./onnx.ts";
import { type Layout, layout, type ParamTree } from "./params.ts";
import { type Buffer, createSession, type Feed, type SessionOptions } from "./runtime.ts";
import { bind, factors, show } from "./shape.ts";
import { isInput, type Tensor } from "./tensor.ts";

/** What a program computes. */
export interface ProgramSpec {
  /** Named results. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  /** The parameters that the results depend on, read from one flat vector. */
  readonly params?: ParamTree;
  /** Values for symbolic sides that never change: the program gets smaller and faster. */
  readonly dims?: Readonly<Record<string, number>>;
}

/** An executable expression. */
export interface Program {
  /**
   * Computes the outputs from the inputs by name (and `theta`, the flat parameters, where the program has any). Arrays in
   * `into` are filled in place. Throws if an input is missing or has the wrong number of entries.
   */
  run(feeds: Readonly<Record<string, Buffer>>, into?: Readonly<Record<string, Buffer>>): Promise<Record<string, Buffer>>;
  release(): Promise<void>;
}

/** The inputs an expression reads, in the order of first use. Throws if two different ones share a name. */
export function inputsOf(roots: readonly Tensor[]): Tensor[] {
  const inputs = ancestors(roots).filter(isInput);
  for (const t of inputs) {
    const twin = inputs.find((own) => own !== t && own.name === t.name);
    if (twin) throw new RangeError(`two inputs are called "${t.name}"; give each its own name, or use one tensor in both places`);
  }
  return inputs;
}

/** Compiles an expression. Throws on an input or parameter that is not listed. */
export async function compile(spec: ProgramSpec, options: SessionOptions = {}): Promise<Program> {
  const roots = Object.values(spec.outputs);
  const inputs = inputsOf(roots);
  const writer = graphWriter(spec.dims);
  const names = new Map<Tensor, string>();
  for (const t of inputs) names.set(t, writer.input(t.name!, t.shape, t.dtype));
  const params = spec.params ? layout(spec.params) : undefined;
  if (params) unflatten(writer, writer.input("theta", [params.size], "float32"), params, names);
  writeOutputs(writer, spec.outputs, names);
  const session = await createSession(encodeModel({ graph: writer.graph("program"), metadata: {} }), options);
  return {
    async run(feeds, into = {}) {
      const { given, sides } = shaped(inputs, feeds, spec.dims);
      if (params) given.theta = { data: requireTheta(feeds.theta, params), dims: [params.size] };
      const targets: Record<string, Feed> = {};
      for (const name in into) targets[name] = { data: into[name], dims: resolve(spec.outputs[name].shape, sides) };
      const out = await session.run(given, targets);
      return Object.fromEntries(Object.entries(out).map(([name, feed]) => [name, feed.data]));
    },
    release: () => session.release(),
  };
}

/**
 * The expression as a self-contained ONNX model: the parameters are constants in it under their own names, its inputs and
 * outputs have the names of the expression. `metadata` are texts that travel with it.
 */
export function toOnnx(
  spec: ProgramSpec & { readonly theta?: Float32Array; readonly metadata?: Readonly<Record<string, string>> },
): Uint8Array {
  const writer = graphWriter(spec.dims);
  const names = new Map<Tensor, string>();
  for (const t of inputsOf(Object.values(spec.outputs))) names.set(t, writer.input(t.name!, t.shape, t.dtype));
  if (spec.params) {
    const params = layout(spec.params);
    const theta = requireTheta(spec.theta, params);
    params.params.forEach((t, i) => {
      const values = theta.subarray(params.offsets[i], params.offsets[i] + params.sizes[i]);
      names.set(t, writer.initializer(params.names[i], values, params.shapes[i]));
    });
  }
  writeOutputs(writer, spec.outputs, names);
  return encodeModel({ graph: writer.graph("policy"), metadata: { ...spec.metadata } });
}

function writeOutputs(writer: GraphWriter, outputs: Readonly<Record<string, Tensor>>, names: Map<Tensor, string>): void {
  const roots = Object.values(outputs);
  for (const t of inputsOf(roots)) {
    if (t.name! in outputs) throw new RangeError(`"${t.name}" is an input and an output; give the output another name`);
  }
  const values = write(writer, roots, names);
  Object.keys(outputs).forEach((name, i) => {
    writer.output(values[i], name, roots[i].shape, roots[i].dtype);
  });
}

/** The flat vector as parameters of their shapes, inside a graph. */
export function unflatten(writer: GraphWriter, theta: string, params: Layout, names: Map<Tensor, string>): void {
  const parts =
    params.params.length === 1 ? [theta] : writer.nodes("Split", [theta, writer.ints(params.sizes)], params.params.length);
  params.params.forEach((t, i) => {
    const shape = params.shapes[i];
    names.set(t, shape.length === 1 ? parts[i] : writer.node("Reshape", [parts[i], writer.ints(shape)]));
  });
}

/**
 * The inputs with their shapes, and the symbolic sides, read off the lengths of the arrays. `lead` gives sides in front of an
 * input's own shape. Throws if an array is missing, of another type or of a length that doesn't fit.
 */
export function shaped(
  inputs: readonly Tensor[],
  feeds: Readonly<Record<string, Buffer | undefined>>,
  dims: Readonly<Record<string, number>> = {},
  lead: (t: Tensor) => readonly number[] = () => [],
): { given: Record<string, Feed>; sides: Record<string, number> } {
  const sides: Record<string, number> = { ...dims };
  const given: Record<string, Feed> = {};
  const open = (t: Tensor) => t.shape.flatMap((side) => factors(side).symbols).filter((symbol) => sides[symbol] === undefined);
  const waiting = [...inputs];
  while (waiting.length > 0) {
    // An input with one unknown side settles it; one with several waits until others have settled them.
    const next = waiting.findIndex((t) => open(t).length <= 1);
    const [t] = waiting.splice(Math.max(0, next), 1);
    given[t.name!] = feed(t, feeds[t.name!], open(t), sides, lead(t));
  }
  return { given, sides };
}

function feed(t: Tensor, data: Buffer | undefined, open: string[], sides: Record<string, number>, lead: readonly number[]): Feed {
  const where = `input "${t.name}"`;
  const wanted = show([...lead, ...t.shape]);
  if (!data) throw new RangeError(`${where} is missing; expected ${t.dtype}${wanted}`);
  const Type = { float32: Float32Array, int32: Int32Array, bool: Uint8Array }[t.dtype];
  if (!(data instanceof Type))
    throw new TypeError(`${where} is a ${(data as object).constructor.name}; expected ${t.dtype} (${Type.name})`);
  const known = Object.entries(sides).map(([name, value]) => `${name} = ${value}`);
  const given = known.length > 0 ? ` with ${known.join(", ")}` : "";
  if (open.length > 1)
    throw new RangeError(
      `${where} has ${data.length} entries, which leaves ${open.join(" and ")} of ${wanted}${given} open; fix one by dims, or read it off another input`,
    );
  const settled = [...lead, ...t.shape.map((side) => bind(side, sides))].reduce<number>((n, side) => n * factors(side).factor, 1);
  const rest = data.length / settled;
  if (!Number.isInteger(rest) || rest < 1 || (open.length === 0 && rest !== 1))
    throw new RangeError(`${where} has ${data.length} entries; expected the shape ${wanted}${given}`);
  if (open.length === 1) sides[open[0]] = rest;
  return { data, dims: [...lead, ...resolve(t.shape, sides)] };
}

function resolve(shape: readonly (number | string)[], sides: Readonly<Record<string, number>>): number[] {
  return shape.map((side) => {
    const { factor, symbols } = factors(side);
    return symbols.reduce((value, symbol) => value * sides[symbol], factor);
  });
}

function requireTheta(theta: Buffer | undefined, params: Layout): Float32Array {
  if (!(theta instanceof Float32Array) || theta.length !== params.size) {
    throw new RangeError(
      `theta has ${theta ? `${theta.length} entries` : "not been given"}; expected a Float32Array of ${params.size}`,
    );
  }
  return theta;
}
