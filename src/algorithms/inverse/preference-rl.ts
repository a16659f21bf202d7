import { initialise, NotFiniteError, rng, type TrainState } from "../../autodiff/index.ts";
import { decodeTree, encodeTree } from "../../data/index.ts";
import { type Env, type FragmentExpert, madeOnce, type Plain, type StepBatch } from "../../mdp/index.ts";
import type { NeuralPolicy, PolicyModel } from "../../policies/index.ts";
import { type StepReward, stepReward } from "../../rewards/index.ts";
import { type Critic, type PpoRecord, type PpoState, ppo, ppoOptionsOf, remember } from "../../solvers/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { withoutFirst } from "./adversarial/staggered.ts";
import {
  ANSWERED,
  type Answered,
  type ComparedFragments,
  checkGiven,
  nothingAnswered,
  withAnswers,
} from "./preference-rl/answered.ts";
import { type Asked, ask, choiceOf, unanswered } from "./preference-rl/asking.ts";
import { drawPairs, noSteps, type Steps } from "./preference-rl/memory.ts";
import { type Normal, normalOfSteps, renormalised } from "./preference-rl/normal.ts";
import { checkOptions, type PreferenceRlOptions, preferenceRlDefaults, roundsOf } from "./preference-rl/options.ts";
import { labelPlan, sessionsBefore, sessionsOf } from "./preference-rl/plan.ts";
import { disagreement, information, largest } from "./preference-rl/selection.ts";
import { makeWorkshop, rewardNetwork, type Workshop } from "./preference-rl/workshop.ts";
import { mustLast, worldOf } from "./preference-rl/world.ts";

/** A world, somebody who compares fragments of what happens in it, and the family of policies to choose from. */
export interface PreferenceRlProblem {
  readonly env: Env;
  /** Who is asked; nobody where `labels` is 0, and the comparisons below are all there are. */
  readonly expert?: FragmentExpert;
  readonly policy: PolicyModel;
  /** By default a perceptron with the policy's hidden layers. */
  readonly critic?: Critic;
  /** Comparisons that were made before, of fragments of `fragmentLength` steps; they are learned from, and are no labels of this run. */
  readonly comparisons?: readonly ComparedFragments[];
}

/** Plain data: all that the next round depends on. */
export interface PreferenceRlState {
  options: PreferenceRlOptions;
  /** The learner: policy, critic, the worlds as they stand. */
  generator: PpoState;
  memory: Steps;
  /** The reward networks as they are trained, and as they are read: each in a unit of its own. */
  members: TrainState;
  reward: Float32Array | null;
  /** What the reward networks' rows are normalised by: the moments of the steps in memory at the last session. */
  normal: Normal | null;
  answered: Answered;
  /** Questions of the session under way, with the answers so far. */
  pending: Asked | null;
  /** Labels that were given, ties and incomparable ones included. */
  labels: number;
  ties: number;
  incomparable: number;
  sessions: number;
  rounds: number;
}

/** One round: comparisons, where some are due, and updates of the reward; then a rollout and updates of the policy. */
export interface PreferenceRlRecord extends PpoRecord {
  round: number;
  /** Comparisons the expert has answered so far; how many of them were ties, or could not be made. */
  labels: number;
  ties: number;
  incomparable: number;
  /** Comparisons of which another says the opposite. */
  contradictory: number;
  rewardLoss?: number;
  rewardAccuracy?: number;
  /** Share of this session's answers (ties aside) that the reward foresaw before it learned from them. */
  foreseen?: number;
  /** The learned reward on this round's steps. */
  rewardMean?: number;
  rewardDeviation?: number;
  /** Its correlation with the world's own, which the learner is not told. */
  correlation?: number;
  note?: string;
}

export interface PreferenceRlResult {
  readonly policy: NeuralPolicy;
  /** Mean of the members, each of mean 0 and deviation 1 on the fragments that were compared. */
  readonly reward: StepReward;
  readonly labels: number;
}

/**
 * Reinforcement learning from comparisons of fragments (Christiano et al. 2017; slides "IRL with Preference Feedback"). Rounds
 *
 *     some fragments σ₁, σ₂ of the last rounds' steps are compared:  μ = 1 if σ₁ ≻ σ₂, 0 if σ₂ ≻ σ₁, ½ for a tie
 *     φ ← optimizer(φ, ∇ Σ −μ log p_φ(σ₁ ≻ σ₂) − (1 − μ) log p_φ(σ₂ ≻ σ₁)),  p_φ = ε/2 + (1 − ε) σ(Σ_t r_φ(σ₁) − Σ_t r_φ(σ₂))
 *     run π_θ for T steps in n copies of the world;  θ ← PPO(θ, r̄_φ)
 *
 * Comparisons are asked for in sessions spread over the run, the first of them about what the policy does before it learns.
 * Throws if problem and options don't go together or no trajectory is as long as a fragment. Where the expert fails
 * (`ExpertError`) its answers so far are kept.
 * @formula preference-rl
 */
export const preferenceRl: Algorithm<
  PreferenceRlProblem,
  PreferenceRlOptions,
  PreferenceRlState,
  PreferenceRlRecord,
  PreferenceRlResult
> = {
  name: "preference-rl",
  about: "reinforcement learning from comparisons of fragments: a reward that explains them, and a policy for it",
  needs: ["env", "policy"],
  defaults: preferenceRlDefaults,
  grows: ANSWERED.map((name) => `answered/${name}`),

  async init(problem, asked) {
    checkOptions(asked);
    const options = { ...asked, sessions: sessionsOf(asked, roundsOf(asked), asked.explore) };
    const { env, expert, comparisons = [] } = problem;
    const { copies, rolloutSteps, memory, fragmentLength } = options;
    if (options.labels === 0 && comparisons.every(({ choice }) => choice === null))
      throw new RangeError(
        `labels is 0 and no comparison is given that says anything, of ${comparisons.length}; give comparisons, or labels to ask for`,
      );
    if (options.labels > 0 && typeof expert?.compare !== "function")
      throw new TypeError(
        "the expert has no compare(comparisons), expected somebody who says which of two fragments is better; give such a one, or fragmentJudge(), or comparisons that were made before and labels 0",
      );
    mustLast(env, options);
    checkGiven(comparisons, env, fragmentLength);
    const generator = await ppo.init({ ...solved(problem), env: worldOf(env, options) }, ppoOptionsOf(options));
    if (options.stagger) withoutFirst(env, generator.episodes);
    const theta = initialise(rewardNetwork(env, options).params, rng(options.seed).split("reward"));
    return {
      options,
      generator,
      memory: noSteps(env, copies, memory * rolloutSteps),
      members: { theta, slots: [new Float32Array(theta.length), new Float32Array(theta.length)], t: 0 },
      reward: null,
      normal: null,
      answered: withAnswers(nothingAnswered(env), comparisons),
      pending: null,
      labels: 0,
      ties: 0,
      incomparable: 0,
      sessions: 0,
      rounds: 0,
    };
  },

  async iterate(state, problem) {
    const work = await workshop(state, problem);
    const { options } = state;
    const due = sessionsBefore(state.rounds, roundsOf(options), { sessions: options.sessions, explored: options.explore });
    const learned = state.sessions < due ? await session(state, problem, work) : {};
    const { record, ...judged } = await practised(state, problem, work);
    state.rounds++;
    const contradictory = work.contradictions.count(state.answered);
    return {
      round: state.rounds,
      ...record,
      labels: state.labels,
      ties: state.ties,
      incomparable: state.incomparable,
      contradictory,
      ...learned,
      ...judged,
      ...noteOf(state, contradictory, learned),
    };
  },

  done: ({ generator }) => ppo.done(generator),
  progress: ({ generator }) => ppo.progress(generator),

  async result(state, problem) {
    const { policy } = await ppo.result(state.generator, problem);
    const network = rewardNetwork(problem.env, state.options);
    const theta = state.reward ?? state.members.theta;
    const normal = state.normal;
    return {
      policy,
      reward: stepReward(network, theta, { doubt: state.options.doubt, ...(normal ? { normaliser: normal } : {}) }),
      labels: state.labels,
    };
  },

  waiting({ pending, labels }) {
    const left = pending ? unanswered(pending) : 0;
    return left > 0 ? `${left} of ${pending?.choices.length} comparisons (${labels} labels before them)` : undefined;
  },
};

const workshop = madeOnce(({ options }: PreferenceRlState, { env }: PreferenceRlProblem) =>
  makeWorkshop(env, options, rng(options.seed).split("reward")),
);

interface Learned {
  rewardLoss?: number;
  rewardAccuracy?: number;
  foreseen?: number;
}

/** Some comparisons, and updates of the reward on all there are. Nothing of the state but what is asked and answered changes before the end. */
async function session(state: PreferenceRlState, { env, expert }: PreferenceRlProblem, work: Workshop): Promise<Learned> {
  const { options } = state;
  const stream = rng(options.seed).split("session").split(state.sessions);
  state.pending ??= await questions(state, work);
  const { pending } = state;
  if (pending.comparisons.length > 0) await ask(pending, expert!, options, state.rounds + 1);

  const compared = pending.comparisons.map((comparison, i) => ({ ...comparison, choice: choiceOf(pending, i) }));
  const foreseen = state.sessions > 0 ? await foreseenShare(state, work, compared) : undefined;
  const answered = withAnswers(state.answered, compared);
  const { theta, slots, t } = state.members;
  const moves = env.observation.kind === "box" && state.sessions > 0;
  const normal = moves ? normalOfSteps(state.memory, env) : state.normal!;
  const members: TrainState = {
    theta: moves ? renormalised(work.network, theta, state.normal!, normal) : theta.slice(),
    slots: slots.map((slot) => slot.slice()),
    t,
  };
  const none = answered.choices.length === 0;
  const fitted = none ? {} : await work.fit(members, answered, normal, stream.split("minibatches"));
  const reward = none ? null : work.standard(members.theta, answered, normal);
  const count = (choice: number | null) => compared.filter((own) => own.choice === choice).length;
  Object.assign(state, {
    answered,
    members,
    reward,
    normal,
    pending: null,
    labels: state.labels + compared.length,
    ties: state.ties + count(0.5),
    incomparable: state.incomparable + count(null),
    sessions: state.sessions + 1,
  });
  return { ...fitted, ...(foreseen === undefined ? {} : { foreseen }) };
}

/** The questions of a session: pairs of fragments, drawn or selected; none where its share of the labels is less than one. */
async function questions(state: PreferenceRlState, work: Workshop): Promise<Asked> {
  const { options, memory, reward, labels } = state;
  const { copies, fragmentLength, candidates, selection } = options;
  const n = labelPlan(options)[state.sessions] - labels;
  if (n === 0) return { comparisons: [], choices: new Float64Array(0) };
  const random = rng(options.seed).split("questions").split(state.sessions);
  const selected = selection !== "random" && reward !== null;
  let pairs = drawPairs(memory, copies, fragmentLength, selected ? n * candidates : n, random);
  if (selected) {
    const chances = await work.foresee(reward, pairs, state.normal!);
    const worth = chances.map(selection === "disagreement" ? disagreement : information);
    pairs = largest(worth, n).map((i) => pairs[i]);
  }
  return {
    comparisons: pairs.map(([first, second], i) => ({ number: labels + i, first, second })),
    choices: new Float64Array(n).fill(Number.NaN),
  };
}

async function foreseenShare(state: PreferenceRlState, work: Workshop, compared: readonly ComparedFragments[]) {
  const decided = compared.filter(({ choice }) => choice === 0 || choice === 1);
  if (decided.length === 0 || !state.reward) return undefined;
  const chances = await work.foresee(
    state.reward,
    decided.map(({ first, second }) => [first, second] as const),
    state.normal!,
  );
  const right = chances.filter((p, i) => p.reduce((sum, own) => sum + own, 0) / p.length > 0.5 === (decided[i].choice === 1));
  return right.length / decided.length;
}

/** A round of the solver under the reward as it is. If it can't be finished, the learner is as it was before. */
async function practised(state: PreferenceRlState, problem: PreferenceRlProblem, work: Workshop) {
  const { options, memory, reward } = state;
  const before = copied(state.generator);
  const { witness } = work;
  witness.rewards.length = 0;
  witness.ended.length = 0;
  let seen: StepBatch | undefined;
  let judged: { rewardMean?: number; rewardDeviation?: number; correlation?: number } = {};
  let record: PpoRecord;
  try {
    record = await ppo.iterate(state.generator, {
      ...solved(problem),
      env: work.env,
      async reward(steps) {
        seen = steps;
        if (!reward) return new Float64Array(steps.terminated.length);
        const rewards = await work.judge(reward, steps, state.normal!);
        const of = compare(rewards, witness.rewards);
        if (!Number.isFinite(of.rewardMean)) throw new NotFiniteError("the learned reward", of.rewardMean, state.members.t);
        judged = of;
        return rewards;
      },
    });
  } catch (error) {
    state.generator = before;
    throw error;
  }
  const steps = seen!;
  const round = { ...steps, rewards: Float64Array.from(witness.rewards), ended: Uint8Array.from(witness.ended) };
  remember(memory, round);
  if (!reward || state.rounds < options.explore) {
    // There was nothing to learn from yet.
    const { learner, rewardScale } = before;
    Object.assign(state.generator.learner, learner);
    if (rewardScale) Object.assign(state.generator.rewardScale!, rewardScale);
    state.normal = normalOfSteps(memory, problem.env);
  }
  return { record, ...judged };
}

function solved({ env, policy, critic }: PreferenceRlProblem) {
  return { env, policy, ...(critic ? { critic } : {}) };
}

function copied(generator: PpoState): PpoState {
  return decodeTree(encodeTree(generator as unknown as Plain)) as unknown as PpoState;
}

/** Moments of learned rewards, and their correlation with others. */
function compare(learned: Float64Array, own: readonly number[]) {
  const N = learned.length;
  const average = (of: ArrayLike<number>) => Array.from(of).reduce((sum, r) => sum + r, 0) / N;
  const [a, b] = [average(learned), average(own)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let k = 0; k < N; k++) {
    ab += (learned[k] - a) * (own[k] - b);
    aa += (learned[k] - a) ** 2;
    bb += (own[k] - b) ** 2;
  }
  const both = Math.sqrt(aa * bb);
  return { rewardMean: a, rewardDeviation: Math.sqrt(aa / N), ...(both > 0 ? { correlation: ab / both } : {}) };
}

/** What should be known about a round, in a sentence. */
function noteOf(
  { answered, labels, incomparable }: PreferenceRlState,
  contradictory: number,
  learned: Learned,
): { note?: string } {
  if (learned.rewardLoss === undefined && labels > 0 && labels === incomparable)
    return { note: `all ${labels} comparisons could not be made: there is nothing to learn a reward from` };
  if (learned.rewardLoss === undefined || contradictory === 0) return {};
  return {
    note: `${contradictory} of ${answered.choices.length} comparisons say the opposite of another one; any reward can satisfy only some of them`,
  };
}
