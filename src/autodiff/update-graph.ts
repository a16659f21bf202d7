import { type GraphWriter, graphWriter, write } from "./emit.ts";
import { grad } from "./grad.ts";
import { encodeModel } from "./onnx.ts";
import { reshape } from "./ops/arithmetic.ts";
import { concat } from "./ops/layout.ts";
import { clipByGlobalNorm, globalNorm, type Optimizer } from "./optim.ts";
import { type Layout, layout, type ParamTree } from "./params.ts";
import { inputsOf, unflatten } from "./program.ts";
import { shapeError } from "./shape.ts";
import { apply, input, type Op, type Tensor } from "./tensor.ts";

export interface UpdateSpec {
  /** A scalar to be made small. */
  readonly loss: Tensor;
  readonly params: ParamTree;
  readonly optimizer: Optimizer;
  /** Further scalars to be reported with each update. */
  readonly metrics?: Readonly<Record<string, Tensor>>;
  /** Inputs that stay the same for all updates of a block (by name); the others come anew with each. */
  readonly fixed?: readonly string[];
  /** The gradient is shortened to this length. */
  readonly clipNorm?: number;
  /** Values for symbolic sides that never change. */
  readonly dims?: Readonly<Record<string, number>>;
}

/** theta ← optimizer(theta, ∇ loss) as an expression: what it reads, and what it gives. */
export interface UpdateGraph {
  readonly params: Layout;
  /** The flat parameters, then the optimizer's vectors. */
  readonly state: readonly Tensor[];
  readonly stateNames: readonly string[];
  /** The optimizer's coefficients of this update. */
  readonly row: Tensor;
  readonly inputs: readonly Tensor[];
  /** The names of the inputs that stay the same for a block. */
  readonly fixed: ReadonlySet<string>;
  /** The next state's vectors, then what is reported. */
  readonly roots: readonly Tensor[];
  readonly reported: readonly string[];
  /** The roots' names in a model. */
  readonly outNames: readonly string[];
  readonly dims?: Readonly<Record<string, number>>;
}

/** The expression of one update. Throws if an input has a name that the state has, or a metric is no scalar. */
export function updateGraph(spec: UpdateSpec): UpdateGraph {
  const params = layout(spec.params);
  const { optimizer } = spec;
  const theta = input("theta", [params.size]);
  const slots = optimizer.slots.map((name) => input(`slot_${name}`, [params.size]));
  const row = input("coefficients", [optimizer.width]);
  const c = Array.from({ length: optimizer.width }, (_, k) => apply(partOp, [row], [1], { k, width: optimizer.width }));

  const flat = grad(spec.loss, params.params).map((g, i) => reshape(g, [params.sizes[i]]));
  const whole = concat(flat, 0);
  const gradNorm = globalNorm(whole);
  const next = optimizer.update(theta, spec.clipNorm ? clipByGlobalNorm(whole, spec.clipNorm, gradNorm) : whole, slots, c);
  const reports: Record<string, Tensor> = { loss: spec.loss, gradNorm, ...spec.metrics };
  const reported = Object.keys(reports);
  const stateNames = ["theta", ...slots.map((t) => t.name!)];
  const inputs = inputsOf(Object.values(reports));
  for (const t of inputs) {
    if (stateNames.includes(t.name!) || t.name === "coefficients")
      throw new RangeError(`the input name "${t.name}" is taken by the training program; choose another`);
  }
  for (const [name, t] of Object.entries(spec.metrics ?? {}))
    if (t.shape.length > 0) throw shapeError(`metric "${name}"`, [t.shape], "a scalar, such as mean(...) or sum(...)");
  return {
    params,
    state: [theta, ...slots],
    stateNames,
    row,
    inputs,
    fixed: new Set(spec.fixed ?? []),
    roots: [next.theta, ...next.slots, ...Object.values(reports)],
    reported,
    outNames: [...stateNames.map((name) => `next_${name}`), ...reported],
    dims: spec.dims,
  };
}

/** Writes one update into a graph, given the graph's own names of the inputs; the names of the roots. */
function step({ params, state, row, inputs, roots }: UpdateGraph, writer: GraphWriter, name: (t: Tensor) => string): string[] {
  const names = new Map<Tensor, string>();
  for (const t of [...state, row, ...inputs]) names.set(t, name(t));
  unflatten(writer, names.get(state[0])!, params, names);
  return write(writer, roots, names);
}

/** The model of a single update. */
export function stepModel(update: UpdateGraph): Uint8Array {
  const { state, row, inputs, roots, outNames } = update;
  const writer = graphWriter(update.dims);
  for (const t of [...state, row, ...inputs]) writer.input(t.name!, t.shape, t.dtype);
  const values = step(update, writer, (t) => t.name!);
  roots.forEach((t, i) => {
    writer.output(values[i], outNames[i], t.shape, t.dtype);
  });
  return encodeModel({ graph: writer.graph("step"), metadata: {} });
}

/** The model of a block of updates: a `Scan` that carries the state and reads a row of coefficients and inputs with each. */
export function blockModel(update: UpdateGraph): Uint8Array {
  const { state, stateNames, row, inputs, fixed, roots, outNames } = update;
  const scanned = [row, ...inputs.filter((t) => !fixed.has(t.name!))];
  const held = inputs.filter((t) => fixed.has(t.name!));
  const outer = graphWriter(update.dims);
  for (const t of state) outer.input(t.name!, t.shape, t.dtype);
  for (const t of scanned) outer.input(t.name!, ["steps_", ...t.shape], t.dtype);
  for (const t of held) outer.input(t.name!, t.shape, t.dtype);
  const body = graphWriter(update.dims, "_b");
  for (const t of [...state, ...scanned]) body.input(`in_${t.name}`, t.shape, t.dtype);
  for (const t of held) body.outer(t.name!, t.shape);
  const values = step(update, body, (t) => (fixed.has(t.name!) ? t.name! : `in_${t.name}`));
  roots.forEach((t, i) => {
    body.output(values[i], `out_${i}`, t.shape, t.dtype);
  });
  const raw = roots.map((_, i) => `raw_${i}`);
  outer.loop("Scan", [...stateNames, ...scanned.map((t) => t.name!)], raw, body.graph("update"), {
    num_scan_inputs: { int: scanned.length },
  });
  roots.forEach((t, i) => {
    outer.output(raw[i], outNames[i], i < state.length ? t.shape : ["steps_"], t.dtype);
  });
  return encodeModel({ graph: outer.graph("block"), metadata: {} });
}

/** Entry k of the row of coefficients, `[1]`: one `Split` serves all. */
const partOp: Op = {
  name: "coefficient",
  emit: (e, t, [row]) => {
    const width = t.attrs.width as number;
    return width === 1 ? row : e.nodes("Split", [row, e.ints(new Array(width).fill(1))], width)[t.attrs.k as number];
  },
};
