import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as ad from "../../src/autodiff/index.ts";
import {
  compile,
  compileUpdate,
  cosineSchedule,
  grad,
  input,
  linear,
  linearSchedule,
  type Optimizer,
  type ParamTree,
  param,
  sin,
  sum,
  type Tensor,
  type TrainState,
  tanh,
  zeros,
} from "../../src/autodiff/index.ts";

// What PyTorch 2.13 computes for the same inputs; made by test/data/autodiff/make_torch.py.

interface Array_ {
  shape: number[];
  data: number[];
}
interface Reference {
  operations: {
    name: string;
    options: Record<string, never>;
    operands: Array_[];
    y: number[];
    shape: number[];
    grads: number[][];
  }[];
  problem: { S: number[]; a: number[]; shapes: number[][]; theta: number[]; batch: number };
  curves: Record<string, { loss: number[]; gradNorm: number[]; theta: number[] }>;
  schedules: Record<"cosine" | "linear" | "warmup", number[]>;
  penalty: { params: Array_[]; x: Array_; loss: number; grads: number[][] };
}
const reference: Reference = JSON.parse(readFileSync(new URL("../data/autodiff/torch.json", import.meta.url), "utf8"));

function farthest(found: ArrayLike<number>, wanted: ArrayLike<number>): number {
  expect(found.length).toBe(wanted.length);
  return Array.from(found).reduce((worst, value, i) => {
    const error = Math.abs(value - wanted[i]) / Math.max(1, Math.abs(wanted[i]));
    return error <= worst ? worst : Number.isNaN(error) ? Infinity : error;
  }, 0);
}

type Axes = { axis: number; axes: number[]; stride: [number, number]; padding: [number, number] };
const operations: Record<string, (x: Tensor[], options: Axes) => Tensor> = {
  gelu: ([x]) => ad.gelu(x),
  geluTanh: ([x]) => ad.gelu(x, "tanh"),
  silu: ([x]) => ad.silu(x),
  softplus: ([x]) => ad.softplus(x),
  sigmoid: ([x]) => ad.sigmoid(x),
  tanh: ([x]) => ad.tanh(x),
  erf: ([x]) => ad.erf(x),
  relu: ([x]) => ad.relu(x),
  abs: ([x]) => ad.abs(x),
  sqrt: ([x]) => ad.sqrt(x),
  logSoftmax: ([x], { axis }) => ad.logSoftmax(x, axis),
  softmax: ([x], { axis }) => ad.softmax(x, axis),
  logSumExp: ([x], { axes }) => ad.logSumExp(x, axes),
  variance: ([x], { axes }) => ad.variance(x, axes),
  amax: ([x], { axes }) => ad.amax(x, axes),
  amin: ([x], { axes }) => ad.amin(x, axes),
  max: ([x, y]) => ad.max(x, y),
  pow: ([x, p]) => ad.pow(x, p),
  matmul: ([a, b]) => ad.matmul(a, b),
  linear: ([x, W, b]) => ad.linear(x, W, b),
  layerNorm: ([x, gain, bias]) => ad.layerNorm(x, gain, bias),
  rmsNorm: ([x, gain]) => ad.rmsNorm(x, gain),
  conv2d: ([x, w, b], { stride, padding }) => ad.conv2d(x, w, b, { stride, padding }),
};

describe("operations give PyTorch's values and gradients", () => {
  it.each(reference.operations.map((own) => [`${own.name} ${JSON.stringify(own.options)}`, own] as const))(
    "%s",
    async (_label, own) => {
      const operands = own.operands.map(({ shape }, k) => input(`x${k}`, shape));
      const y = operations[own.name](operands, own.options as unknown as Axes);
      expect(y.shape).toEqual(own.shape);
      const grads = grad(sum(sin(y)), operands);
      const program = await compile({ outputs: { y, ...Object.fromEntries(grads.map((g, k) => [`g${k}`, g])) } });
      const out = await program.run(Object.fromEntries(own.operands.map(({ data }, k) => [`x${k}`, Float32Array.from(data)])));
      await program.release();
      expect(farthest(out.y, own.y)).toBeLessThan(1e-6);
      own.grads.forEach((wanted, k) => {
        expect(farthest(out[`g${k}`], wanted)).toBeLessThan(2e-5);
      });
    },
  );
});

function network(shapes: readonly number[][]): { params: ParamTree; weights: Tensor[]; f: (x: Tensor) => Tensor } {
  const weights = shapes.map((shape) => param(shape, zeros));
  const [W1, b1, W2, b2, W3, b3] = weights;
  const f = (x: Tensor) => linear(tanh(linear(tanh(linear(x, W1, b1)), W2, b2)), W3, b3);
  return { params: { 0: { W: W1, b: b1 }, 1: { W: W2, b: b2 }, 2: { W: W3, b: b3 } }, weights, f };
}

describe("training goes the way it goes in PyTorch", () => {
  const { S, a, shapes, theta, batch } = reference.problem;
  const runs: Record<string, { optimizer: Optimizer; clipNorm?: number }> = {
    adam: { optimizer: ad.adam({ learningRate: 1e-2 }) },
    sgd: { optimizer: ad.sgd({ learningRate: 0.1 }) },
    sgdMomentum: { optimizer: ad.sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 0.01 }) },
    rmsprop: { optimizer: ad.rmsprop({ learningRate: 1e-3 }) },
    adamW: { optimizer: ad.adamW({ learningRate: 1e-2, beta1: 0.8, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 }) },
    adamClipped: { optimizer: ad.adam({ learningRate: 1e-2 }), clipNorm: 0.3 },
    sgdClipped: { optimizer: ad.sgd({ learningRate: 0.5 }), clipNorm: 0.3 },
    linear: { optimizer: ad.sgd({ learningRate: linearSchedule(0.2, 12, { warmup: 4, end: 0.02 }) }) },
    cosine: { optimizer: ad.sgd({ learningRate: cosineSchedule(0.2, 12, { warmup: 4, end: 0.02 }) }) },
  };

  it("every curve that PyTorch drew is compared", () => {
    expect(Object.keys(runs)).toEqual(Object.keys(reference.curves));
  });

  it.each(Object.entries(runs))(
    "%s: loss, gradient norm and parameters, in one block of updates",
    async (name, { optimizer, clipNorm }) => {
      const wanted = reference.curves[name];
      const updates = wanted.loss.length;
      const { params, f } = network(shapes);
      const [s, action] = [input("s", ["B", 4]), input("a", ["B"], "int32")];
      const loss = ad.neg(ad.mean(ad.takeAlongAxis(ad.logSoftmax(f(s)), action)));
      const update = await compileUpdate({ loss, params, optimizer, clipNorm });
      const state: TrainState = {
        theta: Float32Array.from(theta),
        slots: optimizer.slots.map(() => new Float32Array(theta.length)),
        t: 0,
      };
      const batches = { s: new Float32Array(updates * batch * 4), a: new Int32Array(updates * batch) };
      for (let t = 0; t < updates; t++) {
        const from = (t * batch) % a.length;
        batches.s.set(S.slice(from * 4, (from + batch) * 4), t * batch * 4);
        batches.a.set(a.slice(from, from + batch), t * batch);
      }
      const report = await update.run(state, batches, updates);
      await update.release();
      expect(farthest(report.loss, wanted.loss)).toBeLessThan(1e-4);
      expect(farthest(report.gradNorm, wanted.gradNorm)).toBeLessThan(1e-4);
      expect(farthest(state.theta, wanted.theta)).toBeLessThan(1e-4);
      // Not for want of movement: the loss fell.
      expect(report.loss[updates - 1]).toBeLessThan(0.9 * report.loss[0]);
    },
  );
});

describe("schedules", () => {
  it("cosine, linear and warm-up rates are PyTorch's, counted from update 1 where PyTorch counts the steps of its scheduler from 0", () => {
    const cosine = cosineSchedule(0.2, 10, { end: 0.02 });
    expect(
      farthest(
        reference.schedules.cosine.slice(1),
        Array.from({ length: 10 }, (_, k) => cosine(k + 1)),
      ),
    ).toBeLessThan(1e-12);
    const straight = linearSchedule(0.2, 10, { end: 0.02 });
    expect(
      farthest(
        reference.schedules.linear.slice(1),
        Array.from({ length: 13 }, (_, k) => straight(k + 1)),
      ),
    ).toBeLessThan(1e-12);
    const rising = ad.constantSchedule(0.2, 5);
    expect(
      farthest(
        reference.schedules.warmup,
        Array.from({ length: 8 }, (_, k) => rising(k + 1)),
      ),
    ).toBeLessThan(1e-12);
  });
});

describe("derivatives of derivatives", () => {
  it("the parameter gradients of a gradient penalty through a tanh network are those of PyTorch's double backward", async () => {
    const { params, x, loss: wanted, grads } = reference.penalty;
    const { params: tree, weights, f } = network(params.map(({ shape }) => shape));
    const points = input("x", ["N", 3]);
    const value = f(points);
    const slope = grad(sum(value), [points])[0];
    const penalty = ad.square(ad.sub(ad.sqrt(sum(ad.square(slope), 1)), 1));
    const loss = ad.add(ad.mean(value), ad.mean(penalty));
    const outputs = Object.fromEntries(grad(loss, weights).map((g, k) => [`g${k}`, g]));
    const program = await compile({ outputs: { loss, ...outputs }, params: tree });
    const out = await program.run({
      x: Float32Array.from(x.data),
      theta: Float32Array.from(params.flatMap(({ data }) => data)),
    });
    await program.release();
    expect(farthest(out.loss, [wanted])).toBeLessThan(1e-6);
    grads.forEach((own, k) => {
      expect(farthest(out[`g${k}`], own)).toBeLessThan(1e-5);
    });
  });
});
