import { div, input, mul, reshape, sub, sum, type Tensor } from "../autodiff/index.ts";
import type { Answer } from "../mdp/index.ts";
import { answerScores, type ResponsePolicy } from "../policies/index.ts";
import type { RewardModel } from "./reward-model.ts";

/**
 * The reward under which π_θ is optimal at divergence weight β, up to a function of x that no comparison sees (Rafailov et al.
 * 2023, section 4; slides "Implicit Reward Model"):
 *
 *     r̂(x, y) = β log π_θ(y | x) / π_ref(y | x) = β [log π_θ(y | x) - log π_ref(y | x)]
 *
 * @formula implicit-reward
 */
export function implicitReward(logPi: Tensor, logPiRef: Tensor, beta: number): Tensor {
  return mul(beta, sub(logPi, logPiRef));
}

/** r̂ of answers, in double precision: a policy read as a reward model. Both policies may be of different families. */
export function implicitRewardOf(
  policy: ResponsePolicy,
  reference: ResponsePolicy,
  beta: number,
): (answers: readonly Answer[]) => Promise<Float64Array> {
  return async (answers) => {
    const pi = await answerScores(policy, answers);
    const piRef = await answerScores(reference, answers);
    return pi.logProb.map((logPi, i) => beta * (logPi - piRef.logProb[i]));
  };
}

export interface ImplicitOptions {
  /** π_ref; by default the policy as it starts. */
  readonly reference?: ResponsePolicy;
  readonly beta?: number;
  /** Divide the reward by the number of the response's tokens. */
  readonly lengthNormalised?: boolean;
}

/**
 * Implicit reward models: all policies of a family, each read as r̂. They start from the policy that is given. Throws a
 * RangeError if β is no positive number.
 */
export function implicitRewardModel(policy: ResponsePolicy, options: ImplicitOptions = {}): RewardModel {
  const { reference = policy, beta = 0.1, lengthNormalised = false } = options;
  const { model, theta } = policy;
  if (!(beta > 0 && Number.isFinite(beta))) throw new RangeError(`beta is ${beta}, expected a positive number, often 0.1`);
  return {
    params: model.params,
    description: { kind: "implicit", beta, lengthNormalised, policy: model.description },
    reward({ rows, prefix = "" }) {
      const { logProbs, mask } = model.expressions({ rows, prefix });
      const logPiRef = reshape(input(`${prefix}known`, [rows, 1]), [rows]);
      const r = implicitReward(sum(logProbs, 1), logPiRef, beta);
      return lengthNormalised ? div(r, sum(mask, 1)) : r;
    },
    feeds: (answers, prefix) => model.feeds(answers, prefix),
    known: { width: 1, of: async (answers) => Float32Array.from((await answerScores(reference, answers)).logProb) },
    first: () => theta.slice(),
  };
}
