import { climb, startClimb } from "../../algorithms/inverse/climb.ts";
import { type Objective, residual } from "../../algorithms/inverse/concave.ts";
import { softmaxPolicy } from "../../solvers/index.ts";

/** A context: the reward of each answer y, the reference policy, and the weight of the divergence from it. */
export interface Preference {
  readonly r: Float64Array;
  readonly piRef: Float64Array;
  readonly beta: number;
}

/** max_π E_π[r(y)] - β KL(π ‖ piRef), solved on paper: π(y) = piRef(y) exp(r(y)/β) / Z, and its value β log Z. */
export function closedForm({ r, piRef, beta }: Preference): { pi: Float64Array; value: number } {
  const top = r.reduce((most, value) => Math.max(most, value), -Infinity);
  const weights = r.map((value, y) => piRef[y] * Math.exp((value - top) / beta));
  const Z = weights.reduce((sum, weight) => sum + weight, 0);
  return { pi: weights.map((weight) => weight / Z), value: top + beta * Math.log(Z) };
}

/**
 * The same, by a search over the logits of π that knows nothing of its form. It begins at the uniform policy, with a large β
 * that is lowered to the one asked for: where a probability has once got to 0, there is no slope to bring it back.
 */
export function argmax({ r, piRef, beta }: Preference): { pi: Float64Array; value: number } {
  let z: Float64Array = new Float64Array(r.length);
  let value = 0;
  for (let own = Math.max(8, beta); ; own = Math.max(beta, own / 2)) {
    ({ z, value } = searched({ r, piRef, beta: own }, z));
    if (own === beta) return { pi: softmaxPolicy(r.length, z), value };
  }
}

function searched({ r, piRef, beta }: Preference, from: Float64Array): { z: Float64Array; value: number } {
  const objective: Objective = (z, gradient) => {
    const pi = softmaxPolicy(z.length, z);
    let value = 0;
    for (let y = 0; y < z.length; y++) {
      gradient[y] = pi[y] > 0 ? r[y] - beta * Math.log(pi[y] / piRef[y]) : 0;
      value += pi[y] * gradient[y];
    }
    for (let y = 0; y < z.length; y++) gradient[y] = pi[y] * (gradient[y] - value); // by the derivative of the softmax
    return value;
  };
  const options = { optimizer: "lbfgs", learningRate: 1, l1: 0, memory: 10 } as const;
  const search = startClimb(objective, from.slice(), options);
  while (!search.stalled && search.t < 500 && residual(search, 0) > 1e-12) climb(search, objective, options);
  return { z: search.w, value: search.value };
}

/** KL(π ‖ piRef) in nats. */
export function klTo({ piRef }: Preference, pi: Float64Array): number {
  return pi.reduce((sum, p, y) => (p > 0 ? sum + p * Math.log(p / piRef[y]) : sum), 0);
}

/** E_π[r] */
export function expectedReward({ r }: Preference, pi: Float64Array): number {
  return pi.reduce((sum, p, y) => sum + p * r[y], 0);
}
