import { axesOf, axisOf, reduced } from "../shape.ts";
import { apply, type Op, requireType, type Tensor } from "../tensor.ts";
import { broadcastTo, div, mean, mul, neg, reshape, sub, sum } from "./arithmetic.ts";
import { cast, equal, exp, square } from "./elementwise.ts";
import { lineSums } from "./indexing.ts";

/** The largest entry over axes (all without `axes`); entries that tie share the adjoint evenly. */
export function amax(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  requireType("amax", x, "float32");
  const list = axesOf("amax", x.shape, axes);
  if (list.length === 0) return x;
  return apply(amaxOp, [x], reduced(x.shape, list, keepDims), { axes: list, keepDims });
}

const amaxOp: Op = {
  name: "amax",
  emit: (e, t, [x]) =>
    e.node("ReduceMax", [x], { axes: { ints: t.attrs.axes as number[] }, keepdims: { int: Number(t.attrs.keepDims) } }),
  grad: (t, g) => {
    const x = t.inputs[0];
    const axes = t.attrs.axes as number[];
    const kept = reduced(x.shape, axes, true);
    const winners = cast(equal(x, reshape(t, kept)), "float32");
    return [mul(div(reshape(g, kept), sum(winners, axes, true)), winners)];
  },
};

/** The smallest entry over axes (all without `axes`). */
export function amin(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  requireType("amin", x, "float32");
  return neg(amax(neg(x), axesOf("amin", x.shape, axes), keepDims));
}

/** ln Σ e^x over axes (all without `axes`), without overflow. */
export function logSumExp(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  requireType("logSumExp", x, "float32");
  const list = axesOf("logSumExp", x.shape, axes);
  if (list.length === 0) return x;
  return apply(logSumExpOp, [x], reduced(x.shape, list, keepDims), { axes: list, keepDims });
}

const logSumExpOp: Op = {
  name: "logSumExp",
  emit: (e, t, [x]) =>
    e.node("ReduceLogSumExp", [x], { axes: { ints: t.attrs.axes as number[] }, keepdims: { int: Number(t.attrs.keepDims) } }),
  grad: (t, g) => {
    const x = t.inputs[0];
    const kept = reduced(x.shape, t.attrs.axes as number[], true);
    return [mul(reshape(g, kept), exp(sub(x, reshape(t, kept))))];
  },
};

/** e^x / Σ e^x along an axis. */
export function softmax(x: Tensor, axis = -1): Tensor {
  requireType("softmax", x, "float32");
  return apply(softmaxOp, [x], x.shape, { axis: axisOf("softmax", x.shape, axis) });
}

const softmaxOp: Op = {
  name: "softmax",
  emit: (e, t, [x]) => e.node("Softmax", [x], { axis: { int: t.attrs.axis as number } }),
  grad: (t, g) => [mul(t, sub(g, sum(mul(g, t), t.attrs.axis as number, true)))],
};

/** x - ln Σ e^x along an axis. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  requireType("logSoftmax", x, "float32");
  return apply(logSoftmaxOp, [x], x.shape, { axis: axisOf("logSoftmax", x.shape, axis) });
}

const logSoftmaxOp: Op = {
  name: "logSoftmax",
  emit: (e, t, [x]) => e.node("LogSoftmax", [x], { axis: { int: t.attrs.axis as number } }),
  // After takeAlongAxis, as in a cross-entropy, this is g (1[a] - softmax): the sum of a line is its one entry.
  grad: (t, g) => [sub(g, mul(exp(t), lineSums(g, t.attrs.axis as number)))],
};

/** The variance over axes, divided by the number of entries. */
export function variance(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  requireType("variance", x, "float32");
  const list = axesOf("variance", x.shape, axes);
  return mean(square(sub(x, broadcastTo(mean(x, list, true), x.shape))), list, keepDims);
}

/** The index of the largest entry along an axis (the first of several), as int32. */
export function argmax(x: Tensor, axis = -1): Tensor {
  requireType("argmax", x, "float32");
  const at = axisOf("argmax", x.shape, axis);
  return apply(argmaxOp, [x], reduced(x.shape, [at], false), { axis: at }, "int32");
}

const argmaxOp: Op = {
  name: "argmax",
  emit: (e, t, [x]) => {
    const index = e.node("ArgMax", [x], { axis: { int: t.attrs.axis as number }, keepdims: { int: 0 } });
    return e.node("Cast", [index], { to: { int: 6 } });
  },
};
