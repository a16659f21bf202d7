import { add, div, mul, sub, sum } from "./ops/arithmetic.ts";
import { min, sqrt, square } from "./ops/elementwise.ts";
import type { Tensor } from "./tensor.ts";

/** A learning rate, or one for each update t = 1, 2, ... */
export type Schedule = number | ((t: number) => number);

/**
 * An optimizer: an update of the flat vector theta written as an expression. What changes with the update's number alone
 * (learning rate, bias corrections) is computed in float64 outside and comes in as `coefficients`.
 */
export interface Optimizer {
  readonly name: string;
  /** Vectors as long as theta that it keeps, starting at zero. */
  readonly slots: readonly string[];
  /** How many coefficients an update takes. */
  readonly width: number;
  /** The coefficients of update t = 1, 2, ... */
  coefficients(t: number): readonly number[];
  /** theta and slots after an update with gradient g; `c` are the coefficients, each `[1]`. */
  update(theta: Tensor, g: Tensor, slots: readonly Tensor[], c: readonly Tensor[]): { theta: Tensor; slots: Tensor[] };
}

const at = (schedule: Schedule, t: number) => (typeof schedule === "number" ? schedule : schedule(t));

/** theta ← theta - α u, u ← μ u + g (+ λ theta): gradient descent with momentum μ and L2 weight λ. */
export function sgd(options: { learningRate: Schedule; momentum?: number; weightDecay?: number }): Optimizer {
  const { learningRate, momentum = 0, weightDecay = 0 } = options;
  return {
    name: "sgd",
    slots: momentum > 0 ? ["u"] : [],
    width: 1,
    coefficients: (t) => [at(learningRate, t)],
    update(theta, gradient, [u], [alpha]) {
      const g = weightDecay > 0 ? add(gradient, mul(weightDecay, theta)) : gradient;
      if (momentum === 0) return { theta: sub(theta, mul(alpha, g)), slots: [] };
      const next = add(mul(momentum, u), g);
      return { theta: sub(theta, mul(alpha, next)), slots: [next] };
    },
  };
}

/** v ← ρ v + (1 - ρ) g²; theta ← theta - α g / (√v + ε) (Tieleman & Hinton 2012). */
export function rmsprop(options: { learningRate: Schedule; rho?: number; epsilon?: number }): Optimizer {
  const { learningRate, rho = 0.99, epsilon = 1e-8 } = options;
  return {
    name: "rmsprop",
    slots: ["v"],
    width: 1,
    coefficients: (t) => [at(learningRate, t)],
    update(theta, g, [v], [alpha]) {
      const next = add(mul(rho, v), mul(1 - rho, square(g)));
      return { theta: sub(theta, mul(alpha, div(g, add(sqrt(next), epsilon)))), slots: [next] };
    },
  };
}

export interface AdamOptions {
  readonly learningRate?: Schedule;
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
}

/**
 * m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; theta ← theta - α m̂ / (√v̂ + ε), where m̂ = m / (1 - β₁ᵗ) and
 * v̂ = v / (1 - β₂ᵗ) (Kingma & Ba 2015, Alg. 1). The slots hold m / (1 - β₁) and v / (1 - β₂), so that g is added as it is:
 * with μ = (1 - β₁ᵗ) / (1 - β₁) and ν = √((1 - β₂ᵗ) / (1 - β₂)) in the coefficients a = α ν / μ and e = ε ν the step is the
 * same, a m / (√v + e), in two passes over the parameters less.
 */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamW({ ...options, weightDecay: 0 }, "adam");
}

/** Adam with decoupled weight decay: theta ← (1 - α λ) theta before Adam's step (Loshchilov & Hutter 2019, Alg. 2). */
export function adamW(options: AdamOptions & { weightDecay?: number } = {}, name = "adamw"): Optimizer {
  const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01 } = options;
  return {
    name,
    slots: ["m", "v"],
    width: weightDecay > 0 ? 3 : 2,
    coefficients(t) {
      const alpha = at(learningRate, t);
      const mu = (1 - beta1 ** t) / (1 - beta1);
      const nu = Math.sqrt((1 - beta2 ** t) / (1 - beta2));
      const step = [(alpha * nu) / mu, epsilon * nu];
      return weightDecay > 0 ? [...step, 1 - alpha * weightDecay] : step;
    },
    update(theta, g, [m, v], [a, e, keep]) {
      const nextM = add(mul(beta1, m), g);
      const nextV = add(mul(beta2, v), square(g));
      const decayed = keep ? mul(theta, keep) : theta;
      return { theta: sub(decayed, div(mul(a, nextM), add(sqrt(nextV), e))), slots: [nextM, nextV] };
    },
  };
}

/** ‖g‖₂ of the whole gradient. */
export function globalNorm(g: Tensor): Tensor {
  return sqrt(sum(square(g)));
}

/** g · min(1, c / (‖g‖₂ + 10⁻⁶)): the gradient, shortened to length c if it is longer (Pascanu et al. 2013; PyTorch's form). */
export function clipByGlobalNorm(g: Tensor, c: number, norm = globalNorm(g)): Tensor {
  return mul(g, min(1, div(c, add(norm, 1e-6))));
}

/** The same rate always. */
export function constantSchedule(rate: number, warmup = 0): (t: number) => number {
  return (t) => rate * Math.min(1, t / Math.max(1, warmup));
}

/** Up in a straight line over `warmup` updates, then down in a straight line to `end` at update `total`; an only update is at full rate. */
export function linearSchedule(
  rate: number,
  total: number,
  options: { warmup?: number; end?: number } = {},
): (t: number) => number {
  const { warmup = 0, end = 0 } = options;
  return (t) => (t < warmup ? (rate * t) / warmup : rate + (end - rate) * progress(t, warmup, total));
}

/** Up in a straight line over `warmup` updates, then down half a cosine to `end` at update `total`; an only update is at full rate (Loshchilov & Hutter 2017). */
export function cosineSchedule(
  rate: number,
  total: number,
  options: { warmup?: number; end?: number } = {},
): (t: number) => number {
  const { warmup = 0, end = 0 } = options;
  return (t) =>
    t < warmup ? (rate * t) / warmup : end + (rate - end) * 0.5 * (1 + Math.cos(Math.PI * progress(t, warmup, total)));
}

/** How much of the way down is behind update t, from 0 to 1; an only update is a first one, not a last one. */
function progress(t: number, warmup: number, total: number): number {
  if (total <= 1 && t <= 1) return 0;
  return Math.min(1, Math.max(0, (t - warmup) / Math.max(1, total - warmup)));
}
