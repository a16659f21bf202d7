import { describe, expect, it } from "vitest";
import { filled, glorot, kaiming, normal, orthogonal, uniform, zeros } from "./initializers.ts";
import { initialise, layout, named } from "./params.ts";
import { rng } from "./random.ts";
import { param } from "./tensor.ts";

const spread = (x: Float32Array) => {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return { mean, variance: x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length, largest: Math.max(...x.map(Math.abs)) };
};

describe("orthogonal", () => {
  it.each([
    ["square", [64, 64], 1],
    ["tall", [40, 12], 1],
    ["wide", [12, 40], Math.SQRT2],
    ["of one row", [1, 9], 0.01],
    ["filters, each a row", [8, 3, 3, 3], 1],
  ])("rows or columns, whichever are fewer, have length gain and right angles: %s", (_name, shape, gain) => {
    const w = orthogonal(gain)(shape, rng(1));
    const rows = shape[0];
    const columns = w.length / rows;
    const n = Math.min(rows, columns);
    const entry = (i: number, k: number) => (rows >= columns ? w[k * columns + i] : w[i * columns + k]);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j <= i; j++) {
        let dot = 0;
        for (let k = 0; k < Math.max(rows, columns); k++) dot += (entry(i, k) / gain) * (entry(j, k) / gain);
        expect(Math.abs(dot - Number(i === j))).toBeLessThan(1e-6);
      }
    }
  });

  it("turns no way more often than another: the first entry is as often positive as negative, with variance 1/n", () => {
    const firsts = Float32Array.from({ length: 2000 }, (_, seed) => orthogonal()([4, 4], rng(seed))[0]);
    expect(Math.abs(spread(firsts).mean)).toBeLessThan(4 * Math.sqrt(1 / 4 / 2000));
    expect(spread(firsts).variance).toBeCloseTo(1 / 4, 1);
  });
});

describe("scaled draws", () => {
  const shape = [200, 300];
  const n = 60_000;
  it.each<[string, Float32Array, number, number]>([
    ["glorot: U(-a, a), a = √(6 / (in + out))", glorot()(shape, rng(1)), 2 / 500, Math.sqrt(6 / 500)],
    ["glorot with a gain", glorot(2)(shape, rng(1)), 8 / 500, 2 * Math.sqrt(6 / 500)],
    ["kaiming: variance 2 / in", kaiming()(shape, rng(1)), 2 / 200, Infinity],
    ["kaiming of filters: in = channels × window", kaiming()([300, 8, 5, 5], rng(1)), 2 / 200, Infinity],
    ["glorot of filters", glorot()([300, 8, 5, 5], rng(1)), 2 / (200 + 300 * 25), Math.sqrt(6 / (200 + 300 * 25))],
    ["normal", normal(0.3)(shape, rng(1)), 0.09, Infinity],
    ["uniform", uniform(0.3)(shape, rng(1)), 0.03, 0.3],
  ])("%s", (_name, w, variance, bound) => {
    const found = spread(w);
    expect(w.length).toBe(n);
    expect(Math.abs(found.mean)).toBeLessThan(4 * Math.sqrt(variance / n));
    expect(Math.abs(found.variance / variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(found.largest).toBeLessThanOrEqual(bound);
    if (bound < Infinity) expect(found.largest).toBeGreaterThan(0.999 * bound);
  });

  it("zeros and filled", () => {
    expect([...zeros([2, 2], rng(0))]).toEqual([0, 0, 0, 0]);
    expect([...filled(1.5)([2], rng(0))]).toEqual([1.5, 1.5]);
  });

  it("need a matrix or filters where they scale with fan-in", () => {
    for (const init of [glorot(), kaiming()])
      expect(() => init([5], rng(0))).toThrow("needs a matrix or filters, found the shape [5]");
  });
});

describe("a tree of parameters", () => {
  const tree = () => ({
    hidden: { 0: { W: param([3, 2], glorot()), b: param([2], zeros) } },
    out: { W: param([2, 1], orthogonal()) },
  });

  it("lies in one flat vector under dotted names, in its own order", () => {
    const { names, shapes, offsets, sizes, size } = layout(tree());
    expect({ names, shapes, offsets, sizes, size }).toEqual({
      names: ["hidden.0.W", "hidden.0.b", "out.W"],
      shapes: [[3, 2], [2], [2, 1]],
      offsets: [0, 6, 8],
      sizes: [6, 2, 2],
      size: 10,
    });
  });

  it("is seen through views of the flat vector", () => {
    const own = tree();
    const theta = initialise(own, rng(1));
    const views = named(own, theta);
    expect(views["out.W"].shape).toEqual([2, 1]);
    views["hidden.0.b"].data[1] = 7;
    expect(theta[7]).toBe(7);
  });

  it("begins the same from the same seed, and a parameter more leaves the others as they were", () => {
    const theta = initialise(tree(), rng(1));
    expect(initialise(tree(), rng(1))).toEqual(theta);
    expect(initialise(tree(), rng(2))).not.toEqual(theta);
    const wider = initialise({ first: { W: param([2, 2], glorot()) }, ...tree() }, rng(1));
    expect(wider.subarray(4)).toEqual(theta);
  });

  it("refuses an initialiser that gives too few values", () => {
    expect(() => initialise({ w: param([3], () => new Float32Array(2)) }, rng(0))).toThrow(
      "the initialiser of w gave 2 values for the shape [3]",
    );
  });
});
