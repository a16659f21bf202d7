import { type Rng, rng } from "../../autodiff/index.ts";
import { episodeReturns, type Pairs, pairCount } from "../../data/index.ts";
import { type Plain, size } from "../../mdp/index.ts";
import type { NeuralPolicy } from "../../policies/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { behaviorCloning } from "./behavior-cloning.ts";
import { type Aggregate, aggregate, append, GROWING, pairsOf, type Round, type Trail } from "./online/aggregate.ts";
import { askDefaults, fill, missing } from "./online/answers.ts";
import { betaOf } from "./online/beta.ts";
import type { Effort, Thresholds } from "./online/control.ts";
import { measuresOf, thresholdsOn } from "./online/doubt.ts";
import { type Fit, type Learner, modelsOf, policyOf, refitted, streamed, untaught } from "./online/learner.ts";
import { checkDagger, type DaggerOptions, type DaggerProblem, isTable } from "./online/problem.ts";
import { actionsIn, type VisitedRound, type Visits, visited } from "./online/visits.ts";

export { exponentialBeta, linearBeta } from "./online/beta.ts";
export type { DaggerOptions, DaggerProblem } from "./online/problem.ts";

/** Plain data: all that the next round depends on. Every round's episodes and draws follow a stream of the seed. */
export interface DaggerState {
  options: DaggerOptions;
  /** Rounds made. */
  round: number;
  data: Aggregate;
  /** What the expert has done so far. */
  effort: Effort & { labels: number };
  learner: Learner;
  thresholds: Thresholds | null;
  best: { round: number; value: number; learner: Learner } | null;
  /** The round under way, while it is. */
  pending: Pending | null;
}

/** How far a round has come: it can be saved, and gone on with, at any moment that it waits for the expert. */
export interface Pending {
  /** What the expert said at the wheel, in order. */
  heard: Plain[];
  /** What was visited, and the labels that are there. */
  sheet: VisitedRound | null;
}

/** One round: who acted, what was asked, how the fit went. */
export interface DaggerRecord {
  round: number;
  beta: number;
  /** |ℬ| */
  states: number;
  /** What the expert has done so far, in all rounds: labels that it gave (acting or asked), steps that it acted in, ... */
  labels: number;
  expertSteps: number;
  /** ... times it took over from the learner, and changes of who acts, either way. */
  interventions: number;
  contextSwitches: number;
  /** Mean log loss over ℬ in the last epoch of the fit, or over the minibatches of a streaming round, in nats. */
  loss: number;
  /** For choices: the share of this round's labelled states in which the learner that visited them would have done otherwise. */
  mismatch?: number;
  /**
   * Mean return of the episodes that were visited to their end in this round, under its mixture: the expert's own where it
   * acted, else of the policy of the round before; where `states` are fewer than an episode's, of short episodes or none.
   */
  return?: number;
  /** Mean return of the policy that this round's fit has learned from all `labels`, over the validation episodes. */
  validationReturn?: number;
}

export interface DaggerResult {
  readonly policy: NeuralPolicy;
  /** ℬ */
  readonly demos: Pairs;
  /** `[N]`: the step of the trail that each pair of ℬ is from; -1 for demonstrations. */
  readonly steps: Int32Array;
  readonly trail: Trail;
}

/**
 * DAgger (Ross, Gordon & Bagnell 2011, Alg. 3.1; slides "Dataset Aggregation", "DAgger with Logistic Loss"). In round i
 *
 *     π_i = β_i π* + (1 - β_i) π̂_i,   s_1 .. s_N ~ d^π_i,   a_n = π*(s_n),   ℬ ← ℬ ∪ {(s_n, a_n)}
 *     π̂_{i+1} = argmin_π Σ_{(s,a) ∈ ℬ} log 1/π(a | s),   or M steps of its stochastic gradient (`streaming`)
 *
 * for every family of policies; tables are fitted exactly. By default β_i = 1{i = 1}: the expert shows the first round and never
 * acts again. With a gate not every state is labelled, and the expert may act: HG-DAgger (Kelly et al. 2019), or by
 * the doubt of an ensemble as in ThriftyDAgger (Hoque et al. 2021).
 *
 * Throws if world and policy don't fit together, and on options that can't be. Where the expert fails (`ExpertError`) what it
 * has answered is kept, and the next call of the round asks for the rest.
 * @formula dagger
 */
export const dagger: Algorithm<DaggerProblem, DaggerOptions, DaggerState, DaggerRecord, DaggerResult> = {
  name: "dagger",
  about: "dataset aggregation: the expert labels the states that the learner visits",
  needs: ["env", "expert", "policy"],
  defaults: {
    ...behaviorCloning.defaults,
    ...askDefaults,
    epochs: 20,
    rounds: 10,
    states: 500,
    mode: "refit",
    beta: "first",
    mixing: "step",
    deterministic: false,
    gate: "none",
    share: 0.1,
    release: 0.5,
    handOver: true,
    budget: 0,
    keep: "last",
    validationEpisodes: 5,
  },

  async init(problem, options) {
    checkDagger(problem, options);
    const { env, demos } = problem;
    const state: DaggerState = {
      options,
      round: 0,
      data: aggregate(env, demos),
      effort: { labels: 0, expertSteps: 0, interventions: 0, contextSwitches: 0 },
      learner: await untaught(env, fitOf(problem, options, streams(options.seed, 0).split("untaught"))),
      thresholds: null,
      best: null,
      pending: null,
    };
    if (demos) {
      state.learner = (await learned(state, problem)).learner;
      state.thresholds = await thresholdsOn(state.data.observations, state.learner, problem, options);
    }
    return state;
  },

  async iterate(state, problem) {
    const { options, data, effort } = state;
    const { env, expert } = problem;
    const i = state.round;
    const beta = betaOf(options.beta, i, options.rounds);
    state.pending ??= { heard: [], sheet: null };
    // s_1, ..., s_N ~ d^π_i, where π_i = β_i π* + (1 - β_i) π̂_i
    state.pending.sheet ??= await visited(visitsOf(state, problem, beta));
    const { sheet } = state.pending;
    // a_n = π*(s_n)
    await fill(sheet, expert, env, options, i + 1);
    const mismatch = beta === 1 ? undefined : await differing(policyOf(state.learner, problem.policy), sheet);
    // ℬ ← ℬ ∪ {(s_1, a_1), ..., (s_N, a_N)}
    const next = { ...state, data: { ...data, trail: { ...data.trail } } };
    append(next.data, sheet, i + 1, env);
    // π̂_{i+1} = argmin Σ_{(s,a) ∈ ℬ} log 1/π(a | s)
    const { learner, loss } = await learned(next, problem, i + 1);
    const value = await validated(learner, problem, options);
    const thresholds = await thresholdsOn(sheet.states, learner, problem, options);

    // Nothing of the state has changed so far but what was heard: a round is made as a whole.
    Object.assign(state, { round: i + 1, data: next.data, learner, thresholds, pending: null });
    if (options.keep === "best" && value !== undefined && value > (state.best?.value ?? -Infinity)) {
      state.best = { round: i + 1, value, learner };
    }
    effort.labels += sum(sheet.wanted);
    effort.expertSteps += sheet.effort.expertSteps;
    effort.interventions += sheet.effort.interventions;
    effort.contextSwitches += sheet.effort.contextSwitches;
    return {
      round: i + 1,
      beta,
      states: pairCount(pairsOf(state.data, env)),
      ...effort,
      loss,
      ...(mismatch === undefined ? {} : { mismatch }),
      ...(sheet.returns.length === 0 ? {} : { return: sum(sheet.returns) / sheet.returns.length }),
      ...(value === undefined ? {} : { validationReturn: value }),
    };
  },

  done: ({ options, round, effort }) => round >= options.rounds || (options.budget > 0 && effort.labels >= options.budget),
  progress: ({ options, round }) => ({ done: round, total: options.rounds, unit: "rounds" }),

  async result(state, problem) {
    const { options, best, data } = state;
    const chosen = options.keep === "best" && best ? best.learner : state.learner;
    return { policy: policyOf(chosen, problem.policy), demos: pairsOf(data, problem.env), steps: data.steps, trail: data.trail };
  },

  grows: GROWING,

  waiting({ pending }) {
    if (!pending) return undefined;
    const { sheet, heard } = pending;
    if (!sheet) return heard.length > 0 ? `the expert at the wheel, ${heard.length} answers so far` : undefined;
    const left = missing(sheet);
    return left > 0 ? `${left} of ${sum(sheet.wanted)} labels` : undefined;
  },
};

function visitsOf(state: DaggerState, problem: DaggerProblem, beta: number): Visits {
  const { options, learner, round, thresholds, effort } = state;
  const { mixing, deterministic, gate, handOver, states, timeout, budget } = options;
  return {
    ...{ env: problem.env, expert: problem.expert, piHat: policyOf(learner, problem.policy) },
    ...{ round: round + 1, beta, mixing, deterministic, gate, handOver, states, timeout },
    allowed: budget > 0 ? budget - effort.labels : Infinity,
    ...(gate === "doubt" && thresholds ? { measures: measuresOf(learner, problem), thresholds } : {}),
    heard: state.pending?.heard ?? [],
    stream: streams(options.seed, round).split("episodes"),
  };
}

/** π̂_{i+1}, and its loss; where nothing was labelled yet, π̂ as it is. */
async function learned(state: DaggerState, problem: DaggerProblem, fits = 0): Promise<{ learner: Learner; loss: number }> {
  const { options, data, learner } = state;
  const B = pairsOf(data, problem.env);
  if (pairCount(B) === 0) return { learner, loss: Number.NaN };
  const fit = fitOf(problem, options, streams(options.seed, fits).split("fit"));
  if (options.mode === "refit" || fit.models.every(isTable)) return refitted(B, fit);
  const updates = options.updates || UPDATES;
  return streamed(B, learner, fit, { updates, total: updates * (options.rounds + (problem.demos ? 1 : 0)) });
}

function fitOf({ policy, augment }: DaggerProblem, options: DaggerOptions, stream: Rng): Fit {
  return { models: modelsOf(policy), options, stream, ...(augment ? { augment } : {}) };
}

/** The share of labelled states whose label is not the learner's most likely choice; `undefined` for real actions. */
async function differing(piHat: NeuralPolicy, { states, labels, wanted }: Round): Promise<number | undefined> {
  if (piHat.action.kind === "box") return undefined;
  const own = await actionsIn(piHat, states);
  const K = size(piHat.action);
  let differ = 0;
  for (let i = 0; i < wanted.length; i++) {
    if (wanted[i] === 0) continue;
    for (let k = i * K; k < (i + 1) * K; k++) {
      if (own[k] === labels[k]) continue;
      differ++;
      break;
    }
  }
  const asked = sum(wanted);
  return asked === 0 ? undefined : differ / asked;
}

/** Mean return of the learner's most likely actions, over episodes that are the same in every round. */
async function validated(learner: Learner, { env, policy }: DaggerProblem, options: DaggerOptions): Promise<number | undefined> {
  const { validationEpisodes: episodes, seed } = options;
  if (episodes === 0) return undefined;
  const how = { episodes, seed: rng(seed).split("dagger").split("validation").next(), deterministic: true };
  const { returns } = await episodeReturns(env, policyOf(learner, policy), how);
  return sum(returns) / returns.length;
}

/** The streams of chance of the round i = 0, 1, ... */
function streams(seed: number, i: number): Rng {
  return rng(seed).split("dagger").split(i);
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

/** Updates of a streaming round where the options don't say. */
const UPDATES = 500;
