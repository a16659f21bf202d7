import { axisOf, type Dim, sameShape, shapeError } from "../shape.ts";
import { apply, type Op, requireType, type Tensor } from "../tensor.ts";
import { mul, sum, unexpanded } from "./arithmetic.ts";
import { expandDims, squeeze, transpose } from "./layout.ts";

/** The entries of x at whole-number positions along an axis: `[..., n, ...]` and indices `[...I]` to `[..., ...I, ...]`. */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  requireType("gather", indices, "int32");
  const at = axisOf("gather", x.shape, axis);
  const shape = [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)];
  return apply(gatherOp, [x, indices], shape, { axis: at }, x.dtype);
}

const gatherOp: Op = {
  name: "gather",
  emit: (e, t, operands) => e.node("Gather", operands, { axis: { int: t.attrs.axis as number } }),
  grad: (t, g) => {
    const [x, indices] = t.inputs;
    const axis = t.attrs.axis as number;
    // Rows first: [before, I, after] -> [I, before, after], added up into [n, before, after], and back.
    const count = indices.shape.length;
    const order = [...g.shape.keys()];
    const front = [...order.slice(axis, axis + count), ...order.slice(0, axis), ...order.slice(axis + count)];
    const rows = scatterAdd(transpose(g, front), indices, x.shape[axis]);
    const back = [...x.shape.keys()].filter((own) => own > 0);
    back.splice(axis, 0, 0);
    return [transpose(rows, back), undefined];
  },
};

/** The adjoint of `gather` along axis 0: rows of g `[...I, ...]` added up at their indices, into `[n, ...]`. */
function scatterAdd(g: Tensor, indices: Tensor, n: Dim): Tensor {
  return apply(scatterOp, [g, indices], [n, ...g.shape.slice(indices.shape.length)]);
}

const scatterOp: Op = {
  name: "scatterAdd",
  emit: (e, t, [g, indices]) => {
    const zeros = e.node("Expand", [e.scalar(0), e.sides(t.shape)]);
    const wide = e.node("Cast", [indices], { to: { int: 7 } });
    const each = e.node("Unsqueeze", [wide, e.ints([t.inputs[1].shape.length])]);
    return e.node("ScatterND", [zeros, each, g], { reduction: { string: "add" } });
  },
  grad: (t, g) => [gather(g, t.inputs[1]), undefined],
};

/**
 * 1 at each index, 0 elsewhere: `[...]` to `[..., n]` (or the new axis in another place). Throws a RangeError if n is no
 * positive whole number or there is no such axis.
 */
export function oneHot(indices: Tensor, n: number, axis = -1): Tensor {
  requireType("oneHot", indices, "int32");
  const rank = indices.shape.length + 1;
  const at = axis < 0 ? axis + rank : axis;
  if (!(Number.isInteger(at) && at >= 0 && at < rank))
    throw shapeError("oneHot", [indices.shape], `an axis from ${-rank} to ${rank - 1}, found ${axis}`);
  if (!(Number.isInteger(n) && n > 0)) throw new RangeError(`oneHot: received n = ${n}; expected a positive whole number`);
  return marks(indices, n, at);
}

function marks(indices: Tensor, n: Dim, axis: number): Tensor {
  return apply(oneHotOp, [indices], [...indices.shape.slice(0, axis), n, ...indices.shape.slice(axis)], { axis });
}

const oneHotOp: Op = {
  name: "oneHot",
  emit: (e, t, [indices]) => {
    const axis = t.attrs.axis as number;
    const wide = e.node("Cast", [indices], { to: { int: 7 } });
    const values = e.constant(Float32Array.of(0, 1), [2]);
    const n = e.sides([t.shape[axis]]);
    if (t.inputs[0].shape.length > 0) return e.node("OneHot", [wide, n, values], { axis: { int: axis } });
    // ONNX wants at least one axis of indices.
    const row = e.node("OneHot", [e.node("Reshape", [wide, e.ints([1])]), n, values], { axis: { int: 1 } });
    return e.node("Reshape", [row, e.ints([-1])]);
  },
  grad: () => [undefined],
};

/**
 * The entries of x at positions along an axis, one set of positions for each line along it, as NumPy's
 * `take_along_axis`. Indices without that axis take one entry a line and give a result without it:
 * x `[B, A]`, indices `[B]` to `[B]`. Throws a RangeError on any other shape of the indices.
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis = -1): Tensor {
  requireType("takeAlongAxis", indices, "int32");
  const at = axisOf("takeAlongAxis", x.shape, axis);
  const lines = x.shape.filter((_, own) => own !== at);
  const one = indices.shape.length === x.shape.length - 1;
  const rest = one ? indices.shape : indices.shape.filter((_, own) => own !== at);
  if (!(one || indices.shape.length === x.shape.length) || !sameShape(rest, lines)) {
    throw shapeError(
      "takeAlongAxis",
      [x.shape, indices.shape],
      `indices of the shape [${lines.join(", ")}], with or without the axis ${axis}`,
    );
  }
  if (one) return squeeze(takeAlongAxis(x, expandDims(indices, at), at), at);
  return apply(takeOp, [x, indices], indices.shape, { axis: at }, x.dtype);
}

const takeOp: Op = {
  name: "takeAlongAxis",
  emit: (e, t, operands) => e.node("GatherElements", operands, { axis: { int: t.attrs.axis as number } }),
  grad: (t, g) => {
    const [x, indices] = t.inputs;
    const axis = t.attrs.axis as number;
    const n = x.shape[axis];
    if (indices.shape[axis] === 1)
      return [apply(putOp, [g, marks(squeeze(indices, axis), n, axis)], x.shape, { axis }), undefined];
    // Several entries a line: [..., k, ...] -> one-hot [..., k, n, ...], summed over k.
    return [sum(mul(marks(indices, n, axis + 1), expandDims(g, axis + 1)), axis), undefined];
  },
};

/** The adjoint of taking one entry a line: g `[..., 1, ...]` at its mark in a line of zeros. */
const putOp: Op = {
  name: "putAlongAxis",
  emit: (e, _t, operands) => e.node("Mul", operands),
  grad: (t, h) => [sum(mul(h, t.inputs[1]), t.attrs.axis as number, true), undefined],
  simplify: unexpanded,
};

/** The sums of x along an axis, which keeps side 1. Known without adding where x is the adjoint of taking one entry a line. */
export function lineSums(x: Tensor, axis: number): Tensor {
  return x.op === putOp && x.attrs.axis === axis ? x.inputs[0] : sum(x, axis, true);
}
