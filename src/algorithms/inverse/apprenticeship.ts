import { rng } from "../../autodiff/index.ts";
import type { Dataset } from "../../data/index.ts";
import { mustBeCounts, mustNotBeNegative, type TabularMdp } from "../../mdp/index.ts";
import { available } from "../../mdp/tabular.ts";
import { expectedReward, featureCounts, type LinearReward, linearValues, mustFit, rewardTable } from "../../rewards/index.ts";
import { greedyActions, occupancy, oneHot, type PolicyTable, valueIteration } from "../../solvers/index.ts";
import type { Algorithm } from "../algorithm.ts";
import type { LearnedReward } from "./learned-reward.ts";
import { nearestInHull } from "./nearest-in-hull.ts";
import { type ExactExpert, expertVisits, policyVisits } from "./visits.ts";

/** A world whose rewards are not read, the rewards to choose from, and what the expert did in it. */
export interface ApprenticeshipProblem {
  readonly mdp: TabularMdp;
  readonly reward: LinearReward;
  readonly demos: Dataset | ExactExpert;
}

/** How apprenticeship learning looks for weights, and when it stops. */
export interface ApprenticeshipOptions {
  /** How w is found from the policies so far: the widest margin (a quadratic program), or a projection instead of it. */
  method: "max-margin" | "projection";
  /** Policies to try at most. */
  rounds: number;
  /** It stops when the margin, the distance between the expert's feature counts and the mixture's, is no larger. */
  tolerance: number;
  /** Draws the first weights. */
  seed: number;
}

/** Plain data: all that the next round depends on. */
export interface ApprenticeshipState {
  options: ApprenticeshipOptions;
  k: number;
  /** The policies so far, as actions `[H, S]` or `[S]`, and their feature counts `[F]`. */
  actions: Int32Array[];
  counts: Float64Array[];
  /** The weights λ of the mixture of them that is nearest to the expert. */
  mixture: Float64Array;
  /** The direction from the mixture's counts to the expert's, of length 1. */
  w: Float64Array;
  margin: number;
  /** Which of the policies answered last. */
  latest: number;
  /** No policy is further ahead than the mixture: the margin cannot get smaller. */
  stuck: boolean;
}

/** What a round came to: one more policy, and what the mixture still lacks. */
export interface ApprenticeshipRecord {
  round: number;
  /** min_λ ‖f_expert - Σ_j λ_j f_j‖₂ */
  margin: number;
  /** Policies with a part in the mixture. */
  policies: number;
}

/** What is learned: a mixture of policies whose feature counts come as near to the expert's as was asked. */
export interface ApprenticeshipResult {
  /** The last w: the reward that sets the expert off most from all policies found. */
  reward: LearnedReward;
  /** One policy with the occupancy of the mixture, `[H, S, A]` or `[S, A]`. */
  policy: PolicyTable;
  /** The deterministic policies, and the chance with which the mixture plays each from beginning to end. */
  policies: PolicyTable[];
  mixture: Float64Array;
  /** The largest difference between the expert's feature counts and the policy's. */
  featureError: number;
  margin: number;
}

/**
 * Apprenticeship learning (Abbeel & Ng 2004, section 3): policies π_0, π_1, ... each optimal for the reward w · φ under which
 * the expert is furthest ahead of all earlier ones,
 *
 *     t_i = max_{‖w‖₂ ≤ 1} min_{j < i} w · (f_expert - f_j)
 *
 * until no reward sets them apart by more than the tolerance. Then some mixture of the policies has the expert's feature
 * counts, and is worth as much as the expert under every reward that is linear in them. `max-margin` finds w by the
 * quadratic program's dual (the nearest point to the expert in the hull of the f_j), `projection` by one projection a round.
 * @formula apprenticeship-margin
 */
export const apprenticeship: Algorithm<
  ApprenticeshipProblem,
  ApprenticeshipOptions,
  ApprenticeshipState,
  ApprenticeshipRecord,
  ApprenticeshipResult
> = {
  name: "apprenticeship",
  about: "apprenticeship learning: policies whose mixture has the expert's feature counts, by the widest margin",
  needs: ["mdp", "reward", "demos"],
  defaults: { method: "max-margin", rounds: 100, tolerance: 1e-3, seed: 0 },

  async init(problem, options) {
    check(problem, options);
    const { F } = problem.reward.features;
    const random = rng(options.seed);
    const w = Float64Array.from({ length: F }, () => random.normal());
    const state: ApprenticeshipState = {
      options,
      k: 0,
      actions: [],
      counts: [],
      mixture: Float64Array.of(1),
      w,
      margin: Infinity,
      latest: 0,
      stuck: false,
    };
    answer(state, problem);
    turn(state, problem);
    return state;
  },

  async iterate(state, problem) {
    state.k++;
    answer(state, problem); // π_i = argmax_π w · f(π)
    turn(state, problem); // w, t from π_0 .. π_i
    return { round: state.k, margin: state.margin, policies: state.mixture.filter((weight) => weight > 0).length };
  },

  done: ({ options, k, margin, stuck }) => stuck || margin <= options.tolerance || k >= options.rounds,
  progress: ({ k, options }) => ({ done: k, total: options.rounds, unit: "policies" }),

  async result({ actions, mixture, w, margin }, { mdp, reward, demos }) {
    const { over } = reward.features;
    const policies = actions.map((own) => oneHot(mdp.A, own));
    const { counts: wanted, world } = goal({ mdp, reward, demos });
    const policy = asOnePolicy(world, policies, mixture);
    const found = featureCounts(reward.features, policyVisits(world, over, policy));
    return {
      reward: { over, table: rewardTable(over, linearValues(reward.features, w)), w: w.slice() },
      policy,
      policies,
      mixture: mixture.slice(),
      featureError: wanted.reduce((largest, count, f) => Math.max(largest, Math.abs(count - found[f])), 0),
      margin,
    };
  },
};

/** The optimal policy of w · φ, kept with its feature counts unless it is there already. */
function answer(state: ApprenticeshipState, problem: ApprenticeshipProblem): void {
  const { mdp, reward } = problem;
  const { features } = reward;
  const r = new Float64Array(mdp.S * mdp.A);
  expectedReward(mdp, features.over, linearValues(features, state.w), r);
  const best = greedyActions(mdp.A, valueIteration({ ...mdp, r }).Q);
  state.latest = state.actions.findIndex((own) => own.every((a, i) => a === best[i]));
  if (state.latest >= 0) return;
  state.latest = state.actions.length;
  state.actions.push(best);
  state.counts.push(featureCounts(features, policyVisits(goal(problem).world, features.over, oneHot(mdp.A, best))));
}

/** The expert's feature counts, and the world from where its paths begin. */
function goal({ mdp, reward, demos }: ApprenticeshipProblem): { counts: Float64Array; world: TabularMdp } {
  const { counts, flow } = expertVisits(mdp, reward.features, demos);
  return { counts, world: { ...mdp, rho: flow.start } };
}

/** The mixture of the policies so far that is nearest to the expert, the margin that is left, and its direction w. */
function turn(state: ApprenticeshipState, problem: ApprenticeshipProblem): void {
  const { counts: wanted } = goal(problem);
  const { counts, options, latest } = state;
  const before = state.margin;
  if (options.method === "max-margin" || counts.length === 1) state.mixture = nearestInHull(counts, wanted);
  else {
    // f̄ ← f̄ + c (f_i - f̄): the point of the line from f̄ to f_i that is nearest to the expert
    const mean = mixed(counts, state.mixture);
    let along = 0;
    let length = 0;
    for (let f = 0; f < wanted.length; f++) {
      const step = counts[latest][f] - mean[f];
      along += step * (wanted[f] - mean[f]);
      length += step * step;
    }
    const c = length > 0 ? Math.min(1, Math.max(0, along / length)) : 0;
    state.mixture = Float64Array.from(counts, (_, j) => (1 - c) * (state.mixture[j] ?? 0) + (j === latest ? c : 0));
  }
  const mean = mixed(counts, state.mixture);
  const w = wanted.map((count, f) => count - mean[f]);
  state.margin = Math.hypot(...w);
  state.stuck = state.margin >= before;
  state.w = state.margin > 0 ? w.map((x) => x / state.margin) : w;
}

function mixed(counts: readonly Float64Array[], mixture: Float64Array): Float64Array {
  const mean = new Float64Array(counts[0].length);
  for (let j = 0; j < mixture.length; j++) for (let f = 0; f < mean.length; f++) mean[f] += mixture[j] * counts[j][f];
  return mean;
}

/** π_h(a|s) = Σ_j λ_j d_h^j(s,a) / Σ_j λ_j d_h^j(s): a policy that is where the mixture is, as often. Uniform where it never is. */
function asOnePolicy(mdp: TabularMdp, policies: readonly PolicyTable[], mixture: Float64Array): PolicyTable {
  const { S, A } = mdp;
  let mass: Float64Array | undefined;
  policies.forEach((pi, j) => {
    if (mixture[j] === 0) return;
    const { dsa } = occupancy(mdp, pi);
    mass ??= new Float64Array(dsa.length);
    for (let i = 0; i < dsa.length; i++) mass[i] += mixture[j] * dsa[i];
  });
  const pi = mass!;
  for (let first = 0; first < pi.length; first += A) {
    let sum = 0;
    let choices = 0;
    const s = (first / A) % S;
    for (let a = 0; a < A; a++) {
      sum += pi[first + a];
      if (available(mdp, s, a)) choices++;
    }
    for (let a = 0; a < A; a++) {
      if (sum > 0) pi[first + a] /= sum;
      else pi[first + a] = available(mdp, s, a) ? 1 / choices : 0;
    }
  }
  return pi;
}

function check({ mdp, reward, demos }: ApprenticeshipProblem, { method, rounds, tolerance }: ApprenticeshipOptions): void {
  mustFit(mdp, reward.features);
  const { flow } = expertVisits(mdp, reward.features, demos);
  if (flow.cuts) {
    throw new RangeError(
      "a demonstration is shorter than the horizon and has not ended: record whole ones, or shorten the horizon",
    );
  }
  if (!["max-margin", "projection"].includes(method)) {
    throw new RangeError(`the method is "${method}", expected max-margin or projection`);
  }
  mustBeCounts({ rounds });
  mustNotBeNegative({ tolerance });
}
