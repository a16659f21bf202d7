import {
  add,
  compile,
  constant,
  div,
  gather,
  initialise,
  input,
  layout,
  matmul,
  mul,
  normal,
  type Program,
  param,
  reshape,
  sub,
  sum,
  type Tensor,
} from "../autodiff/index.ts";
import type { Answer } from "../mdp/index.ts";
import type { BatchShape, ResponseModel, ResponsePolicy } from "../policies/index.ts";
import type { RewardModel } from "./reward-model.ts";

export interface ExplicitOptions {
  /** What of the hidden states stands for the answer: that of its last token, or the mean of those of the response's tokens. */
  readonly pooling?: "last" | "mean";
  /** Whether the network below the head is trained too; otherwise its hidden states are computed once. */
  readonly backbone?: "trained" | "frozen";
  /** Divide the reward by the number of the response's tokens. */
  readonly lengthNormalised?: boolean;
}

/**
 * The reward of a head u on the hidden state of an answer (slides "Explicit Reward Model"; Razin et al. 2025, section 2.1):
 *
 *     r(x, y) = ⟨u, h_{x,y}⟩
 *
 * u `[d]`, h `[R, d]` to `[R]`.
 * @formula explicit-reward
 */
export function explicitReward(u: Tensor, h: Tensor): Tensor {
  return reshape(matmul(h, reshape(u, [-1, 1])), [h.shape[0]]);
}

/**
 * Explicit reward models on a policy's network, which starts with the policy's own weights. Where padding stands and what its token
 * is makes no difference: h is read where the response ends. Throws if the policy has no hidden states to read.
 */
export function explicitRewardModel(policy: ResponsePolicy, options: ExplicitOptions = {}): RewardModel {
  const { pooling = "last", backbone = "trained", lengthNormalised = false } = options;
  const { model, theta } = policy;
  const d = pooledHidden(model, pooling, lengthNormalised, { rows: 1 }).shape[1] as number;
  const description = { kind: "explicit", pooling, backbone, lengthNormalised, policy: model.description };
  if (backbone === "frozen") {
    const of = hiddenOf(policy, pooling, lengthNormalised);
    return { ...linearRewardModel(d, of), description };
  }
  const head = headOf(d);
  const size = layout(model.params).size;
  return {
    params: { backbone: model.params, head },
    description,
    reward: (batch) => explicitReward(head.u, pooledHidden(model, pooling, lengthNormalised, batch)),
    feeds: (answers, prefix) => model.feeds(answers, prefix),
    first(random) {
      const phi = new Float32Array(size + d);
      phi.set(theta);
      phi.set(initialise({ head }, random), size);
      return phi;
    },
  };
}

/** Explicit reward models on features of answers that don't change, `[R, d]`: r(x, y) = ⟨u, h_{x,y}⟩, of which u alone is trained. */
export function linearRewardModel(d: number, features: (answers: readonly Answer[]) => Promise<Float32Array>): RewardModel {
  const head = headOf(d);
  return {
    params: { head },
    description: { kind: "explicit", features: d },
    reward: ({ rows, prefix = "" }) => explicitReward(head.u, input(`${prefix}known`, [rows, d])),
    feeds: () => ({}),
    known: { width: d, of: features },
    first: (random) => initialise({ head }, random),
  };
}

/** u ~ N(0, 1 / (d + 1)), so that rewards begin at about 1 where the hidden states' numbers do. */
function headOf(d: number): { u: Tensor } {
  return { u: param([d], normal(1 / Math.sqrt(d + 1))) };
}

/** h_{x,y} `[R, d]`, divided by |y| where asked. */
function pooledHidden(model: ResponseModel, pooling: "last" | "mean", lengthNormalised: boolean, batch: BatchShape): Tensor {
  const { last, hidden, mask } = model.expressions(batch);
  if (!last || !hidden) {
    throw new TypeError("this policy has no hidden states, which an explicit reward model reads; take a language model");
  }
  const R = batch.rows;
  const lengths = reshape(sum(mask, 1), [R, 1]);
  let h = last;
  if (pooling === "mean") {
    // hidden[t] is the state that y_t was chosen from, one token before its own: so all but the first, and the last.
    const chosenFrom = sum(mul(hidden, reshape(mask, [R, mask.shape[1], 1])), 1);
    const first = reshape(gather(hidden, constant(Int32Array.of(0)), 1), [R, -1]);
    h = div(add(sub(chosenFrom, first), last), lengths);
  }
  return lengthNormalised ? div(h, lengths) : h;
}

/** h of answers, computed by a policy that stays as it is. */
function hiddenOf(
  { model, theta }: ResponsePolicy,
  pooling: "last" | "mean",
  lengthNormalised: boolean,
): (answers: readonly Answer[]) => Promise<Float32Array> {
  const programs = new Map<number, Promise<Program>>();
  return async (answers) => {
    const rows = answers.length;
    const program =
      programs.get(rows) ??
      compile({ outputs: { h: pooledHidden(model, pooling, lengthNormalised, { rows }) }, params: model.params });
    programs.set(rows, program);
    return (await (await program).run({ ...model.feeds(answers), theta })).h as Float32Array;
  };
}
