import fc from "fast-check";
import * as ad from "../../src/autodiff/index.ts";
import { type Dim, type DType, rng, type Tensor } from "../../src/autodiff/index.ts";
import { count } from "./evaluate.ts";

// What each operation is tried on: for every operation a generator of operands and of a way to apply it. Sides of 2 and 5
// are symbols, known only when the program runs; the others are numbers.

export const sides: Readonly<Record<string, number>> = { P: 2, Q: 5 };
export const symbolic = (side: number): Dim => (side === 2 ? "P" : side === 5 ? "Q" : side);

export interface Operand {
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly values: readonly number[];
  /** From this axis on the sides are plain numbers. */
  readonly plainFrom?: number;
}

export interface Case {
  readonly operands: readonly Operand[];
  /** The operation on symbolic operands. */
  readonly apply: (...x: Tensor[]) => Tensor;
  /** How it is called, for the message of a failure. */
  readonly call: string;
  /** False: it has a value but no derivative worth comparing. */
  readonly smooth?: boolean;
}

export const declare = (operand: Operand, name: string): Tensor =>
  ad.input(
    name,
    operand.shape.map((own, axis) => (axis < (operand.plainFrom ?? Infinity) ? symbolic(own) : own)),
    operand.dtype,
  );

// --- operands -----------------------------------------------------------------------------------------------------------

/** Where values lie: anywhere, above 0, away from 0 (either sign), or on a grid without ties and without 0, ±1. */
type Domain = "any" | "positive" | "nonzero" | "apart";

function draw(shape: readonly number[], domain: Domain, seed: number, order = 0): number[] {
  const random = rng(seed).split(order);
  const n = count(shape);
  const grid = random.permutation(n);
  return Array.from({ length: n }, (_, i) => {
    const z = 0.8 * random.normal();
    if (domain === "positive") return Math.fround(0.3 + Math.abs(z));
    if (domain === "nonzero") return Math.fround(Math.sign(z) * (0.4 + Math.abs(z)));
    if (domain === "apart") return Math.fround((grid[i] - Math.floor(n / 2)) * 0.3 + 0.13 + 0.07 * order);
    return Math.fround(z);
  });
}

const side = fc.constantFrom(1, 2, 3, 4, 5);
const seed = fc.nat(1_000_000);
const small = (shape: readonly number[]) => count(shape) <= 60;
const shapes = (minLength: number, maxLength: number) => fc.array(side, { minLength, maxLength }).filter(small);

const real = (shape: readonly number[], from: number, domain: Domain = "any", order = 0): Operand => ({
  shape,
  dtype: "float32",
  values: draw(shape, domain, from, order),
});
const whole = (shape: readonly number[], from: number, below: number, order = 0): Operand => {
  const random = rng(from).split(`whole ${order}`);
  return { shape, dtype: "int32", values: Array.from({ length: count(shape) }, () => random.integer(below)) };
};
const truth = (shape: readonly number[], from: number, order = 0): Operand => ({
  ...whole(shape, from, 2, order),
  dtype: "bool",
});

/** A shape and another that broadcasts to it: leading axes left out, some sides 1. */
const subshape = (shape: readonly number[]) =>
  fc
    .tuple(fc.nat(shape.length), fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }))
    .map(([lead, keep]) => shape.map((own, axis) => (keep[axis] ? own : 1)).slice(lead));
const broadcasting = (operands: number) =>
  shapes(0, 4).chain((shape) =>
    fc.tuple(...Array.from({ length: operands }, () => fc.oneof(fc.constant(shape), subshape(shape)))),
  );

/** An axis of a shape, counted from either end. */
const axisOf = (rank: number) => fc.integer({ min: -rank, max: rank - 1 });
const at = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);
/** The shape with a side that is a plain number (1, 3 or 4) at the axis. */
const numeric = (shape: readonly number[], axis: number, own: number) => shape.with(at(axis, shape.length), own);
const number = fc.constantFrom(1, 3, 4);

// --- generators ---------------------------------------------------------------------------------------------------------

const unary = (f: (x: Tensor) => Tensor, domain: Domain = "any", smooth = true, rank = 0) =>
  fc
    .tuple(shapes(rank, 4), seed)
    .map(([shape, from]): Case => ({ operands: [real(shape, from, domain)], apply: f, call: "f(x)", smooth }));

const binary = (f: (a: ad.Value, b: ad.Value) => Tensor, a: Domain = "any", b: Domain = "any", smooth = true) =>
  fc.tuple(broadcasting(2), seed, fc.constantFrom("tensors", "number left", "number right")).map(([[s, t], from, form]): Case => {
    const x = real(s, from, a, 0);
    const y = real(t, from, b, 1);
    if (form === "number left") return { operands: [y], apply: (v) => f(0.75, v), call: "f(0.75, y)", smooth };
    if (form === "number right") return { operands: [x], apply: (v) => f(v, 0.75), call: "f(x, 0.75)", smooth };
    return { operands: [x, y], apply: f, call: "f(x, y)", smooth };
  });

/** A comparison, tried on whole numbers (which tie) and made a number again. */
const comparison = (f: (a: Tensor, b: Tensor) => Tensor) =>
  fc.tuple(broadcasting(2), seed, fc.boolean()).map(([[s, t], from, reals]): Case => {
    const type = (x: Operand): Operand => (reals ? { ...x, dtype: "float32" } : x);
    return {
      operands: [type(whole(s, from, 3, 0)), type(whole(t, from, 3, 1))],
      apply: (x, y) => ad.cast(f(x, y), "float32"),
      call: "cast(f(x, y))",
      smooth: false,
    };
  });

const logical = (f: (a: Tensor, b: Tensor) => Tensor) =>
  fc.tuple(broadcasting(2), seed).map(
    ([[s, t], from]): Case => ({
      operands: [truth(s, from, 0), truth(t, from, 1)],
      apply: (x, y) => ad.cast(f(x, y), "float32"),
      call: "cast(f(x, y))",
      smooth: false,
    }),
  );

type Reduce = (x: Tensor, axes?: number | readonly number[], keepDims?: boolean) => Tensor;
const reduce = (f: Reduce, domain: Domain = "any") =>
  shapes(0, 4).chain((shape) => {
    const rank = shape.length;
    const list = fc.subarray([...shape.keys()]).map((axes) => axes.map((axis, k) => (k % 2 ? axis - rank : axis)));
    const choice = rank === 0 ? fc.constant(undefined) : fc.oneof(fc.constant(undefined), axisOf(rank), list);
    return fc.tuple(choice, fc.boolean(), seed).map(
      ([axes, keepDims, from]): Case => ({
        operands: [real(shape, from, domain)],
        apply: (x) => f(x, axes, keepDims),
        call: `f(x, ${JSON.stringify(axes)}, ${keepDims})`,
      }),
    );
  });

const along = (f: (x: Tensor, axis: number) => Tensor, domain: Domain = "any", smooth = true) =>
  shapes(1, 4).chain((shape) =>
    fc.tuple(axisOf(shape.length), seed).map(
      ([axis, from]): Case => ({
        operands: [real(shape, from, domain)],
        apply: (x) => f(x, axis),
        call: `f(x, ${axis})`,
        smooth,
      }),
    ),
  );

const matmul = fc
  .tuple(shapes(0, 2), side, side, side, fc.boolean(), fc.boolean(), seed)
  .chain(([lead, M, K, N, transposeA, transposeB, from]) =>
    fc.tuple(fc.oneof(fc.constant(lead), subshape(lead)), fc.oneof(fc.constant(lead), subshape(lead))).map(
      ([a, b]): Case => ({
        operands: [
          real([...a, ...(transposeA ? [K, M] : [M, K])], from, "any", 0),
          real([...b, ...(transposeB ? [N, K] : [K, N])], from, "any", 1),
        ],
        apply: (x, y) => ad.matmul(x, y, { transposeA, transposeB }),
        call: `matmul(a, b, ${JSON.stringify({ transposeA, transposeB })})`,
      }),
    ),
  )
  .filter(({ operands }) => operands.every(({ shape }) => small(shape)));

const linear = fc.tuple(shapes(0, 3), side, side, seed).map(
  ([lead, K, N, from]): Case => ({
    operands: [real([...lead, K], from, "any", 0), real([K, N], from, "any", 1), real([N], from, "any", 2)],
    apply: ad.linear,
    call: "linear(x, W, b)",
  }),
);

const pair = (min: number, max: number) =>
  fc.tuple(fc.integer({ min, max }), fc.integer({ min, max })) as fc.Arbitrary<[number, number]>;
const conv2d = fc
  .record({
    B: fc.constantFrom(1, 2, 3),
    C: fc.constantFrom(1, 3),
    F: fc.constantFrom(1, 3, 4),
    image: pair(3, 7),
    window: pair(1, 3),
    stride: fc.oneof(fc.integer({ min: 1, max: 3 }), pair(1, 3)),
    padding: fc.oneof(fc.integer({ min: 0, max: 2 }), pair(0, 2)),
    biased: fc.boolean(),
    from: seed,
  })
  .map(({ B, C, F, image, window, stride, padding, biased, from }): Case => {
    const x = { ...real([B, C, ...image], from, "any", 0), plainFrom: 1 };
    const w = { ...real([F, C, ...window], from, "any", 1), plainFrom: 0 };
    return {
      operands: biased ? [x, w, real([F], from, "any", 2)] : [x, w],
      apply: (x, w, b) => ad.conv2d(x, w, b, { stride, padding }),
      call: `conv2d(x, w, b, ${JSON.stringify({ stride, padding })})`,
    };
  });

const transpose = shapes(0, 4).chain((shape) =>
  fc.tuple(fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }), fc.boolean(), seed).map(
    ([order, given, from]): Case => ({
      operands: [real(shape, from)],
      apply: (x) => (given ? ad.transpose(x, order) : ad.transpose(x)),
      call: `transpose(x, ${given ? JSON.stringify(order) : ""})`,
    }),
  ),
);

/** Some neighbouring axes of a shape made one, the rest kept; one side is left open. */
const reshape = shapes(1, 4).chain((shape) =>
  fc.tuple(fc.nat(shape.length - 1), fc.nat(shape.length), fc.boolean(), seed).map(([first, wide, open, from]): Case => {
    const merged = shape.slice(first, first + wide + 1).map(symbolic);
    const one = open ? -1 : merged.map(String).reduce<Dim>((a, b) => multiply(a, b), 1);
    const target = [...shape.slice(0, first).map(symbolic), one, ...shape.slice(first + wide + 1).map(symbolic)];
    return { operands: [real(shape, from)], apply: (x) => ad.reshape(x, target), call: `reshape(x, [${target}])` };
  }),
);
/** The side a * b in the canonical spelling: the number first, then the symbols in alphabetical order. */
function multiply(a: Dim, b: Dim): Dim {
  const parts = [...String(a).split("*"), ...String(b).split("*")];
  const factor = parts.filter((part) => /^\d+$/.test(part)).reduce((n, part) => n * Number(part), 1);
  const symbols = parts.filter((part) => !/^\d+$/.test(part)).sort();
  if (symbols.length === 0) return factor;
  return [...(factor === 1 ? [] : [factor]), ...symbols].join("*");
}

const broadcastTo = shapes(0, 4).chain((shape) =>
  fc.tuple(subshape(shape), seed).map(
    ([own, from]): Case => ({
      operands: [real(own, from)],
      apply: (x) => ad.broadcastTo(x, shape.map(symbolic)),
      call: `broadcastTo(x, [${shape.map(symbolic)}])`,
    }),
  ),
);
const sumTo = shapes(0, 4).chain((shape) =>
  fc.tuple(subshape(shape), seed).map(
    ([own, from]): Case => ({
      operands: [real(shape, from)],
      apply: (x) => ad.sumTo(x, own.map(symbolic)),
      call: `sumTo(x, [${own.map(symbolic)}])`,
    }),
  ),
);

const expandDims = shapes(0, 3).chain((shape) =>
  fc.tuple(axisOf(shape.length + 1), seed).map(
    ([axis, from]): Case => ({
      operands: [real(shape, from)],
      apply: (x) => ad.expandDims(x, axis),
      call: `expandDims(x, ${axis})`,
    }),
  ),
);
const squeeze = shapes(1, 4).chain((shape) =>
  fc.tuple(axisOf(shape.length), seed).map(
    ([axis, from]): Case => ({
      operands: [real(numeric(shape, axis, 1), from)],
      apply: (x) => ad.squeeze(x, axis),
      call: `squeeze(x, ${axis})`,
    }),
  ),
);

const concat = shapes(1, 3).chain((shape) =>
  fc.tuple(axisOf(shape.length), fc.array(number, { minLength: 1, maxLength: 4 }), seed).map(
    ([axis, pieces, from]): Case => ({
      operands: pieces.map((own, k) => real(numeric(shape, axis, own), from, "any", k)),
      apply: (...x) => ad.concat(x, axis),
      call: `concat(parts, ${axis})`,
    }),
  ),
);
const stack = shapes(0, 3).chain((shape) =>
  fc.tuple(axisOf(shape.length + 1), fc.integer({ min: 1, max: 3 }), seed).map(
    ([axis, parts, from]): Case => ({
      operands: Array.from({ length: parts }, (_, k) => real(shape, from, "any", k)),
      apply: (...x) => ad.stack(x, axis),
      call: `stack(parts, ${axis})`,
    }),
  ),
);
const split = shapes(1, 3).chain((shape) =>
  fc
    .tuple(axisOf(shape.length), fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }), fc.nat(2), seed)
    .filter(([, pieces]) => ![2, 5].includes(pieces.reduce((a, b) => a + b)))
    .map(([axis, pieces, drop, from]): Case => {
      const total = pieces.reduce((a, b) => a + b);
      return {
        operands: [real(numeric(shape, axis, total), from)],
        // All pieces but one, backwards and each differently weighted, so that a lost or exchanged piece shows.
        apply: (x) => {
          const parts = ad.split(x, pieces, axis).map((part, k) => ad.mul(part, k + 1));
          return ad.concat(parts.length > 1 ? parts.toSpliced(drop % parts.length, 1).reverse() : parts, axis);
        },
        call: `split(x, [${pieces}], ${axis})`,
      };
    }),
);
const slice = shapes(1, 3).chain((shape) =>
  fc
    .tuple(
      axisOf(shape.length),
      fc.constantFrom(1, 3, 4, 7, 8),
      fc.nat(7),
      fc.nat(7),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      seed,
    )
    .map(([axis, own, a, b, step, backwards, from]): Case => {
      const [start, end] = [a % own, (a % own) + 1 + (b % (own - (a % own)))];
      const args = backwards ? ([start - own, end === own ? undefined : end - own] as const) : ([start, end] as const);
      return {
        operands: [real(numeric(shape, axis, own), from)],
        apply: (x) => ad.slice(x, axis, args[0], args[1], step),
        call: `slice(x, ${axis}, ${args[0]}, ${args[1]}, ${step})`,
      };
    }),
);

/** Positions, some of them counted from the back. */
const positions = (shape: readonly number[], from: number, side: number): Operand => {
  const indices = whole(shape, from, 2 * side);
  return { ...indices, values: indices.values.map((value) => value - side) };
};
const gather = fc.tuple(shapes(1, 3), shapes(0, 2)).chain(([shape, wanted]) =>
  fc.tuple(axisOf(shape.length), seed).map(
    ([axis, from]): Case => ({
      operands: [real(shape, from), positions(wanted, from, shape[at(axis, shape.length)])],
      apply: (x, indices) => ad.gather(x, indices, axis),
      call: `gather(x, [${wanted}], ${axis})`,
    }),
  ),
);
const takeAlongAxis = shapes(1, 3).chain((shape) =>
  fc.tuple(axisOf(shape.length), fc.oneof(fc.constant(undefined), side), seed).map(([axis, wide, from]): Case => {
    const own = at(axis, shape.length);
    const wanted = wide === undefined ? shape.toSpliced(own, 1) : shape.with(own, wide);
    return {
      operands: [real(shape, from), positions(wanted, from, shape[own])],
      apply: (x, indices) => ad.takeAlongAxis(x, indices, axis),
      call: `takeAlongAxis(x, [${wanted}], ${axis})`,
    };
  }),
);
const oneHot = shapes(0, 3).chain((shape) =>
  fc.tuple(axisOf(shape.length + 1), fc.integer({ min: 1, max: 6 }), seed).map(
    ([axis, n, from]): Case => ({
      operands: [positions(shape, from, n)],
      apply: (indices) => ad.oneHot(indices, n, axis),
      call: `oneHot(indices, ${n}, ${axis})`,
      smooth: false,
    }),
  ),
);

const where = fc
  .tuple(broadcasting(3), seed, fc.constantFrom("tensors", "number", "whole"))
  .map(([[c, s, t], from, form]): Case => {
    const condition = truth(c, from);
    if (form === "whole") {
      const operands = [condition, whole(s, from, 9, 0), whole(t, from, 9, 1)];
      return { operands, apply: (k, x, y) => ad.cast(ad.where(k, x, y), "float32"), call: "cast(where(c, i, j))", smooth: false };
    }
    if (form === "number")
      return { operands: [condition, real(s, from)], apply: (k, x) => ad.where(k, x, -2), call: "where(c, x, -2)" };
    return { operands: [condition, real(s, from, "any", 0), real(t, from, "any", 1)], apply: ad.where, call: "where(c, x, y)" };
  });
const cast = fc
  .tuple(
    shapes(0, 3),
    seed,
    fc.constantFrom<DType>("float32", "int32", "bool"),
    fc.constantFrom<DType>("float32", "int32", "bool"),
  )
  .map(([shape, from, own, to]): Case => {
    const values = { float32: real(shape, from), int32: positions(shape, from, 3), bool: truth(shape, from) };
    const scaled = { ...values.float32, values: values.float32.values.map((value) => Math.fround(3 * value)) };
    return {
      operands: [own === "float32" ? scaled : values[own]],
      apply: (x) => ad.cast(ad.cast(x, to), "float32"),
      call: `cast(${own}, ${to})`,
      smooth: own === "float32" && to === "float32",
    };
  });

const clip = fc
  .tuple(shapes(0, 4), seed, fc.constantFrom<[number, number]>([-0.5, 0.9], [-Infinity, 0.3], [0, Infinity], [-0.2, -0.2]))
  .map(
    ([shape, from, [low, high]]): Case => ({
      operands: [real(shape, from, "apart")],
      apply: (x) => ad.clip(x, low, high),
      call: `clip(x, ${low}, ${high})`,
    }),
  );
const pow = fc
  .tuple(broadcasting(2), seed, fc.constantFrom("tensors", -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4))
  .map(([[s, t], from, p]): Case => {
    if (typeof p === "string") {
      return { operands: [real(s, from, "positive", 0), real(t, from, "any", 1)], apply: ad.pow, call: "pow(x, p)" };
    }
    const domain = Number.isInteger(p) ? "nonzero" : "positive";
    return { operands: [real(s, from, domain)], apply: (x) => ad.pow(x, p), call: `pow(x, ${p})` };
  });

const scaled = (f: (x: Tensor, ...scales: Tensor[]) => Tensor, scales: number) =>
  fc.tuple(shapes(0, 2), fc.constantFrom(3, 4, 5), seed).map(
    ([lead, D, from]): Case => ({
      // Apart, for a line of nearly equal entries has derivatives too large for float32.
      operands: [
        real([...lead, D], from, "apart", 0),
        ...Array.from({ length: scales }, (_, k) => real([D], from, "any", k + 1)),
      ],
      apply: f,
      call: "f(x, ...)",
    }),
  );

/** Every operation by the name under which it is exported. */
export const cases: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  add: binary(ad.add),
  sub: binary(ad.sub),
  mul: binary(ad.mul),
  div: binary(ad.div, "any", "nonzero"),
  neg: unary(ad.neg),
  exp: unary(ad.exp),
  log: unary(ad.log, "positive"),
  tanh: unary(ad.tanh),
  sigmoid: unary(ad.sigmoid),
  softplus: unary(ad.softplus),
  logSigmoid: unary(ad.logSigmoid),
  sqrt: unary(ad.sqrt, "positive"),
  abs: unary(ad.abs, "apart"),
  sign: unary(ad.sign, "apart"),
  sin: unary(ad.sin),
  cos: unary(ad.cos),
  erf: unary(ad.erf),
  relu: unary(ad.relu, "apart"),
  square: unary(ad.square),
  silu: unary(ad.silu),
  gelu: fc.constantFrom<"none" | "tanh">("none", "tanh").chain((kind) => unary((x) => ad.gelu(x, kind))),
  pow,
  max: binary(ad.max, "apart", "apart"),
  min: binary(ad.min, "apart", "apart"),
  clip,
  equal: comparison(ad.equal),
  less: comparison(ad.less),
  lessEqual: comparison(ad.lessEqual),
  greater: comparison(ad.greater),
  greaterEqual: comparison(ad.greaterEqual),
  and: logical(ad.and),
  or: logical(ad.or),
  not: logical((a, b) => ad.not(ad.and(a, b))),
  where,
  cast,
  broadcastTo,
  sumTo,
  reshape,
  sum: reduce(ad.sum),
  mean: reduce(ad.mean),
  amax: reduce(ad.amax, "apart"),
  amin: reduce(ad.amin, "apart"),
  logSumExp: reduce(ad.logSumExp),
  variance: reduce(ad.variance),
  softmax: along(ad.softmax),
  logSoftmax: along(ad.logSoftmax),
  argsort: along((x, axis) => ad.cast(ad.argsort(x, axis), "float32"), "apart", false),
  sort: along(ad.sort, "apart"),
  argmax: along((x, axis) => ad.cast(ad.argmax(x, axis), "float32"), "apart", false),
  matmul,
  linear,
  conv2d,
  matrixTranspose: unary(ad.matrixTranspose, "any", true, 2),
  transpose,
  expandDims,
  squeeze,
  concat,
  stack,
  split,
  slice,
  gather,
  takeAlongAxis,
  oneHot,
  layerNorm: scaled((x, gain, bias) => ad.layerNorm(x, gain, bias), 2),
  rmsNorm: scaled((x, gain) => ad.rmsNorm(x, gain), 1),
};

/** Operations in a row, of which a written program leaves some out. */
export const compositions: Readonly<Record<string, fc.Arbitrary<Case>>> = {
  "one log-probability a line, along the axis of the softmax or another": shapes(2, 3).chain((shape) =>
    fc.tuple(axisOf(shape.length), axisOf(shape.length), seed).map(([soft, taken, from]): Case => {
      const own = at(taken, shape.length);
      return {
        operands: [real(shape, from), positions(shape.toSpliced(own, 1), from, shape[own])],
        apply: (x, a) => ad.mean(ad.takeAlongAxis(ad.logSoftmax(x, soft), a, taken)),
        call: `mean(takeAlongAxis(logSoftmax(x, ${soft}), a, ${taken}))`,
      };
    }),
  ),
  "reshapes in a row": shapes(1, 3).chain((shape) =>
    fc.tuple(fc.nat(shape.length), seed).map(([axis, from]): Case => {
      const back = shape.map(symbolic);
      return {
        operands: [real(shape, from), real(shape, from, "any", 1)],
        apply: (x, y) =>
          ad.mul(ad.reshape(ad.expandDims(ad.reshape(x, [-1]), 0), back), ad.squeeze(ad.expandDims(y, axis), axis)),
        call: `mul(reshape(expandDims(reshape(x, [-1]), 0), [${back}]), squeeze(expandDims(y, ${axis}), ${axis}))`,
      };
    }),
  ),
  "a broadcast that the next operation would do, of one entry or of more, reshaped or not": fc
    .tuple(broadcasting(1), seed)
    .chain(([[own], from]) =>
      shapes(1, 3).map((shape): Case => {
        const wide = own.length > 0 ? own.map((side) => (side === 1 ? 3 : side)) : shape;
        return {
          operands: [real(own, from), real(wide, from, "nonzero", 1)],
          apply: (x, y) => {
            const repeated = ad.broadcastTo(x, wide.map(symbolic));
            return ad.add(
              ad.mul(repeated, y),
              ad.reshape(ad.div(ad.reshape(repeated, [-1]), ad.reshape(y, [-1])), wide.map(symbolic)),
            );
          },
          call: "add(mul(broadcastTo(x), y), reshape(div(reshape(broadcastTo(x)), reshape(y))))",
        };
      }),
    ),
  "sums and means of all entries of a reshape": shapes(1, 3).chain((shape) =>
    seed.map(
      (from): Case => ({
        operands: [real(shape, from)],
        apply: (x) => ad.mul(ad.sum(ad.reshape(x, [-1])), ad.mean(ad.reshape(x, [-1, 1]))),
        call: "mul(sum(reshape(x, [-1])), mean(reshape(x, [-1, 1])))",
      }),
    ),
  ),
  "pieces that together are the whole, in any order": fc
    .tuple(fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 }), side, fc.boolean(), fc.boolean(), seed)
    .filter(([pieces]) => ![2, 5].includes(pieces.reduce((a, b) => a + b)))
    .map(([pieces, rows, first, overlap, from]): Case => {
      const total = pieces.reduce((a, b) => a + b);
      return {
        operands: [real(first ? [total, rows] : [rows, total], from)],
        apply: (x) => {
          const axis = first ? 0 : 1;
          const parts = ad.split(x, pieces, axis).map((part, k) => ad.mean(ad.mul(ad.sin(part), k + 1)));
          const more = overlap ? [ad.mean(ad.exp(ad.slice(x, axis, 0, total - 1)))] : [];
          return [...parts.reverse(), ...more].reduce((a, b) => ad.add(a, b));
        },
        call: `means of split(x, [${pieces}]) added up${overlap ? ", and of a slice over them" : ""}`,
      };
    }),
  "negations of negations, and subtractions from zero": fc.tuple(shapes(0, 3), seed).map(
    ([shape, from]): Case => ({
      operands: [real(shape, from)],
      apply: (x) => ad.mul(ad.neg(ad.neg(x)), ad.sub(0, ad.add(ad.mul(x, 1), 0))),
      call: "mul(neg(neg(x)), sub(0, add(mul(x, 1), 0)))",
    }),
  ),
};
