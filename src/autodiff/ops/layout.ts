import { axisOf, type Dim, type Shape, sameShape, shapeError, show } from "../shape.ts";
import { apply, type Op, type Tensor } from "../tensor.ts";
import { reshape } from "./arithmetic.ts";

/** The axes in another order (reversed without `order`). Throws a RangeError if `order` is no order of all axes. */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const rank = x.shape.length;
  const perm = (order ?? [...Array(rank).keys()].reverse()).map((axis) => axisOf("transpose", x.shape, axis));
  if (perm.length !== rank || new Set(perm).size !== rank)
    throw shapeError("transpose", [x.shape], `an order of its ${rank} axes, found ${JSON.stringify(order)}`);
  if (perm.every((axis, at) => axis === at)) return x;
  return apply(
    transposeOp,
    [x],
    perm.map((axis) => x.shape[axis]),
    { perm },
    x.dtype,
  );
}

const transposeOp: Op = {
  name: "transpose",
  emit: (e, t, [x]) => e.node("Transpose", [x], { perm: { ints: t.attrs.perm as number[] } }),
  grad: (t, g) => {
    const perm = t.attrs.perm as number[];
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    return [transpose(g, inverse)];
  },
};

/** A new axis of side 1. Throws a RangeError if the axis is none that the result could have. */
export function expandDims(x: Tensor, axis: number): Tensor {
  const at = axis < 0 ? axis + x.shape.length + 1 : axis;
  if (!(Number.isInteger(at) && at >= 0 && at <= x.shape.length))
    throw shapeError("expandDims", [x.shape], `an axis from ${-x.shape.length - 1} to ${x.shape.length}, found ${axis}`);
  return reshape(x, [...x.shape.slice(0, at), 1, ...x.shape.slice(at)]);
}

/** Without an axis of side 1. Throws a RangeError if the side at that axis is not 1. */
export function squeeze(x: Tensor, axis: number): Tensor {
  const at = axisOf("squeeze", x.shape, axis);
  if (x.shape[at] !== 1) throw shapeError("squeeze", [x.shape], `side 1 at axis ${axis}`);
  return reshape(
    x,
    x.shape.filter((_, own) => own !== at),
  );
}

/**
 * Tensors one behind the other along an axis. Throws a RangeError on no tensors or sides that differ along another axis, a
 * TypeError on two types.
 */
export function concat(parts: readonly Tensor[], axis = -1): Tensor {
  if (parts.length === 0) throw new RangeError("concat: received nothing; expected at least one tensor");
  const at = axisOf("concat", parts[0].shape, axis);
  let side: Dim = 0;
  const others = (shape: Shape) => shape.filter((_, own) => own !== at);
  for (const part of parts) {
    const own = part.shape[at];
    if (
      part.shape.length !== parts[0].shape.length ||
      !sameShape(others(part.shape), others(parts[0].shape)) ||
      typeof own !== "number"
    ) {
      throw shapeError(
        "concat",
        parts.map((p) => p.shape),
        `shapes that differ only along axis ${axis}, where each side is a number`,
      );
    }
    if (part.dtype !== parts[0].dtype)
      throw new TypeError(`concat: received ${parts[0].dtype} and ${part.dtype}; expected one type; use cast`);
    side += own;
  }
  if (parts.length === 1) return parts[0];
  const shape = parts[0].shape.map((own, k) => (k === at ? side : own));
  return apply(concatOp, parts, shape, { axis: at }, parts[0].dtype);
}

const concatOp: Op = {
  name: "concat",
  emit: (e, t, parts) => e.node("Concat", parts, { axis: { int: t.attrs.axis as number } }),
  grad: (t, g) => {
    const axis = t.attrs.axis as number;
    return split(
      g,
      t.inputs.map((part) => part.shape[axis] as number),
      axis,
    );
  },
};

/** Tensors of one shape along a new axis. Throws a RangeError on no tensors or two shapes. */
export function stack(parts: readonly Tensor[], axis = 0): Tensor {
  if (parts.length === 0) throw new RangeError("stack: received nothing; expected at least one tensor");
  for (const part of parts) {
    if (!sameShape(part.shape, parts[0].shape)) {
      throw shapeError(
        "stack",
        parts.map((p) => p.shape),
        "one shape",
      );
    }
  }
  return concat(
    parts.map((part) => expandDims(part, axis)),
    axis,
  );
}

/**
 * The entries `start` to `end` (exclusive; negative counts from the back) along an axis, every `step`-th of them. Throws a
 * RangeError if nothing lies between them, the side is a symbol, or they are no whole numbers.
 */
export function slice(x: Tensor, axis: number, start: number, end?: number, step = 1): Tensor {
  const at = axisOf("slice", x.shape, axis);
  const side = x.shape[at];
  if (typeof side !== "number") throw shapeError("slice", [x.shape], `a number at axis ${axis}`);
  const wrap = (value: number) => Math.min(Math.max(value < 0 ? value + side : value, 0), side);
  const [from, to] = [wrap(start), wrap(end ?? side)];
  if (!Number.isInteger(start) || !(end === undefined || Number.isInteger(end)))
    throw new RangeError(`slice: start ${start} and end ${end}; expected whole numbers`);
  if (!(Number.isInteger(step) && step >= 1)) throw new RangeError(`slice: step ${step}; expected a positive whole number`);
  if (to <= from) throw shapeError("slice", [x.shape], `start before end along axis ${axis}, found ${start} and ${end}`);
  if (from === 0 && to === side && step === 1) return x;
  const shape = x.shape.map((own, k) => (k === at ? Math.ceil((to - from) / step) : own));
  return apply(sliceOp, [x], shape, { axis: at, start: from, end: to, step }, x.dtype);
}

const sliceOp: Op = {
  name: "slice",
  emit: (e, t, [x]) => {
    const { axis, start, end, step } = t.attrs as Record<string, number>;
    return e.node("Slice", [x, e.ints([start]), e.ints([end]), e.ints([axis]), e.ints([step])]);
  },
  grad: (t, g) => {
    const { axis, start, step } = t.attrs as Record<string, number>;
    return [spread(g, axis, start, t.inputs[0].shape[axis] as number, step)];
  },
};

/** Consecutive pieces along an axis, of the given sides. Throws unless they fill it. */
export function split(x: Tensor, sides: readonly number[], axis = -1): Tensor[] {
  const at = axisOf("split", x.shape, axis);
  const total = sides.reduce((a, b) => a + b, 0);
  if (total !== x.shape[at] || !sides.every((side) => Number.isInteger(side) && side > 0))
    throw shapeError("split", [x.shape], `pieces that fill axis ${axis}, found ${show(sides)} with sum ${total}`);
  let start = 0;
  return sides.map((side) => {
    start += side;
    return slice(x, at, start - side, start);
  });
}

/**
 * The adjoint of `slice`: g's entries at `start`, `start + step`, ... along an axis of `side` entries, zeros elsewhere.
 */
function spread(g: Tensor, axis: number, start: number, side: number, step: number): Tensor {
  const shape = g.shape.map((own, k) => (k === axis ? side : own));
  return apply(spreadOp, [g], shape, { axis, start, step });
}

export const spreadOp: Op = {
  name: "spread",
  emit: (e, t, [g]) => {
    const { axis, start, step } = t.attrs as Record<string, number>;
    const rank = t.shape.length;
    const side = t.shape[axis] as number;
    const count = t.inputs[0].shape[axis] as number;
    const pad = (name: string, at: number, before: number, after: number, axes: number) => {
      const pads = new Array(2 * axes).fill(0);
      pads[at] = before;
      pads[axes + at] = after;
      return e.node("Pad", [name, e.ints(pads)]);
    };
    if (step === 1) return pad(g, axis, start, side - start - count, rank);
    // Zeros between the entries: a new axis of `step` behind the old one, all zeros but the first, folded in.
    const apart = e.node("Unsqueeze", [g, e.ints([axis + 1])]);
    const wide = pad(apart, axis + 1, 0, step - 1, rank + 1);
    const folded = t.shape.map((own, k) => (k === axis ? count * step : own));
    const flat = e.node("Reshape", [wide, e.sides(folded)]);
    const after = side - start - count * step;
    if (after >= 0) return pad(flat, axis, start, after, rank);
    const cut = e.node("Slice", [flat, e.ints([0]), e.ints([count * step + after]), e.ints([axis])]);
    return start > 0 ? pad(cut, axis, start, 0, rank) : cut;
  },
  grad: (t, g) => {
    const { axis, start, step } = t.attrs as Record<string, number>;
    const count = t.inputs[0].shape[axis] as number;
    return [slice(g, axis, start, start + (count - 1) * step + 1, step)];
  },
};
