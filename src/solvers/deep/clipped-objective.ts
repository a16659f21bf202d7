import {
  abs,
  add,
  cast,
  clip,
  compileUpdate,
  exp,
  greater,
  input,
  max,
  mean,
  min,
  mul,
  neg,
  type Optimizer,
  type ParamTree,
  square,
  sub,
  type Tensor,
  type Update,
} from "../../autodiff/index.ts";
import { size } from "../../mdp/index.ts";
import type { PolicyModel } from "../../policies/index.ts";
import type { Critic } from "./critic.ts";

export interface ObjectiveOptions {
  /** ε: how far the ratio of new to old probabilities may go before its gradient is cut. */
  clipRange: number;
  /** How far a value may move from its old one before its gradient is cut; 0 for no such limit. */
  valueClip: number;
  /** c₁, the weight of the squared error of the values. */
  valueWeight: number;
  /** c₂, the weight of the entropy bonus. */
  entropyBonus: number;
  /** The gradient is shortened to this length; 0 for never. */
  clipNorm: number;
}

/** Policy and critic as one tree of parameters: one flat vector θ, the policy's first. */
export function actorCritic(policy: PolicyModel, critic: Critic): ParamTree {
  return { pi: policy.params, v: critic.params };
}

/** The scalars that describe one update: the loss, and its parts. */
export interface Objective {
  readonly loss: Tensor;
  readonly metrics: Readonly<Record<"policyLoss" | "valueLoss" | "entropy" | "kl" | "clipped", Tensor>>;
}

/**
 * The clipped surrogate objective (Schulman et al. 2017, eqs. 7 and 9), as a loss:
 *
 *     ρ = π_θ(a | s) / π_old(a | s)
 *     L = −E[min(ρ A, clip(ρ, 1 − ε, 1 + ε) A)] + c₁ E[(V_φ(s) − R)²] − c₂ E[H(π_θ(· | s))]
 *
 * over the inputs s `[B, D]` (normalised), x (draws, before they are brought into the action box), logPi (ln π_old(x | s)), A, R
 * and, where values are clipped, V (the old ones), `[B]` each. Beside its parts it reports KL(π_old ‖ π_θ) ≈ E[ρ − 1 − ln ρ]
 * and the share of rows where ρ is outside of 1 ± ε.
 * @formula ppo-clip
 */
export function clippedObjective(policy: PolicyModel, critic: Critic, options: ObjectiveOptions): Objective {
  const { clipRange: eps, valueClip, valueWeight, entropyBonus } = options;
  const s = input("s", ["B", size(policy.observation)]);
  const x = policy.head.action("x");
  const [logPiOld, A, R] = ["logPi", "A", "R"].map((name) => input(name, ["B"]));

  const z = policy.forward(s);
  const logRatio = sub(policy.head.drawLogProb(z, x), logPiOld);
  const rho = exp(logRatio);
  const policyLoss = neg(mean(min(mul(rho, A), mul(clip(rho, 1 - eps, 1 + eps), A))));

  const V = critic.value(s);
  let error = square(sub(V, R));
  if (valueClip > 0) {
    const old = input("V", ["B"]);
    error = max(error, square(sub(add(old, clip(sub(V, old), -valueClip, valueClip)), R)));
  }
  const valueLoss = mean(error);
  const entropy = mean(policy.head.entropy(z));

  let loss = add(policyLoss, mul(valueWeight, valueLoss));
  if (entropyBonus !== 0) loss = sub(loss, mul(entropyBonus, entropy));
  const kl = mean(sub(sub(rho, 1), logRatio));
  const clipped = mean(cast(greater(abs(sub(rho, 1)), eps), "float32"));
  return { loss, metrics: { policyLoss, valueLoss, entropy, kl, clipped } };
}

/** Updates of θ by the clipped objective. */
export function compileObjective(
  policy: PolicyModel,
  critic: Critic,
  options: ObjectiveOptions & { batchSize: number },
  optimizer: Optimizer,
): Promise<Update> {
  const { loss, metrics } = clippedObjective(policy, critic, options);
  return compileUpdate({
    loss,
    metrics,
    params: actorCritic(policy, critic),
    optimizer,
    dims: { B: options.batchSize },
    ...(options.clipNorm > 0 ? { clipNorm: options.clipNorm } : {}),
  });
}
