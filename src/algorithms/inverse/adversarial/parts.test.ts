import { describe, expect, it } from "vitest";
import { compile, grad, initialise, input, layout, rng } from "../../../autodiff/index.ts";
import { cartPole, cartPoleFixed, defineEnv, frozenLake } from "../../../envs/index.ts";
import { box, discrete } from "../../../mdp/index.ts";
import { stepNetwork } from "../../../rewards/index.ts";
import { type Replay, replayOf } from "../../../solvers/index.ts";
import { earlyWarning, energyDistance, healthy, type Signs } from "./diagnosis.ts";
import { discrimination, penalisedRows } from "./discriminator.ts";
import { remembered, rememberRound } from "./memory.ts";
import { adversarialDefaults } from "./options.ts";
import { staggered, withoutFirst } from "./staggered.ts";

const spaces = { observation: box([2]), action: discrete(2) };

describe("the discriminator's loss", () => {
  const B = 8;
  const G = penalisedRows({ rewardBatch: B, penaltyShare: 0.5 });
  const options = {
    ...adversarialDefaults,
    over: "sa" as const,
    rewardForm: "positive" as const,
    shaping: false,
    rewardBatch: B,
    penaltyShare: 0.5,
  };
  const network = stepNetwork(spaces, { hidden: [6] });
  const W = network.encoding.width;
  const theta = initialise(network.params, rng(1)).map((x, i) => x + 0.5 * Math.sin(3 * i));
  const random = rng(2);
  const x = Float32Array.from({ length: 2 * B * W }, () => random.normal());
  const logPi = Float32Array.from({ length: 2 * B }, () => -random.float());
  const u = Float32Array.from({ length: G }, () => random.float());
  const f = (rows: Float32Array) => [...network.evaluate(theta, rows)[0].f];
  const sigmoid = (l: number) => 1 / (1 + Math.exp(-l));

  const value = async (given: Partial<typeof options>, policyAware: boolean) => {
    const { loss, metrics } = discrimination(network, { ...options, gradientPenalty: 0, ...given }, policyAware);
    const program = await compile({ outputs: { loss, ...metrics }, params: network.params });
    return program.run({ x, logPi, u, theta });
  };

  it("is the log loss of telling apart, with labels 1 and 0 or softer ones, and its entropy bonus", async () => {
    for (const [policyAware, eps, c] of [
      [false, 0, 0],
      [true, 0, 0],
      [false, 0.2, 0.3],
    ] as const) {
      const D = f(x).map((l, k) => sigmoid(policyAware ? l - logPi[k] : l));
      const log = D.map((d, k) => -((k < B ? 1 - eps : eps) * Math.log(d) + (k < B ? eps : 1 - eps) * Math.log(1 - d)));
      const entropy = D.reduce((sum, d) => sum - d * Math.log(d) - (1 - d) * Math.log(1 - d), 0) / (2 * B);
      const found = await value({ labelSmoothing: eps, rewardEntropy: c }, policyAware);
      expect(found.loss[0]).toBeCloseTo(log.reduce((sum, l) => sum + l, 0) / (2 * B) - c * entropy, 5);
      expect(found.discriminatorEntropy[0]).toBeCloseTo(entropy, 5);
      expect(found.expertAccuracy[0]).toBeCloseTo(D.slice(0, B).filter((d) => d > 0.5).length / B, 6);
      expect(found.learnerAccuracy[0]).toBeCloseTo(D.slice(B).filter((d) => d < 0.5).length / B, 6);
    }
  });

  it("adds the gradient penalty between the two, which central differences find too", async () => {
    const between = Float32Array.from({ length: G * W }, (_, i) => {
      const k = Math.floor(i / W);
      return u[k] * x[i] + (1 - u[k]) * x[B * W + i];
    });
    let penalty = 0;
    for (let k = 0; k < G; k++) {
      let square = 0;
      for (let d = 0; d < W; d++) {
        const shifted = (by: number) => f(between.map((value, i) => (i === k * W + d ? value + by : value)))[k];
        square += ((shifted(0.01) - shifted(-0.01)) / 0.02) ** 2;
      }
      penalty += (Math.sqrt(square) - 1) ** 2 / G;
    }
    const [without, with2] = [await value({}, false), await value({ gradientPenalty: 2 }, false)];
    expect(with2.penalty[0]).toBeCloseTo(penalty, 3);
    expect(with2.loss[0] - without.loss[0]).toBeCloseTo(2 * penalty, 2);
  });

  it("has second derivatives that central differences of the loss confirm", async () => {
    const { loss } = discrimination(network, { ...options, gradientPenalty: 1 }, false);
    const slopes = grad(loss, layout(network.params).params);
    const outputs = { loss, ...Object.fromEntries(slopes.map((g, i) => [`g${i}`, g])) };
    const program = await compile({ outputs, params: network.params });
    const at = async (own: Float32Array) => (await program.run({ x, u, theta: own })).loss[0];
    const all = await program.run({ x, u, theta });
    const flat = slopes.flatMap((_, i) => [...(all[`g${i}`] as Float32Array)]);
    for (const i of [0, 7, 20, theta.length - 2]) {
      const shifted = (by: number) => at(theta.map((value, j) => (j === i ? value + by : value)));
      expect(((await shifted(0.01)) - (await shifted(-0.01))) / 0.02).toBeCloseTo(flat[i], 2);
    }
  });

  it("reads no input that it doesn't need", () => {
    const { loss } = discrimination(network, { ...options, gradientPenalty: 0 }, false);
    expect(input("x", [1]).name).toBe("x");
    expect(loss.shape).toEqual([]);
  });
});

describe("the energy distance", () => {
  const sample = (n: number, shift: number, seed: number) => {
    const random = rng(seed);
    return Float32Array.from({ length: 2 * n }, () => random.normal() + shift);
  };
  it("is 0 in expectation between two samples of one distribution, and grows as they part", () => {
    let same = 0;
    for (let seed = 0; seed < 40; seed++) same += energyDistance(sample(50, 0, 2 * seed), sample(50, 0, 2 * seed + 1), 2) / 40;
    expect(Math.abs(same)).toBeLessThan(0.03);
    const apart = [0.5, 1, 2].map((shift) => energyDistance(sample(200, 0, 1), sample(200, shift, 2), 2));
    expect(apart[0]).toBeGreaterThan(0.1);
    expect(apart[1]).toBeGreaterThan(2 * apart[0]);
    expect(apart[2]).toBeGreaterThan(2 * apart[1]);
  });
  it("is that of single points, by hand", () => {
    expect(energyDistance(Float32Array.of(0, 0), Float32Array.of(3, 4), 2)).toBe(10);
  });
});

describe("an early warning", () => {
  const well: Signs = { expertAccuracy: 0.6, learnerAccuracy: 0.7, rewardDeviation: 0.3, kl: 0.01, distance: 1 };
  const said = (signs: Partial<Signs>, rounds: number) => {
    const symptoms = healthy();
    earlyWarning(symptoms, { ...well, distance: 2 });
    let warning: string | undefined;
    for (let k = 0; k < rounds; k++) warning = earlyWarning(symptoms, { ...well, ...signs });
    return warning;
  };
  it("says nothing of a run that is well, nor of a single bad round", () => {
    expect(said({}, 50)).toBeUndefined();
    expect(said({ expertAccuracy: 1, learnerAccuracy: 1 }, 3)).toBeUndefined();
    expect(said({ expertAccuracy: 0.5, learnerAccuracy: 0.5, distance: 0.1 }, 50)).toBeUndefined(); // it can't tell since they are alike
  });
  it("says that the discriminator has won, that it has collapsed, that the policy moves too far, and what to change", () => {
    expect(said({ expertAccuracy: 1, learnerAccuracy: 0.999 }, 12)).toMatch(/has won: .* 12 rounds; lower rewardUpdates/);
    expect(said({ expertAccuracy: 1, learnerAccuracy: 0, distance: 1.5 }, 12)).toMatch(/has collapsed: .* raise rewardUpdates/);
    expect(said({ rewardDeviation: 0, distance: 1.5 }, 12)).toMatch(/has collapsed/);
    expect(said({ kl: 0.5 }, 12)).toMatch(/moves too far in a round: KL 0.50 .* lower learningRate/);
  });
});

describe("copies that begin one after the other", () => {
  it("are cut once, at evenly spread steps, and are whole ever after; a resumed world goes on as it was", () => {
    const env = staggered(cartPoleFixed());
    const world = env.vector(5);
    world.reset(1);
    const cuts: number[][] = Array.from({ length: 5 }, () => []);
    for (let t = 1; t <= 1200; t++) {
      if (t === 250) world.restore(world.state());
      const { truncated, terminated, finalObservations, observations } = world.step(Int32Array.of(0, 1, 0, 1, 0));
      expect(terminated.some((end) => end === 1)).toBe(false);
      truncated.forEach((cut, i) => {
        if (cut === 0) return;
        cuts[i].push(t);
        expect(observations[4 * i]).toBeLessThan(0.06);
        expect(Math.abs(finalObservations[4 * i] - observations[4 * i])).toBeGreaterThan(0.06);
      });
    }
    expect(cuts).toEqual([
      [100, 600, 1100],
      [200, 700, 1200],
      [300, 800],
      [400, 900],
      [500, 1000],
    ]);
  });

  it("end as the world ends them", () => {
    const world = staggered(cartPole()).vector(2);
    world.reset(1);
    let ends = 0;
    for (let t = 0; t < 100; t++) ends += world.step(Int32Array.of(0, 0)).terminated.reduce((sum, end) => sum + end, 0);
    expect(ends).toBeGreaterThan(10);
  });

  it("stay as they are where episodes have no limit", () => {
    const endless = defineEnv({
      id: "Endless-v0",
      observation: box([1]),
      action: discrete(2),
      reset: () => ({ x: 0 }),
      step: (s) => ({ state: s, reward: 0, terminated: false }),
      observe: () => [0],
    });
    expect(staggered(endless)).toBe(endless);
    const returns = new Float64Array(3);
    withoutFirst(endless, { returns });
    expect([...returns]).toEqual([0, 0, 0]);
    withoutFirst(cartPole(), { returns });
    expect([...returns]).toEqual([Number.NaN, Number.NaN, 0]); // only the last copy's first episode is a whole one
    expect(staggered(frozenLake()).id).toBe("FrozenLake-v1");
  });
});

describe("the discriminator's memory", () => {
  it("holds the last rounds, the newest over the oldest", () => {
    const memory: Replay = replayOf(box([1]), discrete(2), 6);
    const rounds = { memory, absorbed: new Float64Array(3) };
    for (let round = 1; round <= 4; round++) {
      const row = Float32Array.of(round, round + 0.5);
      rememberRound(rounds, { s: row, a: Int32Array.of(0, 1), next: row, terminated: new Uint8Array(2) }, 10 * round);
      expect(remembered(rounds)).toEqual({ N: Math.min(6, 2 * round), absorbed: [10, 30, 60, 90][round - 1] });
    }
    expect([...memory.columns.s]).toEqual([4, 4.5, 2, 2.5, 3, 3.5]);
  });
});
