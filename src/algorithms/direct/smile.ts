import { rng } from "../../autodiff/index.ts";
import { type Env, type Expert, mustBeCounts } from "../../mdp/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { countInto, drawFrom, frequencies, labelled, playBySteps, pooled, sizesOf } from "./by-step.ts";

/** A world of states and choices with a limit of steps, and an expert that can be asked. */
export interface SmileProblem {
  readonly env: Env;
  readonly expert: Expert;
}

/** How the expert is replaced: rounds, episodes, and the share of each round. */
export interface SmileOptions {
  rounds: number;
  /** Episodes a round, each of whose states is labelled. */
  episodes: number;
  /** α: the share of the expert that each round replaces. */
  alpha: number;
  /** One policy for all steps instead of one for each. */
  stationary: boolean;
  seed: number;
}

/** Plain data. The mixture over policies is one table: at every step one of them is drawn and acts. */
export interface SmileState {
  options: SmileOptions;
  round: number;
  /** α Σ_{j ≤ i} (1-α)^(j-1) π̂_j, `[H, S, A]`: rows sum to 1 - (1-α)^i. */
  learned: Float64Array;
  labels: number;
}

/** How far the expert is replaced after a round. */
export interface SmileRecord {
  round: number;
  /** (1-α)^i: the share of the expert that is left in π_i. */
  expertShare: number;
  /** Labels asked for so far. */
  labels: number;
}

/**
 * SMILe, stochastic mixing iterative learning (Ross & Bagnell 2010, Alg. 4.1). π_0 = π*; round i labels the states that
 * π_{i-1} visits, learns π̂_i from that round's labels alone, and moves a little towards it:
 *
 *     π_i = (1-α)^i π* + α Σ_{j=1}^{i} (1-α)^(j-1) π̂_j
 *
 * At the end the expert is taken out, π̃ = (π_n - (1-α)^n π*) / (1 - (1-α)^n): that is the result, `[H, S, A]`. Exact
 * minimisers of the log loss by counting; uniform in states that a round didn't meet. Throws unless 0 < α ≤ 1.
 * @formula smile-mixture
 */
export const smile: Algorithm<SmileProblem, SmileOptions, SmileState, SmileRecord, { pi: Float64Array }> = {
  name: "smile",
  about: "the expert is replaced little by little by policies learned where the mixture goes",
  needs: ["env", "expert"],
  defaults: { rounds: 20, episodes: 100, alpha: 0.1, stationary: false, seed: 0 },

  async init({ env }, options) {
    const { S, A, H } = sizesOf(env, "SMILe");
    const { rounds, episodes, alpha } = options;
    mustBeCounts({ rounds, episodes });
    if (!(alpha > 0 && alpha <= 1)) throw new RangeError(`alpha is ${alpha}, expected a share above 0 and up to 1`);
    return { options, round: 0, learned: new Float64Array(H * S * A), labels: 0 };
  },

  async iterate(state, { env, expert }) {
    const { alpha, episodes, stationary, seed } = state.options;
    const sizes = sizesOf(env, "SMILe");
    const stream = rng(seed).split("smile").split(state.round);
    const draws = stream.split("actions");
    const expertShare = (1 - alpha) ** state.round;
    const counts = new Float64Array(state.learned.length);
    // s ~ d^π_{i-1}, each labelled by the expert; the coin says who acts
    await playBySteps(env, { n: episodes, steps: sizes.H, seed: stream.split("episodes").next() }, async (h, states) => {
      const labels = await labelled(expert, states, env);
      countInto(counts, sizes, h, states, labels);
      state.labels += states.length;
      if (expertShare === 1) return labels;
      const own = drawFrom(state.learned, sizes, h, states, draws);
      return own.map((a, i) => (draws.float() < expertShare ? labels[i] : a));
    });
    // π_i = π_{i-1} + α (1-α)^(i-1) (π̂_i - π*)
    const piHat = frequencies(stationary ? pooled(counts, sizes) : counts, sizes.A);
    for (let i = 0; i < piHat.length; i++) state.learned[i] += alpha * expertShare * piHat[i];
    state.round += 1;
    return { round: state.round, expertShare: (1 - alpha) ** state.round, labels: state.labels };
  },

  done: (state) => state.round >= state.options.rounds,
  progress: (state) => ({ done: state.round, total: state.options.rounds, unit: "rounds" }),

  async result({ options, round, learned }) {
    const mass = 1 - (1 - options.alpha) ** round;
    if (mass === 0) throw new RangeError("SMILe has learned nothing before its first round; make one");
    return { pi: learned.map((p) => p / mass) };
  },
};
