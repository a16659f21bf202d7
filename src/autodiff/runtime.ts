import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-common";

// The only file that names ONNX Runtime. Node gets the native build, everything else the WebAssembly one: the import map
// in package.json ("#onnxruntime") decides, so that a bundler for the web never sees the native build.

/** A typed array that a program reads or writes. */
export type Buffer = Float32Array | Int32Array | Uint8Array;

/** One array of a call, with its shape. */
export interface Feed {
  readonly data: Buffer;
  readonly dims: readonly number[];
}

export interface SessionOptions {
  /** Threads for one call. 1 is best for small networks; large ones take the machine's cores. */
  readonly threads?: number;
  /** ONNX Runtime's execution providers, for instance `["cuda", "cpu"]` or `["webgpu"]`. */
  readonly providers?: readonly string[];
}

/** An executable model. */
export interface Session {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Runs it. Arrays in `into` are written in place; the outputs without one get new arrays. */
  run(feeds: Readonly<Record<string, Feed>>, into?: Readonly<Record<string, Feed>>): Promise<Record<string, Feed>>;
  release(): Promise<void>;
}

/** The parts of an ONNX Runtime build that are used. */
export interface OnnxRuntime {
  readonly InferenceSession: { create(model: Uint8Array, options?: InferenceSession.SessionOptions): Promise<InferenceSession> };
  readonly Tensor: new (
    type: "float32" | "int32" | "int64" | "bool",
    data: Float32Array | Int32Array | BigInt64Array | Uint8Array,
    dims: readonly number[],
  ) => OrtTensor;
}

let chosen: Promise<{ ort: OnnxRuntime; inPlace: boolean }> | undefined;

async function standard(): Promise<{ ort: OnnxRuntime; inPlace: boolean }> {
  const ort = (await import("#onnxruntime")) as unknown as OnnxRuntime;
  return { ort, inPlace: isNative() };
}

/** Whether the import map gave the native build, which writes into arrays it is handed. */
function isNative(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } };
  return process?.versions?.node !== undefined;
}

/**
 * Uses another build of ONNX Runtime from now on: `useRuntime(await import("onnxruntime-web"))` runs the WebAssembly build
 * under Node. Programs that exist already keep theirs. Without an argument: the standard choice again.
 */
export function useRuntime(ort?: OnnxRuntime): void {
  chosen = ort ? Promise.resolve({ ort, inPlace: false }) : undefined;
}

/** Loads a model. Throws if the runtime can't read it. */
export async function createSession(model: Uint8Array, options: SessionOptions = {}): Promise<Session> {
  chosen ??= standard();
  const { ort, inPlace } = await chosen;
  const session = await ort.InferenceSession.create(model, {
    intraOpNumThreads: options.threads ?? 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: "all",
    logSeverityLevel: 3,
    // Denormal numbers (Adam's moments of a silent weight) cost a hundredfold; they are rounded to zero.
    extra: { session: { set_denormal_as_zero: "1" } },
    ...(options.providers ? { executionProviders: [...options.providers] } : {}),
  });
  // A tensor object around an array is made once and kept as long as the array lives: training feeds the same arrays again.
  const wrapped = new WeakMap<Buffer, OrtTensor>();
  const wrap = ({ data, dims }: Feed) => {
    let tensor = wrapped.get(data);
    if (!tensor || tensor.dims.length !== dims.length || dims.some((side, axis) => side !== tensor?.dims[axis])) {
      tensor = new ort.Tensor(typeOf(data), data, dims);
      wrapped.set(data, tensor);
    }
    return tensor;
  };
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    async run(feeds, into = {}) {
      const given: Record<string, OrtTensor> = {};
      for (const name in feeds) given[name] = wrap(feeds[name]);
      const fetches: Record<string, OrtTensor | null> = {};
      for (const name of session.outputNames) fetches[name] = inPlace && into[name] ? wrap(into[name]) : null;
      const results = await session.run(given, fetches);
      const out: Record<string, Feed> = {};
      for (const name of session.outputNames) {
        const data = results[name].data as Buffer;
        const target = into[name];
        if (target && target.data !== data && !inPlace) (target.data as Float32Array).set(data as Float32Array);
        out[name] = target ?? { data, dims: results[name].dims };
      }
      return out;
    },
    async release() {
      await session.release();
    },
  };
}

/** What the runtime calls the numbers of an array. Programs of our own have no int64; models that others exported read token ids so. */
function typeOf(data: Buffer | BigInt64Array): "float32" | "int32" | "int64" | "bool" {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  return data instanceof BigInt64Array ? "int64" : "bool";
}
