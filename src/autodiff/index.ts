export { type AccumulatedSpec, type AccumulatedUpdate, compileAccumulated } from "./accumulate.ts";
export { grad } from "./grad.ts";
export * from "./initializers.ts";
export { decodeInitialisers, decodeSignature, type OnnxSignature, type OnnxValue } from "./onnx.ts";
export * from "./ops/arithmetic.ts";
export * from "./ops/convolution.ts";
export * from "./ops/elementwise.ts";
export * from "./ops/indexing.ts";
export { concat, expandDims, slice, split, squeeze, stack, transpose } from "./ops/layout.ts";
export * from "./ops/linear.ts";
export * from "./ops/normalisation.ts";
export * from "./ops/reduce.ts";
export * from "./ops/sorting.ts";
export * from "./optim.ts";
export { initialise, type Layout, layout, named, type ParamTree } from "./params.ts";
export { compile, inputsOf, type Program, type ProgramSpec, toOnnx } from "./program.ts";
export * from "./random.ts";
export {
  type Buffer as RuntimeBuffer,
  createSession,
  type Feed,
  type OnnxRuntime,
  type Session,
  type SessionOptions,
  useRuntime,
} from "./runtime.ts";
export type { Dim, Shape } from "./shape.ts";
export {
  type Attrs as OpAttrs,
  constant,
  type DType,
  type Emitter as OnnxEmitter,
  type Initializer,
  input,
  type OnnxAttrs,
  type Op,
  param,
  scalar,
  type Tensor,
  type Value,
} from "./tensor.ts";
export * from "./train.ts";
