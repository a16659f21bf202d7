import { add, constant, mul, softplus, sub, sum, type Tensor, tanh } from "../../autodiff/index.ts";
import type { Box } from "../../mdp/index.ts";
import { range } from "../../policies/gaussian.ts";
import type { PolicyModel } from "../../policies/index.ts";

/**
 * Actions drawn from π(· | s) as an expression of the network's output z and standard normal noise ε `[B, K]`, so that gradients
 * reach z through the draw (Haarnoja et al. 2018, app. C):
 *
 *     x = μ + σ ε,   a = mid + half · tanh(x),   ln π(a | s) = ln N(x; μ, σ²) − Σ ln(half (1 − tanh² x))
 *
 * and a = x where the head doesn't squash. Gives a `[B, K]` and ln π(a | s) `[B]`, in nats, the density in the environment's units.
 * @formula reparameterised-draw
 */
export function drawn({ head, action }: PolicyModel, z: Tensor, noise: Tensor): { a: Tensor; logPi: Tensor } {
  const { mean, std } = head.outputs(z);
  const x = add(mean, mul(std, noise));
  const logNormal = head.drawLogProb(z, x);
  if (head.kind !== "squashed-gaussian") return { a: x, logPi: logNormal };
  const { mid, half } = range(action as Box);
  const logSlope = mul(2, sub(Math.LN2, add(x, softplus(mul(-2, x))))); // ln(1 - tanh² x), without cancellation
  return {
    a: add(constant(mid), mul(constant(half), tanh(x))),
    logPi: sub(logNormal, sum(add(logSlope, constant(Float32Array.from(half, Math.log))), 1)),
  };
}
