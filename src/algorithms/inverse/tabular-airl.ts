import type { Dataset } from "../../data/index.ts";
import { madeOnce, mustBeCounts, mustBePositive, mustNotBeNegative, type TabularMdp, withRewardTable } from "../../mdp/index.ts";
import { indicators } from "../../rewards/index.ts";
import { type PolicyTable, softValueIteration } from "../../solvers/index.ts";
import type { Algorithm } from "../algorithm.ts";
import type { LearnedReward } from "./learned-reward.ts";
import { type ExactExpert, expertVisits, policyVisits } from "./visits.ts";

/** A discounted world whose rewards are not read, and what the expert did in it. */
export interface TabularAirlProblem {
  readonly mdp: TabularMdp;
  /** Demonstrations whose observations are states; or the expert's policy or occupancy, exactly. */
  readonly demos: Dataset | ExactExpert;
}

/** How generator and discriminator take turns, and when they stop. */
export interface TabularAirlOptions {
  /** What the reward g depends on: `s`, with a shaping term h beside it; or `sa`, without, for it can take in any shaping itself. */
  over: "s" | "sa";
  /** Rounds: each solves the generator anew and moves the discriminator by one step of Adam. */
  rounds: number;
  /** Of Adam, in units of reward; falls in a line to 0 over all rounds. */
  learningRate: number;
  /** It stops when no entry of the discriminator's gradient is larger. */
  tolerance: number;
  /** α: what a nat of entropy is worth, in units of reward. */
  temperature: number;
  seed: number;
}

/** Plain data: all that the next round depends on. */
export interface TabularAirlState {
  options: TabularAirlOptions;
  k: number;
  /** g `[S]` and h `[S]` one after the other, or g `[S, A]`. */
  theta: Float64Array;
  /** Adam's means of the gradient and of its square. */
  m: Float64Array;
  v: Float64Array;
  /** The largest entry of the last gradient. */
  gradient: number;
}

/** How well the discriminator told the two apart in a round. */
export interface TabularAirlRecord {
  round: number;
  /** The largest entry of the discriminator's gradient, in visits. */
  gradient: number;
  /** The mean of D over the expert's transitions and over the generator's: 1/2 each where nobody can tell them apart. */
  expertD: number;
  ownD: number;
}

/** What is learned: a reward, what shapes it, and its policy. */
export interface TabularAirlResult {
  /** g: what is kept when the dynamics change. */
  readonly reward: LearnedReward;
  /** h `[S]`, up to a constant the expert's soft values; absent for `sa`. */
  readonly shaping?: Float64Array;
  /** The soft-optimal policy of f. */
  readonly policy: PolicyTable;
}

/**
 * Adversarial inverse reinforcement learning, exactly (Fu, Luo & Levine 2018, Alg. 1), in a world whose every number is known:
 *
 *     D(s, a, s′) = exp f / (exp f + π(a|s)),   f(s, s′) = g(s) + γ h(s′) − h(s),   or f = g(s, a)
 *     π = argmax_π E_π[f − ln π],   the generator: soft-optimal for f
 *     θ ← θ + ∇_θ ( E_expert[ln D] + E_π[ln(1 − D)] ),   expectations over occupancies
 *
 * Where dynamics are deterministic and states are linked well enough, g is the expert's reward up to a constant and h its soft
 * value (theorems 5.1 and 5.2), so that g serves in other dynamics too; g(s, a) is only sure to be an advantage. With a temperature
 * f is in units of reward, and D compares f/α with ln π. Throws for a process with a horizon: f and π are the same at every step.
 * @formula airl-tabular
 */
export const tabularAirl: Algorithm<
  TabularAirlProblem,
  TabularAirlOptions,
  TabularAirlState,
  TabularAirlRecord,
  TabularAirlResult
> = {
  name: "tabular-airl",
  about: "adversarial inverse RL with exact expectations: a reward apart from its shaping",
  needs: ["mdp", "demos"],
  defaults: { over: "s", rounds: 4000, learningRate: 0.1, tolerance: 1e-9, temperature: 1, seed: 0 },

  async init({ mdp, demos }, options) {
    check(mdp, options);
    expertVisits(mdp, indicators(mdp, "sas"), demos); // refuses what doesn't fit the process
    const size = options.over === "s" ? 2 * mdp.S : mdp.S * mdp.A;
    const zeros = () => new Float64Array(size);
    return { options, k: 0, theta: zeros(), m: zeros(), v: zeros(), gradient: Infinity };
  },

  async iterate(state, { mdp, demos }) {
    const { options, theta } = state;
    const expert = expertOf(state, mdp, demos);
    // π soft-optimal for f, and how often it makes each transition
    const f = shaped(mdp, options, theta);
    const { pi } = softValueIteration(withRewardTable(mdp, { sas: f }), { temperature: options.temperature });
    const own = policyVisits(mdp, "sas", pi);

    // ∂/∂f = expert (1 − D) − own D for each transition, then by the chain rule to θ
    const D = discriminator(mdp, options, f, pi);
    const slope = new Float64Array(theta.length);
    const told = { expert: 0, own: 0 };
    const total = 1 / (1 - mdp.gamma);
    eachTransition(mdp, (k, s, a, next) => {
      told.expert += (expert[k] * D[k]) / total;
      told.own += (own[k] * D[k]) / total;
      pull(mdp, options, slope, (expert[k] * (1 - D[k]) - own[k] * D[k]) / total, s, a, next);
    });
    ascend(state, slope);
    state.gradient = slope.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return { round: ++state.k, gradient: state.gradient, expertD: told.expert, ownD: told.own };
  },

  done: ({ k, gradient, options }) => k >= options.rounds || gradient <= options.tolerance,
  progress: ({ k, options }) => ({ done: k, total: options.rounds, unit: "rounds" }),

  async result({ options, theta }, { mdp }) {
    const f = shaped(mdp, options, theta);
    const { pi: policy } = softValueIteration(withRewardTable(mdp, { sas: f }), { temperature: options.temperature });
    if (options.over === "sa") return { reward: { over: "sa", table: { sa: theta.slice() } }, policy };
    const g = theta.slice(0, mdp.S);
    return { reward: { over: "s", table: { s: g } }, shaping: theta.slice(mdp.S), policy };
  },
};

const expertOf = madeOnce((_: TabularAirlState, mdp: TabularMdp, demos: Dataset | ExactExpert) => visitsOf(mdp, demos));

function visitsOf(mdp: TabularMdp, demos: Dataset | ExactExpert): Float64Array {
  const { visits } = expertVisits(mdp, indicators(mdp, "sas"), demos);
  if (!visits)
    throw new TypeError("feature counts don't say which transitions were made; give demonstrations, a policy or an occupancy");
  return visits;
}

/** f of every transition, in the order of `mdp.P`: g(s) + γ h(s′) − h(s), with h = 0 where episodes end; or g(s, a). */
function shaped(mdp: TabularMdp, { over }: TabularAirlOptions, theta: Float64Array): Float64Array {
  const { S, A, gamma, terminal, P } = mdp;
  const f = new Float64Array(P.next.length);
  eachTransition(mdp, (k, s, a, next) => {
    f[k] = over === "sa" ? theta[s * A + a] : theta[s] + (terminal[next] === 1 ? 0 : gamma * theta[S + next]) - theta[S + s];
  });
  return f;
}

/** The transpose of `shaped`: adds what a transition's slope comes to for θ. */
function pull(
  { S, A, gamma, terminal }: TabularMdp,
  { over }: TabularAirlOptions,
  slope: Float64Array,
  by: number,
  s: number,
  a: number,
  next: number,
): void {
  if (over === "sa") slope[s * A + a] += by;
  else {
    slope[s] += by;
    if (terminal[next] === 0) slope[S + next] += gamma * by;
    slope[S + s] -= by;
  }
}

/** D = exp(f/α) / (exp(f/α) + π(a|s)) of every transition. */
function discriminator(mdp: TabularMdp, { temperature }: TabularAirlOptions, f: Float64Array, pi: PolicyTable): Float64Array {
  const D = new Float64Array(f.length);
  eachTransition(mdp, (k, s, a) => {
    D[k] = 1 / (1 + Math.exp(Math.log(pi[s * mdp.A + a]) - f[k] / temperature));
  });
  return D;
}

/** Visits every transition k: s, a → next, of states that are not terminal. */
function eachTransition({ S, A, P, terminal }: TabularMdp, visit: (k: number, s: number, a: number, next: number) => void): void {
  for (let s = 0, i = 0; s < S; s++) {
    for (let a = 0; a < A; a++, i++) {
      if (terminal[s] === 0) for (let k = P.rows[i]; k < P.rows[i + 1]; k++) visit(k, s, a, P.next[k]);
    }
  }
}

/** One step of Adam uphill (Kingma & Ba 2015), its rate falling to 0 over all rounds. */
function ascend({ options, k, theta, m, v }: TabularAirlState, slope: Float64Array): void {
  const [beta1, beta2] = [0.9, 0.99];
  const t = k + 1;
  const rate = options.learningRate * (1 - k / options.rounds);
  for (let i = 0; i < theta.length; i++) {
    m[i] = beta1 * m[i] + (1 - beta1) * slope[i];
    v[i] = beta2 * v[i] + (1 - beta2) * slope[i] ** 2;
    theta[i] += (rate * (m[i] / (1 - beta1 ** t))) / (Math.sqrt(v[i] / (1 - beta2 ** t)) + 1e-12);
  }
}

function check({ H }: TabularMdp, { over, rounds, learningRate, tolerance, temperature }: TabularAirlOptions): void {
  if (H !== Infinity)
    throw new RangeError(`the process has a horizon of ${H} steps; give it a discount instead: withObjective(mdp, { gamma })`);
  if (over !== "s" && over !== "sa") throw new RangeError(`the reward is over "s" or "sa", found "${over}"`);
  mustBeCounts({ rounds });
  mustBePositive({ learningRate, temperature });
  mustNotBeNegative({ tolerance });
}
