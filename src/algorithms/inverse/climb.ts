import { type Climb, type Objective, shrink } from "./concave.ts";
import { lbfgsStep } from "./lbfgs.ts";

export interface ClimbOptions {
  readonly optimizer: "ascent" | "adam" | "lbfgs";
  readonly learningRate: number;
  /** λ of the L1 term. */
  readonly l1: number;
  /** Pairs that L-BFGS remembers. */
  readonly memory: number;
}

/** The state before the first step. */
export function startClimb(objective: Objective, w: Float64Array, { optimizer }: Pick<ClimbOptions, "optimizer">): Climb {
  const gradient = new Float64Array(w.length);
  const value = objective(w, gradient);
  const slots = optimizer === "adam" ? [new Float64Array(w.length), new Float64Array(w.length)] : [];
  return { w, value, gradient, slots, t: 0, evaluations: 1, stalled: false };
}

/** One step upwards. Advances the state in place; throws if J is not finite where the step leads. */
export function climb(state: Climb, objective: Objective, options: ClimbOptions): void {
  state.t++;
  if (options.optimizer === "lbfgs") lbfgsStep(state, objective, options);
  else {
    if (options.optimizer === "adam") adamStep(state, options);
    else ascentStep(state, options);
    state.value = objective(state.w, state.gradient);
    state.evaluations++;
  }
  if (!Number.isFinite(state.value)) {
    throw new RangeError(
      `the log-likelihood is ${state.value} after step ${state.t}; expected a finite number; lower the learning rate (${options.learningRate})`,
    );
  }
}

/** w ← S(w + α g, α λ), where S shrinks towards 0: the proximal step, which leaves exact zeros. */
function ascentStep({ w, gradient }: Climb, { learningRate, l1 }: ClimbOptions): void {
  for (let i = 0; i < w.length; i++) w[i] = shrink(w[i] + learningRate * gradient[i], learningRate * l1);
}

/** Adam (Kingma & Ba 2015, Alg. 1) upwards, and the proximal step in the metric of its step sizes. */
function adamStep({ w, gradient, slots, t }: Climb, { learningRate, l1 }: ClimbOptions): void {
  const [m, v] = slots;
  const first = 1 - 0.9 ** t;
  const second = 1 - 0.999 ** t;
  for (let i = 0; i < w.length; i++) {
    m[i] = 0.9 * m[i] + 0.1 * gradient[i];
    v[i] = 0.999 * v[i] + 0.001 * gradient[i] * gradient[i];
    const alpha = learningRate / (Math.sqrt(v[i] / second) + 1e-8);
    w[i] = shrink(w[i] + (alpha * m[i]) / first, alpha * l1);
  }
}
