import { type RngState, rng } from "../../autodiff/index.ts";
import { type Dataset, select } from "../../data/index.ts";
import { madeOnce, mustBeCounts, type TabularMdp } from "../../mdp/index.ts";
import { expectedReward, featureCounts, type LinearReward, linearValues, mustFit, rewardTable } from "../../rewards/index.ts";
import { type PolicyTable, valueIteration } from "../../solvers/index.ts";
import type { Algorithm } from "../algorithm.ts";
import type { LearnedReward } from "./learned-reward.ts";
import { eachDemonstration, expertVisits, policyVisits, rowVisits } from "./visits.ts";

/** A world whose rewards are not read, the rewards to choose from, and demonstrations whose observations are states. */
export interface MaxMarginProblem {
  readonly mdp: TabularMdp;
  readonly reward: LinearReward;
  readonly demos: Dataset;
}

/** How the margin is widened: steps of the subgradient method. */
export interface MaxMarginOptions {
  /** λ of λ/2 ‖w‖². */
  l2: number;
  /** Steps of the subgradient method, each on one demonstration. */
  rounds: number;
  /** Draws the demonstrations. */
  seed: number;
}

/** Plain data: all that the next round depends on. */
export interface MaxMarginState {
  options: MaxMarginOptions;
  k: number;
  random: RngState;
  w: Float64Array;
  /** The average of w over the second half of the rounds so far. */
  mean: Float64Array;
}

/** What a round's demonstration showed. */
export interface MaxMarginRecord {
  round: number;
  /** λ/2 ‖w‖² + the regret against the best path with its loss, for the demonstration of this round. */
  objective: number;
}

/** What is learned: the mean of the weights of all rounds as a reward, and what is optimal for it. */
export interface MaxMarginResult {
  reward: LearnedReward;
  /** The optimal policy of the reward, `[H, S, A]` or `[S, A]`. */
  policy: PolicyTable;
}

/**
 * Maximum margin planning (Ratliff, Bagnell & Zinkevich 2006): each demonstrated path τ_i should be worth more than any other
 * from where it began, by more the less they share,
 *
 *     w = argmin_w λ/2 ‖w‖² + (1/n) Σ_i { max_π E_π[Σ_h w · φ + ℓ_i(s_h,a_h)] - w · f(τ_i) }
 *
 * where ℓ_i(s,a) = 0 for the pairs that τ_i takes, 1 else; by stochastic subgradients: the planner's feature counts less the
 * demonstration's, for one demonstration a round, with steps 1/(λ k) and averaged weights (Shalev-Shwartz et al. 2007).
 * Throws as `eachDemonstration` does, and on demonstrations that break off.
 * @formula max-margin-planning
 */
export const maxMarginPlanning: Algorithm<MaxMarginProblem, MaxMarginOptions, MaxMarginState, MaxMarginRecord, MaxMarginResult> =
  {
    name: "max-margin-planning",
    about: "maximum margin planning: a reward under which the demonstrated path beats all others by their difference",
    needs: ["mdp", "reward", "demos"],
    defaults: { l2: 0.01, rounds: 1000, seed: 0 },

    async init(problem, options) {
      mustFit(problem.mdp, problem.reward.features);
      const { l2, rounds, seed } = options;
      if (!(l2 > 0)) throw new RangeError(`l2 is ${l2}, expected a positive number: without it the margin is not defined`);
      mustBeCounts({ rounds });
      prepare(problem);
      const { F } = problem.reward.features;
      return { options, k: 0, random: rng(seed).split("max-margin").state(), w: new Float64Array(F), mean: new Float64Array(F) };
    },

    async iterate(state, problem) {
      const work = workshop(state, problem);
      const { w, mean, options } = state;
      const { l2, rounds } = options;
      state.k++;
      const random = rng(state.random);
      const i = random.integer(work.n);
      state.random = random.state();
      const { counts, loss } = work.answer(i, w); // max_π w · f(π) + ℓ_i
      let objective = loss;
      const rate = 1 / (l2 * (state.k + 1));
      for (let f = 0; f < w.length; f++) {
        const gradient = counts[f] - work.expert[i][f];
        objective += w[f] * (gradient + (l2 / 2) * w[f]);
        w[f] -= rate * (l2 * w[f] + gradient);
      }
      const half = Math.ceil(rounds / 2); // early weights are far away: they don't count
      const weight = state.k <= half ? 1 : 1 / (state.k - half + 1);
      for (let f = 0; f < w.length; f++) mean[f] += weight * (w[f] - mean[f]);
      return { round: state.k, objective };
    },

    done: ({ k, options }) => k >= options.rounds,
    progress: ({ k, options }) => ({ done: k, total: options.rounds, unit: "rounds" }),

    async result({ mean }, { mdp, reward }) {
      const { over } = reward.features;
      const values = linearValues(reward.features, mean);
      const r = new Float64Array(mdp.S * mdp.A);
      expectedReward(mdp, over, values, r);
      return { reward: { over, table: rewardTable(over, values), w: mean.slice() }, policy: valueIteration({ ...mdp, r }).pi };
    },
  };

interface Workshop {
  readonly n: number;
  /** `[n][F]`: the feature counts of each demonstration. */
  readonly expert: readonly Float64Array[];
  /** The feature counts of the best policy for w · φ + ℓ_i, and its loss. */
  answer(i: number, w: Float64Array): { counts: Float64Array; loss: number };
}

const workshop = madeOnce((_: MaxMarginState, problem: MaxMarginProblem) => prepare(problem));

function prepare({ mdp, reward, demos }: MaxMarginProblem): Workshop {
  const { S, A, terminal } = mdp;
  const { features } = reward;
  const expert: Float64Array[] = [];
  const paths: { start: number; pairs: number[] }[] = [];
  eachDemonstration(mdp, demos, (states, actions, i) => {
    const { counts, flow } = expertVisits(mdp, features, select(demos, [i]));
    if (flow.cuts) {
      throw new RangeError(
        `trajectory ${i} has ${actions.length} steps and has not ended, the horizon is ${mdp.H}: record it whole, or shorten the horizon`,
      );
    }
    expert.push(counts);
    paths.push({ start: states[0], pairs: Array.from(actions, (a, h) => states[h] * A + a) });
  });
  const r = new Float64Array(S * A);
  const loss = new Float64Array(S * A);
  const visits = planner(mdp);
  return {
    n: paths.length,
    expert,
    answer(i, w) {
      expectedReward(mdp, features.over, linearValues(features, w), r);
      for (let j = 0; j < S * A; j++) loss[j] = terminal[Math.floor(j / A)] === 1 ? 0 : 1;
      for (const j of paths[i].pairs) loss[j] = 0;
      for (let j = 0; j < S * A; j++) r[j] += loss[j];
      const pairs = visits(r, paths[i].start);
      return {
        counts: featureCounts(features, rowVisits(mdp, features.over, pairs)),
        loss: pairs.reduce((sum, n, j) => sum + n * loss[j], 0),
      };
    },
  };
}

/** Gives the visits to pairs `[S, A]` of the best policy of a reward `[S, A]` from one state on. Terminal states don't count. */
function planner(mdp: TabularMdp): (r: Float64Array, start: number) => Float64Array {
  const { S, A, H, gamma, terminal } = mdp;
  const { rows, next, p } = mdp.P;
  const pairs = new Float64Array(S * A);
  if (H === Infinity) {
    return (r, start) => {
      const rho = new Float64Array(S);
      rho[start] = 1;
      return policyVisits({ ...mdp, rho }, "sa", valueIteration({ ...mdp, r }).pi);
    };
  }
  const V = new Float64Array(2 * S);
  const best = new Int32Array(H * S);
  const mass = new Float64Array(2 * S);
  const within = new Map<number, Int32Array>();
  return (r, start) => {
    const states = within.get(start) ?? reachable(mdp, start);
    within.set(start, states);
    V.fill(0);
    for (let h = H - 1, then = 0; h >= 0; h--) {
      const now = S - then;
      for (const s of states) {
        let top = -Infinity;
        for (let i = s * A; i < (s + 1) * A; i++) {
          let q = r[i];
          for (let k = rows[i], end = rows[i + 1]; k < end; k++) q += gamma * p[k] * V[then + next[k]];
          if (!(q > top)) continue;
          top = q;
          best[h * S + s] = i;
        }
        V[now + s] = terminal[s] === 1 ? 0 : top;
      }
      then = now;
    }
    pairs.fill(0);
    mass.fill(0);
    mass[start] = 1;
    let front = [start];
    for (let h = 0, now = 0; h < H && front.length > 0; h++) {
      const then = S - now;
      const reached: number[] = [];
      for (const s of front) {
        const i = best[h * S + s];
        const here = mass[now + s];
        mass[now + s] = 0;
        pairs[i] += here;
        for (let k = rows[i]; k < rows[i + 1]; k++) {
          const to = next[k];
          if (terminal[to] === 1 || p[k] === 0) continue;
          if (mass[then + to] === 0) reached.push(to);
          mass[then + to] += gamma * here * p[k];
        }
      }
      front = reached;
      now = then;
    }
    return pairs;
  };
}

/** The states that can be reached from one, itself included. */
function reachable({ A, P }: TabularMdp, start: number): Int32Array {
  const found = new Set([start]);
  for (const s of found) for (let k = P.rows[s * A]; k < P.rows[(s + 1) * A]; k++) found.add(P.next[k]);
  return Int32Array.from(found);
}
