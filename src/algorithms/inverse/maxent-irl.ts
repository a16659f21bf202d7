import { adam, initialise, rng, sgd, type TrainState } from "../../autodiff/index.ts";
import type { Dataset } from "../../data/index.ts";
import { madeOnce, mustBeCounts, mustBePositive, mustNotBeNegative, type TabularMdp } from "../../mdp/index.ts";
import {
  type CompiledReward,
  compileReward,
  featureCounts,
  type LinearReward,
  linearValues,
  mustFit,
  type NeuralReward,
  rewardTable,
} from "../../rewards/index.ts";
import type { PolicyTable } from "../../solvers/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { causalModel, type PathModel } from "./causal.ts";
import { climb, startClimb } from "./climb.ts";
import { type Climb, norm1, type Objective, residual } from "./concave.ts";
import { dot } from "./dot.ts";
import type { LearnedReward } from "./learned-reward.ts";
import { trajectoryModel } from "./trajectory.ts";
import { actionLogLikelihood, type ExactExpert, type ExpertVisits, expertVisits } from "./visits.ts";

/** A world whose rewards are not read, the rewards to choose from, and what the expert did in it. */
export interface MaxentIrlProblem {
  readonly mdp: TabularMdp;
  readonly reward: LinearReward | NeuralReward;
  /** Demonstrations whose observations are states; or the expert's policy, occupancy or feature counts, exactly. */
  readonly demos: Dataset | ExactExpert;
}

export interface MaxentIrlOptions {
  /** `causal`: Ziebart 2010, right for any dynamics. `trajectory`: Ziebart 2008, right for deterministic ones. */
  model: "causal" | "trajectory";
  /** `auto`: L-BFGS for a linear reward, Adam for a neural one. `ascent`: plain gradient ascent. */
  optimizer: "auto" | "lbfgs" | "adam" | "ascent";
  /** Of Adam and of gradient ascent. */
  learningRate: number;
  /** Steps of the optimizer at most. */
  rounds: number;
  /** It stops when no entry of the gradient is larger. */
  tolerance: number;
  /** λ₁ of λ₁ ‖w‖₁, subtracted from the log-likelihood of a path: makes weights exactly 0. */
  l1: number;
  /** λ₂ of λ₂/2 ‖w‖², subtracted. */
  l2: number;
  /** Steps that L-BFGS remembers. */
  memory: number;
  /** Draws the first parameters of a neural reward. */
  seed: number;
}

/** Plain data: all that the next round depends on. */
export interface MaxentIrlState {
  options: MaxentIrlOptions;
  k: number;
  /** The search for the weights of a linear reward. */
  search: Climb | null;
  /** The parameters of a neural one. */
  learner: TrainState | null;
  converged: boolean;
}

/** One round: a step of the optimizer. */
export interface MaxentIrlRecord {
  round: number;
  /** Mean log-likelihood of a path in nats, less the penalties: what is maximised. */
  objective: number;
  /** The largest difference between the expert's feature counts and those expected (of visits, for a neural reward). */
  featureError: number;
  /** The largest entry of the objective's gradient; the norm of the gradient for a neural reward. */
  gradient: number;
  /** Times that the recursion was run, so far. */
  evaluations: number;
}

export interface MaxentIrlResult {
  reward: LearnedReward;
  /** π_h(a|s) `[H, S, A]`; `[S, A]` for a discounted process. */
  policy: PolicyTable;
  /** The largest difference between the expert's feature counts (visits, for a neural reward) and the policy's in the world. */
  featureError: number;
  /** (1/n) Σ_τ Σ_h γ^(h-1) log π_h(a_h|s_h) of the demonstrations, in nats; their expectation where the expert is known exactly. */
  logLikelihood: number;
}

/**
 * Maximum-entropy inverse reinforcement learning (Ziebart et al. 2008, 2010; slides "Inverse Reinforcement Learning"). Among
 * all distributions over paths that have the expert's feature counts it takes the one of most (causal) entropy; its form is
 * that of the soft Bellman recursion under a reward, and the reward is found by maximum likelihood:
 *
 *     J(w) = (1/n) Σ_τ R_w(τ) - Σ_s ρ(s) V_w(s),   ∇J = expert's feature counts - expected feature counts
 *
 * (less L1 and L2 penalties), where ρ has the first states of the demonstrations. J is concave for a linear reward if no
 * demonstration is cut. Under random dynamics each transition of a demonstration stands in J for its expectation, so that J
 * is the log-likelihood of the expert's actions on average over demonstrations.
 * Throws if features, demonstrations and world don't fit together (see `features`, `expertVisits`).
 * @formula maxent-irl
 */
export const maxentIrl: Algorithm<MaxentIrlProblem, MaxentIrlOptions, MaxentIrlState, MaxentIrlRecord, MaxentIrlResult> = {
  name: "maxent-irl",
  about: "maximum-entropy inverse RL: the reward under which the expert is most likely, and its soft-optimal policy",
  needs: ["mdp", "reward", "demos"],
  defaults: {
    model: "causal",
    optimizer: "auto",
    learningRate: 0.05,
    rounds: 1000,
    tolerance: 1e-5,
    l1: 0,
    l2: 0,
    memory: 10,
    seed: 0,
  },

  async init(problem, options) {
    check(problem, options);
    const { reward } = problem;
    if (reward.kind === "neural") {
      const theta = initialise(reward.network.params, rng(options.seed).split("theta"));
      const slots = neuralOptimizer(options).slots.map(() => new Float32Array(theta.length));
      return { options, k: 0, search: null, learner: { theta, slots, t: 0 }, converged: false };
    }
    const { objective } = prepare(problem, options);
    const search = startClimb(objective, new Float64Array(reward.features.F), { optimizer: linearOptimizer(options) });
    return { options, k: 0, search, learner: null, converged: residual(search, options.l1) <= options.tolerance };
  },

  async iterate(state, problem) {
    const { options, search } = state;
    const work = workshop(state, problem);
    state.k++;
    if (!search) return neuralRound(state, work);
    // w ← w + α (f̂ - Σ_rows D_w(row) φ(row) - λ₂ w), or L-BFGS's better step
    climb(search, work.objective, { ...options, optimizer: linearOptimizer(options) });
    const gradient = residual(search, options.l1);
    state.converged = search.stalled || gradient <= options.tolerance;
    const { w, value, evaluations } = search;
    let featureError = 0;
    for (let f = 0; f < w.length; f++) featureError = Math.max(featureError, Math.abs(search.gradient[f] + options.l2 * w[f]));
    return { round: state.k, objective: value - options.l1 * norm1(w), featureError, gradient, evaluations };
  },

  done: (state) => state.converged || state.k >= state.options.rounds,
  progress: (state) => ({ done: state.k, total: state.options.rounds, unit: "rounds" }),

  async result(state, problem) {
    const { model, expert } = workshop(state, problem);
    const { reward, demos } = problem;
    const values = await valuesOf(state, problem);
    const normaliser = model.backward(values);
    const visits = model.walk();
    const error =
      reward.kind === "linear"
        ? differences(expert.counts, featureCounts(reward.features, visits))
        : differences(expert.visits!, visits);
    const policy = model.policy().slice();
    const { over } = reward.features;
    const table = rewardTable(over, values);
    const exactly = () =>
      (reward.kind === "linear" ? dot(state.search!.w, expert.counts) : dot(values, expert.visits!)) - normaliser;
    return {
      reward: state.search ? { over, table, w: state.search.w.slice() } : { over, table, theta: state.learner!.theta.slice() },
      policy,
      featureError: error.reduce((largest, e) => Math.max(largest, Math.abs(e)), 0),
      logLikelihood: "offsets" in demos ? actionLogLikelihood(problem.mdp, policy, demos) : exactly(),
    };
  },
};

/** What is made once for a run and can be made again from its state. */
interface Workshop {
  readonly expert: ExpertVisits;
  readonly model: PathModel;
  readonly objective: Objective;
  readonly neural?: Promise<CompiledReward>;
}

const workshop = madeOnce(({ options }: MaxentIrlState, problem: MaxentIrlProblem): Workshop => {
  const { reward } = problem;
  const own = prepare(problem, options);
  return reward.kind === "neural" ? { ...own, neural: compileReward(reward, neuralOptimizer(options), options.l2) } : own;
});

function prepare({ mdp, reward, demos }: MaxentIrlProblem, { model: kind, l2 }: MaxentIrlOptions): Workshop {
  const { features } = reward;
  const expert = expertVisits(mdp, features, demos);
  const make = kind === "causal" ? causalModel : trajectoryModel;
  const model = make(mdp, features.over, expert.flow);
  const values = new Float64Array(features.rows);
  const counts = new Float64Array(features.F);
  const objective: Objective = (w, gradient) => {
    const normaliser = model.backward(linearValues(features, w, values));
    featureCounts(features, model.forward(), counts);
    let value = -normaliser;
    for (let f = 0; f < w.length; f++) {
      value += w[f] * (expert.counts[f] - (l2 / 2) * w[f]);
      gradient[f] = expert.counts[f] - counts[f] - l2 * w[f];
    }
    return value;
  };
  return { expert, model, objective };
}

/** θ ← θ + α Σ_rows (D_expert(row) - D_θ(row)) ∇r_θ(row). */
async function neuralRound(state: MaxentIrlState, { expert, model, neural }: Workshop): Promise<MaxentIrlRecord> {
  const { options } = state;
  const learner = state.learner!;
  const compiled = await neural!;
  const values = await compiled.values(learner.theta);
  const normaliser = model.backward(values);
  const slope = differences(expert.visits!, model.forward());
  const featureError = slope.reduce((largest, e) => Math.max(largest, Math.abs(e)), 0);
  const penalty = options.l2 > 0 ? (options.l2 / 2) * learner.theta.reduce((sum, x) => sum + x * x, 0) : 0;
  const objective = dot(values, expert.visits!) - normaliser - penalty;
  const gradient = await compiled.raise(learner, slope);
  state.converged = gradient <= options.tolerance;
  return { round: state.k, objective, featureError, gradient, evaluations: state.k };
}

async function valuesOf(state: MaxentIrlState, problem: MaxentIrlProblem): Promise<Float64Array> {
  if (state.search) return linearValues(problem.reward.features, state.search.w);
  return (await workshop(state, problem).neural!).values(state.learner!.theta);
}

function linearOptimizer({ optimizer }: MaxentIrlOptions): "lbfgs" | "adam" | "ascent" {
  return optimizer === "auto" ? "lbfgs" : optimizer;
}

function neuralOptimizer({ optimizer, learningRate }: MaxentIrlOptions) {
  return optimizer === "ascent" ? sgd({ learningRate }) : adam({ learningRate });
}

function differences(x: Float64Array, y: Float64Array): Float64Array {
  return x.map((value, i) => value - y[i]);
}

function check({ mdp, reward, demos }: MaxentIrlProblem, options: MaxentIrlOptions): void {
  mustFit(mdp, reward.features);
  const { l1, l2, optimizer, learningRate, rounds, memory, tolerance } = options;
  mustNotBeNegative({ l1, l2, tolerance });
  mustBeCounts({ rounds, memory });
  mustBePositive({ learningRate });
  if (!["auto", "lbfgs", "adam", "ascent"].includes(optimizer)) {
    throw new RangeError(`the optimizer is "${optimizer}", expected auto, lbfgs, adam or ascent`);
  }
  if (!["causal", "trajectory"].includes(options.model)) {
    throw new RangeError(`the model is "${options.model}", expected causal or trajectory`);
  }
  if (reward.kind === "linear") return;
  if (l1 > 0) throw new RangeError(`l1 is ${l1}, expected 0 for a neural reward: an L1 weight is for a linear one; take l2`);
  if (optimizer === "lbfgs") throw new RangeError("L-BFGS is for a linear reward: take adam or ascent for a neural one");
  if ("counts" in demos) {
    throw new TypeError(
      "a neural reward learns from visits to states, found feature counts alone: give an occupancy or a policy",
    );
  }
}
