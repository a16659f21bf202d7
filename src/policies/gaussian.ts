import {
  add,
  broadcastTo,
  clip,
  constant,
  div,
  exp,
  filled,
  input,
  log,
  mul,
  type ParamTree,
  param,
  type Rng,
  slice,
  softplus,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
} from "../autodiff/index.ts";
import type { Actions, Box } from "../mdp/index.ts";
import type { Head, Outputs } from "./head.ts";

export interface GaussianOptions {
  /**
   * Whether the spread is one learned number an action entry, or another output of the network, or stays what it is at first:
   * then the log loss is the squared error, but for a factor and a constant.
   */
  readonly scale?: "fixed" | "state" | "constant";
  /** The first ln σ, in units of half the action range. */
  readonly initialLogStd?: number;
}

const HALF_LN_2PI = 0.5 * Math.log(2 * Math.PI);
const LOG_STD_MIN = -7;
const LOG_STD_MAX = 2;

/** Middle and half width of a box; 0 and 1 where it has no bounds. */
export function range(space: Box): { mid: Float32Array; half: Float32Array } {
  const mid = new Float32Array(space.low.length);
  const half = new Float32Array(space.low.length).fill(1);
  for (let i = 0; i < mid.length; i++) {
    if (Number.isFinite(space.low[i]) && Number.isFinite(space.high[i]) && space.high[i] > space.low[i]) {
      mid[i] = (space.low[i] + space.high[i]) / 2;
      half[i] = (space.high[i] - space.low[i]) / 2;
    }
  }
  return { mid, half };
}

/** Mean and ln σ from the network's output, in units of half the range around the middle. */
function spread(space: Box, options: GaussianOptions) {
  const K = space.low.length;
  const { scale = "fixed", initialLogStd = -0.5 } = options;
  const logStd = scale === "fixed" ? param([K], filled(initialLogStd)) : undefined;
  const bounded = (raw: Tensor) => clip(raw, LOG_STD_MIN, LOG_STD_MAX);
  const params: ParamTree = logStd ? { logStd } : {};
  if (scale === "state") {
    return {
      inputs: 2 * K,
      params,
      mean: (z: Tensor) => slice(z, 1, 0, K),
      logStd: (z: Tensor) => bounded(add(slice(z, 1, K, 2 * K), initialLogStd)),
    };
  }
  const own = logStd ? bounded(logStd) : constant(new Float32Array(K).fill(initialLogStd));
  return { inputs: K, params, mean: (z: Tensor) => z, logStd: (z: Tensor) => broadcastTo(own, [z.shape[0], K]) };
}

/** ln N(x; μ, σ²) = -½ ((x - μ) / σ)² - ln σ - ½ ln 2π, entry by entry. */
function logNormal(x: Tensor, mean: Tensor, logStd: Tensor): Tensor {
  const error = div(sub(x, mean), exp(logStd));
  return sub(sub(mul(-0.5, square(error)), logStd), HALF_LN_2PI);
}

/** Σ (ln σ + ½ ln 2πe), the entropy of a diagonal Gaussian in units of half the range, then in the environment's. */
function entropyOf(logStd: Tensor, half: Float32Array): Tensor {
  return sum(add(add(logStd, HALF_LN_2PI + 0.5), constant(Float32Array.from(half, Math.log))), 1);
}

/** π(a | s) = N(mid + half · μ(s), (half · σ)²), entry by entry; actions are cut to the box when the policy acts. */
export function gaussian(space: Box, options: GaussianOptions = {}): Head {
  const { mid, half } = range(space);
  const K = mid.length;
  const own = spread(space, options);
  const scaled = (mean: Tensor) => add(constant(mid), mul(constant(half), mean));
  const logProb = (z: Tensor, a: Tensor) => {
    const x = div(sub(a, constant(mid)), constant(half));
    return sum(sub(logNormal(x, own.mean(z), own.logStd(z)), constant(Float32Array.from(half, Math.log))), 1);
  };
  return {
    kind: "gaussian",
    inputs: own.inputs,
    params: own.params,
    action: (name) => input(name, ["B", K]),
    logProb,
    drawLogProb: logProb,
    entropy: (z) => entropyOf(own.logStd(z), half),
    mode: (z) => cut(scaled(own.mean(z)), space),
    outputs: (z) => ({ mean: scaled(own.mean(z)), std: mul(exp(own.logStd(z)), constant(half)) }),
    sample({ mean, std }: Outputs, random: (row: number) => Rng, actions: Actions, draws?: Actions) {
      for (let k = 0; k < actions.length; k++) {
        const draw = mean[k] + std[k] * random(Math.floor(k / K)).normal();
        if (draws) draws[k] = draw;
        actions[k] = Math.min(space.high[k % K], Math.max(space.low[k % K], draw));
      }
    },
  };
}

/** The mean kept inside a bounded box, on the whole batch. */
function cut(a: Tensor, space: Box): Tensor {
  const same = (bounds: Float64Array) => bounds.every((bound) => bound === bounds[0]);
  if (same(space.low) && same(space.high)) return clip(a, space.low[0], space.high[0]);
  const { mid, half } = range(space);
  const unit = clip(div(sub(a, constant(mid)), constant(half)), -1, 1);
  return add(constant(mid), mul(constant(half), unit));
}

/**
 * How close to the bounds an action of the data may lie, as a share of half the range: tanh reaches them only at infinity. An expert
 * that pushes to the stop is common; closer to it than a hundredth, artanh makes of its actions outliers that the rest is fitted
 * around (a clone of Hopper fell at once with 1e-5, and has .99 of the expert's return with 1e-2).
 */
const EDGE = 1e-2;

/**
 * a = mid + half · tanh(u), u ~ N(μ(s), σ(s)²): never outside the box (Haarnoja et al. 2018, app. C):
 * ln π(a | s) = ln N(u; μ, σ²) - Σ ln(half (1 - tanh² u)), with 1 - tanh² u = 4 e^{-2u} / (1 + e^{-2u})² computed without cancellation.
 * Throws if the box has no bounds.
 */
export function squashedGaussian(space: Box, options: GaussianOptions = {}): Head {
  if (![...space.low, ...space.high].every(Number.isFinite)) {
    throw new RangeError(
      "a squashed Gaussian needs an action box with finite bounds; use the head gaussian for an unbounded one",
    );
  }
  const { mid, half } = range(space);
  const K = mid.length;
  const own = spread(space, options);
  const squash = (u: Tensor) => add(constant(mid), mul(constant(half), tanh(u)));
  return {
    kind: "squashed-gaussian",
    inputs: own.inputs,
    params: own.params,
    action: (name) => input(name, ["B", K]),
    logProb(z, a) {
      const y = clip(div(sub(a, constant(mid)), constant(half)), EDGE - 1, 1 - EDGE);
      const u = mul(0.5, log(div(add(1, y), sub(1, y)))); // artanh
      const logSlope = mul(2, sub(Math.LN2, add(u, softplus(mul(-2, u))))); // ln(1 - tanh² u)
      return sum(sub(sub(logNormal(u, own.mean(z), own.logStd(z)), logSlope), constant(Float32Array.from(half, Math.log))), 1);
    },
    entropy: (z) => entropyOf(own.logStd(z), half),
    mode: (z) => squash(own.mean(z)),
    outputs: (z) => ({ mean: own.mean(z), std: exp(own.logStd(z)) }),
    drawLogProb: (z, x) => sum(logNormal(x, own.mean(z), own.logStd(z)), 1),
    sample({ mean, std }: Outputs, random: (row: number) => Rng, actions: Actions, draws?: Actions) {
      for (let k = 0; k < actions.length; k++) {
        const draw = mean[k] + std[k] * random(Math.floor(k / K)).normal();
        if (draws) draws[k] = draw;
        actions[k] = mid[k % K] + half[k % K] * Math.tanh(draw);
      }
    },
  };
}
