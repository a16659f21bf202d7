import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sample } from "../../../test/demonstrations.ts";
import { cases, randomMdp, randomPolicy } from "../../../test/random-mdp.ts";
import { rng } from "../../autodiff/random.ts";
import { pairs } from "../../data/index.ts";
import { garnet } from "../../envs/tabular/garnet.ts";
import { discrete } from "../../mdp/space.ts";
import { tabularMdp, withObjective, withRewardTable } from "../../mdp/tabular.ts";
import { tabular } from "../../policies/tabular.ts";
import { features, linearValues } from "../../rewards/index.ts";
import { softValueIteration } from "../../solvers/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { countedLogits } from "../direct/counting.ts";
import { qSoftmax, rewardOfQ, softOptimalPolicy } from "./q-softmax.ts";

const largest = (x: ArrayLike<number>, y: ArrayLike<number>) =>
  Array.from(x).reduce((far, value, i) => (value === y[i] ? far : Math.max(far, Math.abs(value - y[i]))), 0);

describe("maximum likelihood for Q, where the expert chooses by exp Q", () => {
  it("gives exactly the behavior-cloning solution: the frequencies of the expert's actions", async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (of) => {
        const mdp = randomMdp({ ...of, unavailable: false, terminal: false });
        const demos = sample(mdp, randomPolicy(mdp, of.seed), 20, of.seed);
        const { policy, logLikelihood } = await train(qSoftmax, { mdp, demos });
        const logits = countedLogits(tabular({ observation: discrete(mdp.S), action: discrete(mdp.A) }), demos);
        // in single precision, the format of policies
        expect(largest(policy, logits.map(Math.exp))).toBeLessThan(1e-6);
        let loss = 0;
        for (let i = 0; i < demos.actions.length; i++) {
          loss -= logits[demos.observations[i + Math.floor(i / of.H)] * mdp.A + demos.actions[i]];
        }
        expect(-logLikelihood).toBeCloseTo(loss / demos.actions.length, 6);
      }),
      { seed: 1, numRuns: 60 },
    );
  });

  it("with Q linear in features finds the weights that the expert chose by", async () => {
    const { mdp } = garnet({ S: 10, A: 3, seed: 4, H: 20 });
    const random = rng(1);
    const phi = features(
      mdp,
      "sa",
      Float64Array.from({ length: 10 * 3 * 2 }, () => random.normal()),
    );
    const truth = [1.5, -0.5];
    const expert = softOptimalPolicy(withObjective(mdp, { H: 1 }), linearValues(phi, truth)); // one step: exp Q itself
    const demos = sample(mdp, expert, 400, 2);
    for (const options of [{}, { optimizer: "adam", learningRate: 0.05 }] as const) {
      const { Q } = await train(qSoftmax, { mdp, demos, features: phi }, options);
      // the weights, by least squares on the table that they make
      const fitted = solveTwo(phi.phi!, Q);
      expect(Math.abs(fitted[0] - truth[0])).toBeLessThan(0.06);
      expect(Math.abs(fitted[1] - truth[1])).toBeLessThan(0.06);
    }
  });

  it("with an L2 weight keeps Q finite where an action was never seen", async () => {
    const mdp = tabularMdp({ S: 1, A: 2, P: [1, 1], r: { s: [0] }, rho: 0, gamma: 0.5 });
    const demos = pairs(discrete(1), discrete(2), Float32Array.of(0, 0), [1, 1]);
    const { Q, policy } = await train(qSoftmax, { mdp, demos }, { l2: 0.1 });
    expect(Q[1]).toBeCloseTo(-Q[0], 9);
    expect(0.1 * Q[1]).toBeCloseTo(policy[0], 9); // the stationarity condition: 1 - π(1) = λ Q(1)
  });
});

describe("reward then policy condenses to a policy", () => {
  it("the reward read off Q by the soft Bellman equation has Q's softmax as its soft-optimal policy", () => {
    fc.assert(
      fc.property(cases, fc.constantFrom("discounted", "horizon", "horizon, one Q"), (of, kind) => {
        const mdp = randomMdp(of, kind === "discounted" ? { gamma: 0.9 } : { H: of.H });
        const random = rng(of.seed).split("Q");
        const steps = kind === "horizon" ? of.H : 1;
        const Q = Float64Array.from({ length: steps * of.S * of.A }, (_, i) =>
          Number.isFinite(mdp.r[i % (of.S * of.A)]) ? 2 * random.normal() : -Infinity,
        );
        const pi = softOptimalPolicy(mdp, rewardOfQ(mdp, Q));
        for (let first = 0; first < pi.length; first += of.A) {
          const s = (first / of.A) % of.S;
          if (mdp.terminal[s] === 1) continue;
          const own = Q.subarray(first % Q.length, (first % Q.length) + of.A);
          const Z = own.reduce((sum, q) => sum + Math.exp(q), 0);
          own.forEach((q, a) => {
            expect(pi[first + a]).toBeCloseTo(Math.exp(q) / Z, 9);
          });
        }
      }),
      { seed: 2, numRuns: 150 },
    );
  });

  it("from demonstrations: the recovered reward, solved again, gives the cloned policy back", async () => {
    const { mdp } = garnet({ S: 8, A: 3, seed: 6 });
    const demos = sample(mdp, randomPolicy(mdp, 1), 100, 2, 30);
    const { policy, reward } = await train(qSoftmax, { mdp, demos });
    const again = softValueIteration(withRewardTable(mdp, reward!)).pi;
    expect(largest(again, policy)).toBeLessThan(1e-8);
  });
});

describe("a run", () => {
  it("resumed from bytes equals an uninterrupted one bit for bit", async () => {
    const { mdp } = garnet({ S: 6, A: 3, seed: 1, H: 4 });
    const problem = { mdp, demos: sample(mdp, randomPolicy(mdp, 2), 8, 3) };
    const whole = await train(qSoftmax, problem, { tolerance: 1e-7 });
    const first = start(qSoftmax, problem, { tolerance: 1e-7 });
    for (let k = 0; k < 5; k++) await first.next();
    const rest = resume(qSoftmax, problem, first.checkpoint());
    const records = [];
    for await (const record of rest) records.push(record);
    expect(records).toEqual(whole.records.slice(5));
    expect((await rest.result()).Q).toEqual(whole.Q);
    expect("reward" in whole).toBe(false); // with a horizon the reward differs from step to step
  });

  it("refuses pairs that are not of the world", async () => {
    const mdp = tabularMdp({ S: 2, A: 2, P: [0, 1, 0, 0, 1, 0, 1, 0], r: { s: [0, 0] }, rho: 0, H: 2, allowUnavailable: true });
    const at = (s: number[], a: number[], S = 2) => ({ mdp, demos: pairs(discrete(S), discrete(2), Float32Array.from(s), a) });
    await expect(train(qSoftmax, at([0, 0], [0, 1]))).rejects.toThrow(/pair 1: action 1 is not available in state 0/);
    await expect(train(qSoftmax, at([0], [0], 3))).rejects.toThrow(/demonstrations are discrete\(3\)/);
    await expect(train(qSoftmax, { ...at([0], [0]), features: features(mdp, "s", [1, 2]) })).rejects.toThrow(
      /over "sa", found "s"/,
    );
    expect(() => rewardOfQ(mdp, new Float64Array(3))).toThrow(/Q has 3 numbers, expected S \* A = 4 or H \* S \* A = 8/);
    expect(() => softOptimalPolicy(mdp, new Float64Array(3))).toThrow(/reward has 3 numbers, expected 4 or H \* S \* A = 8/);
  });
});

/** The two weights of Q = w · φ. */
function solveTwo(phi: Float64Array, Q: Float64Array): [number, number] {
  let [aa, ab, bb, aq, bq] = [0, 0, 0, 0, 0];
  Q.forEach((q, i) => {
    const [a, b] = [phi[2 * i], phi[2 * i + 1]];
    aa += a * a;
    ab += a * b;
    bb += b * b;
    aq += a * q;
    bq += b * q;
  });
  const det = aa * bb - ab * ab;
  return [(aq * bb - bq * ab) / det, (aa * bq - ab * aq) / det];
}
