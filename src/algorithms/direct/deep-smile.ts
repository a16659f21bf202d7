import { type Rng, rng } from "../../autodiff/index.ts";
import { type Augment, extended, pairs } from "../../data/index.ts";
import { type Env, type Expert, mustBeCounts, type Plain, type Policy } from "../../mdp/index.ts";
import { mixturePolicy, type NeuralPolicy, neuralPolicy, type PolicyModel } from "../../policies/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { type BehaviorCloningOptions, behaviorCloning } from "./behavior-cloning.ts";
import { type AskOptions, askDefaults, fill, missing } from "./online/answers.ts";
import { type Learner, refitted } from "./online/learner.ts";
import { mustBeMadeFor } from "./online/made-for.ts";
import { type VisitedRound, visited } from "./online/visits.ts";

/** A world, an expert that can be asked, and the family of policies to choose from. */
export interface DeepSmileProblem {
  readonly env: Env;
  readonly expert: Expert;
  readonly policy: PolicyModel;
  /** Changes the pairs of the fits' minibatches as they are drawn. */
  readonly augment?: Augment;
}

/** Everything that behavior cloning has, for the fit of every round, and: */
export interface DeepSmileOptions extends BehaviorCloningOptions, AskOptions {
  rounds: number;
  /** States that are visited and labelled each round. */
  states: number;
  /** α: the share of the expert that each round replaces. */
  alpha: number;
}

/** Plain data. */
export interface DeepSmileState {
  options: DeepSmileOptions;
  round: number;
  /** θ of π̂_1, π̂_2, ..., one after the other. */
  thetas: Float32Array;
  normalisers: Learner["normaliser"][];
  /** Labels that the expert gave, and steps it acted in. */
  labels: number;
  expertSteps: number;
  pending: { heard: Plain[]; sheet: VisitedRound | null } | null;
}

export interface DeepSmileRecord {
  round: number;
  /** (1-α)^i: the share of the expert that is left in π_i. */
  expertShare: number;
  /** So far. */
  labels: number;
  expertSteps: number;
  /** Mean log loss over this round's labels in the last epoch of the fit, in nats. */
  loss: number;
  /** Mean return of the episodes that were visited to their end, under π_{i-1}. */
  return?: number;
}

/**
 * SMILe (Ross & Bagnell 2010, Alg. 4.1) for every family of policies. π_0 = π*; round i labels states that π_{i-1} visits,
 * learns π̂_i from that round's labels alone, and moves a little towards it:
 *
 *     π_i = (1-α)^i π* + α Σ_{j=1}^{i} (1-α)^(j-1) π̂_j
 *
 * At every step one of them is drawn and acts. At the end the expert is taken out: that mixture is the result. Throws unless
 * 0 < α ≤ 1, and as DAgger does where the expert fails.
 * @formula smile-mixture-deep
 */
export const deepSmile: Algorithm<DeepSmileProblem, DeepSmileOptions, DeepSmileState, DeepSmileRecord, { policy: Policy }> = {
  name: "deep-smile",
  about: "the expert is replaced little by little by networks learned where the mixture goes",
  needs: ["env", "expert", "policy"],
  defaults: { ...behaviorCloning.defaults, ...askDefaults, epochs: 20, rounds: 20, states: 500, alpha: 0.1 },

  async init({ env, policy }, options) {
    mustBeMadeFor(policy, env);
    const { rounds, states, alpha } = options;
    mustBeCounts({ rounds, states });
    if (!(alpha > 0 && alpha <= 1)) throw new RangeError(`alpha is ${alpha}, expected a share above 0 and up to 1`);
    return { options, round: 0, thetas: new Float32Array(0), normalisers: [], labels: 0, expertSteps: 0, pending: null };
  },

  async iterate(state, problem) {
    const { options } = state;
    const { env, expert, policy, augment } = problem;
    const stream = streamOf(state);
    state.pending ??= { heard: [], sheet: null };
    // s ~ d^π_{i-1}; the coin says who acts
    state.pending.sheet ??= await visited({
      ...{ env, expert, round: state.round + 1, states: options.states, allowed: Infinity, timeout: options.timeout },
      ...{ gate: "none", handOver: false, mixing: "step", deterministic: false },
      piHat: state.round === 0 ? nobody(env) : learnedMixture(state, problem),
      beta: (1 - options.alpha) ** state.round,
      heard: state.pending.heard,
      stream: stream.split("episodes"),
    });
    const { sheet } = state.pending;
    await fill(sheet, expert, env, options, state.round + 1);
    // π̂_i: what the expert says there, and there alone
    const B = pairs(env.observation, env.action, sheet.states, sheet.labels);
    const fit = { models: [policy], options, stream: stream.split("fit"), ...(augment ? { augment } : {}) };
    const { learner, loss } = await refitted(B, fit);
    // π_i = π_{i-1} + α (1-α)^(i-1) (π̂_i - π*)
    state.thetas = extended(state.thetas, learner.members[0].theta);
    state.normalisers.push(learner.normaliser);
    state.round += 1;
    state.labels += sheet.wanted.length;
    state.expertSteps += sheet.effort.expertSteps;
    state.pending = null;
    const { returns } = sheet;
    return {
      round: state.round,
      expertShare: (1 - options.alpha) ** state.round,
      labels: state.labels,
      expertSteps: state.expertSteps,
      loss,
      ...(returns.length === 0 ? {} : { return: returns.reduce((sum, own) => sum + own, 0) / returns.length }),
    };
  },

  done: (state) => state.round >= state.options.rounds,
  progress: (state) => ({ done: state.round, total: state.options.rounds, unit: "rounds" }),

  async result(state, problem) {
    if (state.round === 0) throw new RangeError("SMILe has learned nothing before its first round; make one");
    return { policy: learnedMixture(state, problem) };
  },

  grows: ["thetas"],

  waiting({ pending }) {
    if (!pending) return undefined;
    const { sheet, heard } = pending;
    if (!sheet) return heard.length > 0 ? `the expert at the wheel, ${heard.length} answers so far` : undefined;
    const left = missing(sheet);
    return left > 0 ? `${left} of ${sheet.wanted.length} labels` : undefined;
  },
};

/** π̂_1, π̂_2, ... as policies: each is compiled once. */
const known = new WeakMap<DeepSmileState, NeuralPolicy[]>();

/** Σ_j (1-α)^(j-1) π̂_j, normalised: π_i without the expert. */
function learnedMixture(state: DeepSmileState, { policy }: DeepSmileProblem): Policy {
  const { thetas, normalisers, options } = state;
  const members = known.get(state) ?? [];
  known.set(state, members);
  const P = thetas.length / normalisers.length;
  for (let j = members.length; j < normalisers.length; j++) {
    members.push(neuralPolicy(policy, thetas.subarray(j * P, (j + 1) * P), normalisers[j] ?? undefined));
  }
  return mixturePolicy(
    members,
    members.map((_, j) => (1 - options.alpha) ** j),
  );
}

/** Who would act if the expert didn't, in the round in which it always does. */
function nobody({ observation, action, id }: Env): Policy {
  return {
    observation,
    action,
    act() {
      throw new Error(
        `SMILe has learned nothing in ${id} yet, expected the expert to act alone in the first round; please report this`,
      );
    },
  };
}

function streamOf({ options, round }: DeepSmileState): Rng {
  return rng(options.seed).split("deep smile").split(round);
}
