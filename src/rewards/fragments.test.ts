import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { add, compile, compileUpdate, initialise, input, mean, param, rng, sgd, slice, zeros } from "../autodiff/index.ts";
import { pendulum } from "../envs/index.ts";
import { fragmentLoss, fragmentPreference, fragmentReturns, standardMembers } from "./fragments.ts";
import { stepNetwork } from "./step-network.ts";

const finite = (size: number) => fc.double({ min: -size, max: size, noNaN: true });

/** The loss of one comparison by the program, and as its definition has it. */
async function losses(z: number, mu: number, epsilon: number) {
  const [R1, R2, m] = ["R1", "R2", "mu"].map((name) => input(name, [1]));
  const program = await compile({ outputs: { loss: fragmentLoss(R1, R2, m, epsilon) } });
  const given = { R1: Float32Array.of(z), R2: Float32Array.of(0), mu: Float32Array.of(mu) };
  const p = fragmentPreference(Math.fround(z), 0, epsilon);
  return { found: (await program.run(given)).loss[0], defined: -mu * Math.log(p) - (1 - mu) * Math.log(1 - p) };
}

describe("comparisons of fragments", () => {
  it("a fragment's return is the discounted sum of its steps' rewards", async () => {
    const r = input("r", [6]);
    const program = await compile({ outputs: { sum: fragmentReturns(r, 3), discounted: fragmentReturns(r, 3, 0.5) } });
    const { sum, discounted } = await program.run({ r: Float32Array.of(1, 2, 4, -1, 0, 8) });
    expect([...(sum as Float32Array)]).toEqual([7, 7]);
    expect([...(discounted as Float32Array)]).toEqual([3, 1]);
  });

  it("an expert that answers at random with chance ε prefers either fragment with at least ε/2, and one of them surely with the other's rest", () => {
    fc.assert(
      fc.property(finite(50), finite(50), fc.double({ min: 0, max: 1, noNaN: true }), (a, b, epsilon) => {
        const [p, q] = [fragmentPreference(a, b, epsilon), fragmentPreference(b, a, epsilon)];
        expect(p + q).toBeCloseTo(1, 12);
        expect(Math.min(p, q)).toBeGreaterThanOrEqual(epsilon / 2 - 1e-12);
        if (epsilon < 0.99 && Math.abs(a - b) > 1e-9) expect(p > q).toBe(a > b);
      }),
    );
  });

  it("the loss is the cross-entropy of the answer, ties included, with and without noise", async () => {
    for (const epsilon of [0, 0.1]) {
      for (const [z, mu] of [
        [3, 1],
        [3, 0],
        [-0.4, 0.5],
        [0, 0.5],
      ]) {
        const { found, defined } = await losses(z, mu, epsilon);
        expect(found).toBeCloseTo(defined, 5);
      }
    }
  });

  it("with noise a wrong answer costs no more than log 2/ε, however sure the reward was; without, it costs as much as it was sure", async () => {
    expect((await losses(60, 0, 0.1)).found).toBeCloseTo(Math.log(20), 3);
    expect((await losses(60, 0, 0)).found).toBeCloseTo(60, 3);
  });

  it("a tie pulls two returns together, by as much as a sure answer the wrong way would at half the weight", async () => {
    const pull = async (mu: number) => {
      const R = input("R", [2]);
      const r = param([2], zeros);
      const both = add(R, r);
      const loss = mean(fragmentLoss(slice(both, 0, 0, 1), slice(both, 0, 1, 2), input("mu", [1])));
      const update = await compileUpdate({ loss, params: { r }, optimizer: sgd({ learningRate: 1 }) });
      const state = { theta: new Float32Array(2), slots: [], t: 0 };
      await update.run(state, { R: Float32Array.of(2, 0), mu: Float32Array.of(mu) });
      return state.theta[0] - state.theta[1];
    };
    const p = fragmentPreference(2, 0);
    expect(await pull(0.5)).toBeCloseTo(2 * (0.5 - p), 5);
    expect(await pull(0.5)).toBeCloseTo(((await pull(0)) + (await pull(1))) / 2, 5);
  });

  it("standardised members have mean 0 and deviation 1 each, and rank steps as before", () => {
    const network = stepNetwork(pendulum(), { hidden: [8, 8], members: 3 });
    const { width } = network.encoding;
    const random = rng(4);
    const x = Float32Array.from({ length: 200 * width }, () => random.normal());
    const theta = initialise(network.params, random);
    const [before, after] = [theta, standardMembers(network, theta, x)].map((own) => network.evaluate(own, x).map(({ g }) => g));
    const average = (of: Float64Array) => of.reduce((sum, r) => sum + r, 0) / of.length;
    after.forEach((g, e) => {
      expect(average(g)).toBeCloseTo(0, 4);
      expect(Math.sqrt(average(g.map((r) => r * r)))).toBeCloseTo(1, 4);
      const order = (of: Float64Array) => [...of.keys()].sort((a, b) => of[a] - of[b]);
      expect(order(g).slice(0, 5)).toEqual(order(before[e]).slice(0, 5));
    });
    const flat = standardMembers(network, new Float32Array(theta.length), x);
    expect(flat.every(Number.isFinite)).toBe(true);
  });
});
