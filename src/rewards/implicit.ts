import { mul, sub, type Tensor } from "../autodiff/index.ts";
import type { Answer } from "../mdp/index.ts";
import { answerScores, type ResponsePolicy } from "../policies/index.ts";

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
