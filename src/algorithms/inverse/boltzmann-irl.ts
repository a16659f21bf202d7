import type { Dataset } from "../../data/index.ts";
import { madeOnce, type TabularMdp } from "../../mdp/index.ts";
import { expectedReward, featureCounts, type LinearReward, linearValues, mustFit, rewardTable } from "../../rewards/index.ts";
import { occupancy, type PolicyTable, softmaxPolicy, valueIteration } from "../../solvers/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { climb, startClimb } from "./climb.ts";
import { type Climb, type Objective, residual } from "./concave.ts";
import type { LearnedReward } from "./learned-reward.ts";
import { actionLogLikelihood, eachDemonstration, rowVisits } from "./visits.ts";

/** A world whose rewards are not read, the rewards to choose from, and demonstrations whose observations are states. */
export interface BoltzmannIrlProblem {
  readonly mdp: TabularMdp;
  readonly reward: LinearReward;
  readonly demos: Dataset;
}

/** How the likelihood is climbed, and when that stops. */
export interface BoltzmannIrlOptions {
  optimizer: "lbfgs" | "adam" | "ascent";
  learningRate: number;
  /** Steps of the optimizer at most. */
  rounds: number;
  /** It stops when no entry of the gradient is larger, or a round gains less, relatively: the maximum may be at a kink. */
  tolerance: number;
  /** λ of λ/2 ‖w‖², subtracted from the log-likelihood of a path. */
  l2: number;
  memory: number;
  /** Nothing is drawn: the search begins at w = 0. */
  seed: number;
}

/** Plain data: all that the next round depends on. */
export interface BoltzmannIrlState {
  options: BoltzmannIrlOptions;
  k: number;
  search: Climb;
  converged: boolean;
}

/** Where the climb is after a round. */
export interface BoltzmannIrlRecord {
  round: number;
  /** Mean log-likelihood of a demonstration's actions in nats, less the penalty. */
  objective: number;
  /** The largest entry of its gradient. */
  gradient: number;
}

/** What is learned: the reward, and the policy that it explains the expert by. */
export interface BoltzmannIrlResult {
  reward: LearnedReward;
  /** π_h(a|s) ∝ exp Q*_h(s,a), `[H, S, A]`, or `[S, A]` for a discounted process. */
  policy: PolicyTable;
  /** Of the demonstrations' actions, in nats a demonstration. */
  logLikelihood: number;
}

/**
 * Action-based inverse reinforcement learning: the expert chooses by the softmax of optimal action values,
 *
 *     w = argmax_w (1/n) Σ_τ Σ_h log π_w(a_h|s_h),   π_w(a|s) ∝ exp Q*_w(s,a)
 *
 * where Q*_w is the (hard) optimum under r_w = w · φ (Ramachandran & Amir 2007, Neu & Szepesvári 2007: what Ziebart et al.
 * 2008 compare theirs with). Q*_w is linear in w as long as the optimal policy stays the same, so its derivative is the
 * feature counts of that policy. The objective is not concave: what is found is a local maximum.
 * @formula boltzmann-irl
 */
export const boltzmannIrl: Algorithm<
  BoltzmannIrlProblem,
  BoltzmannIrlOptions,
  BoltzmannIrlState,
  BoltzmannIrlRecord,
  BoltzmannIrlResult
> = {
  name: "boltzmann-irl",
  about: "action-based inverse RL: the expert chooses by the softmax of the optimal Q",
  needs: ["mdp", "reward", "demos"],
  defaults: { optimizer: "lbfgs", learningRate: 0.05, rounds: 300, tolerance: 1e-5, l2: 0, memory: 10, seed: 0 },

  async init(problem, options) {
    mustFit(problem.mdp, problem.reward.features);
    const search = startClimb(objectiveOf(problem, options), new Float64Array(problem.reward.features.F), options);
    return { options, k: 0, search, converged: residual(search, 0) <= options.tolerance };
  },

  async iterate(state, problem) {
    const { search, options } = state;
    const before = search.value;
    climb(search, known(state, problem), { ...options, l1: 0 });
    const gradient = residual(search, 0);
    const gain = options.optimizer === "lbfgs" ? search.value - before : Infinity; // the others go down now and then
    const { tolerance } = options;
    state.converged = search.stalled || gradient <= tolerance || gain < tolerance * Math.max(1, Math.abs(before));
    return { round: ++state.k, objective: search.value, gradient };
  },

  done: (state) => state.converged || state.k >= state.options.rounds,
  progress: (state) => ({ done: state.k, total: state.options.rounds, unit: "rounds" }),

  async result({ search }, { mdp, reward, demos }) {
    const { over } = reward.features;
    const values = linearValues(reward.features, search.w);
    const policy = optimal(mdp, over, values).pi;
    return {
      reward: { over, table: rewardTable(over, values), w: search.w.slice() },
      policy,
      logLikelihood: actionLogLikelihood({ ...mdp, gamma: 1 }, policy, demos),
    };
  },
};

const known = madeOnce(({ options }: BoltzmannIrlState, problem: BoltzmannIrlProblem) => objectiveOf(problem, options));

/** The softmax of the optimal values of a reward by rows, and the greedy policy beside it. */
function optimal(mdp: TabularMdp, over: LinearReward["features"]["over"], values: Float64Array) {
  const r = new Float64Array(mdp.S * mdp.A);
  expectedReward(mdp, over, values, r);
  const { Q, pi: greedy } = valueIteration({ ...mdp, r });
  return { pi: softmaxPolicy(mdp.A, Q), greedy };
}

function objectiveOf({ mdp, reward, demos }: BoltzmannIrlProblem, { l2 }: BoltzmannIrlOptions): Objective {
  const { S, A, H, terminal } = mdp;
  const { features } = reward;
  const steps = H === Infinity ? 1 : H;
  const taken = new Float64Array(steps * S * A); // how often each action was taken, a demonstration
  let n = 0;
  eachDemonstration(mdp, demos, (states, actions) => {
    n++;
    for (let h = 0; h < actions.length; h++) {
      if (terminal[states[h]] === 0) taken[((H === Infinity ? 0 : h) * S + states[h]) * A + actions[h]]++;
    }
  });
  for (let i = 0; i < taken.length; i++) taken[i] /= n;
  const values = new Float64Array(features.rows);
  const surprise = new Float64Array(steps * S * A);
  let visits: Float64Array | undefined;
  return (w, gradient) => {
    const { pi, greedy } = optimal(mdp, features.over, linearValues(features, w, values));
    let value = 0;
    for (let first = 0; first < taken.length; first += A) {
      let here = 0;
      for (let i = first; i < first + A; i++) here += taken[i];
      for (let i = first; i < first + A; i++) {
        if (taken[i] > 0) value += taken[i] * Math.log(pi[i]);
        surprise[i] = taken[i] - here * pi[i]; // ∂/∂Q_h(s,a)
      }
    }
    visits = rowVisits(mdp, features.over, onward(mdp, surprise, greedy), visits);
    featureCounts(features, visits, gradient);
    for (let f = 0; f < w.length; f++) {
      value -= (l2 / 2) * w[f] * w[f];
      gradient[f] -= l2 * w[f];
    }
    return value;
  };
}

/**
 * Visits to pairs `[S, A]` of paths that begin with the (signed) steps `begin [H, S, A]` or `[S, A]` and follow the greedy
 * policy from there: the derivative of Σ begin · Q* with respect to r(s, a).
 */
function onward(mdp: TabularMdp, begin: Float64Array, greedy: PolicyTable): Float64Array {
  const { S, A, H, gamma } = mdp;
  const { rows, next, p } = mdp.P;
  const pairs = new Float64Array(S * A);
  let now: Float64Array = new Float64Array(S);
  let then: Float64Array = new Float64Array(S);
  const push = (steps: Float64Array, from: number) => {
    for (let i = 0; i < S * A; i++) {
      const mass = steps[from + i];
      if (mass === 0) continue;
      pairs[i] += mass;
      for (let k = rows[i]; k < rows[i + 1]; k++) then[next[k]] += gamma * mass * p[k];
    }
  };
  if (H === Infinity) {
    push(begin, 0);
    const { dsa } = occupancy({ ...mdp, rho: then }, greedy);
    return pairs.map((mass, i) => mass + dsa[i] / (1 - gamma));
  }
  const own = new Float64Array(S * A);
  for (let h = 0; h < H; h++) {
    const from = h * S * A;
    for (let i = 0; i < S * A; i++) own[i] = begin[from + i] + now[Math.floor(i / A)] * greedy[from + i];
    push(own, 0);
    [now, then] = [then, now];
    then.fill(0);
  }
  return pairs;
}
