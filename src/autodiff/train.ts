import type { Optimizer } from "./optim.ts";
import { initialise, type ParamTree } from "./params.ts";
import { shaped } from "./program.ts";
import { rng } from "./random.ts";
import { type Buffer, createSession, type Feed, type Session, type SessionOptions } from "./runtime.ts";
import type { Tensor } from "./tensor.ts";
import { blockModel, stepModel, type UpdateGraph, type UpdateSpec, updateGraph } from "./update-graph.ts";

export type { UpdateSpec } from "./update-graph.ts";

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
 * steps in one call (an ONNX `Scan` that carries theta and the optimizer's vectors). Throws if an input has a name of the
 * program's own ("theta", "coefficients", "slot_...") or a metric is no scalar.
 */
export async function compileUpdate(spec: UpdateSpec, options: SessionOptions = {}): Promise<Update> {
  const update = updateGraph(spec);
  const { stateNames, outNames } = update;
  let stepSession: Session | undefined;
  let blockSession: Session | undefined;
  let spare: Float32Array[] | undefined;

  return {
    async run(state, feeds, count) {
      const current = [state.theta, ...state.slots];
      const given = fed(update, spec.optimizer, state, feeds, count);

      // The spare arrays are taken for the length of the call, so that calls for two states may overlap.
      const taken = spare && !spare.some((array) => current.includes(array)) ? spare : undefined;
      const target = taken ?? current.map((array) => new Float32Array(array.length));
      spare = undefined;
      const into: Record<string, Feed> = {};
      stateNames.forEach((_, i) => {
        into[outNames[i]] = { data: target[i], dims: [update.params.size] };
      });
      stepSession ??= count === undefined ? await createSession(stepModel(update), options) : undefined;
      blockSession ??= count === undefined ? undefined : await createSession(blockModel(update), options);
      const session = (count === undefined ? stepSession : blockSession)!;
      const out = await session.run(given, into);

      const report: Record<string, Float32Array> = {};
      for (const name of update.reported) {
        report[name] = Float32Array.from(out[name].data as Float32Array);
        const bad = report[name].findIndex((value) => !Number.isFinite(value));
        if (bad >= 0) throw new NotFiniteError(name, report[name][bad], state.t + bad + 1);
      }
      [state.theta, ...state.slots] = target;
      spare = current;
      state.t += count ?? 1;
      return report;
    },
    async release() {
      await stepSession?.release();
      await blockSession?.release();
    },
  };
}

/** What a call for so many updates reads: the state's vectors, the caller's inputs, the optimizer's coefficients. */
function fed(
  { params, stateNames, inputs, fixed, dims }: UpdateGraph,
  optimizer: Optimizer,
  state: TrainState,
  feeds: Feeds,
  count: number | undefined,
): Record<string, Feed> {
  const current = [state.theta, ...state.slots];
  if (current.length !== stateNames.length || current.some(({ length }) => length !== params.size)) {
    const found = current.map(({ length }) => length).join(", ");
    throw new RangeError(
      `the state has vectors of ${found} entries; expected theta and ${stateNames.length - 1} slots of ${params.size} each`,
    );
  }
  if (count !== undefined && !(Number.isInteger(count) && count > 0))
    throw new RangeError(`a block of ${count} updates; expected a positive whole number`);
  const lead = count === undefined ? [] : [count];
  const updates = count ?? 1;
  const given: Record<string, Feed> = {};
  stateNames.forEach((name, i) => {
    given[name] = { data: current[i], dims: [params.size] };
  });
  Object.assign(given, shaped(inputs, feeds, dims, (t) => (fixed.has(t.name!) ? [] : lead)).given);
  const rows = new Float32Array(updates * optimizer.width);
  for (let k = 0; k < updates; k++) rows.set(optimizer.coefficients(state.t + k + 1), k * optimizer.width);
  given.coefficients = { data: rows, dims: [...lead, optimizer.width] };
  return given;
}

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
