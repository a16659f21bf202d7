import { describe, expect, it } from "vitest";
import * as ad from "../../src/autodiff/index.ts";
import { compile, grad, input, mul, type Program, sum, type Tensor } from "../../src/autodiff/index.ts";
import * as arithmetic from "../../src/autodiff/ops/arithmetic.ts";
import * as elementwise from "../../src/autodiff/ops/elementwise.ts";
import * as indexing from "../../src/autodiff/ops/indexing.ts";
import * as layout from "../../src/autodiff/ops/layout.ts";
import * as linear from "../../src/autodiff/ops/linear.ts";
import * as normalisation from "../../src/autodiff/ops/normalisation.ts";
import * as reduce from "../../src/autodiff/ops/reduce.ts";
import * as sorting from "../../src/autodiff/ops/sorting.ts";
import { cases } from "./cases.ts";

/** Compiles, runs once and releases. */
async function values(
  outputs: Record<string, Tensor>,
  feeds: Record<string, number[] | Int32Array>,
): Promise<Record<string, number[]>> {
  const program: Program = await compile({ outputs });
  const given = Object.entries(feeds).map(([name, own]) => [name, own instanceof Int32Array ? own : Float32Array.from(own)]);
  const out = await program.run(Object.fromEntries(given));
  await program.release();
  return Object.fromEntries(Object.entries(out).map(([name, own]) => [name, [...own]]));
}

const close = (found: number[], wanted: number[], digits = 6) => {
  expect(found.length).toBe(wanted.length);
  found.forEach((value, i) => {
    if (Number.isFinite(wanted[i])) expect(value).toBeCloseTo(wanted[i], digits);
    else expect(value).toBe(wanted[i]);
  });
};

describe("the proof leaves nothing out", () => {
  it("every exported operation is among those that are compared with float64 loops", () => {
    const elsewhere = new Set([
      "side", // the length of an axis: read by mean's derivative in the trials above
      "stopGradient", // its derivative is not that of its value, see below
      "spreadOp", // the adjoint of slice, not a function
      "unexpanded", // a rewriting, not an operation
      "lineSums", // a sum with a short cut, in the gradients of logSoftmax after takeAlongAxis
    ]);
    const rooms = [arithmetic, elementwise, indexing, layout, linear, normalisation, reduce, sorting];
    const names = rooms.flatMap((room) => Object.keys(room)).filter((name) => !elsewhere.has(name));
    expect(names.filter((name) => !(name in cases))).toEqual([]);
    expect(Object.keys(cases).filter((name) => !(name in ad))).toEqual([]);
  });
});

describe("large numbers do no harm", () => {
  const big = [1e4, -1e4, 0];
  const x = input("x", [3]);

  it("softmax, logSoftmax and logSumExp of entries of 1e4 are exact, and so are their gradients", async () => {
    const out = await values(
      {
        softmax: ad.softmax(x),
        logSoftmax: ad.logSoftmax(x),
        logSumExp: ad.logSumExp(x),
        slope: grad(ad.logSumExp(x), [x])[0],
        own: grad(sum(mul(ad.logSoftmax(x), ad.constant([0, 0, 1]))), [x])[0],
      },
      { x: big },
    );
    close(out.softmax, [1, 0, 0]);
    close(out.logSoftmax, [0, -2e4, -1e4], 2);
    close(out.logSumExp, [1e4], 2);
    close(out.slope, [1, 0, 0]);
    close(out.own, [-1, 0, 1]);
  });

  it("an entry masked by -Infinity has probability 0 and gradient 0, and leaves the others alone", async () => {
    const second = ad.constant([0, 1, 0]);
    const out = await values(
      {
        softmax: ad.softmax(x),
        logSumExp: ad.logSumExp(x),
        ofSoftmax: grad(sum(mul(ad.softmax(x), second)), [x])[0],
        ofLogSumExp: grad(ad.logSumExp(x), [x])[0],
        ofLogSoftmax: grad(ad.neg(ad.gather(ad.logSoftmax(x), ad.constant(Int32Array.of(1), []))), [x])[0],
      },
      { x: [-Infinity, 0, Math.log(3)] },
    );
    close(out.softmax, [0, 0.25, 0.75]);
    close(out.logSumExp, [Math.log(4)]);
    close(out.ofSoftmax, [0, 0.1875, -0.1875]);
    close(out.ofLogSumExp, [0, 0.25, 0.75]);
    close(out.ofLogSoftmax, [0, -0.75, 0.75]);
  });

  it("softplus is x, sigmoid 1 and tanh 1 for large x, and 0, 0 and -1 at the other end, with gradients to match", async () => {
    const [softplus, sigmoid, tanh] = [ad.softplus(x), ad.sigmoid(x), ad.tanh(x)];
    const out = await values(
      {
        softplus,
        sigmoid,
        tanh,
        softplusSlope: grad(sum(softplus), [x])[0],
        sigmoidSlope: grad(sum(sigmoid), [x])[0],
        tanhSlope: grad(sum(tanh), [x])[0],
        logSigmoid: ad.logSigmoid(x),
        silu: ad.silu(x),
        gelu: ad.gelu(x),
        geluTanh: ad.gelu(x, "tanh"),
      },
      { x: big },
    );
    close(out.softplus, [1e4, 0, Math.LN2], 6);
    close(out.sigmoid, [1, 0, 0.5], 6);
    close(out.tanh, [1, -1, 0], 6);
    close(out.softplusSlope, [1, 0, 0.5], 6);
    close(out.sigmoidSlope, [0, 0, 0.25], 6);
    close(out.tanhSlope, [0, 0, 1], 6);
    close(out.logSigmoid, [0, -1e4, -Math.LN2], 6);
    close(out.silu, [1e4, 0, 0], 2);
    close(out.gelu, [1e4, 0, 0], 6);
    close(out.geluTanh, [1e4, 0, 0], 6);
  });
});

describe("where a function has a corner, the derivative is the one written in its description", () => {
  it("ties of max and min share the adjoint evenly between the two sides", async () => {
    const [x, y] = [input("x", [3]), input("y", [3])];
    const [mx, my] = grad(sum(ad.max(x, y)), [x, y]);
    const [nx, ny] = grad(sum(ad.min(x, y)), [x, y]);
    const out = await values({ mx, my, nx, ny }, { x: [1, 2, 3], y: [1, 3, 2] });
    expect(out).toEqual({ mx: [0.5, 0, 1], my: [0.5, 1, 0], nx: [0.5, 1, 0], ny: [0.5, 0, 1] });
  });

  it("entries that tie for amax or amin share its adjoint evenly", async () => {
    const x = input("x", [2, 3]);
    const largest = grad(sum(mul(ad.amax(x, 1), ad.constant([6, 10]))), [x])[0];
    const smallest = grad(sum(mul(ad.amin(x, 1), ad.constant([6, 10]))), [x])[0];
    const out = await values({ largest, smallest }, { x: [1, 2, 2, 5, 5, 5] });
    close(out.largest, [0, 3, 3, 10 / 3, 10 / 3, 10 / 3]);
    close(out.smallest, [6, 0, 0, 10 / 3, 10 / 3, 10 / 3]);
  });

  it("argmax of a tie is the first", async () => {
    const x = input("x", [2, 3]);
    expect((await values({ y: ad.argmax(x) }, { x: [1, 2, 2, 5, 5, 5] })).y).toEqual([1, 0]);
  });

  it("clip's derivative is 1 between its ends, ends included, and 0 outside", async () => {
    const x = input("x", [5]);
    const out = await values({ g: grad(sum(ad.clip(x, -1, 2)), [x])[0] }, { x: [-1.5, -1, 0, 2, 2.5] });
    expect(out.g).toEqual([0, 1, 1, 1, 0]);
  });

  it("relu's, abs's and sign's derivatives at 0 are 0", async () => {
    const x = input("x", [1]);
    const [r, a, s] = [ad.relu(x), ad.abs(x), ad.sign(x)].map((y) => grad(sum(y), [x])[0]);
    expect(await values({ r, a, s }, { x: [0] })).toEqual({ r: [0], a: [0], s: [0] });
  });

  it("powers with whole exponents have finite derivatives at 0", async () => {
    const x = input("x", [1]);
    const slopes = Object.fromEntries([0, 1, 2, 3].map((p) => [`p${p}`, grad(sum(ad.pow(x, p)), [x])[0]]));
    const bends = Object.fromEntries([0, 1, 2, 3].map((p) => [`q${p}`, grad(sum(grad(sum(ad.pow(x, p)), [x])[0]), [x])[0]]));
    expect(await values({ ...slopes, ...bends }, { x: [0] })).toEqual({
      p0: [0],
      p1: [1],
      p2: [0],
      p3: [0],
      q0: [0],
      q1: [0],
      q2: [2],
      q3: [0],
    });
  });

  it("what stands in the branch of where that is not taken sends no NaN back", async () => {
    const x = input("x", [2]);
    const safe = ad.where(ad.greater(x, 0), ad.log(ad.where(ad.greater(x, 0), x, 1)), 0);
    expect((await values({ g: grad(sum(safe), [x])[0] }, { x: [-1, 2] })).g).toEqual([0, 0.5]);
  });
});

describe("what the derivative is taken of, and with respect to what", () => {
  it("nothing flows through stopGradient", async () => {
    const x = input("x", [2]);
    expect((await values({ g: grad(sum(mul(x, ad.stopGradient(x))), [x])[0] }, { x: [3, -4] })).g).toEqual([3, -4]);
  });

  it("nothing flows through whole numbers and truth values", async () => {
    const x = input("x", [3]);
    const steps = ad.add(ad.cast(ad.cast(x, "int32"), "float32"), ad.cast(ad.greater(x, 0), "float32"));
    const g = grad(sum(mul(x, steps)), [x])[0];
    expect(await values({ steps, g }, { x: [2.7, -2.7, 0.5] })).toEqual({ steps: [3, -2, 1], g: [3, -2, 1] });
  });

  it("a tensor that the loss does not depend on has the gradient 0, in its own shape", async () => {
    const [x, y] = [input("x", [2]), input("y", ["N", 2])];
    const out = await values({ g: grad(sum(x), [y])[0], same: y }, { y: [1, 2, 3, 4] });
    expect(out.g).toEqual([0, 0, 0, 0]);
  });

  it("the gradient of a loss with respect to itself is 1", async () => {
    const x = input("x", [2]);
    const loss = sum(x);
    expect((await values({ g: grad(loss, [loss])[0], loss }, { x: [1, 2] })).g).toEqual([1]);
  });

  // Reshapes of reshapes, broadcasts that the next operation would do itself and double negations are left out when a
  // program is written; a derivative with respect to the tensor in the middle must not be lost by that.
  it.each<[string, (x: Tensor) => Tensor, (middle: Tensor) => Tensor]>([
    ["a reshape that is reshaped again", (x) => ad.reshape(x, [6]), (m) => ad.reshape(m, [3, 2])],
    [
      "a reshape that linear flattens again",
      (x) => ad.reshape(x, [2, 1, 3]),
      (m) => ad.linear(m, ad.constant([1, 2, 3], [3, 1]), ad.constant([0])),
    ],
    [
      "a broadcast that addition would do itself",
      (x) => ad.broadcastTo(x, [4, 2, 3]),
      (m) => mul(m, ad.constant([1, 2, 3, 4], [4, 1, 1])),
    ],
    ["a negation that is negated", (x) => ad.neg(x), (m) => ad.neg(m)],
    ["a new axis that is taken away", (x) => ad.expandDims(x, 0), (m) => ad.squeeze(m, 0)],
  ])("the gradient with respect to %s is not lost", async (_name, inner, outer) => {
    const x = input("x", [2, 3]);
    const middle = inner(x);
    const cut = input("cut", middle.shape);
    const numbers = [1, -2, 3, -4, 5, -6];
    const { start } = await values({ start: middle }, { x: numbers });
    const slope = (at: Tensor) => grad(sum(ad.square(outer(at))), [at])[0];
    const out = await values({ found: slope(middle), wanted: slope(cut) }, { x: numbers, cut: start });
    expect(out.found).toEqual(out.wanted);
    expect(out.found.every((value) => value !== 0)).toBe(true);
  });
});
