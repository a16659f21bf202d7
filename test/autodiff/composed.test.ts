import { describe, expect, it } from "vitest";
import * as ad from "../../src/autodiff/index.ts";
import {
  compile,
  glorot,
  grad,
  initialise,
  input,
  layout,
  linear,
  named,
  param,
  rng,
  sum,
  type Tensor,
  tanh,
  zeros,
} from "../../src/autodiff/index.ts";
import { evaluate } from "./evaluate.ts";

describe("derivatives of derivatives through whole networks", () => {
  it("the gradient of a gradient penalty on a tanh network is that of central differences in float64", async () => {
    const layers = [
      [3, 6],
      [6, 6],
      [6, 1],
    ].map(([m, n]) => ({ W: param([m, n], glorot()), b: param([n], ad.normal(0.3)) }));
    const params = Object.fromEntries(layers.map((layer, k) => [k, layer]));
    const [first, second, last] = layers;
    const D = (x: Tensor) => linear(tanh(linear(tanh(linear(x, first.W, first.b)), second.W, second.b)), last.W, last.b);
    const x = input("x", ["N", 3]);
    const slope = grad(sum(D(x)), [x])[0];
    const length = ad.sqrt(sum(ad.square(slope), 1));
    const loss = ad.add(ad.mean(D(x)), ad.mean(ad.square(ad.sub(length, 1))));
    const { params: weights, names } = layout(params);
    const gradients = grad(loss, weights);

    const random = rng(4);
    const theta = initialise(params, random);
    const points = Float32Array.from({ length: 12 }, () => random.normal());
    const program = await compile({
      outputs: { loss, ...Object.fromEntries(names.map((name, k) => [name, gradients[k]])) },
      params,
    });
    const out = await program.run({ x: points, theta });
    await program.release();

    const views = named(params, theta);
    const values = new Map([[x, Float64Array.from(points)]]);
    for (const [k, t] of weights.entries()) values.set(t, Float64Array.from(views[names[k]].data));
    const at = (t: Tensor, i: number, step: number) => {
      const moved = new Map(values);
      moved.set(t, values.get(t)!.with(i, values.get(t)![i] + step));
      return evaluate([loss], { values: moved, sides: { N: 4 } })[0].data[0];
    };
    weights.forEach((t, k) => {
      for (let i = 0; i < values.get(t)!.length; i++) {
        const slope = (at(t, i, 1e-5) - at(t, i, -1e-5)) / 2e-5;
        expect(out[names[k]][i]).toBeCloseTo(slope, 5);
      }
    });
    expect(Math.max(...out["1.W"].map(Math.abs))).toBeGreaterThan(0.05);
  });

  it("the Hessian of a softmax regression's loss, row by row, is symmetric and positive semidefinite", async () => {
    const W = param([3, 2], zeros);
    const [s, a] = [input("s", ["B", 3]), input("a", ["B"], "int32")];
    const loss = ad.neg(ad.mean(ad.takeAlongAxis(ad.logSoftmax(ad.matmul(s, W)), a)));
    const slope = ad.reshape(grad(loss, [W])[0], [6]);
    const rows = Array.from({ length: 6 }, (_, k) => ad.reshape(grad(sum(ad.slice(slope, 0, k, k + 1)), [W])[0], [6]));
    const program = await compile({ outputs: { H: ad.stack(rows) }, params: { W } });
    const random = rng(1);
    const { H } = await program.run({
      s: Float32Array.from({ length: 30 }, () => random.normal()),
      a: Int32Array.from({ length: 10 }, () => random.integer(2)),
      theta: Float32Array.from({ length: 6 }, () => random.normal()),
    });
    await program.release();
    for (let i = 0; i < 6; i++) for (let k = 0; k < 6; k++) expect(H[6 * i + k]).toBeCloseTo(H[6 * k + i], 6);
    for (let trial = 0; trial < 20; trial++) {
      const v = Array.from({ length: 6 }, () => random.normal());
      let curvature = 0;
      for (let i = 0; i < 6; i++) for (let k = 0; k < 6; k++) curvature += v[i] * H[6 * i + k] * v[k];
      expect(curvature).toBeGreaterThan(-1e-6);
    }
    expect(H.some((value) => Math.abs(value) > 0.01)).toBe(true);
  });
});
