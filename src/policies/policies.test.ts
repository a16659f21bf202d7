import { describe, expect, it } from "vitest";
import { compile, initialise, input, mean, rng, type Tensor } from "../autodiff/index.ts";
import { box, bytes, dict, discrete, multiDiscrete } from "../mdp/index.ts";
import {
  categorical,
  cnn,
  gaussian,
  type Head,
  linearPolicy,
  loadPolicy,
  mlp,
  neuralPolicy,
  normaliser,
  observationFeatures,
  squashedGaussian,
  tabular,
} from "./index.ts";

/** log π(a | s) of a head (or of draws) for rows z and actions a, with its own parameters at their first values. */
async function logProbs(
  head: Head,
  z: Float32Array,
  a: Float32Array | Int32Array,
  of: "logProb" | "drawLogProb" = "logProb",
): Promise<Float32Array> {
  const zIn = input("z", ["B", head.inputs]);
  const own = Object.keys(head.params).length > 0;
  const program = await compile({
    outputs: { logProb: head[of](zIn, head.action("a")) },
    ...(own ? { params: head.params } : {}),
  });
  return (await program.run({ z, a, ...(own ? { theta: initialise(head.params, rng(0)) } : {}) })).logProb as Float32Array;
}

async function evaluate(head: Head, build: (z: Tensor) => Tensor, z: Float32Array): Promise<Float32Array> {
  const zIn = input("z", ["B", head.inputs]);
  const own = Object.keys(head.params).length > 0;
  const program = await compile({ outputs: { value: build(zIn) }, ...(own ? { params: head.params } : {}) });
  return (await program.run({ z, ...(own ? { theta: initialise(head.params, rng(0)) } : {}) })).value as Float32Array;
}

describe("a head is a distribution", () => {
  it("the probabilities of all joint choices of a multi-discrete action sum to 1, and its entropy is their -Σ p ln p", async () => {
    const head = categorical(multiDiscrete([2, 3]));
    const z = Float32Array.of(0.3, -1, 2, 0.5, -0.7);
    const a = Int32Array.from([0, 1].flatMap((i) => [0, 1, 2].flatMap((j) => [i, j])));
    const logs = await logProbs(
      head,
      Float32Array.from({ length: 30 }, (_, i) => z[i % 5]),
      a,
    );
    const p = Array.from(logs, Math.exp);
    expect(p.reduce((x, y) => x + y)).toBeCloseTo(1, 6);
    const entropy = await evaluate(head, (t) => head.entropy(t), z);
    expect(entropy[0]).toBeCloseTo(-p.reduce((sum, own) => sum + own * Math.log(own), 0), 5);
  });

  it("a Gaussian's draws are cut to the box, a squashed one's go through tanh; both are given as they were before", () => {
    const space = box([2], [-1, 0], [1, 4]);
    const outputs = { mean: Float32Array.of(0.5, 2, -3, 1), std: Float32Array.of(1, 3, 1, 0.5) };
    const sampled = (head: Head) => {
      const [actions, draws] = [new Float32Array(4), new Float32Array(4)];
      head.sample(outputs, () => rng(3), actions, draws);
      return { actions, draws };
    };
    const cut = sampled(gaussian(space));
    expect(Array.from(cut.draws).some((x, k) => x < space.low[k % 2] || x > space.high[k % 2])).toBe(true);
    expect(Array.from(cut.actions)).toEqual(
      Array.from(cut.draws, (x, k) => Math.min(space.high[k % 2], Math.max(space.low[k % 2], x))),
    );
    const squashed = sampled(squashedGaussian(space));
    squashed.actions.forEach((a, k) => {
      expect(a).toBeCloseTo([0, 2][k % 2] + [1, 2][k % 2] * Math.tanh(squashed.draws[k]), 5);
    });
  });

  it("the density of a squashed action is that of its draw, divided by the slope of the squashing", async () => {
    const head = squashedGaussian(box([1], -2, 2));
    const z = Float32Array.of(0.3, 0.3, 0.3);
    const x = Float32Array.of(-1.2, 0.1, 2);
    const logDraw = await logProbs(head, z, x, "drawLogProb");
    const logAction = await logProbs(
      head,
      z,
      x.map((u) => 2 * Math.tanh(u)),
    );
    x.forEach((u, i) => {
      expect(logAction[i]).toBeCloseTo(logDraw[i] - Math.log(2 * (1 - Math.tanh(u) ** 2)), 4);
    });
    const error = (x[1] - 0.3) / Math.exp(-0.5);
    expect(logDraw[1]).toBeCloseTo(-0.5 * error ** 2 + 0.5 - 0.5 * Math.log(2 * Math.PI), 5);
  });

  it.each([
    ["a Gaussian", (space: ReturnType<typeof box>) => gaussian(space), -40, 40],
    ["a squashed Gaussian", (space: ReturnType<typeof box>) => squashedGaussian(space), -2 + 1e-4, 2 - 1e-4],
    [
      "a Gaussian whose scale depends on the state",
      (space: ReturnType<typeof box>) => gaussian(space, { scale: "state" }),
      -40,
      40,
    ],
  ])("the density of %s integrates to 1 in the environment's units", async (_name, make, low, high) => {
    const head = make(box([1], -2, 2));
    const n = 20_001;
    const a = Float32Array.from({ length: n }, (_, i) => low + ((high - low) * i) / (n - 1));
    const z = Float32Array.from({ length: n * head.inputs }, (_, i) => (i % head.inputs === 0 ? 0.4 : 0.2));
    const density = Array.from(await logProbs(head, z, a), Math.exp);
    const integral = density.reduce((sum, p, i) => sum + p * (i === 0 || i === n - 1 ? 0.5 : 1), 0) * ((high - low) / (n - 1));
    expect(integral).toBeCloseTo(1, 2);
  });

  it("draws have the frequencies of the softmax (chi-square, 3 degrees of freedom, 99.9 %)", () => {
    const head = categorical(discrete(4));
    const logits = Float32Array.of(0, 1, -1, 0.5);
    const n = 20_000;
    const actions = new Int32Array(n);
    const random = rng(5);
    head.sample({ logits: Float32Array.from({ length: 4 * n }, (_, i) => logits[i % 4]) }, () => random, actions);
    const total = logits.reduce((sum, x) => sum + Math.exp(x), 0);
    let chi2 = 0;
    for (let k = 0; k < 4; k++) {
      const expected = (n * Math.exp(logits[k])) / total;
      chi2 += (actions.filter((a) => a === k).length - expected) ** 2 / expected;
    }
    expect(chi2).toBeLessThan(16.27);
  });

  it("draws of a Gaussian stay inside the box and have its mean and deviation where the box does not cut", () => {
    const head = gaussian(box([1], -10, 10));
    const n = 20_000;
    const actions = new Float32Array(n);
    const random = rng(6);
    head.sample({ mean: new Float32Array(n).fill(1), std: new Float32Array(n).fill(2) }, () => random, actions);
    const average = actions.reduce((x, y) => x + y) / n;
    const deviation = Math.sqrt(actions.reduce((sum, x) => sum + (x - average) ** 2, 0) / n);
    expect(Math.abs(average - 1)).toBeLessThan((4 * 2) / Math.sqrt(n));
    expect(Math.abs(deviation - 2)).toBeLessThan(0.05);
    head.sample({ mean: new Float32Array(n).fill(9), std: new Float32Array(n).fill(5) }, () => random, actions);
    expect(Math.max(...actions)).toBe(10);
  });

  it("a squashed Gaussian needs finite bounds", () => {
    expect(() => squashedGaussian(box([2]))).toThrow(/finite bounds; use the head gaussian/);
  });
});

describe("observations become features", () => {
  it("choices become one-hot and real parts are normalised, in the order of a dictionary's names", async () => {
    const space = dict({ b: discrete(3), a: box([2]) });
    const s = input("s", ["B", 3]);
    const normal = normaliser({ mean: [1, 2, 0], std: [2, 0, 1] });
    const program = await compile({ outputs: { x: observationFeatures(space, s, normal) } });
    const { x } = await program.run({ s: Float32Array.of(3, 5, 2, 1, 2, 0) });
    expect(Array.from(x)).toEqual([1, 3, 0, 0, 1, 0, 0, 1, 0, 0]);
  });
});

describe("a policy is its file", () => {
  const spaces = { observation: box([3], -1, 1), action: discrete(4) };

  it("the ONNX file chooses the same actions and draws the same ones", async () => {
    const model = mlp(spaces, { hidden: [8] });
    const theta = initialise(model.params, rng(3)).map((_, i) => 3 * Math.sin(i * i));
    const policy = neuralPolicy(model, theta, normaliser({ mean: [0.1, 0, 0], std: [1, 2, 3] }));
    const again = await loadPolicy(policy.toOnnx({ env: "Somewhere-v0" }));
    const states = Float32Array.from({ length: 60 }, (_, i) => Math.cos(i));
    expect(again.about).toEqual({ env: "Somewhere-v0" });
    expect(await again.act(states, { deterministic: true })).toEqual(await policy.act(states, { deterministic: true }));
    expect(await again.act(states, { rng: rng(1) })).toEqual(await policy.act(states, { rng: rng(1) }));
    expect(new Set(await policy.act(states, { deterministic: true })).size).toBeGreaterThan(1);
  });

  it("a continuous policy keeps its actions inside the box, and its file does too", async () => {
    const action = box([2], [-2, -0.5], [2, 0.5]);
    for (const distribution of ["gaussian", "squashed"] as const) {
      const model = mlp({ observation: box([1]), action }, { hidden: [4], distribution });
      const theta = initialise(model.params, rng(1)).map((x, i) => 20 * x + 3 * Math.sin(7 * i));
      const policy = neuralPolicy(model, theta);
      const again = await loadPolicy(policy.toOnnx());
      const states = Float32Array.from({ length: 50 }, (_, i) => i - 25);
      const actions = (await policy.act(states, { deterministic: true })) as Float32Array;
      expect(actions.every((a, i) => Math.abs(a) <= action.high[i % 2] + 1e-6)).toBe(true);
      expect(await again.act(states, { deterministic: true })).toEqual(actions);
      expect(await again.act(states, { rng: rng(2) })).toEqual(await policy.act(states, { rng: rng(2) }));
    }
  });

  it("a network has the options that it has: another name, activation or form is refused", () => {
    const made = (options: object) => () => mlp(spaces, options as never);
    expect(made({ hiden: [64] })).toThrow(
      'mlp has no option "hiden"; it has hidden, activation, distribution, scale, initialLogStd',
    );
    expect(made({ activation: "rleu" })).toThrow('activation is "rleu", expected tanh, relu, silu, gelu, none');
    expect(made({ hidden: 32 })).toThrow("hidden is 32, expected the units of each layer in a list, such as [32, 32]");
    expect(made({ scale: "big" })).toThrow('scale is "big", expected "fixed" or "state" or "constant"');
    expect(made({ distribution: "normal" })).toThrow('distribution is "normal", expected "gaussian" or "squashed"');
    expect(made({ hidden: undefined, activation: "relu" })).not.toThrow();
    expect(() => cnn({ observation: bytes([1, 66, 200]), action: discrete(2) }, { filters: 3 } as never)).toThrow(
      'cnn has no option "filters"; it has convolutions, hidden, picture, distribution',
    );
  });

  it("a file with another signature is refused, saying what it has and what was expected", async () => {
    const x = input("x", ["B", 2]);
    const { toOnnx } = await import("../autodiff/index.ts");
    const foreign = toOnnx({ outputs: { y: mean(x) } });
    await expect(loadPolicy(foreign)).rejects.toThrow(
      /not a policy: found inputs x and outputs y .*expected the input observation and the output action/,
    );
    await expect(loadPolicy(Uint8Array.of(1, 2, 3))).rejects.toThrow(/not an ONNX model/);
    const whole = neuralPolicy(linearPolicy(spaces), initialise(linearPolicy(spaces).params, rng(0))).toOnnx();
    await expect(loadPolicy(whole.subarray(0, whole.length / 2))).rejects.toThrow(/not an ONNX model|cut short/);
  });

  it("one generator a row makes a row's draw independent of the rows beside it", async () => {
    const model = mlp(spaces);
    const policy = neuralPolicy(model, initialise(model.params, rng(3)));
    const states = Float32Array.from({ length: 12 }, (_, i) => Math.cos(i));
    const each = () => Array.from({ length: 4 }, (_, i) => rng(9).split(i));
    const together = await policy.act(states, { rng: each() });
    const last = await policy.act(states.subarray(9), { rng: [each()[3]] });
    expect(last[0]).toBe(together[3]);
    await expect(policy.act(states)).rejects.toThrow(/needs a generator/);
  });

  it("what is no batch of observations is refused in one line, by the policy and by its file", async () => {
    const model = mlp(spaces);
    const policy = neuralPolicy(model, initialise(model.params, rng(3)));
    for (const own of [policy, await loadPolicy(policy.toOnnx())]) {
      const refused = (batch: unknown, message: string) =>
        expect(own.act(batch as Float32Array, { deterministic: true })).rejects.toThrow(message);
      await refused(Float32Array.of(0, 0, 0, 0, 0, Number.NaN), "observation 1 has NaN at entry 2, expected a finite number");
      await refused([0, 0, 0], "observations in a Float32Array, 3 numbers each (box[3]), found Array; Float32Array.from");
      await refused(Float64Array.of(0, 0, 0), "found Float64Array");
      await refused(undefined, "found undefined");
      await refused(new Float32Array(4), "takes observations of 3 numbers each (box[3]), found 4 numbers");
      expect(await own.act(new Float32Array(6), { deterministic: true })).toHaveLength(2);
    }
  });

  it("a table has one row of logits a state", async () => {
    const model = tabular({ observation: discrete(3), action: discrete(2) });
    const policy = neuralPolicy(model, Float32Array.of(0, 1, 1, 0, 0, 2));
    expect(Array.from(await policy.act(Float32Array.of(0, 1, 2, 1), { deterministic: true }))).toEqual([1, 0, 1, 0]);
    expect(() => tabular(spaces)).toThrow(/needs discrete observations and actions/);
  });
});
