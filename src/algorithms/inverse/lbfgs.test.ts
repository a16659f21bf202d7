import { describe, expect, it } from "vitest";
import reference from "../../../test/data/inverse/lbfgs.json" with { type: "json" };
import { climb, startClimb } from "./climb.ts";
import { type Objective, residual } from "./concave.ts";

const { n, F, X, y } = reference;

/** Minus the logistic loss, less an L2 penalty: concave. */
function logistic(l2: number): Objective {
  return (w, gradient) => {
    let value = 0;
    for (let f = 0; f < F; f++) {
      gradient[f] = -l2 * w[f];
      value -= (l2 / 2) * w[f] * w[f];
    }
    for (let i = 0; i < n; i++) {
      let z = 0;
      for (let f = 0; f < F; f++) z += y[i] * X[i * F + f] * w[f];
      value -= z > 0 ? Math.log1p(Math.exp(-z)) : Math.log1p(Math.exp(z)) - z;
      const p = 1 / (1 + Math.exp(z));
      for (let f = 0; f < F; f++) gradient[f] += p * y[i] * X[i * F + f];
    }
    return value;
  };
}

const rosenbrock: Objective = (x, gradient) => {
  gradient.fill(0);
  let value = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const [a, b] = [x[i + 1] - x[i] * x[i], 1 - x[i]];
    value -= 100 * a * a + b * b;
    gradient[i] += 400 * x[i] * a + 2 * b;
    gradient[i + 1] -= 200 * a;
  }
  return value;
};

function search(objective: Objective, start: Float64Array, { l1 = 0, tolerance = 1e-10, most = 2000 } = {}) {
  const options = { optimizer: "lbfgs", learningRate: 1, l1, memory: 10 } as const;
  const state = startClimb(objective, start, options);
  while (state.t < most && !state.stalled && residual(state, l1) > tolerance) climb(state, objective, options);
  return state;
}

describe("L-BFGS", () => {
  it("finds SciPy's optimum of a badly scaled logistic regression, in no more than twice its evaluations", () => {
    const found = search(logistic(reference.logistic.l2), new Float64Array(F));
    reference.logistic.w.forEach((w, f) => {
      expect(found.w[f]).toBeCloseTo(w, 9);
    });
    expect(-found.value).toBeCloseTo(reference.logistic.value, 10);
    expect(found.evaluations).toBeLessThanOrEqual(2 * reference.logistic.evaluations);
  });

  it("finds the bottom of Rosenbrock's valley in ten dimensions, in no more than twice SciPy's evaluations", () => {
    const found = search(rosenbrock, Float64Array.from(reference.rosenbrock.start));
    for (const x of found.w) expect(x).toBeCloseTo(1, 8);
    expect(found.evaluations).toBeLessThanOrEqual(2 * reference.rosenbrock.evaluations);
  });

  it("with an L1 weight finds the weights of a long proximal descent, with the same exact zeros", () => {
    const found = search(logistic(0), new Float64Array(F), { l1: reference.sparse.l1, tolerance: 1e-9 });
    reference.sparse.w.forEach((w, f) => {
      expect(found.w[f]).toBeCloseTo(w, 7);
      expect(found.w[f] === 0).toBe(w === 0);
    });
  });

  it("stops where rounding leaves nothing to win", () => {
    const found = search(logistic(0.5), new Float64Array(F), { tolerance: 0 });
    expect(found.stalled).toBe(true);
    expect(found.t).toBeLessThan(200);
  });
});

describe("proximal ascent", () => {
  it("and Adam reach the sparse optimum, too", () => {
    for (const [optimizer, learningRate, steps] of [
      ["ascent", 2e-3, 60_000],
      ["adam", 2e-3, 20_000],
    ] as const) {
      const options = { optimizer, learningRate, l1: reference.sparse.l1, memory: 10 };
      const objective = logistic(0);
      const state = startClimb(objective, new Float64Array(F), options);
      for (let k = 0; k < steps; k++) climb(state, objective, options);
      reference.sparse.w.forEach((w, f) => {
        expect(Math.abs(state.w[f] - w)).toBeLessThan(2e-3);
        expect(state.w[f] === 0).toBe(w === 0);
      });
    }
  });
});
