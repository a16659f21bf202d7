import { rng } from "../../autodiff/index.ts";
import { type Env, type Expert, mustBeCounts, type Observations } from "../../mdp/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { countInto, drawFrom, frequencies, labelled, playBySteps, sizesOf } from "./by-step.ts";

/** A world of states and choices with a limit of steps, and an expert that can be asked. */
export interface ForwardTrainingProblem {
  readonly env: Env;
  readonly expert: Expert;
}

export interface ForwardTrainingOptions {
  /** Episodes played, and states labelled, for every step. */
  episodes: number;
  seed: number;
}

/** Plain data: the policies of the first `step` steps, and uniform ones after them. */
export interface ForwardTrainingState {
  options: ForwardTrainingOptions;
  H: number;
  step: number;
  /** `[H, S, A]` */
  pi: Float64Array;
  labels: number;
}

export interface ForwardTrainingRecord {
  /** h: whose policy was learned. */
  step: number;
  /** Episodes that came that far. */
  states: number;
  /** Labels asked for so far. */
  labels: number;
}

/**
 * Forward training (Ross & Bagnell 2010, Alg. 3.1): one policy for each step, in their order, each on the states that the
 * policies before it lead to:
 *
 *     s ~ d_h^{π_1 .. π_{h-1}},   π_h = argmin_π E_s [ log 1/π(π*(s) | s) ]
 *
 * so that every policy is trained on the very states it will meet, and errors don't compound: the gap is at most
 * Range(Q^π*) Σ_h ε_h. Exact minimisers by counting; uniform in states that were not met. Takes H rounds and plays
 * H (H - 1) / 2 steps an episode.
 * @formula forward-training
 */
export const forwardTraining: Algorithm<
  ForwardTrainingProblem,
  ForwardTrainingOptions,
  ForwardTrainingState,
  ForwardTrainingRecord,
  { pi: Float64Array }
> = {
  name: "forward-training",
  about: "one policy a step, each trained on the states that those before it lead to",
  needs: ["env", "expert"],
  defaults: { episodes: 100, seed: 0 },

  async init({ env }, options) {
    const { S, A, H } = sizesOf(env, "forward training");
    mustBeCounts({ episodes: options.episodes });
    return { options, H, step: 0, pi: new Float64Array(H * S * A).fill(1 / A), labels: 0 };
  },

  async iterate(state, { env, expert }) {
    const sizes = sizesOf(env, "forward training");
    const h = state.step;
    const stream = rng(state.options.seed).split("forward training").split(h);
    const draws = stream.split("actions");
    // s ~ d_h under π_1 .. π_{h-1}
    let met: Observations = new Float32Array(0);
    await playBySteps(env, { n: state.options.episodes, steps: h + 1, seed: stream.split("episodes").next() }, (step, states) => {
      if (step === h) met = states;
      return drawFrom(state.pi, sizes, step, states, draws);
    });
    // π_h: what the expert does there
    const counts = new Float64Array(sizes.S * sizes.A);
    if (met.length > 0) countInto(counts, sizes, 0, met, await labelled(expert, met, env));
    state.pi.set(frequencies(counts, sizes.A), h * sizes.S * sizes.A);
    state.step += 1;
    state.labels += met.length;
    return { step: state.step, states: met.length, labels: state.labels };
  },

  done: (state) => state.step >= state.H,
  progress: (state) => ({ done: state.step, total: state.H, unit: "steps" }),
  result: async (state) => ({ pi: state.pi.slice() }),
};
