import { add, constant, layout, log, logSigmoid, mul, neg, reshape, sigmoid, sub, sum, type Tensor } from "../autodiff/index.ts";
import type { StepNetwork } from "./step-network.ts";

/**
 * The returns of fragments of k steps each, `[B]`, from the rewards of their steps `[B k]`, one fragment after the other:
 *
 *     R(σ) = Σ_t γ^t r(s_t, a_t),   t = 0 .. k − 1
 *
 * @formula fragment-return
 */
export function fragmentReturns(r: Tensor, k: number, gamma = 1): Tensor {
  const rows = reshape(r, [(r.shape[0] as number) / k, k]);
  return sum(gamma === 1 ? rows : mul(rows, constant(Array.from({ length: k }, (_, t) => gamma ** t))), 1);
}

/**
 * The chance that an expert prefers a fragment of return R₁ to one of return R₂, if it answers at random with probability ε and
 * else as Bradley and Terry say (Christiano et al. 2017, eq. 1 and section 2.2.3):
 *
 *     p(σ₁ ≻ σ₂) = ε/2 + (1 − ε) σ(R₁ − R₂)
 *
 * @formula fragment-preference
 */
export function fragmentPreference(R1: number, R2: number, epsilon = 0): number {
  return epsilon / 2 + (1 - epsilon) / (1 + Math.exp(R2 - R1));
}

/**
 * How badly returns explain what an expert said, `[P]`; μ `[P]` is 1 where it was the first fragment, 0 where the second, 0.5 for a
 * tie (Christiano et al. 2017, section 2.2.3):
 *
 *     −μ log p(σ₁ ≻ σ₂) − (1 − μ) log p(σ₂ ≻ σ₁)
 *
 * @formula fragment-loss
 */
export function fragmentLoss(R1: Tensor, R2: Tensor, mu: Tensor, epsilon = 0): Tensor {
  const z = sub(R1, R2);
  const logP = (logit: Tensor) => (epsilon === 0 ? logSigmoid(logit) : log(add(epsilon / 2, mul(1 - epsilon, sigmoid(logit)))));
  return neg(add(mul(mu, logP(z)), mul(sub(1, mu), logP(neg(z)))));
}

/**
 * Parameters of the same networks, each brought to mean 0 and deviation 1 on rows x `[N, W]` by its last layer: comparisons leave
 * the zero and the unit of a reward open, and members of an ensemble are averaged in a common one (Christiano et al. 2017, section 2.2.1):
 *
 *     r̄_e = (r_e − mean r_e) / std r_e
 *
 * One that is the same everywhere is only shifted.
 * @formula reward-standardisation
 */
export function standardMembers(network: StepNetwork, theta: Float32Array, x: Float32Array): Float32Array {
  const out = theta.slice();
  const { names, offsets, sizes } = layout(network.params);
  const { members } = network.options;
  network.evaluate(theta, x).forEach(({ g }, e) => {
    const mean = g.reduce((total, r) => total + r, 0) / g.length;
    const deviation = Math.sqrt(g.reduce((total, r) => total + (r - mean) ** 2, 0) / g.length);
    const scale = deviation > 1e-8 ? deviation : 1;
    const prefix = members === 1 ? "g." : `member${e}.g.`;
    const last = Math.max(
      ...names.flatMap((name) => (name.startsWith(prefix) ? [Number(name.slice(prefix.length).split(".")[0])] : [])),
    );
    const of = (part: "W" | "b") => {
      const i = names.indexOf(`${prefix}${last}.${part}`);
      return out.subarray(offsets[i], offsets[i] + sizes[i]);
    };
    const [W, b] = [of("W"), of("b")];
    for (let k = 0; k < W.length; k++) W[k] /= scale;
    b[0] = (b[0] - mean) / scale;
  });
  return out;
}
