import {
  add,
  logSumExp,
  mean,
  min,
  mul,
  neg,
  type ParamTree,
  reshape,
  slice,
  stopGradient,
  sub,
  type Tensor,
  takeAlongAxis,
} from "../../autodiff/index.ts";
import type { ActionSpace, Box } from "../../mdp/index.ts";
import type { Normaliser, PolicyModel } from "../../policies/index.ts";
import { type ActionCritic, mlpActionCritic } from "./action-critic.ts";
import { drawn } from "./drawn.ts";
import { byTwin, frozen } from "./rebind.ts";

/** Soft action values, the soft state values that follow from them, and the policy that goes with both, as expressions. */
export interface SoftQ {
  /** The parameters of Q, of which there may be several. */
  readonly q: ParamTree;
  /** The parameters of an actor beside Q; absent where the policy is Q's own softmax. */
  readonly pi?: ParamTree;
  /** Columns of standard normal noise that V and the actor need for each row; 0 where V is a closed form. */
  readonly noise: number;
  /** Q(s, a) `[B]`, one of each critic. */
  Q(s: Tensor, a: Tensor): Tensor[];
  /** V(s) `[B]`. Gradients reach Q, not the actor. */
  V(s: Tensor, noise?: Tensor): Tensor;
  /** V(s) `[B]` by the parameters of a twin of `q`; gradients reach nothing. */
  twinV(twin: ParamTree, s: Tensor, noise?: Tensor): Tensor;
  /** What the actor makes small. */
  actorLoss?(s: Tensor, noise: Tensor): Tensor;
  /** The actor's log loss (1/B) Σ log 1/π(a | s) on given actions. */
  actorLogLoss?(s: Tensor, a: Tensor): Tensor;
  /** The policy π: what acts, and is kept. Its parameters come first in the whole. */
  readonly policy: PolicyModel;
}

export interface SoftQOptions {
  /** α: what a nat of entropy is worth, in units of reward. */
  readonly temperature: number;
  /** For real actions: how many critics there are; the least of their values counts. */
  readonly critics: number;
  /** The hidden layers of the critics of real actions. */
  readonly criticHidden: readonly number[];
}

/** Choices have their Q from the policy's network itself; real actions have critics beside it. */
export function softQ(policy: PolicyModel, options: SoftQOptions, normal?: Normaliser): SoftQ {
  return policy.action.kind === "box" ? actorAndCritics(policy, options, normal) : softmaxOfQ(policy, options, normal);
}

/**
 * Soft values of choices, Q_θ(s, ·) being the network's output:
 *
 *     V(s) = α ln Σ_a exp(Q(s, a) / α),   π(a | s) = exp((Q(s, a) − V(s)) / α)
 *
 * (slides "Inverse Reinforcement Learning": π(a|s) ∝ exp(Q(s, a))). Of several choices at once Q is the sum of one for each.
 * @formula soft-q-value
 */
function softmaxOfQ(policy: PolicyModel, { temperature }: SoftQOptions, normal?: Normaliser): SoftQ {
  const parts = choicesOf(policy.action);
  const outputs = new Map<Tensor, Tensor>(); // one forward pass for Q and V
  const forward = (s: Tensor) => {
    const z = outputs.get(s) ?? policy.forward(s, normal);
    outputs.set(s, z);
    return z;
  };
  const V = (s: Tensor) =>
    parts
      .map(({ from, to }) => mul(temperature, logSumExp(mul(1 / temperature, slice(forward(s), 1, from, to)), 1)))
      .reduce((x, y) => add(x, y));
  return {
    q: policy.params,
    noise: 0,
    Q(s, a) {
      const column = (i: number) => (a.shape.length === 1 ? a : reshape(slice(a, 1, i, i + 1), [a.shape[0]]));
      return [
        parts.map(({ from, to }, i) => takeAlongAxis(slice(forward(s), 1, from, to), column(i))).reduce((x, y) => add(x, y)),
      ];
    },
    V,
    twinV: (twin, s) => byTwin(V(s), policy.params, twin),
    policy: tempered(policy, temperature),
  };
}

/** π(a | s) ∝ exp(z_a / α) for a network that gives z. */
function tempered(policy: PolicyModel, temperature: number): PolicyModel {
  return {
    ...policy,
    forward: (s, normal) => mul(1 / temperature, policy.forward(s, normal)),
    description: { ...policy.description, temperature },
  };
}

/**
 * Soft values of real actions, which an actor draws (Haarnoja et al. 2018): with a ∼ π(· | s)
 *
 *     V(s) = E_a[minᵢ Qᵢ(s, a) − α ln π(a | s)],   the actor's loss E_a[α ln π(a | s) − minᵢ Qᵢ(s, a)]
 *
 * @formula soft-actor
 */
function actorAndCritics(policy: PolicyModel, options: SoftQOptions, normal?: Normaliser): SoftQ {
  const { temperature, critics: count, criticHidden: hidden } = options;
  const spaces = { observation: policy.observation, action: policy.action as Box };
  const critics: ActionCritic[] = Array.from({ length: count }, () => mlpActionCritic(spaces, { hidden }));
  const q: ParamTree = Object.fromEntries(critics.map(({ params }, i) => [String(i), params]));
  const Q = (s: Tensor, a: Tensor) => critics.map((critic) => critic.value(s, a, normal));
  const draw = (s: Tensor, noise: Tensor) => drawn(policy, policy.forward(s, normal), noise);
  const V = (s: Tensor, noise?: Tensor) => {
    const { a, logPi } = draw(s, noise!);
    return sub(Q(s, stopGradient(a)).reduce(min), mul(temperature, stopGradient(logPi)));
  };
  return {
    q,
    pi: policy.params,
    noise: spaces.action.low.length,
    Q,
    V,
    twinV: (twin, s, noise) => byTwin(V(s, noise), q, twin),
    actorLoss(s, noise) {
      const { a, logPi } = draw(s, noise);
      return mean(sub(mul(temperature, logPi), frozen(Q(s, a).reduce(min), q)));
    },
    actorLogLoss: (s, a) => neg(mean(policy.head.logProb(policy.forward(s, normal), a))),
    policy,
  };
}

/** Which entries of a network's output belong to which choice. */
function choicesOf(space: ActionSpace): { from: number; to: number }[] {
  const ns = space.kind === "discrete" ? [space.n] : space.kind === "multi-discrete" ? space.ns : [];
  let from = 0;
  return ns.map((n) => {
    from += n;
    return { from: from - n, to: from };
  });
}
