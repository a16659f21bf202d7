import { axesOf, broadcast, type Dim, product, quotient, reduced, type Shape, sameShape, shapeError, show } from "../shape.ts";
import { apply, literal, type Op, requireType, scalar, type Tensor, tensor, type Value } from "../tensor.ts";

// Broadcasting arithmetic and its mirror image, summation. They stand in one file because each is the other's derivative:
// the adjoint of a broadcast is a sum, the adjoint of a sum is a broadcast.

/**
 * x, repeated along axes of side 1 and new leading axes, as NumPy's `broadcast_to`. Throws a RangeError if the shape is not one
 * that x broadcasts to.
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (!sameShape(broadcast("broadcastTo", x.shape, shape), shape)) {
    throw shapeError("broadcastTo", [x.shape], `a shape that broadcasts to ${show(shape)}`);
  }
  return apply(expandOp, [x], shape, {}, x.dtype);
}

const expandOp: Op = {
  name: "broadcastTo",
  emit: (e, t, [x]) => {
    const from = t.inputs[0].shape;
    const lead = t.shape.length - from.length;
    // ONNX's Expand broadcasts both ways, so an axis that keeps its side may say 1: fewer sides to compute at run time.
    const target: Dim[] = t.shape.map((side, axis) => (axis >= lead && from[axis - lead] === side ? 1 : side));
    return e.node("Expand", [x, e.sides(target)]);
  },
  grad: (t, g) => [sumTo(g, t.inputs[0].shape)],
};

/**
 * The adjoint of a broadcast: g summed over the axes along which a value of `shape` was repeated. Throws a RangeError if
 * `shape` does not broadcast to that of g.
 */
export function sumTo(g: Tensor, shape: Shape): Tensor {
  if (sameShape(g.shape, shape)) return g;
  if (!sameShape(broadcast("sumTo", shape, g.shape), g.shape))
    throw shapeError("sumTo", [g.shape], `a shape that ${show(shape)} broadcasts to`);
  const lead = g.shape.length - shape.length;
  const axes = g.shape.map((_, axis) => axis).filter((axis) => axis < lead || (shape[axis - lead] === 1 && g.shape[axis] !== 1));
  return reshape(axes.length > 0 ? sum(g, axes, true) : g, shape);
}

/** The same numbers in another shape; one side may be -1. Throws if the numbers of entries differ. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  let target = shape;
  const total = product(x.shape);
  const open = shape.indexOf(-1);
  if (open >= 0) {
    const side = quotient(total, product(shape.filter((_, axis) => axis !== open)));
    if (side === undefined || shape.indexOf(-1, open + 1) >= 0)
      throw shapeError("reshape", [x.shape], `a shape of ${total} entries, found ${show(shape)}`);
    target = shape.map((own, axis) => (axis === open ? side : own));
  }
  if (product(target) !== total) throw shapeError("reshape", [x.shape], `a shape of ${total} entries, found ${show(shape)}`);
  if (sameShape(x.shape, target)) return x;
  return apply(reshapeOp, [x], target, {}, x.dtype);
}

const reshapeOp: Op = {
  name: "reshape",
  emit: (e, t, [x]) => {
    const known = t.shape.map((side) => e.known(side));
    const open = known.filter((side) => side === undefined).length;
    if (open <= 1) return e.node("Reshape", [x, e.ints(known.map((side) => side ?? -1))]);
    return e.node("Reshape", [x, e.sides(t.shape)]);
  },
  grad: (t, g) => [reshape(g, t.inputs[0].shape)],
  simplify: (t) => {
    let x = t.inputs[0];
    while (x.op === reshapeOp) x = x.inputs[0];
    // One entry repeated is the same in every shape.
    if (x.op === expandOp && product(x.inputs[0].shape) === 1) return broadcastTo(reshape(x.inputs[0], []), t.shape);
    return reshape(x, t.shape);
  },
};

/** The sum over axes (all without `axes`). */
export function sum(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  requireType("sum", x, "float32");
  const list = axesOf("sum", x.shape, axes);
  if (list.length === 0) return x;
  return apply(sumOp, [x], reduced(x.shape, list, keepDims), { axes: list, keepDims });
}

const sumOp: Op = {
  name: "sum",
  emit: (e, t, [x]) => {
    const axes = t.attrs.axes as number[];
    const sides = t.inputs[0].shape;
    const lead = axes.length;
    if (lead === sides.length || axes.some((axis, at) => axis !== at))
      return e.node("ReduceSum", [x, e.ints(axes)], { keepdims: { int: Number(t.attrs.keepDims) } });
    // Down the columns a row of ones times the matrix is several times faster than the runtime's own sum.
    const rows = product(sides.slice(0, lead));
    const columns = product(sides.slice(lead));
    const ones = e.node("Expand", [e.scalar(1), e.sides([rows])]);
    const matrix = sides.length === 2 ? x : e.node("Reshape", [x, e.sides([rows, columns])]);
    const total = e.node("MatMul", [ones, matrix]);
    return t.shape.length === 1 ? total : e.node("Reshape", [total, e.sides(t.shape)]);
  },
  grad: (t, g) => {
    const x = t.inputs[0];
    return [broadcastTo(reshape(g, reduced(x.shape, t.attrs.axes as number[], true)), x.shape)];
  },
  simplify: overEntries,
};

/** A sum or mean over all entries does not care for their shape. */
function overEntries(t: Tensor): Tensor {
  const x = t.inputs[0];
  if (t.shape.length > 0 || x.op !== reshapeOp) return t;
  return apply(t.op, x.inputs, [], { axes: axesOf(t.op.name, x.inputs[0].shape), keepDims: false });
}

/** The mean over axes (all without `axes`). */
export function mean(x: Tensor, axes?: number | readonly number[], keepDims = false): Tensor {
  requireType("mean", x, "float32");
  const list = axesOf("mean", x.shape, axes);
  if (list.length === 0) return x;
  return apply(meanOp, [x], reduced(x.shape, list, keepDims), { axes: list, keepDims });
}

const meanOp: Op = {
  name: "mean",
  emit: (e, t, [x]) =>
    e.node("ReduceMean", [x], { axes: { ints: t.attrs.axes as number[] }, keepdims: { int: Number(t.attrs.keepDims) } }),
  grad: (t, g) => {
    const x = t.inputs[0];
    const axes = t.attrs.axes as number[];
    const count = side(product(axes.map((axis) => x.shape[axis])));
    return [broadcastTo(reshape(div(g, count), reduced(x.shape, axes, true)), x.shape)];
  },
  simplify: overEntries,
};

/** A side as a scalar: a number now if it is known, else one computed when the program runs. */
export function side(dim: Dim): Tensor {
  return typeof dim === "number" ? scalar(dim) : apply(sideOp, [], [], { dim });
}

const sideOp: Op = {
  name: "side",
  emit: (e, t) => {
    const dim = t.attrs.dim as string;
    const known = e.known(dim);
    if (known !== undefined) return e.scalar(known);
    const asVector = e.node("Cast", [e.sides([dim])], { to: { int: 1 } });
    return e.node("Reshape", [asVector, e.ints([])]);
  },
};

/** An operation that broadcasts, without those broadcasts among its operands that it would do by itself. */
export function unexpanded(t: Tensor): Tensor {
  const inputs = [...t.inputs];
  t.inputs.forEach((operand, k) => {
    if (operand.op !== expandOp) return;
    const narrow = inputs.with(k, operand.inputs[0]).map((own) => own.shape);
    if (sameShape(broadcast(t.op.name, ...narrow), t.shape)) inputs[k] = operand.inputs[0];
  });
  return { ...t, inputs };
}

/** A binary operation with broadcasting. */
function binary(
  name: string,
  onnx: string,
  grad: (x: Tensor, y: Tensor, g: Tensor, out: Tensor) => [() => Tensor, () => Tensor],
): (a: Value, b: Value) => Tensor {
  const op: Op = {
    name,
    emit: (e, _t, operands) => e.node(onnx, operands),
    grad: (t, g) => {
      const [x, y] = t.inputs;
      const [dx, dy] = grad(x, y, g, t);
      return [
        literal(x) === undefined ? sumTo(dx(), x.shape) : undefined,
        literal(y) === undefined ? sumTo(dy(), y.shape) : undefined,
      ];
    },
    simplify: unexpanded,
  };
  return (a, b) => {
    const x = tensor(a);
    const y = tensor(b);
    requireType(name, x, "float32");
    requireType(name, y, "float32");
    return apply(op, [x, y], broadcast(name, x.shape, y.shape));
  };
}

const addNode = binary("add", "Add", (_x, _y, g) => [() => g, () => g]);
const subNode = binary("sub", "Sub", (_x, _y, g) => [() => g, () => neg(g)]);
const mulNode = binary("mul", "Mul", (x, y, g) => [() => mul(g, y), () => mul(g, x)]);
const divNode = binary("div", "Div", (_x, y, g, out) => [() => div(g, y), () => neg(div(mul(g, out), y))]);

const isNumber = (a: Value, value: number) => a === value || (typeof a !== "number" && literal(a) === value);

/** a + b */
export function add(a: Value, b: Value): Tensor {
  if (isNumber(a, 0)) return tensor(b);
  if (isNumber(b, 0)) return tensor(a);
  return addNode(a, b);
}

/** a - b */
export function sub(a: Value, b: Value): Tensor {
  return isNumber(b, 0) ? tensor(a) : subNode(a, b);
}

/** a * b, entry by entry */
export function mul(a: Value, b: Value): Tensor {
  if (isNumber(a, 1)) return tensor(b);
  if (isNumber(b, 1)) return tensor(a);
  return mulNode(a, b);
}

/** a / b, entry by entry */
export function div(a: Value, b: Value): Tensor {
  return isNumber(b, 1) ? tensor(a) : divNode(a, b);
}

/** -x */
export function neg(x: Tensor): Tensor {
  requireType("neg", x, "float32");
  return apply(negOp, [x], x.shape);
}

const negOp: Op = {
  name: "neg",
  emit: (e, _t, [x]) => e.node("Neg", [x]),
  grad: (_t, g) => [neg(g)],
  simplify: (t) => (t.inputs[0].op === negOp ? t.inputs[0].inputs[0] : t),
};
