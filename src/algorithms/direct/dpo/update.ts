import {
  add,
  compileAccumulated,
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
  type TrainState,
} from "../../../autodiff/index.ts";
import type { Answer } from "../../../mdp/index.ts";
import type { ResponseModel } from "../../../policies/index.ts";
import { implicitReward } from "../../../rewards/index.ts";
import { inParts } from "../../micro-batch.ts";
import { optimizerFor } from "../log-loss.ts";
import type { Pairs } from "./losses.ts";
import { lossOf, mixtureOf } from "./mixture.ts";
import type { DpoOptions } from "./problem.ts";
import type { Measured } from "./record.ts";

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

/** θ ← optimizer(θ, ∇ loss) on a minibatch of 2P answers, the chosen first, with log π_ref of each. */
export type DpoUpdate = (learner: TrainState, answers: readonly Answer[], logPiRef: Float32Array) => Promise<Measured>;

/** Compiles the update of P pairs: in one pass of the network, or in passes of `microBatch` pairs whose gradients are added up. */
export async function compileDpo(model: ResponseModel, options: DpoOptions, P: number, total: number): Promise<DpoUpdate> {
  const { microBatch: m, clipNorm } = options;
  const how = {
    params: model.params,
    optimizer: optimizerFor({ ...options, l2: 0, entropyBonus: 0 }, total),
    ...(clipNorm > 0 ? { clipNorm } : {}),
  };
  if (m === 0 || m === P) {
    const { loss, means, entropies, tokens } = objective(model, options, P);
    const update = await compileUpdate({ loss, metrics: { ...means, entropy: div(entropies, tokens) }, ...how });
    return async (learner, answers, logPiRef) => {
      const report = await update.run(learner, { ...model.feeds(answers), reference: logPiRef });
      const measured = Object.fromEntries(REPORTED.map((name) => [name, report[name][0]]));
      return { loss: report.loss[0], grad_norm: report.gradNorm[0], ...measured } as Measured;
    };
  }
  // Sums of parts instead of means, so that all of them together are the sum over the minibatch.
  const { loss, means, entropies, tokens } = objective(model, options, m, input("tokensW", [1]));
  const sums = Object.fromEntries(Object.entries(means).map(([name, own]) => [name, mul(m, own)]));
  const update = await compileAccumulated({ loss: mul(m, loss), sums: { ...sums, entropies, tokens }, ...how });
  return async (learner, answers, logPiRef) => {
    const chosen = answers.slice(0, P).reduce((n, { y }) => n + model.length(y), 0);
    const part = (from: number, to: number) => ({
      ...model.feeds([...answers.slice(from, to), ...answers.slice(P + from, P + to)]),
      reference: Float32Array.from([...logPiRef.subarray(from, to), ...logPiRef.subarray(P + from, P + to)]),
      ...(readsTokens(options) ? { tokensW: Float32Array.of((chosen * m) / P) } : {}),
    });
    const found = await update.run(learner, inParts(P, m, part), P);
    const { entropies: entropy, tokens: all, ...rest } = found.sums;
    const measured = Object.fromEntries(Object.entries(rest).map(([name, sum]) => [name, sum / P]));
    return { loss: found.loss, grad_norm: found.gradNorm, ...measured, entropy: entropy / all } as Measured;
  };
}

/** Whether a part of the loss is a mean over tokens, which all of a minibatch share. */
const readsTokens = ({ loss, lengthNormalised }: DpoOptions) =>
  !lengthNormalised && mixtureOf(loss).some(([name]) => name === "sft");

/** The loss of P pairs, 2P answers in one pass of the network; their reference's log-probabilities come in as `reference` `[2P]`. */
function objective(model: ResponseModel, options: DpoOptions, P: number, tokensW?: Tensor) {
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
    ...(tokensW ? { tokensW: sum(tokensW) } : {}),
  };
  const rw = implicitReward(pairs.w, pairs.refW, options.beta);
  const rl = implicitReward(pairs.l, pairs.refL, options.beta);
  const means: Record<Exclude<(typeof REPORTED)[number], "entropy">, Tensor> = {
    "rewards/chosen": mean(rw),
    "rewards/rejected": mean(rl),
    "rewards/margins": mean(sub(rw, rl)),
    "rewards/accuracies": mean(mul(0.5, add(1, sign(sub(rw, rl))))), // a tie counts one half
    "logps/chosen": mean(pairs.w),
    "logps/rejected": mean(pairs.l),
  };
  return { loss: lossOf(pairs, options), means, entropies: sum(entropies), tokens: sum(mask) };
}
