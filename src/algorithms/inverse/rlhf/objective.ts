import {
  abs,
  adamW,
  add,
  cast,
  clip,
  compileUpdate,
  constantSchedule,
  div,
  exp,
  greater,
  input,
  layout,
  linearSchedule,
  matmul,
  max,
  mean,
  min,
  mul,
  neg,
  type Optimizer,
  type ParamTree,
  param,
  reshape,
  square,
  stopGradient,
  sub,
  sum,
  type Tensor,
  type Update,
  zeros,
} from "../../../autodiff/index.ts";
import { isRestricted, type ResponseExpressions, type ResponseModel } from "../../../policies/index.ts";
import { sectioned } from "../../../solvers/index.ts";
import { type RlhfOptions, rowsOf } from "./problem.ts";
import { sampledFrom } from "./sampled.ts";

/** What is trained: the policy, and with `ppo` a critic behind it in the same flat vector. */
export interface Learned {
  readonly params: ParamTree;
  /** Of the policy's own parameters, which come first. */
  readonly size: number;
  /** V `[R, T]` */
  readonly values?: (expressions: ResponseExpressions) => Tensor;
}

/** A critic for a policy: linear in the hidden states that actions are chosen from, which it doesn't change; V = 0 at first. */
export function learnedOf(model: ResponseModel, { method }: RlhfOptions): Learned {
  const { size } = layout(model.params);
  if (method !== "ppo") return { params: model.params, size };
  const d = widthOf(model.expressions({ rows: 1 }));
  const v = { W: param([Math.max(1, d), 1], zeros), b: param([1], zeros) };
  return {
    params: { pi: model.params, v },
    size,
    values(expressions) {
      const h = expressions.hidden ?? expressions.logits;
      const { mask } = expressions;
      if (!h) return mul(mask, add(v.b, mul(0, sum(v.W)))); // nothing to see the state by: one value for all
      const flat = reshape(stopGradient(h), [-1, d]);
      return mul(mask, reshape(add(matmul(flat, v.W), v.b), mask.shape));
    },
  };
}

function widthOf({ hidden, logits }: ResponseExpressions): number {
  const shape = (hidden ?? logits)?.shape;
  return shape ? (shape[shape.length - 1] as number) : 0;
}

/** What an update reports beside `loss` and `gradNorm`. */
export const REPORTED = ["policyLoss", "valueLoss", "clipped"] as const;

/**
 * The losses of the family on a minibatch of responses, with ρ_t = π_θ(a_t | ...)/π_old(a_t | ...) (Schulman et al. 2017, eq. 7):
 *
 *     ppo          −E_t min(ρ_t A_t, clip(ρ_t, 1 ± ε) A_t) + E_t (V − R_t)²,   the mean over all tokens
 *     rloo         −E_y min(ρ A, clip(ρ, 1 ± ε) A),   ρ = Π_t ρ_t
 *     grpo         −E_y 1/|y| Σ_t min(ρ_t A, clip(ρ_t, 1 ± ε) A)
 *     best-of-n    −E_y log π_θ(y | x)
 *
 * and where the penalty stands in the loss, plus β [e^{−l_t} − 1 + l_t], l_t = log π_θ/π_ref (Schulman 2020, "k3"; Shao et al. 2024,
 * eq. 4), averaged in the same way. Beside the policy's inputs it reads `advantages`, `old`, `reference`, `returns`, `values` `[R, T]`
 * and `beta` `[1]`.
 *
 * @formula rlhf-loss
 */
export function rlhfLoss(
  expressions: ResponseExpressions,
  V: Tensor | undefined,
  options: RlhfOptions,
): { loss: Tensor; metrics: Record<(typeof REPORTED)[number], Tensor> } {
  const { method, penalty, clipRange: eps, valueClip, entropyBonus } = options;
  const { mask, logProbs, entropies } = expressions;
  const grid = (name: string) => input(name, mask.shape);
  const tokens = sum(mask);
  const overTokens = (x: Tensor) => div(sum(mul(x, mask)), tokens);
  const inResponses = (x: Tensor) => mean(div(sum(mul(x, mask), 1), sum(mask, 1)));
  const overResponses = (x: Tensor) => mean(sum(mul(x, mask), 1));
  const averaged = method === "ppo" ? overTokens : method === "grpo" ? inResponses : overResponses;

  let policyLoss: Tensor;
  let clipped: Tensor = mul(0, tokens);
  if (method === "best-of-n") policyLoss = neg(overResponses(logProbs));
  else {
    const logRatio = sub(logProbs, grid("old"));
    const whole = method === "rloo"; // the ratio of a response, whose advantage stands at each of its tokens
    const rho = exp(whole ? sum(logRatio, 1) : logRatio);
    const A = whole ? div(sum(mul(grid("advantages"), mask), 1), sum(mask, 1)) : grid("advantages");
    const surrogate = min(mul(rho, A), mul(clip(rho, 1 - eps, 1 + eps), A));
    policyLoss = neg(whole ? mean(surrogate) : averaged(surrogate));
    const out = cast(greater(abs(sub(rho, 1)), eps), "float32");
    clipped = whole ? mean(out) : overTokens(out);
  }

  let loss = policyLoss;
  if (penalty === "loss" && method !== "best-of-n") {
    const l = sub(logProbs, grid("reference"));
    loss = add(loss, mul(sum(input("beta", [1])), averaged(add(sub(exp(neg(l)), 1), l))));
  }
  if (entropyBonus !== 0) loss = sub(loss, mul(entropyBonus, div(sum(entropies), tokens)));
  let valueLoss: Tensor = mul(0, tokens);
  if (V) {
    const R = grid("returns");
    let error = square(sub(V, R));
    if (valueClip > 0) {
      const old = grid("values");
      error = max(error, square(sub(add(old, clip(sub(V, old), -valueClip, valueClip)), R)));
    }
    valueLoss = overTokens(error);
    loss = add(loss, valueLoss);
  }
  return { loss, metrics: { policyLoss, valueLoss, clipped } };
}

/** θ ← optimizer(θ, ∇ loss): AdamW for the policy, Adam at its own rate for the critic. */
export function rlhfOptimizer(learned: Learned, options: RlhfOptions, total: number): Optimizer {
  const rate = (top: number) => (options.schedule === "linear" ? linearSchedule(top, total) : constantSchedule(top));
  const policy = adamW({ learningRate: rate(options.learningRate), weightDecay: options.weightDecay });
  const rest = layout(learned.params).size - learned.size;
  if (rest === 0) return policy;
  const critic = adamW({ learningRate: rate(options.valueRate), weightDecay: 0 });
  return sectioned([
    { size: learned.size, optimizer: policy },
    { size: rest, optimizer: critic },
  ]);
}

export function compileRlhf(model: ResponseModel, learned: Learned, options: RlhfOptions, total: number): Promise<Update> {
  // What is cloned is cloned as a whole: the best of n may hold actions that π_θ would leave out.
  const restricted = isRestricted(options) && options.method !== "best-of-n";
  const expressions = sampledFrom(model.expressions({ rows: rowsOf(options) }), options, restricted);
  return compileUpdate({
    ...rlhfLoss(expressions, learned.values?.(expressions), options),
    params: learned.params,
    optimizer: rlhfOptimizer(learned, options, total),
    ...(options.clipNorm > 0 ? { clipNorm: options.clipNorm } : {}),
  });
}
