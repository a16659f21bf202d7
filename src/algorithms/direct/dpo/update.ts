import {
  add,
  compileUpdate,
  div,
  input,
  mean,
  mul,
  sign,
  slice,
  sub,
  sum,
  type Tensor,
  type Update,
} from "../../../autodiff/index.ts";
import type { ResponseModel } from "../../../policies/index.ts";
import { implicitReward } from "../../../rewards/index.ts";
import { optimizerFor } from "../log-loss.ts";
import type { Pairs } from "./losses.ts";
import { lossOf } from "./mixture.ts";
import type { DpoOptions } from "./problem.ts";

/** What an update reports, beside `loss` and `gradNorm`, under the field's names. */
export const REPORTED = [
  "rewards/chosen",
  "rewards/rejected",
  "rewards/margins",
  "rewards/accuracies",
  "logps/chosen",
  "logps/rejected",
  "entropy",
] as const;

/**
 * θ ← optimizer(θ, ∇ loss) on P pairs: 2P answers in one pass of the network, the chosen first. The reference's log-probabilities
 * come in as `reference` `[2P]`.
 */
export function compileDpo(model: ResponseModel, options: DpoOptions, P: number, total: number): Promise<Update> {
  const { logProbs, entropies, mask } = model.expressions({ rows: 2 * P });
  const logPi = sum(logProbs, 1);
  const lengths = sum(mask, 1);
  const logPiRef = input("reference", [2 * P]);
  const chosen = (x: Tensor) => slice(x, 0, 0, P);
  const rejected = (x: Tensor) => slice(x, 0, P, 2 * P);
  const pairs: Pairs = {
    w: chosen(logPi),
    l: rejected(logPi),
    refW: chosen(logPiRef),
    refL: rejected(logPiRef),
    lengthW: chosen(lengths),
    lengthL: rejected(lengths),
  };
  const rw = implicitReward(pairs.w, pairs.refW, options.beta);
  const rl = implicitReward(pairs.l, pairs.refL, options.beta);
  const metrics: Record<(typeof REPORTED)[number], Tensor> = {
    "rewards/chosen": mean(rw),
    "rewards/rejected": mean(rl),
    "rewards/margins": mean(sub(rw, rl)),
    "rewards/accuracies": mean(mul(0.5, add(1, sign(sub(rw, rl))))), // a tie counts one half
    "logps/chosen": mean(pairs.w),
    "logps/rejected": mean(pairs.l),
    entropy: div(sum(entropies), sum(mask)),
  };
  return compileUpdate({
    loss: lossOf(pairs, options),
    params: model.params,
    optimizer: optimizerFor({ ...options, l2: 0, entropyBonus: 0 }, total),
    metrics,
    ...(options.clipNorm > 0 ? { clipNorm: options.clipNorm } : {}),
  });
}
