import { add, compile, input, mean, mul, rng, slice, square, sub, type Tensor } from "../../autodiff/index.ts";
import { type Reward, size } from "../../mdp/index.ts";
import type { NeuralPolicy } from "../../policies/index.ts";
import { softQ } from "../../solvers/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { type SoftRecord, type SoftState, softInit, softPolicy, softRound, softTheta } from "./soft-learner.ts";
import { type SoftLearnerOptions, type SoftProblem, softDefaults } from "./soft-options.ts";
import { type SoftLoss, softTree } from "./soft-update.ts";

export type IqLearnProblem = SoftProblem;

export interface IqLearnOptions extends SoftLearnerOptions {
  /**
   * How the term (1 − γ) E_ρ[V(s₀)] is estimated: at first states (`v0`), or by E[V(s) − γ V(s′)], which telescopes to the same, over
   * the expert's steps (`value_expert`) or over the expert's and the learner's own (`value`, online).
   */
  initial: "v0" | "value" | "value_expert";
  /** β of the regulariser r²/(4 β), χ² divergence; 0 for none. */
  chi2: number;
}

export type IqLearnState = SoftState<IqLearnOptions>;

/** One round; rewards are means of Q(s, a) − γ V(s′). */
export interface IqLearnRecord extends SoftRecord {
  /** ... over the expert's steps. */
  expertReward: number;
  /** ... over the learner's own steps, online. */
  ownReward?: number;
  /** Mean V(s) − Q(s, a) over the expert's pairs: α times the log loss where actions are choices. */
  gap: number;
}

export interface IqLearnResult {
  readonly policy: NeuralPolicy;
  /** r(s, a, s′) = Q(s, a) − γ V(s′), V(s′) being 0 where the episode ended. */
  readonly reward: Reward;
}

/**
 * Inverse soft-Q learning (Garg et al. 2021, Alg. 1): among all rewards the one by which the expert is best and everybody else
 * worst, learned without a game, since Q stands for reward and policy at once:
 *
 *     max_Q  E_expert[r] − (1 − γ) E_ρ[V(s₀)] − E[r²] / (4 β),   r = Q(s, a) − γ V(s′)
 *     V(s) = α ln Σ_a exp(Q(s, a) / α),   π(a | s) ∝ exp(Q(s, a) / α)
 *
 * For real actions V(s) = E_{a∼π}[Q(s, a) − α ln π(a | s)] with an actor π trained to make it large, as in soft actor-critic. Offline
 * it reads the demonstrations alone; online the regulariser (and `value`) also sees the learner's own steps. Throws if the
 * demonstrations are not whole trajectories, or the spaces differ.
 * @formula iq-learn
 */
export const iqLearn: Algorithm<IqLearnProblem, IqLearnOptions, IqLearnState, IqLearnRecord, IqLearnResult> = {
  name: "iq-learn",
  about: "inverse soft-Q learning: values whose softmax is the expert, and the reward that they imply",
  needs: ["demos", "policy"],
  defaults: { ...softDefaults, initial: "value_expert", chi2: 0.5 },

  init(problem, options) {
    const choices = ["v0", "value", "value_expert"];
    if (!choices.includes(options.initial))
      throw new RangeError(`initial is one of ${choices.join(", ")}, found "${options.initial}"`);
    if (!(options.chi2 >= 0 && Number.isFinite(options.chi2)))
      throw new RangeError(`chi2 is a number from 0 on, found ${options.chi2}`);
    if (options.initial === "value" && options.stepsPerUpdate === 0)
      throw new RangeError(
        "initial=value averages over the learner's own steps; give stepsPerUpdate > 0, or initial=value_expert",
      );
    return softInit("iq-learn", problem, options);
  },

  async iterate(state, problem) {
    return (await softRound(state, problem, iqLoss)) as unknown as IqLearnRecord;
  },

  done: ({ learner, options }) => learner.t >= options.updates,
  progress: ({ learner, options }) => ({ done: learner.t, total: options.updates, unit: "updates" }),

  async result(state, problem) {
    return { policy: softPolicy(state, problem), reward: await impliedReward(state, problem) };
  },
};

const iqLoss: SoftLoss<IqLearnOptions> = (soft, batch, { initial, chi2, gamma }) => {
  const { s, a, V, future, expert, own } = batch;
  const ofExpert = (t: Tensor) => (own > 0 ? slice(t, 0, 0, expert) : t);
  const rewards = soft.Q(s, a).map((Q) => sub(Q, future)); // r = Q(s, a) − γ V(s′), by each critic
  const average = (f: (r: Tensor) => Tensor) =>
    mul(
      1 / rewards.length,
      rewards.map(f).reduce((x, y) => add(x, y)),
    );

  const expertReward = average((r) => mean(ofExpert(r)));
  const flow = sub(V, future); // V(s) − γ V(s′)
  const start = initial === "v0" ? mul(1 - gamma, mean(batch.startV())) : mean(initial === "value" ? flow : ofExpert(flow));
  let loss = sub(start, expertReward);
  if (chi2 > 0)
    loss = add(
      loss,
      mul(
        1 / (4 * chi2),
        average((r) => mean(square(r))),
      ),
    );

  const ownReward: Record<string, Tensor> = own > 0 ? { ownReward: average((r) => mean(slice(r, 0, expert, expert + own))) } : {};
  return { loss, metrics: { expertReward, gap: sub(mean(ofExpert(flow)), expertReward), ...ownReward } };
};

/** Draws of an action for V(s′) where it has no closed form. */
const DRAWS = 16;

/**
 * The reward that the values imply (Garg et al. 2021, section 4): r(s, a, s′) = Q(s, a) − γ V(s′); an expectation over actions is the mean of a
 * few draws, the same at each call.
 * @formula iq-reward
 */
async function impliedReward(state: IqLearnState, { policy }: IqLearnProblem): Promise<Reward> {
  const { options } = state;
  const soft = softQ(policy, options, state.normaliser ?? undefined);
  const D = size(policy.observation);
  const a = policy.head.action("a");
  const Q = mul(
    1 / Math.max(1, soft.pi ? options.critics : 1),
    soft.Q(input("s", ["B", D]), a).reduce((x, y) => add(x, y)),
  );
  const noise = soft.noise > 0 ? input("noise", ["B", soft.noise]) : undefined;
  const V = soft.V(input("next", ["B", D]), noise);
  const params = softTree(soft);
  const theta = softTheta(soft, state.learner);
  const program = await compile({ outputs: { Q, V }, params });
  return async (steps) => {
    const N = steps.terminated.length;
    const draws = soft.noise > 0 ? DRAWS : 1;
    const value = new Float64Array(N);
    const random = rng(options.seed);
    let q: ArrayLike<number> = value;
    for (let draw = 0; draw < draws; draw++) {
      const noise = Float32Array.from({ length: N * soft.noise }, () => random.normal());
      const chance: Record<string, Float32Array> = soft.noise > 0 ? { noise } : {};
      const actions = policy.action.kind === "box" ? Float32Array.from(steps.a) : Int32Array.from(steps.a);
      const out = await program.run({ s: steps.s, a: actions, next: steps.next, theta, ...chance });
      q = out.Q;
      for (let i = 0; i < N; i++) value[i] += out.V[i] / draws;
    }
    return value.map((v, i) => q[i] - (steps.terminated[i] === 1 ? 0 : options.gamma * v));
  };
}
