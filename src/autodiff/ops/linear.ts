import { broadcast, product, type Shape, shapeError } from "../shape.ts";
import { apply, type Op, requireType, type Tensor } from "../tensor.ts";
import { reshape, sum, sumTo } from "./arithmetic.ts";
import { transpose } from "./layout.ts";

/** The shape with its last two sides swapped if `swap`. */
function turned(shape: Shape, swap: boolean): Shape {
  const rank = shape.length;
  return swap ? [...shape.slice(0, rank - 2), shape[rank - 1], shape[rank - 2]] : shape;
}

/**
 * The matrix product a b, of `[..., M, K]` and `[..., K, N]`; leading sides broadcast. Either operand may be taken
 * transposed (its last two sides swapped) at no cost. Throws a RangeError if K differs or an operand has fewer than two axes.
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

/**
 * x W + b: `[..., K]`, `[K, N]`, `[N]` to `[..., N]`, one node for the product and the bias. Throws a RangeError on other
 * shapes.
 */
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

/** aᵀ, the last two axes swapped. Throws a RangeError on fewer than two axes. */
export function matrixTranspose(a: Tensor): Tensor {
  const rank = a.shape.length;
  if (rank < 2) throw shapeError("matrixTranspose", [a.shape], "[..., M, N]");
  return transpose(a, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}
