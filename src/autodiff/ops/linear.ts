import { broadcast, product, type Shape, sameShape, shapeError, show } from "../shape.ts";
import { apply, type Op, requireType, type Tensor } from "../tensor.ts";
import { add, reshape, sum, sumTo } from "./arithmetic.ts";
import { transpose } from "./layout.ts";

/** The shape with its last two sides swapped if `swap`. */
function turned(shape: Shape, swap: boolean): Shape {
  const rank = shape.length;
  return swap ? [...shape.slice(0, rank - 2), shape[rank - 1], shape[rank - 2]] : shape;
}

/**
 * The matrix product a b, of `[..., M, K]` and `[..., K, N]`; leading sides broadcast. Either operand may be taken
 * transposed (its last two sides swapped) at no cost.
 */
export function matmul(a: Tensor, b: Tensor, options: { transposeA?: boolean; transposeB?: boolean } = {}): Tensor {
  requireType("matmul", a, "float32");
  requireType("matmul", b, "float32");
  const { transposeA = false, transposeB = false } = options;
  if (a.shape.length < 2 || b.shape.length < 2) throw shapeError("matmul", [a.shape, b.shape], "[..., M, K] and [..., K, N]");
  const [left, right] = [turned(a.shape, transposeA), turned(b.shape, transposeB)];
  const [M, K] = left.slice(-2);
  const [k, N] = right.slice(-2);
  if (K !== k) {
    const turn =
      transposeA || transposeB
        ? ` (after transposing ${transposeA ? "a" : ""}${transposeA && transposeB ? " and " : ""}${transposeB ? "b" : ""})`
        : "";
    throw shapeError("matmul", [a.shape, b.shape], `[..., M, K] and [..., K, N] with the same K, found ${K} and ${k}${turn}`);
  }
  if (a.shape.length === 2 && b.shape.length === 2) return apply(gemmOp, [a, b], [M, N], { transposeA, transposeB });
  if (b.shape.length === 2 && !transposeA) {
    // One large product instead of many small ones: [..., M, K] is [(... M), K].
    const rows = reshape(a, [product(a.shape.slice(0, -1)), K]);
    return reshape(matmul(rows, b, { transposeB }), [...a.shape.slice(0, -1), N]);
  }
  const lead = broadcast("matmul", left.slice(0, -2), right.slice(0, -2));
  return apply(batchedOp, [a, b], [...lead, M, N], { transposeA, transposeB });
}

/** x W + b: `[..., K]`, `[K, N]`, `[N]` to `[..., N]`, one node for the product and the bias. */
export function linear(x: Tensor, W: Tensor, b: Tensor): Tensor {
  for (const t of [x, W, b]) requireType("linear", t, "float32");
  const K = x.shape[x.shape.length - 1];
  const N = W.shape[W.shape.length - 1];
  if (W.shape.length !== 2 || b.shape.length !== 1 || x.shape.length < 1 || W.shape[0] !== K || b.shape[0] !== N) {
    throw shapeError("linear", [x.shape, W.shape, b.shape], "[..., K], [K, N] and [N]");
  }
  const rows = reshape(x, [product(x.shape.slice(0, -1)), K]);
  return reshape(apply(gemmOp, [rows, W, b], [rows.shape[0], N], { transposeA: false, transposeB: false }), [
    ...x.shape.slice(0, -1),
    N,
  ]);
}

/** The adjoints of a and b in y = op(a) op(b), where op may transpose: four cases of one rule. */
function productGrads(a: Tensor, b: Tensor, g: Tensor, transposeA: boolean, transposeB: boolean): [Tensor, Tensor] {
  const da = transposeA ? matmul(b, g, { transposeA: transposeB, transposeB: true }) : matmul(g, b, { transposeB: !transposeB });
  const db = transposeB ? matmul(g, a, { transposeA: true, transposeB: transposeA }) : matmul(a, g, { transposeA: !transposeA });
  return [da, db];
}

const gemmOp: Op = {
  name: "matmul",
  emit: (e, t, operands) =>
    e.node("Gemm", operands, { transA: { int: Number(t.attrs.transposeA) }, transB: { int: Number(t.attrs.transposeB) } }),
  grad: (t, g) => {
    const grads = productGrads(t.inputs[0], t.inputs[1], g, t.attrs.transposeA as boolean, t.attrs.transposeB as boolean);
    return t.inputs.length === 3 ? [...grads, sum(g, 0)] : grads;
  },
};

const batchedOp: Op = {
  name: "matmul",
  emit: (e, t, [a, b]) => {
    const turn = (name: string, rank: number) =>
      e.node("Transpose", [name], { perm: { ints: [...Array(rank - 2).keys(), rank - 1, rank - 2] } });
    return e.node("MatMul", [
      t.attrs.transposeA ? turn(a, t.inputs[0].shape.length) : a,
      t.attrs.transposeB ? turn(b, t.inputs[1].shape.length) : b,
    ]);
  },
  grad: (t, g) => {
    const [a, b] = t.inputs;
    const [da, db] = productGrads(a, b, g, t.attrs.transposeA as boolean, t.attrs.transposeB as boolean);
    return [sumTo(da, a.shape), sumTo(db, b.shape)];
  },
};

export interface Conv2dOptions {
  /** Steps of the window, rows and columns. */
  readonly stride?: number | readonly [number, number];
  /** Zeros around the image, rows and columns. */
  readonly padding?: number | readonly [number, number];
}

/**
 * A convolution (cross-correlation, as in every library of the field) of images `[B, C, H, W]` with filters
 * `[F, C, h, w]`, and a bias `[F]` if given, to `[B, F, H', W']`, H' = ⌊(H + 2 padding - h) / stride⌋ + 1.
 */
export function conv2d(x: Tensor, w: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  for (const t of bias ? [x, w, bias] : [x, w]) requireType("conv2d", t, "float32");
  const pair = (value: number | readonly [number, number]) => (typeof value === "number" ? [value, value] : value);
  const stride = pair(options.stride ?? 1);
  const padding = pair(options.padding ?? 0);
  const [B, C, H, W] = x.shape;
  const [F, c, h, v] = w.shape;
  if (x.shape.length !== 4 || w.shape.length !== 4 || C !== c || [C, H, W, F, h, v].some((side) => typeof side !== "number")) {
    throw shapeError("conv2d", [x.shape, w.shape], "[B, C, H, W] and [F, C, h, w] with numbers for all but B");
  }
  if (bias && !sameShape(bias.shape, [F])) throw shapeError("conv2d", [x.shape, w.shape, bias.shape], `a bias [${F}]`);
  if (!stride.every((own) => Number.isInteger(own) && own > 0) || !padding.every((own) => Number.isInteger(own) && own >= 0)) {
    throw new RangeError(
      `conv2d: stride ${show(stride)} and padding ${show(padding)}; expected whole numbers, strides of 1 or more, paddings of 0 or more`,
    );
  }
  const side = (image: number, filter: number, axis: number) =>
    Math.floor((image + 2 * padding[axis] - filter) / stride[axis]) + 1;
  const [rows, columns] = [side(H as number, h as number, 0), side(W as number, v as number, 1)];
  if (rows < 1 || columns < 1) throw shapeError("conv2d", [x.shape, w.shape], "filters no larger than the padded image");
  const y = apply(convOp, [x, w], [B, F, rows, columns], { stride, padding });
  return bias ? add(y, reshape(bias, [F, 1, 1])) : y;
}

const asAttrs = (t: Tensor) => ({ stride: t.attrs.stride as number[], padding: t.attrs.padding as number[] });
const pads = (padding: readonly number[]) => ({ ints: [padding[0], padding[1], padding[0], padding[1]] });

// The convolution is linear in the image and in the filters, so three operations are closed under differentiation:
// y = conv(x, w);  its adjoint in x: image(g, w);  its adjoint in w: filter(x, g).

const convOp: Op = {
  name: "conv2d",
  emit: (e, t, operands) => e.node("Conv", operands, { strides: { ints: asAttrs(t).stride }, pads: pads(asAttrs(t).padding) }),
  grad: (t, g) => [imageAdjoint(g, t.inputs[1], t.inputs[0].shape, t), filterAdjoint(t.inputs[0], g, t.inputs[1].shape, t)],
};

function imageAdjoint(g: Tensor, w: Tensor, shape: Shape, like: Tensor): Tensor {
  return apply(imageOp, [g, w], shape, like.attrs);
}

const imageOp: Op = {
  name: "conv2dImage",
  emit: (e, t, operands) => {
    const { stride, padding } = asAttrs(t);
    const w = t.inputs[1].shape as number[];
    const image = t.shape.slice(2) as number[];
    // Rows and columns that no window reached must be given back too.
    const left = image.map((side, axis) => (side + 2 * padding[axis] - w[2 + axis]) % stride[axis]);
    return e.node("ConvTranspose", operands, { strides: { ints: stride }, pads: pads(padding), output_padding: { ints: left } });
  },
  grad: (t, g) => {
    const [y, w] = t.inputs;
    return [apply(convOp, [g, w], y.shape, t.attrs), filterAdjoint(g, y, w.shape, t)];
  },
};

function filterAdjoint(x: Tensor, g: Tensor, shape: Shape, like: Tensor): Tensor {
  return apply(filterOp, [x, g], shape, like.attrs);
}

const filterOp: Op = {
  name: "conv2dFilter",
  emit: (e, t, [x, g]) => {
    const { stride, padding } = asAttrs(t);
    const [, , h, w] = t.shape as number[];
    // A convolution of the images with the adjoints as filters, batch and channels exchanged: strides become dilations.
    const swap = { perm: { ints: [1, 0, 2, 3] } };
    const out = e.node("Conv", [e.node("Transpose", [x], swap), e.node("Transpose", [g], swap)], {
      dilations: { ints: stride },
      pads: pads(padding),
    });
    const cut = e.node("Slice", [out, e.ints([0, 0]), e.ints([h, w]), e.ints([2, 3])]);
    return e.node("Transpose", [cut], swap);
  },
  grad: (t, g) => {
    const [x, y] = t.inputs;
    return [imageAdjoint(y, g, x.shape, t), apply(convOp, [x, g], y.shape, t.attrs)];
  },
};

/** aᵀ, the last two axes swapped. */
export function matrixTranspose(a: Tensor): Tensor {
  const rank = a.shape.length;
  if (rank < 2) throw shapeError("matrixTranspose", [a.shape], "[..., M, N]");
  return transpose(a, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}
