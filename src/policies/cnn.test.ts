import { describe, expect, it } from "vitest";
import reference from "../../test/data/policies/cnn.json" with { type: "json" };
import { compile, grad, initialise, input, layout, mean, rng, square, sub } from "../autodiff/index.ts";
import { box, bytes, dict, discrete } from "../mdp/index.ts";
import { type CnnOptions, cnn, loadPolicy, neuralPolicy, parameterCount, type Spaces } from "./index.ts";

const spaces: Spaces = { observation: bytes([3, 66, 200]), action: box([1], -1, 1) };
const small: CnnOptions = { convolutions: [{ filters: 4, size: 5, stride: 3 }], hidden: [8] };

/** The weights of the reference, in our layout: dense ones are [in, out] here and [out, in] there. */
function formula(model: ReturnType<typeof cnn>): Float32Array {
  const { names, shapes, offsets, sizes, size } = layout(model.params);
  const theta = new Float32Array(size);
  names.forEach((name, i) => {
    const shape = shapes[i];
    for (let k = 0; k < sizes[i]; k++) {
      if (shape.length === 1) theta[offsets[i] + k] = 0.1 * Math.cos(k);
      else {
        const there = shape.length === 2 ? (k % shape[1]) * shape[0] + Math.floor(k / shape[1]) : k;
        const inputs = shape.length === 2 ? shape[0] : sizes[i] / shape[0];
        theta[offsets[i] + k] = Math.sqrt(6 / inputs) * Math.sin(there * (1 + (there % 7)));
      }
    }
    expect(name).toMatch(/^(conv|dense)\.\d\.[wbW]$/);
  });
  return theta;
}

describe("the network of 2016", () => {
  const model = cnn(spaces, { scale: "constant" });
  const theta = formula(model);
  const s = Float32Array.from({ length: 2 * 39600 }, (_, i) => {
    const [b, k] = [Math.floor(i / 39600), i % 39600];
    return (k * k + 31 * k + 97 * b) % 256;
  });

  it("has 252,219 parameters, about 250 thousand as the paper says", () => {
    expect(parameterCount(model)).toBe(252_219);
    expect(reference.parameters).toBe(252_219);
  });

  it("gives what PyTorch's gives, and the same gradients in every layer", async () => {
    const sIn = input("s", ["B", 39600]);
    const y = model.forward(sIn);
    const loss = mean(square(sub(y, input("a", ["B", 1]))));
    const { params, names, offsets, sizes, shapes } = layout(model.params);
    const gradients = grad(loss, params);
    const outputs = { y, loss, ...Object.fromEntries(names.map((name, i) => [name, gradients[i]])) };
    const program = await compile({ outputs, params: model.params });
    const out = await program.run({ s, a: Float32Array.of(0.5, -0.5), theta });
    expect(out.y[0]).toBeCloseTo(reference.y[0], 4);
    expect(out.y[1]).toBeCloseTo(reference.y[1], 4);
    expect(out.loss[0]).toBeCloseTo(reference.loss, 4);
    const layers = Object.values(reference.grads);
    names.forEach((name, i) => {
      const [room, k, kind] = name.split(".");
      const { norm, bias, some } = layers[room === "conv" ? Number(k) : 5 + Number(k)];
      const own = out[name] as Float32Array;
      const length = Math.sqrt(own.reduce((sum, g) => sum + g * g, 0));
      const expected = kind === "b" ? bias : norm;
      expect(Math.abs(length - expected) / expected, name).toBeLessThan(1e-3);
      if (kind === "b") return;
      some.forEach((g, j) => {
        const there = j * Math.floor(sizes[i] / 5);
        const [, across] = shapes[i];
        const here = kind === "W" ? (there % shapes[i][0]) * across + Math.floor(there / shapes[i][0]) : there;
        expect(Math.abs(own[here] - g), `${name}[${here}]`).toBeLessThan(1e-3 * norm);
      });
    });
    expect(offsets.length).toBe(18);
  });

  it("reads the picture and nothing that stands beside it", async () => {
    const observation = dict({ camera: bytes([3, 20, 20]), hidden: bytes([18]) });
    const own = cnn({ observation, action: box([1], -1, 1) }, small);
    const policy = neuralPolicy(own, initialise(own.params, rng(1)));
    const a = Float32Array.from({ length: 1218 }, (_, i) => (i * 37) % 256);
    const otherHidden = a.map((v, i) => (i < 1200 ? v : 255 - v));
    const otherPicture = a.map((v, i) => (i < 1200 ? 255 - v : v));
    const [x, y, z] = [a, otherHidden, otherPicture].map((o) => policy.act(o, { deterministic: true }));
    expect((await y)[0]).toBe((await x)[0]);
    expect((await z)[0]).not.toBe((await x)[0]);
  });

  it("is its file: as ONNX it acts the same, on choices too", async () => {
    for (const action of [box([2], -1, 1), discrete(3)]) {
      const own = cnn({ observation: bytes([1, 12, 15]), action }, small);
      const policy = neuralPolicy(
        own,
        initialise(own.params, rng(2)).map((v) => 3 * v),
      );
      const again = await loadPolicy(policy.toOnnx());
      const states = Float32Array.from({ length: 10 * 180 }, (_, i) => (i * i) % 256);
      expect(await again.act(states, { deterministic: true })).toEqual(await policy.act(states, { deterministic: true }));
      expect(again.observation).toEqual(bytes([1, 12, 15]));
    }
  });

  it("needs a picture, one, and large enough for its windows", () => {
    const action = box([1], -1, 1);
    expect(() => cnn({ observation: box([4]), action })).toThrow(/a picture has three sides .* found none in box\[4\]/);
    expect(() => cnn({ observation: bytes([3, 30, 30]), action })).toThrow(
      /a picture of 30 x 30 is too small for these convolutions: a window of 3 x 3 meets 1 x 1/,
    );
    const two = dict({ left: bytes([1, 12, 12]), right: bytes([1, 12, 12]) });
    expect(() => cnn({ observation: two, action }, small)).toThrow(/has the pictures left, right; name one of them/);
    expect(cnn({ observation: two, action }, { ...small, picture: "right" }).description.kind).toBe("cnn");
  });

  it("with a constant spread its log loss is the squared error, but for a factor and a constant", async () => {
    const z = input("z", ["B", 1]);
    const a = input("a", ["B", 1]);
    const program = await compile({ outputs: { logProb: model.head.logProb(z, a) } });
    const at = async (m: number) =>
      ((await program.run({ z: Float32Array.of(m), a: Float32Array.of(0.3) })).logProb as Float32Array)[0];
    const [best, half, whole] = [await at(0.3), await at(0.8), await at(1.3)];
    expect((best - whole) / (best - half)).toBeCloseTo(4, 4);
    expect(Object.keys(model.head.params)).toEqual([]);
  });
});
