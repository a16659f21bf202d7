import { allPairs, type Dataset, type Pairs } from "../../data/index.ts";
import { describe, madeOnce, type RewardTable, type TabularMdp } from "../../mdp/index.ts";
import { available } from "../../mdp/tabular.ts";
import { type Features, featureCounts, indicators, linearValues, mustFit } from "../../rewards/index.ts";
import { backup, type PolicyTable, softValueIteration } from "../../solvers/index.ts";
import { softMaximum } from "../../solvers/tabular/backup.ts";
import type { Algorithm } from "../algorithm.ts";
import { climb, startClimb } from "./climb.ts";
import { type Climb, type Objective, residual } from "./concave.ts";

/** A world (its rewards are not read), and pairs of a state and the expert's action in it. */
export interface QSoftmaxProblem {
  readonly mdp: TabularMdp;
  readonly demos: Dataset | Pairs;
  /** Q_φ(s,a) = φ · features(s, a), over "sa"; without them any table. */
  readonly features?: Features;
}

/** How the likelihood is climbed, and when that stops. */
export interface QSoftmaxOptions {
  optimizer: "lbfgs" | "adam" | "ascent";
  /** Of Adam and of gradient ascent. */
  learningRate: number;
  /** Steps of the optimizer at most. */
  rounds: number;
  /** It stops when no entry of the gradient is larger. */
  tolerance: number;
  /** λ of λ/2 ‖φ‖², subtracted from the mean log-likelihood. */
  l2: number;
  /** Steps that L-BFGS remembers. */
  memory: number;
  /** Nothing is drawn: the search begins at Q = 0. */
  seed: number;
}

/** Plain data: all that the next round depends on. */
export interface QSoftmaxState {
  options: QSoftmaxOptions;
  k: number;
  search: Climb;
  converged: boolean;
}

/** Where the climb is after a round. */
export interface QSoftmaxRecord {
  round: number;
  /** (1/N) Σ log π_φ(a_i|s_i), in nats, less the penalty: what is maximised. */
  objective: number;
  /** The largest entry of its gradient. */
  gradient: number;
}

/** What is learned: an action value, its policy, and the reward that it belongs to. */
export interface QSoftmaxResult {
  /** `[S, A]`; -Infinity where an action is not available. */
  Q: Float64Array;
  /** π(a|s) ∝ exp Q(s,a), `[S, A]`. */
  policy: PolicyTable;
  /** The reward that Q is the soft-optimal action value of, for a discounted process (see `rewardOfQ`). */
  reward?: RewardTable;
  /** (1/N) Σ log π(a_i|s_i), in nats. */
  logLikelihood: number;
}

/**
 * Maximum likelihood under the assumption that the expert chooses by π*(a|s) ∝ exp Q*(s,a) (slides "Inverse Reinforcement
 * Learning"):
 *
 *     φ = argmax_φ (1/N) Σ_i log π_φ(a_i|s_i),   π_φ(a|s) = exp Q_φ(s,a) / Σ_b exp Q_φ(s,b)
 *
 * It is behavior cloning with logits called Q: for a table the maximum is at the frequencies of the expert's actions. What
 * the name adds is that a reward can be read off (`rewardOfQ`) whose soft-optimal policy is the cloned one.
 * Throws on pairs that are not of the world, or whose action is not available.
 * @formula q-softmax
 */
export const qSoftmax: Algorithm<QSoftmaxProblem, QSoftmaxOptions, QSoftmaxState, QSoftmaxRecord, QSoftmaxResult> = {
  name: "q-softmax",
  about: "maximum likelihood of action values: the expert chooses by the softmax of Q",
  needs: ["mdp", "demos"],
  defaults: { optimizer: "lbfgs", learningRate: 0.1, rounds: 1000, tolerance: 1e-9, l2: 0, memory: 10, seed: 0 },

  async init(problem, options) {
    if (problem.features) mustFit(problem.mdp, problem.features);
    const { features, objective } = prepare(problem, options);
    if (features.over !== "sa") throw new RangeError(`the features of Q(s, a) are over "sa", found "${features.over}"`);
    const search = startClimb(objective, new Float64Array(features.F), options);
    return { options, k: 0, search, converged: residual(search, 0) <= options.tolerance };
  },

  async iterate(state, problem) {
    const { search, options } = state;
    climb(search, objectiveOf(state, problem), { ...options, l1: 0 });
    const gradient = residual(search, 0);
    state.converged = search.stalled || gradient <= options.tolerance;
    return { round: ++state.k, objective: search.value, gradient };
  },

  done: (state) => state.converged || state.k >= state.options.rounds,
  progress: (state) => ({ done: state.k, total: state.options.rounds, unit: "rounds" }),

  async result({ search, options }, problem) {
    const { mdp } = problem;
    const { features } = prepare(problem, options);
    const Q = linearValues(features, search.w);
    for (let i = 0; i < Q.length; i++) if (!available(mdp, Math.floor(i / mdp.A), i % mdp.A)) Q[i] = -Infinity;
    const policy = softmaxOf(mdp, Q).pi;
    const penalty = (options.l2 / 2) * search.w.reduce((sum, x) => sum + x * x, 0);
    const reward = mdp.H === Infinity ? { reward: { sa: withoutInfinities(rewardOfQ(mdp, Q)) } } : {};
    return { Q, policy, ...reward, logLikelihood: search.value + penalty };
  },
};

/**
 * The reward whose soft-optimal action values are Q, the soft Bellman equation read backwards:
 *
 *     r(s,a) = Q(s,a) - γ Σ_s' P(s'|s,a) V(s'),   V(s) = log Σ_a exp Q(s,a)
 *
 * `[S, A]` for a discounted process; with a finite horizon Q may be `[H, S, A]` (or `[S, A]`, the same at each step), and the
 * reward is `[H, S, A]`, where V_{H+1} = 0. Unavailable actions have -Infinity, terminal states 0. Throws on another length.
 * @formula inverse-soft-bellman
 */
export function rewardOfQ(mdp: TabularMdp, Q: Float64Array): Float64Array {
  const { S, A, H, terminal } = mdp;
  const pairs = S * A;
  const steps = H === Infinity ? 1 : H;
  if (Q.length !== pairs && Q.length !== steps * pairs) {
    const expected = steps === 1 ? `S * A = ${pairs}` : `S * A = ${pairs} or H * S * A = ${steps * pairs}`;
    throw new RangeError(`Q has ${Q.length} numbers, expected ${expected}`);
  }
  const r = new Float64Array(steps * pairs);
  const nothing = new Float64Array(pairs);
  const ahead = new Float64Array(pairs); // γ Σ_s' P(s'|s,a) V_{h+1}(s')
  let V: Float64Array = H === Infinity ? softmaxOf(mdp, Q).V : new Float64Array(S);
  for (let h = steps - 1; h >= 0; h--) {
    const own = Q.length === pairs ? Q : Q.subarray(h * pairs, (h + 1) * pairs);
    backup(mdp, nothing, V, ahead);
    for (let i = 0; i < pairs; i++) r[h * pairs + i] = terminal[Math.floor(i / A)] === 1 ? 0 : own[i] - ahead[i];
    if (H !== Infinity) ({ V } = softmaxOf(mdp, own));
  }
  return r;
}

/**
 * The soft-optimal policy of a reward `[S, A]`, or `[H, S, A]` where it changes from step to step: the other way round. Throws
 * a RangeError on a reward of another length.
 */
export function softOptimalPolicy(mdp: TabularMdp, r: Float64Array): PolicyTable {
  const { S, A, H } = mdp;
  const pairs = S * A;
  if (r.length === pairs) return softValueIteration({ ...mdp, r }).pi;
  if (r.length !== H * pairs)
    throw new RangeError(`the reward has ${r.length} numbers, expected ${pairs} or H * S * A = ${H * pairs}`);
  const pi = new Float64Array(r.length);
  const Q = new Float64Array(pairs);
  let V: Float64Array = new Float64Array(S);
  for (let h = H - 1; h >= 0; h--) {
    backup(mdp, r.subarray(h * pairs, (h + 1) * pairs), V, Q);
    const soft = softmaxOf(mdp, Q);
    ({ V } = soft);
    pi.set(soft.pi, h * pairs);
  }
  return pi;
}

function softmaxOf(mdp: TabularMdp, Q: Float64Array): { V: Float64Array; pi: Float64Array } {
  const V = new Float64Array(mdp.S);
  const pi = new Float64Array(mdp.S * mdp.A);
  softMaximum(mdp, Q, 1, V, pi);
  return { V, pi };
}

const objectiveOf = madeOnce(({ options }: QSoftmaxState, problem: QSoftmaxProblem) => prepare(problem, options).objective);

function prepare({ mdp, demos, features = indicators(mdp, "sa") }: QSoftmaxProblem, { l2 }: Pick<QSoftmaxOptions, "l2">) {
  const { S, A } = mdp;
  const shares = pairShares(mdp, demos);
  const inState = new Float64Array(S);
  shares.forEach((share, i) => {
    inState[Math.floor(i / A)] += share;
  });
  const Q = new Float64Array(S * A);
  const slope = new Float64Array(S * A);
  const objective: Objective = (w, gradient) => {
    linearValues(features, w, Q);
    let value = 0;
    for (let s = 0, first = 0; s < S; s++, first += A) {
      if (inState[s] === 0) continue;
      let best = -Infinity;
      for (let a = 0; a < A; a++) if (available(mdp, s, a)) best = Math.max(best, Q[first + a]);
      let sum = 0;
      for (let a = 0; a < A; a++) if (available(mdp, s, a)) sum += Math.exp(Q[first + a] - best);
      const V = best + Math.log(sum);
      for (let a = 0, i = first; a < A; a++, i++) {
        if (!available(mdp, s, a)) continue;
        if (shares[i] > 0) value += shares[i] * (Q[i] - V);
        slope[i] = shares[i] - inState[s] * Math.exp(Q[i] - V); // n(s,a)/N - (n(s)/N) π(a|s)
      }
    }
    featureCounts(features, slope, gradient);
    for (let f = 0; f < w.length; f++) {
      value -= (l2 / 2) * w[f] * w[f];
      gradient[f] -= l2 * w[f];
    }
    return value;
  };
  return { features, objective };
}

/** n(s, a) / N, `[S, A]`; in terminal states nothing is chosen. */
function pairShares(mdp: TabularMdp, demos: Dataset | Pairs): Float64Array {
  const { S, A, terminal } = mdp;
  const { observationSpace: observation, actionSpace: action } = demos;
  if (observation.kind !== "discrete" || observation.n !== S || action.kind !== "discrete" || action.n !== A) {
    throw new TypeError(
      `the demonstrations are ${describe(observation)} -> ${describe(action)}, the process discrete(${S}) -> discrete(${A}): ` +
        "observations are its states",
    );
  }
  const { s, a } = allPairs(demos);
  const counts = new Float64Array(S * A);
  let N = 0;
  for (let i = 0; i < a.length; i++) {
    if (!available(mdp, s[i], a[i])) {
      throw new RangeError(`pair ${i}: action ${a[i]} is not available in state ${s[i]}: leave it out, or mend the process`);
    }
    if (terminal[s[i]] === 1) continue;
    counts[s[i] * A + a[i]]++;
    N++;
  }
  if (N === 0) throw new RangeError("no demonstrated pair is of a state where something is chosen: record at least one");
  return counts.map((n) => n / N);
}

function withoutInfinities(r: Float64Array): Float64Array {
  return r.map((value) => (value === -Infinity ? 0 : value));
}
