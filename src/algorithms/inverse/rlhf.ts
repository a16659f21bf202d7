import { layout } from "../../autodiff/index.ts";
import { meanOf } from "../../data/index.ts";
import type { ResponsePolicy } from "../../policies/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { learnedOf, rlhfOptimizer } from "./rlhf/objective.ts";
import { checkRlhf, checkRlhfOptions, type RlhfOptions, type RlhfProblem } from "./rlhf/problem.ts";
import {
  answersOf,
  bestOfGroups,
  judgedFrom,
  learn,
  lessonOf,
  policyOf,
  type RlhfState,
  referenceOf,
  updatesIn,
  workshop,
  written,
} from "./rlhf/round.ts";
import { ask, missing } from "./rlhf/scoring.ts";

export type { RlhfMethod, RlhfOptions, RlhfProblem } from "./rlhf/problem.ts";
export type { RlhfState } from "./rlhf/round.ts";

/** One round: what π_θ wrote at its beginning, and the updates made of it. */
export interface RlhfRecord {
  round: number;
  /** The mean of r(x, y) over the round's responses of π_θ. */
  reward: number;
  /** The mean of the true score, where somebody can say it. */
  gold?: number;
  /** KL(π_θ ‖ π_ref), estimated from the same responses, in nats a response. */
  kl: number;
  /** reward − β kl: what is made large (not by `best-of-n`). */
  objective: number;
  /** The mean entropy of an action of π_θ, in nats. */
  entropy: number;
  /** β of this round; absent of `best-of-n`, which has none. */
  beta?: number;
  /** The mean number of actions (tokens) of a response. */
  length: number;
  loss: number;
  /** The mean squared error of the critic; `ppo` only. */
  value_loss?: number;
  /** The share of ratios that were cut. */
  clipped: number;
  grad_norm: number;
  /** Actions (tokens) drawn so far. */
  num_tokens: number;
  /** Responses scored so far. */
  responses: number;
  /** What should be known about this round, in a sentence. */
  note?: string;
}

export interface RlhfResult {
  readonly policy: ResponsePolicy;
}

/**
 * Policy training from a reward of whole responses (Ziegler et al. 2019; Ouyang et al. 2022; slides "IRL with Preference Feedback"):
 *
 *     max_θ E_{x ~ D, y ~ π_θ(y | x)}[r(x, y)] − β KL(π_θ(y | x) ‖ π_ref(y | x))
 *
 * for every policy over responses: a language model, a bandit, a policy whose episodes are rewarded. Each round answers some contexts,
 * has the answers scored, and improves θ by one of four methods (`method`). With a `klTarget` β is moved after each round (Ziegler et
 * al. 2019, section 2.2):
 *
 *     β ← β (1 + K clip((KL − target)/target, ±0.2))
 *
 * Throws if problem and options don't go together. Where the reward fails (`RewardError`) the scores so far are kept.
 */
export const rlhf: Algorithm<RlhfProblem, RlhfOptions, RlhfState, RlhfRecord, RlhfResult> = {
  name: "rlhf",
  about: "policy training from a reward of responses, not far from a reference",
  needs: ["policy", "contexts", "reward"],
  defaults: {
    method: "ppo",
    beta: 0.1,
    penalty: "reward",
    klTarget: 0,
    betaRate: 0.5,
    rounds: 100,
    prompts: 16,
    group: 4,
    maxLength: 0,
    temperature: 1,
    topK: 0,
    topP: 1,
    minP: 0,
    epochs: 2,
    batchSize: 32,
    learningRate: 1e-4,
    schedule: "linear",
    weightDecay: 0,
    clipNorm: 1,
    clipRange: 0.2,
    scaleAdvantages: true,
    gamma: 1,
    lambda: 0.95,
    normaliseAdvantages: true,
    valueRate: 1e-2,
    valueClip: 0,
    entropyBonus: 0,
    requestSize: 0,
    seed: 0,
  },

  check: checkRlhfOptions,

  async init(problem, options) {
    checkRlhf(problem, options);
    const { model, theta: first } = problem.policy;
    const learned = learnedOf(model, options);
    const theta = new Float32Array(layout(learned.params).size); // the critic begins at 0
    theta.set(first);
    const { slots } = rlhfOptimizer(learned, options, updatesIn(options));
    return {
      options,
      learner: { theta, slots: slots.map(() => new Float32Array(theta.length)), t: 0 },
      beta: options.beta,
      round: 0,
      tokens: 0,
      scored: 0,
      best: null,
      pending: null,
    };
  },

  async iterate(state, problem) {
    const { options, beta } = state;
    const { reward, gold } = problem;
    const work = await workshop(state, problem);
    const { size } = work.learned;

    // x ~ D, y ~ π_θ(· | x), r(x, y)
    state.pending ??= await written(state, problem, size);
    const { pending } = state;
    const answers = answersOf(pending, problem);
    const asking = { requestSize: options.requestSize, round: state.round + 1 };
    await ask(pending.rewards, answers, reward, { ...asking, name: "reward" });
    const from = judgedFrom(options);
    const judged = answers.slice(from);
    if (gold) await ask(pending.gold, judged, gold, { ...asking, name: "true score" });

    // log π_θ, log π_ref, V of every token; advantages
    const r = pending.rewards.subarray(from);
    const kept = await work.kept(policyOf(state, size), judged);
    const pi = await work.own.read(work.learned.values ? state.learner.theta : policyOf(state, size), judged, kept);
    const piRef = await work.reference.read(referenceOf(problem).theta, judged, kept);
    const lesson =
      options.method === "best-of-n"
        ? bestOfGroups(options, answers, pending.rewards)
        : { ...lessonOf(options, beta, answers, r, pi, piRef), kept };

    // θ ← optimizer(θ, ∇ L), some epochs of minibatches
    const { learner, measured } = await learn(state, problem, work, lesson);

    const tokens = pi.logPi.reduce((sum, list) => sum + list.length, 0);
    const apart = pi.logPi.reduce((sum, list, i) => sum + list.reduce((s, own, t) => s + own - piRef.logPi[i][t], 0), 0);
    const kl = apart / judged.length;
    const scores = scoresOf(pending.gold, r, options);
    const row: RlhfRecord = {
      round: state.round + 1,
      reward: meanOf(r),
      ...(gold ? { gold: meanOf(pending.gold) } : {}),
      kl,
      objective: meanOf(r) - beta * kl,
      entropy: pi.entropies.reduce((sum, list) => sum + list.reduce((s, h) => s + h, 0), 0) / tokens,
      ...(options.method === "best-of-n" ? {} : { beta }),
      length: tokens / judged.length,
      loss: measured.loss,
      ...(work.learned.values ? { value_loss: measured.valueLoss } : {}),
      clipped: measured.clipped,
      grad_norm: measured.gradNorm,
      num_tokens: state.tokens + tokens,
      responses: state.scored + answers.length,
      ...overOptimised(state, scores),
    };

    // Nothing of the state has changed so far but what was drawn and scored: a round is made as a whole.
    Object.assign(state, {
      learner,
      beta: options.klTarget > 0 ? adapted(beta, kl, options) : beta,
      best: bestSoFar(state, scores),
      tokens: row.num_tokens,
      scored: row.responses,
      pending: null,
      round: state.round + 1,
    });
    return row;
  },

  done: ({ round, options }) => round >= options.rounds,
  progress: ({ round, options }) => ({ done: round, total: options.rounds, unit: "rounds" }),

  async result(state, { policy }) {
    const { size } = layout(policy.model.params);
    return { policy: { model: policy.model, theta: policyOf(state, size).slice() } };
  },

  waiting({ pending }) {
    const left = pending ? missing(pending.rewards).length : 0;
    return left > 0 ? `${left} of ${pending?.rewards.length} rewards` : undefined;
  },
};

/**
 * β moved towards the divergence that is asked for (Ziegler et al. 2019, section 2.2): β (1 + K clip((KL − target)/target, ±0.2)).
 * @formula adaptive-kl
 */
function adapted(beta: number, kl: number, { klTarget, betaRate }: RlhfOptions): number {
  const e = Math.max(-0.2, Math.min(0.2, (kl - klTarget) / klTarget));
  return beta * (1 + betaRate * e);
}

/** What a round came to, with standard errors. */
interface Scores {
  readonly gold: Mean;
  readonly reward: Mean;
}

interface Mean {
  readonly mean: number;
  readonly error: number;
}

/** The scores of the round that was judged; `undefined` without true ones. */
function scoresOf(gold: Float64Array, r: Float64Array, { method, group }: RlhfOptions): Scores | undefined {
  if (gold.length === 0) return undefined;
  const n = method === "best-of-n" ? 1 : group;
  return { gold: meanOver(gold, n), reward: meanOver(r, n) };
}

/** The round of the best true score so far, this one included. */
function bestSoFar({ best, round }: RlhfState, scores: Scores | undefined): RlhfState["best"] {
  if (!scores || (best && best.gold.mean >= scores.gold.mean)) return best;
  return { round: round + 1, ...scores };
}

/**
 * Says so where the reward went up and the true score came down since its best round, each by more than can be chance: by c standard
 * errors of the difference, c = 2 for the reward; the best of K rounds is high by chance too, by some √(2 log K) errors, so that
 * c = 2 + √(2 log K) for the true score.
 */
function overOptimised({ best, round }: RlhfState, scores: Scores | undefined): { note?: string } {
  if (!best || !scores) return {};
  const { gold, reward } = scores;
  const beyond = (difference: number, a: Mean, b: Mean, c: number) => difference > c * Math.hypot(a.error, b.error);
  if (!beyond(reward.mean - best.reward.mean, reward, best.reward, 2)) return {};
  if (!beyond(best.gold.mean - gold.mean, gold, best.gold, 2 + Math.sqrt(2 * Math.log(round)))) return {};
  const short = (x: number) => x.toPrecision(3);
  return {
    note:
      `the reward still rises (${short(best.reward.mean)} in round ${best.round}, now ${short(reward.mean)}) but the true score falls ` +
      `(${short(best.gold.mean)}, now ${short(gold.mean)}): over-optimised; stop earlier, or raise beta`,
  };
}

/** The mean of a round's scores; its standard error is that over contexts, n responses to each of which stand side by side. */
function meanOver(values: Float64Array, n: number): Mean {
  const groups = Float64Array.from({ length: Math.floor(values.length / n) }, (_, i) =>
    meanOf(values.subarray(i * n, (i + 1) * n)),
  );
  return { mean: meanOf(values), error: groups.length < 2 ? Number.MAX_VALUE : standardError(groups) };
}

function standardError(values: Float64Array): number {
  const mean = meanOf(values);
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1) / values.length);
}
