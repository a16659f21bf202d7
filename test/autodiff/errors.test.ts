import { describe, expect, it } from "vitest";
import * as ad from "../../src/autodiff/index.ts";
import { type DType, grad, input, param, type Shape, zeros } from "../../src/autodiff/index.ts";
import { cases } from "./cases.ts";

const x = (shape: Shape, dtype: DType = "float32") => input("x", shape, dtype);
const f = (...shape: (number | string)[]) => x(shape);
const i = (...shape: (number | string)[]) => x(shape, "int32");
const b = (...shape: (number | string)[]) => x(shape, "bool");

/** A call that can't be, and what its message must say: the shapes received, then words of what would do. */
type Bad = [call: () => unknown, received: string[], expected: RegExp];

const broadcasts: Bad[1] = ["[2, 3]", "[4]"];
const sides = /sides are equal or 1.*axis 1 has 3 and 4/;
const pairwise = (op: (a: ad.Tensor, b: ad.Tensor) => unknown): Bad[] => [[() => op(f(2, 3), f(4)), broadcasts, sides]];
const truths = (op: (a: ad.Tensor, b: ad.Tensor) => unknown): Bad[] => [
  [() => op(b(2, 3), b(4)), broadcasts, sides],
  [() => op(f(2), b(2)), ["float32[2]"], /expected bool; use cast/],
];
const reals = (op: (a: ad.Tensor) => unknown): Bad[] => [[() => op(i(2, "B")), ["int32[2, B]"], /expected float32; use cast/]];
const axes = (op: (a: ad.Tensor, axes?: number | readonly number[]) => unknown): Bad[] => [
  [() => op(f("B", 3), 2), ["[B, 3]"], /an axis from -2 to 1, found 2/],
  [() => op(f("B", 3), -3), ["[B, 3]"], /an axis from -2 to 1, found -3/],
  [() => op(f("B", 3), [1, -1]), ["[B, 3]"], /each axis once, found \[1,-1\]/],
  [() => op(i("B", 3)), ["int32[B, 3]"], /expected float32; use cast/],
];
const line = (op: (a: ad.Tensor, axis?: number) => unknown): Bad[] => [
  [() => op(f("B", 3), 2), ["[B, 3]"], /an axis from -2 to 1, found 2/],
  [() => op(f("B", 3), 0.5), ["[B, 3]"], /an axis from -2 to 1, found 0.5/],
  [() => op(i("B", 3)), ["int32[B, 3]"], /expected float32; use cast/],
];

const table: Record<string, Bad[]> = {
  add: pairwise(ad.add),
  sub: pairwise(ad.sub),
  mul: pairwise(ad.mul),
  div: pairwise(ad.div),
  max: pairwise(ad.max),
  min: pairwise(ad.min),
  pow: pairwise(ad.pow),
  equal: [...pairwise(ad.equal), [() => ad.equal(i(2), f(2)), ["int32", "float32"], /one type; use cast/]],
  less: pairwise(ad.less),
  lessEqual: pairwise(ad.lessEqual),
  greater: pairwise(ad.greater),
  greaterEqual: pairwise(ad.greaterEqual),
  and: truths(ad.and),
  or: truths(ad.or),
  not: [[() => ad.not(f(2)), ["float32[2]"], /expected bool; use cast/]],
  where: [
    [() => ad.where(b(2, 3), f(4), 0), broadcasts, sides],
    [() => ad.where(f(2), f(2), f(2)), ["float32[2]"], /expected bool; use cast/],
    [() => ad.where(b(2), i(2), 0), ["int32", "float32"], /one type; use cast/],
  ],
  clip: [...reals((t) => ad.clip(t, 0, 1)), [() => ad.clip(f(2), 1, 0), [], /low 1 is above high 0/]],
  neg: reals(ad.neg),
  exp: reals(ad.exp),
  log: reals(ad.log),
  tanh: reals(ad.tanh),
  sigmoid: reals(ad.sigmoid),
  softplus: reals(ad.softplus),
  sqrt: reals(ad.sqrt),
  abs: reals(ad.abs),
  sign: reals(ad.sign),
  sin: reals(ad.sin),
  cos: reals(ad.cos),
  erf: reals(ad.erf),
  relu: reals(ad.relu),
  sum: axes(ad.sum),
  mean: axes(ad.mean),
  amax: axes(ad.amax),
  amin: axes(ad.amin),
  logSumExp: axes(ad.logSumExp),
  variance: axes(ad.variance),
  softmax: line(ad.softmax),
  logSoftmax: line(ad.logSoftmax),
  argmax: line(ad.argmax),
  argsort: line(ad.argsort),
  sort: line(ad.sort),
  broadcastTo: [
    [() => ad.broadcastTo(f(2, 3), [2, 4]), ["[2, 3]"], /./],
    [() => ad.broadcastTo(f(2, 3), [3]), ["[2, 3]"], /broadcasts to \[3\]/],
  ],
  sumTo: [
    [() => ad.sumTo(f(2, 3), [4]), ["[4]", "[2, 3]"], /sides are equal or 1/],
    [() => ad.sumTo(f(1, 3), [2, 3]), ["[1, 3]"], /a shape that \[2, 3\] broadcasts to/],
  ],
  reshape: [
    [() => ad.reshape(f("B", 6), [4, "B"]), ["[B, 6]"], /a shape of 6\*B entries, found \[4, B\]/],
    [() => ad.reshape(f(2, 3), [4, -1]), ["[2, 3]"], /a shape of 6 entries, found \[4, -1\]/],
    [() => ad.reshape(f(2, 3), [-1, -1]), ["[2, 3]"], /a shape of 6 entries, found \[-1, -1\]/],
  ],
  matmul: [
    [() => ad.matmul(f("B", 3), f(4, 5)), ["[B, 3]", "[4, 5]"], /with the same K, found 3 and 4/],
    [() => ad.matmul(f("B", 3), f(4, 3)), ["[B, 3]", "[4, 3]"], /with the same K, found 3 and 4/],
    [
      () => ad.matmul(f("B", 3), f("B", 3), { transposeB: true, transposeA: true }),
      ["[B, 3]"],
      /found B and 3 \(after transposing a and b\)/,
    ],
    [() => ad.matmul(f(3), f(3, 4)), ["[3]", "[3, 4]"], /\[\.\.\., M, K\] and \[\.\.\., K, N\]/],
    [() => ad.matmul(f(2, 3, 4), f(3, 4, 5)), ["[2]", "[3]"], /sides are equal or 1/],
  ],
  linear: [
    [() => ad.linear(f("B", 3), f(4, 5), f(5)), ["[B, 3]", "[4, 5]", "[5]"], /\[\.\.\., K\], \[K, N\] and \[N\]/],
    [() => ad.linear(f("B", 3), f(3, 5), f(4)), ["[B, 3]", "[3, 5]", "[4]"], /\[\.\.\., K\], \[K, N\] and \[N\]/],
  ],
  conv2d: [
    [() => ad.conv2d(f("B", 3, 8, 8), f(4, 2, 3, 3)), ["[B, 3, 8, 8]", "[4, 2, 3, 3]"], /\[B, C, H, W\] and \[F, C, h, w\]/],
    [() => ad.conv2d(f(3, 8, 8), f(4, 3, 3, 3)), ["[3, 8, 8]", "[4, 3, 3, 3]"], /\[B, C, H, W\] and \[F, C, h, w\]/],
    [() => ad.conv2d(f("B", 3, 2, 8), f(4, 3, 3, 3)), ["[B, 3, 2, 8]", "[4, 3, 3, 3]"], /no larger than the padded image/],
    [() => ad.conv2d(f("B", 3, 8, 8), f(4, 3, 3, 3), f(3)), ["[B, 3, 8, 8]", "[4, 3, 3, 3]", "[3]"], /a bias \[4\]/],
    [() => ad.conv2d(f("B", 3, 8, 8), f(4, 3, 3, 3), undefined, { stride: 0 }), ["[0, 0]"], /strides of 1 or more/],
  ],
  matrixTranspose: [[() => ad.matrixTranspose(f(3)), ["[3]"], /\[\.\.\., M, N\]/]],
  transpose: [
    [() => ad.transpose(f("B", 3), [0]), ["[B, 3]"], /an order of its 2 axes, found \[0\]/],
    [() => ad.transpose(f("B", 3), [0, 0]), ["[B, 3]"], /an order of its 2 axes, found \[0,0\]/],
    [() => ad.transpose(f("B", 3), [0, 2]), ["[B, 3]"], /an axis from -2 to 1, found 2/],
  ],
  expandDims: [[() => ad.expandDims(f("B", 3), 3), ["[B, 3]"], /an axis from -3 to 2, found 3/]],
  squeeze: [[() => ad.squeeze(f("B", 3), 1), ["[B, 3]"], /side 1 at axis 1/]],
  concat: [
    [() => ad.concat([f("B", 3), f("C", 3)]), ["[B, 3]", "[C, 3]"], /differ only along axis -1/],
    [() => ad.concat([f("B", 3), f("C", 3)], 0), ["[B, 3]", "[C, 3]"], /each side is a number/],
    [() => ad.concat([f(3), i(3)]), ["float32", "int32"], /one type; use cast/],
    [() => ad.concat([]), ["nothing"], /at least one tensor/],
  ],
  stack: [
    [() => ad.stack([f("B", 3), f("B", 4)]), ["[B, 3]", "[B, 4]"], /one shape/],
    [() => ad.stack([]), ["nothing"], /at least one/],
  ],
  split: [
    [() => ad.split(f("B", 3), [1, 1]), ["[B, 3]"], /fill axis -1, found \[1, 1\] with sum 2/],
    [() => ad.split(f("B", 3), [4, -1]), ["[B, 3]"], /fill axis -1, found \[4, -1\]/],
  ],
  slice: [
    [() => ad.slice(f("B", 3), 0, 1), ["[B, 3]"], /a number at axis 0/],
    [() => ad.slice(f("B", 3), 1, 2, 2), ["[B, 3]"], /start before end along axis 1, found 2 and 2/],
    [() => ad.slice(f("B", 3), 1, 0, 2, 0), [], /step 0; expected a positive whole number/],
    [() => ad.slice(f("B", 3), 1, 0.5), [], /start 0.5 and end undefined; expected whole numbers/],
  ],
  gather: [
    [() => ad.gather(f("B", 3), f(2)), ["float32[2]"], /expected int32; use cast/],
    [() => ad.gather(f("B", 3), i(2), 2), ["[B, 3]"], /an axis from -2 to 1, found 2/],
  ],
  takeAlongAxis: [
    [() => ad.takeAlongAxis(f("B", 3), f("B")), ["float32[B]"], /expected int32; use cast/],
    [() => ad.takeAlongAxis(f("B", 3), i("C")), ["[B, 3]", "[C]"], /indices of the shape \[B\], with or without the axis -1/],
    [
      () => ad.takeAlongAxis(f("B", 3), i("B", 2, 1)),
      ["[B, 3]", "[B, 2, 1]"],
      /indices of the shape \[B\], with or without the axis -1/,
    ],
  ],
  oneHot: [
    [() => ad.oneHot(f("B"), 3), ["float32[B]"], /expected int32; use cast/],
    [() => ad.oneHot(i("B"), 3, 2), ["[B]"], /an axis from -2 to 1, found 2/],
    [() => ad.oneHot(i("B"), 0), ["n = 0"], /a positive whole number/],
  ],
  layerNorm: [
    [() => ad.layerNorm(f("B", 3), f(4), f(3)), ["[B, 3]", "[4]", "[3]"], /\[\.\.\., D\] and \[D\] twice/],
    [() => ad.layerNorm(f("B", 3), i(3), f(3)), ["int32[3]"], /expected float32/],
  ],
  rmsNorm: [[() => ad.rmsNorm(f("B", 3), f(4)), ["[B, 3]", "[4]"], /\[\.\.\., D\] and \[D\]/]],
  grad: [
    [() => grad(f("B"), []), ["[B]"], /a scalar, such as mean/],
    [() => grad(i(), []), ["int32"], /expected float32/],
  ],
  constant: [[() => ad.constant([1, 2, 3], [2, 2]), ["3 values"], /\[2, 2\]/]],
  input: [
    [() => f("B", 0), ["[B, 0]"], /a positive whole number or a symbol, found 0/],
    [() => f("2*B"), ["[2*B]"], /a positive whole number or a symbol, found "2\*B"/],
  ],
};

describe("a shape error is thrown when the expression is built, and names the operation, what was received and what would do", () => {
  for (const [op, rows] of Object.entries(table)) {
    it(op, () => {
      for (const [call, received, expected] of rows) {
        let message = "nothing was thrown";
        try {
          call();
        } catch (error) {
          message = (error as Error).message;
        }
        expect(message).toMatch(new RegExp(`^${op}\\b`));
        for (const shape of received) expect(message).toContain(shape);
        expect(message).toMatch(expected);
        expect(message).not.toContain("\n");
      }
    });
  }

  it("no operation is left out that can be given wrong shapes or types", () => {
    // Made of other operations of one operand, whose message then speaks; or content with any shape and type.
    const spokenFor = new Set(["square", "logSigmoid", "silu", "gelu", "cast"]);
    expect(Object.keys(cases).filter((name) => !(name in table) && !spokenFor.has(name))).toEqual([]);
  });
});

describe("parameters", () => {
  it("a tree without parameters, with something else in it, or with one twice is refused", async () => {
    const w = param([2], zeros);
    expect(() => ad.layout({})).toThrow("the tree of parameters is empty; expected at least one param(...)");
    expect(() => ad.layout({ a: { b: f(2) } })).toThrow("the tree of parameters has a input at a.b; expected a param(...)");
    expect(() => ad.layout({ a: w, b: w })).toThrow("the parameter at b stands at a too; list it once");
  });

  it("a program that reads a parameter or an input it does not know says which", async () => {
    await expect(ad.compile({ outputs: { y: ad.exp(param([2], zeros)) } })).rejects.toThrow(
      /reads the parameter \[2\] but does not list it/,
    );
    const twins = ad.add(input("s", [2]), input("s", [2]));
    await expect(ad.compile({ outputs: { y: twins } })).rejects.toThrow('two inputs are called "s"');
    const s = ad.input("s", ["B"]);
    await expect(ad.compile({ outputs: { s: ad.neg(s) } })).rejects.toThrow('"s" is an input and an output');
  });
});
