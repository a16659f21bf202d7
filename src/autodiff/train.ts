import { type GraphWriter, graphWriter, write } from "./emit.ts";
import { grad } from "./grad.ts";
import { encodeModel } from "./onnx.ts";
import { reshape } from "./ops/arithmetic.ts";
import { concat } from "./ops/layout.ts";
import { clipByGlobalNorm, globalNorm, type Optimizer } from "./optim.ts";
import { initialise, layout, type ParamTree } from "./params.ts";
import { inputsOf, shaped, unflatten } from "./program.ts";
import { rng } from "./random.ts";
import { type Buffer, createSession, type Feed, type Session, type SessionOptions } from "./runtime.ts";
import { shapeError } from "./shape.ts";
import { apply, input, type Op, type Tensor } from "./tensor.ts";

/** Arrays by the names of the inputs; what a program doesn't read is left alone. */
export type Feeds = Readonly<Record<string, Buffer | undefined>>;

/** All that an optimizer carries from one update to the next. Plain data. */
export interface TrainState {
  /** The flat parameters. */
  theta: Float32Array;
  /** The optimizer's vectors. */
  slots: Float32Array[];
  /** Updates made so far. */
  t: number;
}

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

/** Compiled updates. */
export interface Update {
  /**
   * Makes `count` updates (1 if absent) in one call and reports `loss`, `gradNorm` and the metrics, one entry an update.
   * With `count`, each input's array has a leading side `count`. The state's arrays are exchanged for new ones, and the old
   * ones are used again by the next call: copy what you want to keep. If anything reported is not finite it throws a
   * `NotFiniteError` and leaves the state as it was before the call.
   */
  run(state: TrainState, feeds: Feeds, count?: number): Promise<Record<string, Float32Array>>;
  release(): Promise<void>;
}

/** A loss, gradient norm or metric became NaN or infinite. */
export class NotFiniteError extends Error {
  /** The update (1, 2, ...) in which it happened. */
  readonly update: number;
  constructor(name: string, value: number, update: number) {
    super(
      `${name} is ${value} in update ${update}; expected a finite number; lower the learning rate, clip the gradient or look at the data`,
    );
    this.name = "NotFiniteError";
    this.update = update;
  }
}

/** The state before the first update. */
export function initialState(params: ParamTree, optimizer: Optimizer, seed: number): TrainState {
  const theta = initialise(params, rng(seed));
  return { theta, slots: optimizer.slots.map(() => new Float32Array(theta.length)), t: 0 };
}

/**
 * Compiles theta ← optimizer(theta, ∇ loss) twice from one and the same expression: as a single step, and as a block of
 * steps in one call (an ONNX `Scan` that carries theta and the optimizer's vectors).
 */
export async function compileUpdate(spec: UpdateSpec, options: SessionOptions = {}): Promise<Update> {
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
  const metricNames = Object.keys(reports);
  const stateNames = ["theta", ...slots.map((t) => t.name!)];
  const inputs = inputsOf(Object.values(reports));
  for (const t of inputs) {
    if (stateNames.includes(t.name!) || t.name === "coefficients")
      throw new RangeError(`the input name "${t.name}" is taken by the training program; choose another`);
  }
  for (const [name, t] of Object.entries(spec.metrics ?? {}))
    if (t.shape.length > 0) throw shapeError(`metric "${name}"`, [t.shape], "a scalar, such as mean(...) or sum(...)");
  const fixed = new Set(spec.fixed ?? []);
  const roots = [next.theta, ...next.slots, ...Object.values(reports)];

  /** Writes one update into a graph; the graph's own names of the inputs are given. */
  const step = (writer: GraphWriter, name: (t: Tensor) => string): string[] => {
    const names = new Map<Tensor, string>();
    for (const t of [theta, ...slots, row, ...inputs]) names.set(t, name(t));
    unflatten(writer, names.get(theta)!, params, names);
    return write(writer, roots, names);
  };

  const stepModel = () => {
    const writer = graphWriter(spec.dims);
    for (const t of [theta, ...slots, row, ...inputs]) writer.input(t.name!, t.shape, t.dtype);
    const values = step(writer, (t) => t.name!);
    roots.forEach((t, i) => {
      writer.output(values[i], outName(i), t.shape, t.dtype);
    });
    return encodeModel({ graph: writer.graph("step"), metadata: {} });
  };

  const blockModel = () => {
    const scanned = [row, ...inputs.filter((t) => !fixed.has(t.name!))];
    const held = inputs.filter((t) => fixed.has(t.name!));
    const outer = graphWriter(spec.dims);
    for (const t of [theta, ...slots]) outer.input(t.name!, t.shape, t.dtype);
    for (const t of scanned) outer.input(t.name!, ["steps_", ...t.shape], t.dtype);
    for (const t of held) outer.input(t.name!, t.shape, t.dtype);
    const body = graphWriter(spec.dims, "_b");
    for (const t of [theta, ...slots, ...scanned]) body.input(`in_${t.name}`, t.shape, t.dtype);
    for (const t of held) body.outer(t.name!, t.shape);
    const values = step(body, (t) => (fixed.has(t.name!) ? t.name! : `in_${t.name}`));
    roots.forEach((t, i) => {
      body.output(values[i], `out_${i}`, t.shape, t.dtype);
    });
    const carried = stateNames.length;
    const raw = roots.map((_, i) => `raw_${i}`);
    outer.loop("Scan", [...stateNames, ...scanned.map((t) => t.name!)], raw, body.graph("update"), {
      num_scan_inputs: { int: scanned.length },
    });
    roots.forEach((t, i) => {
      outer.output(raw[i], outName(i), i < carried ? t.shape : ["steps_"], t.dtype);
    });
    return encodeModel({ graph: outer.graph("block"), metadata: {} });
  };

  const outName = (i: number) => (i < stateNames.length ? `next_${stateNames[i]}` : metricNames[i - stateNames.length]);
  let stepSession: Session | undefined;
  let blockSession: Session | undefined;
  let spare: Float32Array[] | undefined;

  return {
    async run(state, feeds, count) {
      const found = [state.theta, ...state.slots].map((array) => array.length);
      if (found.length !== stateNames.length || found.some((length) => length !== params.size)) {
        throw new RangeError(
          `the state has vectors of ${found.join(", ")} entries; expected theta and ${slots.length} slots of ${params.size} each`,
        );
      }
      if (count !== undefined && !(Number.isInteger(count) && count > 0))
        throw new RangeError(`a block of ${count} updates; expected a positive whole number`);
      const lead = count === undefined ? [] : [count];
      const updates = count ?? 1;
      const given: Record<string, Feed> = {};
      const current = [state.theta, ...state.slots];
      stateNames.forEach((name, i) => {
        given[name] = { data: current[i], dims: [params.size] };
      });
      Object.assign(given, shaped(inputs, feeds, spec.dims, (t) => (fixed.has(t.name!) ? [] : lead)).given);
      const rows = new Float32Array(updates * optimizer.width);
      for (let k = 0; k < updates; k++) rows.set(optimizer.coefficients(state.t + k + 1), k * optimizer.width);
      given.coefficients = { data: rows, dims: [...lead, optimizer.width] };

      // The spare arrays are taken for the length of the call, so that calls for two states may overlap.
      const taken = spare && !spare.some((array) => current.includes(array)) ? spare : undefined;
      const target = taken ?? current.map((array) => new Float32Array(array.length));
      spare = undefined;
      const into: Record<string, Feed> = {};
      stateNames.forEach((_, i) => {
        into[outName(i)] = { data: target[i], dims: [params.size] };
      });
      stepSession ??= count === undefined ? await createSession(stepModel(), options) : undefined;
      blockSession ??= count === undefined ? undefined : await createSession(blockModel(), options);
      const session = (count === undefined ? stepSession : blockSession)!;
      const out = await session.run(given, into);

      const report: Record<string, Float32Array> = {};
      for (const name of metricNames) {
        report[name] = Float32Array.from(out[name].data as Float32Array);
        const bad = report[name].findIndex((value) => !Number.isFinite(value));
        if (bad >= 0) throw new NotFiniteError(name, report[name][bad], state.t + bad + 1);
      }
      [state.theta, ...state.slots] = target;
      spare = current;
      state.t += updates;
      return report;
    },
    async release() {
      await stepSession?.release();
      await blockSession?.release();
    },
  };
}

/** Entry k of the row of coefficients, `[1]`: one `Split` serves all. */
const partOp: Op = {
  name: "coefficient",
  emit: (e, t, [row]) => {
    const width = t.attrs.width as number;
    return width === 1 ? row : e.nodes("Split", [row, e.ints(new Array(width).fill(1))], width)[t.attrs.k as number];
  },
};

/** A training step that keeps its own state, for loops written by hand. */
export interface TrainStep {
  /** One update on one minibatch; gives the loss (and the gradient's norm). */
  (batch: Feeds): Promise<{ loss: number; gradNorm: number }>;
  readonly state: TrainState;
}

/** theta ← optimizer(theta, ∇ loss), one minibatch a call. `seed` draws the first parameters. */
export async function trainStep(
  loss: Tensor,
  params: ParamTree,
  optimizer: Optimizer,
  options: SessionOptions & { seed?: number } = {},
): Promise<TrainStep> {
  const update = await compileUpdate({ loss, params, optimizer }, options);
  const state = initialState(params, optimizer, options.seed ?? 0);
  const step = async (batch: Feeds) => {
    const { loss: value, gradNorm } = await update.run(state, batch);
    return { loss: value[0], gradNorm: gradNorm[0] };
  };
  return Object.assign(step, { state });
}
