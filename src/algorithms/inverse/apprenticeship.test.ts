import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sample } from "../../../test/demonstrations.ts";
import { cases, randomMdp, randomPolicy } from "../../../test/random-mdp.ts";
import { rng } from "../../autodiff/random.ts";
import { garnet } from "../../envs/tabular/garnet.ts";
import { withRewardTable } from "../../mdp/tabular.ts";
import { features, linearReward, linearValues } from "../../rewards/index.ts";
import { policyEvaluation } from "../../solvers/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { apprenticeship } from "./apprenticeship.ts";
import { nearestInHull } from "./nearest-in-hull.ts";

const methods = ["max-margin", "projection"] as const;

describe("the nearest point of a hull", () => {
  it("sees no other point of it behind: (p_j - x) . (x - target) >= 0 for every j, with weights that sum to 1", () => {
    const numbers = fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 3, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(numbers, { minLength: 1, maxLength: 9 }), numbers, fc.constantFrom(1, 1e-3, 1e4), (raw, to, scale) => {
        const points = raw.map((point) => Float64Array.from(point, (x) => scale * x));
        const target = Float64Array.from(to, (x) => scale * x);
        const weights = nearestInHull(points, target);
        expect(weights.every((weight) => weight >= 0)).toBe(true);
        expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
        const x = target.map((_, f) => points.reduce((sum, point, j) => sum + weights[j] * point[f], 0));
        for (const point of points) {
          const behind = x.reduce((sum, value, f) => sum + (point[f] - value) * (value - target[f]), 0);
          expect(behind).toBeGreaterThanOrEqual(-1e-9 * scale * scale);
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  it("is the target itself, if that is inside", () => {
    const corners = [
      [0, 0],
      [1, 0],
      [0, 1],
      [1, 1],
    ].map((corner) => Float64Array.from(corner));
    const weights = nearestInHull(corners, Float64Array.of(0.3, 0.6));
    const x = corners.reduce((sum, corner, j) => sum + weights[j] * corner[0], 0);
    expect(x).toBeCloseTo(0.3, 12);
  });
});

describe("apprenticeship learning", () => {
  it("ends with a policy worth as much as the expert, to within the margin, under every reward of unit weights", async () => {
    await fc.assert(
      fc.asyncProperty(cases, fc.constantFrom(...methods), fc.boolean(), async (of, method, finite) => {
        const mdp = randomMdp({ ...of, scale: 1 }, finite ? { H: of.H } : { gamma: 0.9 });
        const random = rng(of.seed).split("phi");
        const phi = features(
          mdp,
          "sa",
          Float64Array.from({ length: of.S * of.A * 2 }, () => random.uniform(-1, 1)),
        );
        const expert = randomPolicy(mdp, of.seed);
        const tolerance = method === "projection" ? 0.1 : 1e-3; // a projection a round creeps towards inner points
        const options = { method, rounds: 400, tolerance };
        const found = await train(apprenticeship, { mdp, reward: linearReward(phi), demos: { policy: expert } }, options);
        expect(found.margin).toBeLessThanOrEqual(tolerance);
        expect(found.featureError).toBeLessThanOrEqual(found.margin + 1e-9);
        for (let k = 0; k < 3; k++) {
          const angle = random.uniform(0, 2 * Math.PI);
          const world = withRewardTable(mdp, { sa: linearValues(phi, [Math.cos(angle), Math.sin(angle)]) });
          const value = (pi: Float64Array) => {
            const { V } = policyEvaluation(world, pi);
            return mdp.rho.reduce((sum, p, s) => sum + p * V[s], 0);
          };
          expect(Math.abs(value(found.policy) - value(expert))).toBeLessThanOrEqual(found.margin + 1e-9);
        }
      }),
      { seed: 2, numRuns: 60 },
    );
  });

  it("narrows the margin from round to round, the quadratic program never less than the projection", async () => {
    const { mdp } = garnet({ S: 12, A: 3, seed: 3, H: 10 });
    const random = rng(7);
    const reward = linearReward(
      features(
        mdp,
        "s",
        Float64Array.from({ length: 60 }, () => random.normal()),
      ),
    );
    const demos = sample(mdp, randomPolicy(mdp, 4), 50, 5);
    const [qp, projected] = await Promise.all(
      methods.map((method) => train(apprenticeship, { mdp, reward, demos }, { method, rounds: 15, tolerance: 1e-9 })),
    );
    for (const { records } of [qp, projected]) {
      for (let k = 1; k < records.length; k++) expect(records[k].margin).toBeLessThanOrEqual(records[k - 1].margin + 1e-12);
    }
    expect(qp.records[1].margin).toBeLessThanOrEqual(projected.records[1].margin + 1e-12);
    expect(qp.margin).toBeLessThanOrEqual(projected.margin + 1e-12);
    expect(qp.mixture.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 12);
    expect(qp.policies.length).toBe(qp.mixture.length);
  });

  it("resumed from bytes equals an uninterrupted run bit for bit", async () => {
    const { mdp } = garnet({ S: 8, A: 3, seed: 1, H: 6 });
    const random = rng(1);
    const reward = linearReward(
      features(
        mdp,
        "s",
        Float64Array.from({ length: 32 }, () => random.normal()),
      ),
    );
    for (const method of methods) {
      const problem = { mdp, reward, demos: { policy: randomPolicy(mdp, 2) } };
      const options = { method, rounds: 8, tolerance: 0, seed: 3 };
      const whole = await train(apprenticeship, problem, options);
      const first = start(apprenticeship, problem, options);
      for (let k = 0; k < 3; k++) await first.next();
      const rest = resume(apprenticeship, problem, first.checkpoint());
      const records = [];
      for await (const record of rest) records.push(record);
      expect(records).toEqual(whole.records.slice(3));
      const { records: _, ...result } = whole;
      expect(await rest.result()).toEqual(result);
    }
  });

  it("refuses demonstrations that break off, and options that are none", async () => {
    const { mdp } = garnet({ S: 4, A: 2, H: 6 });
    const problem = {
      mdp,
      reward: linearReward(features(mdp, "s", [1, 2, 3, 4])),
      demos: sample(mdp, randomPolicy(mdp, 1), 3, 1, 4),
    };
    await expect(train(apprenticeship, problem)).rejects.toThrow(/shorter than the horizon and has not ended/);
    const whole = { ...problem, demos: sample(mdp, randomPolicy(mdp, 1), 3, 1) };
    await expect(train(apprenticeship, whole, { rounds: 0 })).rejects.toThrow(/rounds is 0/);
    await expect(train(apprenticeship, whole, { method: "svm" as "projection" })).rejects.toThrow(/"svm", expected max-margin/);
    await expect(train(apprenticeship, whole, { tolerance: -1 })).rejects.toThrow(/tolerance is -1/);
  });
});
