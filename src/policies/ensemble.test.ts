import { describe, expect, it } from "vitest";
import { initialise, rng } from "../autodiff/index.ts";
import { rollout } from "../data/index.ts";
import { cartPole, pendulum } from "../envs/index.ts";
import { box, discrete, multiDiscrete } from "../mdp/index.ts";
import {
  clockedPolicy,
  ensembleDoubt,
  ensemblePolicy,
  linearPolicy,
  loadPolicy,
  mixturePolicy,
  mlp,
  neuralPolicy,
} from "./index.ts";

const softmax = (z: ArrayLike<number>) => {
  const top = Math.max(...Array.from(z));
  const e = Array.from(z, (x) => Math.exp(x - top));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((x) => x / total);
};
const entropy = (p: readonly number[]) => -p.reduce((sum, x) => sum + (x > 0 ? x * Math.log(x) : 0), 0);
const states = (n: number, D: number, seed: number) => {
  const random = rng(seed);
  return Float32Array.from({ length: n * D }, () => 2 * random.normal());
};
const thetas = (models: readonly { params: Parameters<typeof initialise>[0] }[]) =>
  models.map((model, e) => initialise(model.params, rng(e)).map((x, i) => x + Math.sin(7 * e + i) / 2));
const joined = (parts: readonly Float32Array[]) => Float32Array.from(parts.flatMap((part) => Array.from(part)));

describe("an ensemble as one policy", () => {
  it("says of choices what its members say on average; their doubt is the entropy of that less their mean entropy", async () => {
    const spaces = { observation: box([3]), action: multiDiscrete([2, 3]) };
    const models = [0, 1, 2].map((_, e) => mlp(spaces, { hidden: [4 + e] }));
    const parts = thetas(models);
    const s = states(9, 3, 1);
    const { logits } = await neuralPolicy(ensemblePolicy(models), joined(parts)).distribution(s);
    const own = await Promise.all(models.map((model, e) => neuralPolicy(model, parts[e]).distribution(s)));
    const doubt = await ensembleDoubt(models).of(s, joined(parts));
    for (let i = 0; i < 9; i++) {
      let expected = 0;
      for (const [from, to] of [
        [0, 2],
        [2, 5],
      ]) {
        const members = own.map((each) => softmax(each.logits.subarray(5 * i + from, 5 * i + to)));
        const mean = members[0].map((_, a) => members.reduce((sum, p) => sum + p[a], 0) / 3);
        softmax(logits.subarray(5 * i + from, 5 * i + to)).forEach((p, a) => {
          expect(p).toBeCloseTo(mean[a], 6);
        });
        expected += entropy(mean) - members.reduce((sum, p) => sum + entropy(p), 0) / 3;
      }
      expect(doubt[i]).toBeCloseTo(expected, 5);
      expect(doubt[i]).toBeGreaterThan(0);
    }
  });

  it.each(["gaussian", "squashed"] as const)(
    "of real actions it has the mixture's mean and variance (%s); the doubt is how far the members' actions lie apart",
    async (distribution) => {
      const spaces = { observation: box([3]), action: box([2], [-1, 0], [1, 8]) };
      const models = [mlp(spaces, { distribution, hidden: [4] }), linearPolicy(spaces, { distribution, scale: "state" })];
      const parts = thetas(models);
      const s = states(9, 3, 2);
      const whole = neuralPolicy(ensemblePolicy(models), joined(parts));
      const { mean, std } = await whole.distribution(s);
      const own = models.map((model, e) => neuralPolicy(model, parts[e]));
      const each = await Promise.all(own.map((policy) => policy.distribution(s)));
      for (let k = 0; k < mean.length; k++) {
        const [m, second] = [0, 1]
          .map((e) => [each[e].mean[k] / 2, (each[e].std[k] ** 2 + each[e].mean[k] ** 2) / 2])
          .reduce(([a, b], [c, d]) => [a + c, b + d]);
        expect(mean[k]).toBeCloseTo(m, 4);
        expect(std[k]).toBeCloseTo(Math.sqrt(second - m ** 2), 4);
      }
      const modes = await Promise.all(own.map((policy) => policy.act(s, { deterministic: true })));
      const doubt = await ensembleDoubt(models).of(s, joined(parts));
      for (let i = 0; i < 9; i++) {
        const squares = [0, 1].map((k) => ((modes[0][2 * i + k] - modes[1][2 * i + k]) / 2 / [1, 4][k]) ** 2);
        expect(doubt[i]).toBeCloseTo(Math.sqrt((squares[0] + squares[1]) / 2), 5);
      }
    },
  );

  it("has no doubt where all members say the same, however undecided they are", async () => {
    const spaces = { observation: box([2]), action: discrete(4) };
    const models = [mlp(spaces, { hidden: [] }), mlp(spaces, { hidden: [] })];
    const theta = new Float32Array(24); // all logits 0
    expect(Array.from(await ensembleDoubt(models).of(states(5, 2, 3), theta))).toEqual(
      [0, 0, 0, 0, 0].map(() => expect.closeTo(0, 6)),
    );
  });

  it("is saved in one file, which acts as it does", async () => {
    const env = pendulum();
    const models = [mlp(env, { hidden: [4] }), mlp(env, { hidden: [4] })];
    const policy = neuralPolicy(ensemblePolicy(models), joined(thetas(models)));
    const loaded = await loadPolicy(policy.toOnnx());
    const s = states(6, 3, 4);
    for (const seed of [undefined, 1, 2]) {
      const fresh = () => (seed === undefined ? { deterministic: true } : { rng: rng(seed) });
      const expected = await policy.act(s, fresh());
      (await loaded.act(s, fresh())).forEach((a, k) => {
        expect(a).toBeCloseTo(expected[k], 5);
      });
    }
  });

  it("is of members that are alike, each a model of its own", () => {
    const [cart, swing] = [mlp(cartPole()), mlp(pendulum())];
    expect(() => ensemblePolicy([])).toThrow(/at least one member, found none/);
    expect(() => ensemblePolicy([cart, swing])).toThrow(/member 1 is box\[3\] -> box\[1\]/);
    expect(() => ensemblePolicy([cart, cart])).toThrow(/member 1 of the ensemble is member 0 again/);
    expect(ensemblePolicy([cart])).toBe(cart);
  });
});

describe("a mixture", () => {
  const spaces = { observation: box([1]), action: discrete(3) };
  const always = (a: number) => {
    const model = linearPolicy(spaces);
    return neuralPolicy(
      model,
      Float32Array.from({ length: 6 }, (_, i) => (i === 3 + a ? 30 : 0)),
    );
  };

  it("lets each member act as often as its weight says", async () => {
    const mixture = mixturePolicy([always(0), always(1), always(2)], [0.2, 0, 0.6]);
    const n = 4000;
    const actions = await mixture.act(new Float32Array(n), { rng: Array.from({ length: n }, (_, i) => rng(1).split(i)) });
    const share = (a: number) => Array.from(actions).filter((own) => own === a).length / n;
    expect(Math.abs(share(0) - 0.25)).toBeLessThan(4 * Math.sqrt((0.25 * 0.75) / n));
    expect(share(1)).toBe(0);
    expect(Array.from(await mixture.act(new Float32Array(2), { deterministic: true }))).toEqual([2, 2]);
  });

  it("prefers what is likeliest in all: two undecided members may outvote one that is decided", async () => {
    const torn = neuralPolicy(linearPolicy(spaces), Float32Array.of(0, 0, 0, -30, 1, 0.9));
    const mixture = mixturePolicy([always(0), torn, torn], [0.3, 0.35, 0.35]);
    expect(Array.from(await mixture.act(new Float32Array(1), { deterministic: true }))).toEqual([1]);
  });

  it("of real actions has the members' mean as its middle", async () => {
    const real = { observation: box([1]), action: box([1], -4, 4) };
    const at = (mean: number) => neuralPolicy(linearPolicy(real, { distribution: "gaussian" }), Float32Array.of(0, mean / 4, -5));
    const mixture = mixturePolicy([at(1), at(-2)], [1, 3]);
    expect((await mixture.act(new Float32Array(1), { deterministic: true }))[0]).toBeCloseTo(-1.25, 5);
  });

  it("needs a weight for each member", () => {
    expect(() => mixturePolicy([always(0)], [0])).toThrow(/with a positive sum; found 1 weights of sum 0 for 1 members/);
    expect(() => mixturePolicy([always(0)], [1, 1])).toThrow(/found 2 weights/);
  });
});

describe("a policy that looks at the clock", () => {
  it("acts by the policy of each step, and by the last from there on", async () => {
    const env = cartPole();
    const side = (a: number) =>
      neuralPolicy(
        linearPolicy(env),
        Float32Array.from({ length: 10 }, (_, i) => (i === 8 + a ? 30 : 0)),
      );
    const clocked = clockedPolicy([side(0), side(0), side(1)]);
    const { actions } = await rollout(env, clocked, { episodes: 3, seed: 1, maxSteps: 5, deterministic: true });
    expect(Array.from(actions)).toEqual([0, 1, 2].flatMap(() => [0, 0, 1, 1, 1]));
    await expect(clocked.act(new Float32Array(4), { deterministic: true })).rejects.toThrow(/has to know the step of each row/);
  });
});
