import { initialise, Rng, rng, type TrainState } from "../../autodiff/index.ts";
import { type Dataset, deviations, include, noMoments, type Pairs } from "../../data/index.ts";
import { type Env, madeOnce, mustBeBelow, mustBeCounts, mustBePositive, type Reward, type StepBatch } from "../../mdp/index.ts";
import { type NeuralPolicy, type Normaliser, normaliser, type PolicyModel } from "../../policies/index.ts";
import type { StepOver } from "../../rewards/index.ts";
import { type Critic, type PpoOptions, type PpoRecord, type PpoState, ppo, ppoOptionsOf } from "../../solvers/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { checkDemonstrations, demonstrationParts, type ExpertSteps, expertSteps } from "./adversarial/demonstrations.ts";
import { warmStart } from "./adversarial/warm-start.ts";
import { type Distillation, distillation, rewardOfDistance, sharpness, supportNetwork } from "./distillation.ts";

/** A world, what an expert did in it, and the family of policies to choose from. */
export interface RedProblem {
  readonly env: Env;
  /** Trajectories; or pairs, where there is no absorbing state. */
  readonly demos: Dataset | Pairs;
  readonly policy: PolicyModel;
  /** By default a perceptron with the policy's hidden layers. */
  readonly critic?: Critic;
}

export interface RedOptions extends PpoOptions {
  /** What the two networks look at: the state; also the action; also the next state; also whether the world ended the episode. */
  over: StepOver;
  /** Widths of the hidden layers of the two networks. */
  rewardHidden: number[];
  /** Numbers that the networks give for a step. */
  embedding: number;
  /** Updates by which the one network learns what the other says of the expert's steps. */
  rewardUpdates: number;
  /** The expert's steps in each of them. */
  rewardBatch: number;
  /** The learning rate of the one that learns. */
  rewardRate: number;
  /** What the expert's steps earn on average, which settles σ; below 1. */
  expertReward: number;
  /** Lead every end that the world makes to an absorbing state with a reward of its own, so that ending is neither free nor a loss. */
  absorbing: boolean;
  /** Share of the trajectories that is held out, and settles σ (rounded down; with none, σ is settled by what was learned from). */
  validation: number;
  /** Of every trajectory only each k-th step is shown; 1 for all. */
  every: number;
  /** Updates of behavior cloning before the first round, for far from the expert's steps the reward is 0 everywhere; 0 for none. */
  warmStart: number;
}

/** Plain data: all that the next round depends on. */
export interface RedState {
  options: RedOptions;
  /** θ of the network that learns. */
  distilled: TrainState;
  /** θ of the one that doesn't. */
  random: Float32Array;
  /** The generator that minibatches are drawn from. */
  stream: Uint32Array;
  /** σ, once the distillation is over. */
  sigma: number | null;
  normaliser: { mean: Float32Array; std: Float32Array };
  /** The learner: policy, critic, the worlds as they stand. */
  generator: PpoState;
}

/** One round: updates of the distillation first; then rollouts, and updates of the policy. */
export interface RedRecord extends Partial<PpoRecord> {
  steps: number;
  /** Updates of the distillation so far. */
  rewardUpdates: number;
  /** Mean ‖f_θ − f_ξ‖² of the round's minibatches. */
  distance?: number;
  /** Of the learner's steps in this round, what follows an end included. */
  rewardMean?: number;
}

export interface RedResult {
  readonly policy: NeuralPolicy;
  /** exp(−σ ‖f_θ − f_ξ‖²), with the absorbing state's value after an end. */
  readonly reward: Reward;
}

/** Updates of the distillation in a round. */
const UPDATES = 500;

/**
 * Random expert distillation (Wang, Ciliberto, Amadori & Demiris 2019, Alg. 1): a reward that is near 1 where the expert has been
 * and falls to 0 elsewhere, learned before the policy and without a game. A network f_θ learns what a random one f_ξ says of the
 * expert's steps; where it has seen none it is wrong:
 *
 *     θ = argmin E_expert ‖f_θ(s, a) − f_ξ(s, a)‖²
 *     r(s, a) = exp(−σ ‖f_θ(s, a) − f_ξ(s, a)‖²),   σ by which the expert's steps earn `expertReward` on average
 *     π = PPO for r
 *
 * All rewards are above 0, so that never to end would be best: what follows an end is the absorbing state, which the networks know
 * and which is the expert's too where its own episodes ended. Throws if demonstrations, world and policy don't fit together.
 * @formula red
 */
export const red: Algorithm<RedProblem, RedOptions, RedState, RedRecord, RedResult> = {
  name: "red",
  about: "random expert distillation: a reward that says where the expert has been, and a policy for it",
  needs: ["env", "demos", "policy"],
  defaults: {
    ...ppo.defaults,
    over: "sa",
    rewardHidden: [64, 64],
    embedding: 32,
    rewardUpdates: 3000,
    rewardBatch: 128,
    rewardRate: 1e-3,
    expertReward: 0.8,
    absorbing: true,
    validation: 0.1,
    every: 1,
    warmStart: 300,
  },

  async init(problem, options) {
    check(options);
    const { env, demos, policy } = problem;
    const network = supportNetwork(env, options);
    checkDemonstrations(env, demos, { next: network.next });
    const generator = await ppo.init(problem, ppoOptionsOf(options));
    const { training } = shown(problem, options);
    const normal = normalOf(training);
    const random = rng(options.seed);
    const theta = initialise(network.params, random.split("distilled"));
    if (options.warmStart > 0) {
      generator.normaliser = { ...normal };
      if (generator.observed) include(generator.observed, training.s);
      const by = { updates: options.warmStart, random: random.split("warm start") };
      await warmStart(generator.learner.theta, policy, training, options.normalise ? normal : undefined, by);
    }
    return {
      options,
      distilled: { theta, slots: [new Float32Array(theta.length), new Float32Array(theta.length)], t: 0 },
      random: initialise(network.params, random.split("random")),
      stream: random.split("minibatches").words,
      sigma: null,
      normaliser: normal,
      generator,
    };
  },

  async iterate(state, problem) {
    const { options, distilled, generator } = state;
    const work = await workshop(state, problem);
    if (distilled.t < options.rewardUpdates) {
      // θ ← optimizer(θ, ∇ E_expert ‖f_θ − f_ξ‖²)
      const until = Math.min(options.rewardUpdates, distilled.t + UPDATES);
      const distance = await work.learn(distilled, new Rng(state.stream), until - distilled.t);
      if (distilled.t === options.rewardUpdates) {
        const { held, training } = shown(problem, options);
        const distances = await work.distances(distilled.theta, held ?? training);
        state.sigma = sharpness(distances.of, options.absorbing ? (held ?? training).absorbed : 0, distances.absorbing, options);
      }
      return { steps: generator.steps, rewardUpdates: distilled.t, distance };
    }
    // s, a ∼ π;  θ_π ← PPO(θ_π, r)
    let rewardMean = 0;
    const record = await ppo.iterate(generator, {
      ...problem,
      async reward(steps: StepBatch) {
        const rewards = await rewardsOf(work, state, steps);
        rewardMean = rewards.reduce((sum, r) => sum + r, 0) / rewards.length;
        return rewards;
      },
    });
    return { ...record, rewardUpdates: distilled.t, rewardMean };
  },

  done: ({ generator }) => ppo.done(generator),
  progress: ({ generator }) => ppo.progress(generator),

  async result(state, problem) {
    const { policy } = await ppo.result(state.generator, problem);
    const kept: RedState = { ...state, distilled: { ...state.distilled, theta: state.distilled.theta.slice() } };
    const work = await workshop(state, problem);
    return { policy, reward: (steps) => rewardsOf(work, kept, steps) };
  },
};

const workshop = madeOnce(({ options, normaliser, random }: RedState, problem: RedProblem) =>
  distillation(supportNetwork(problem.env, options), random, shown(problem, options).training, normaliser, options),
);

async function rewardsOf(work: Distillation, { distilled, sigma, options }: RedState, steps: StepBatch): Promise<Float64Array> {
  if (sigma === null) throw new Error("red: the reward is known after the distillation; make more rounds first");
  return rewardOfDistance(await work.distances(distilled.theta, steps), steps.terminated, sigma, options);
}

function shown({ env, demos }: RedProblem, options: RedOptions): { training: ExpertSteps; held?: ExpertSteps } {
  const { training, held } = demonstrationParts(demos, options);
  const showing = { ...options, maxSteps: env.maxSteps };
  return { training: expertSteps(training, showing), ...(held ? { held: expertSteps(held, showing) } : {}) };
}

function normalOf({ s, terminated }: StepBatch): Normaliser & { mean: Float32Array; std: Float32Array } {
  const moments = noMoments(s.length / terminated.length);
  include(moments, s);
  return { ...normaliser({ mean: moments.mean, std: deviations(moments) }) };
}

function check(options: RedOptions): void {
  const { embedding, rewardUpdates, rewardBatch, every, warmStart } = options;
  mustBeCounts({ embedding, rewardUpdates, rewardBatch, every });
  mustBeCounts({ warmStart }, 0);
  const { rewardRate, expertReward, validation, absorbing, gamma } = options;
  mustBePositive({ rewardRate });
  if (!(expertReward > 0 && expertReward < 1))
    throw new RangeError(`expertReward is ${expertReward}, expected a number between 0 and 1`);
  mustBeBelow(1, { validation });
  if (absorbing && !(gamma < 1))
    throw new RangeError(`the value of an absorbing state needs gamma < 1, found ${gamma}; discount, or leave it out`);
}
