import { add, constant, mean, mul, slice, square, stopGradient, sub } from "../../autodiff/index.ts";
import type { NeuralPolicy } from "../../policies/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { type SoftRecord, type SoftState, softInit, softPolicy, softRound } from "./soft-learner.ts";
import { type SoftLearnerOptions, type SoftProblem, softDefaults } from "./soft-options.ts";
import type { SoftLoss } from "./soft-update.ts";

export type SqilProblem = SoftProblem;
export type SqilOptions = SoftLearnerOptions;
export type SqilState = SoftState<SqilOptions>;

/** One round. */
export interface SqilRecord extends SoftRecord {
  /** Mean Q(s, a) over the expert's steps and over the learner's own. */
  expertQ: number;
  ownQ: number;
}

/**
 * Soft Q imitation learning (Reddy, Dragan & Levine 2020, Alg. 1): soft Q-learning in which each of the expert's steps earned 1 and
 * each of the learner's own 0, half of a minibatch each:
 *
 *     Q ← argmin ½ E_expert[(Q(s, a) − 1 − γ V(s′))²] + ½ E_own[(Q(s, a) − γ V(s′))²],   V(s) = α ln Σ_a exp(Q(s, a) / α)
 *
 * V(s′) is the target network's. For real actions V is an actor's, as in soft actor-critic. Throws without an environment: there
 * have to be own steps.
 * @formula sqil
 */
export const sqil: Algorithm<SqilProblem, SqilOptions, SqilState, SqilRecord, { policy: NeuralPolicy }> = {
  name: "sqil",
  about: "soft Q-learning with reward 1 for the expert's steps and 0 for its own",
  needs: ["demos", "policy"],
  defaults: { ...softDefaults, updates: 10_000, temperature: 0.05, targetRate: 0.01, stepsPerUpdate: 1 },

  async init(problem, options) {
    if (options.stepsPerUpdate === 0)
      throw new RangeError("sqil learns from its own steps beside the expert's; give stepsPerUpdate > 0, found 0");
    return softInit("sqil", problem, options);
  },

  async iterate(state, problem) {
    return (await softRound(state, problem, sqilLoss)) as unknown as SqilRecord;
  },

  done: ({ learner, options }) => learner.t >= options.updates,
  progress: ({ learner, options }) => ({ done: learner.t, total: options.updates, unit: "updates" }),

  async result(state, problem) {
    return { policy: softPolicy(state, problem) };
  },
};

const sqilLoss: SoftLoss<SqilOptions> = (soft, { s, a, future, expert, own }) => {
  const r = constant(Float32Array.from({ length: expert + own }, (_, i) => (i < expert ? 1 : 0)));
  const y = stopGradient(add(r, future)); // r + γ V(s′)
  const values = soft.Q(s, a);
  const loss = values.map((Q) => mean(square(sub(Q, y)))).reduce((x, z) => add(x, z));
  const average = mul(
    1 / values.length,
    values.reduce((x, z) => add(x, z)),
  );
  return {
    loss,
    metrics: { expertQ: mean(slice(average, 0, 0, expert)), ownQ: mean(slice(average, 0, expert, expert + own)) },
  };
};
