import { adam, initialise, layout, Rng, rng, type TrainState } from "../../autodiff/index.ts";
import { include, noMoments, type RunningMoments } from "../../data/index.ts";
import {
  type Algorithm,
  describe,
  type Env,
  madeOnce,
  mustBeCounts,
  mustBePositive,
  mustBeShares,
  mustNotBeNegative,
  mustRead,
  type Plain,
  type Reward,
  sameKind,
  size,
  type VectorEnv,
} from "../../mdp/index.ts";
import { type NeuralPolicy, neuralPolicy, type PolicyModel } from "../../policies/index.ts";
import { actorCritic, compileObjective, type ObjectiveOptions } from "./clipped-objective.ts";
import { type Actor, actorInto, collect, type Episodes, type Rollout, relabel, rolloutOf } from "./collect.ts";
import { type Critic, mlpCritic } from "./critic.ts";
import { type EpochOptions, type Epochs, epochsOf, type Losses } from "./epochs.ts";
import { type EstimateOptions, type Estimator, estimatorOf, explainedVariance } from "./estimate.ts";
import type { Advantages } from "./gae.ts";
import { noRewardScale, observationNormaliser, type RewardScale, scaleRewards } from "./normalisation.ts";

/** A world, the family of policies to choose from, and what is to be made large. */
export interface PpoProblem {
  readonly env: Env;
  readonly policy: PolicyModel;
  /** What is maximised instead of the world's own reward; from one round to the next it may be another. */
  readonly reward?: Reward;
  /** By default a perceptron with the policy's hidden layers. */
  readonly critic?: Critic;
}

export interface PpoOptions extends ObjectiveOptions, EpochOptions, EstimateOptions {
  /** Steps of the environment in all, over all copies; the last round is made whole. */
  steps: number;
  /** Copies of the environment that step together, n. */
  copies: number;
  /** Steps of every copy in a round, T. */
  rolloutSteps: number;
  /** The learning rate of policy and critic, at its largest. */
  learningRate: number;
  /** Whether the rate stays, or falls in a line to 0 over all rounds. */
  schedule: "constant" | "linear";
  /** Shift and scale observations by the mean and deviation of those seen so far; kept inside the policy. */
  normalise: boolean;
  /** Divide rewards by the spread of their discounted sums so far. */
  scaleRewards: boolean;
  seed: number;
}

/** Plain data: all that the next round depends on, the environments' states included. */
export interface PpoState {
  options: PpoOptions;
  /** Steps of the environment made so far, over all copies. */
  steps: number;
  /** The policy's parameters, then the critic's. */
  learner: TrainState;
  /** The generator that actions and orders of minibatches are drawn from. */
  stream: Uint32Array;
  /** The copies, as they stand. */
  worlds: Plain;
  episodes: Episodes;
  /** Moments of the observations so far, and what the parameters were last trained with. */
  observed: RunningMoments | null;
  normaliser: { mean: Float32Array; std: Float32Array } | null;
  rewardScale: RewardScale | null;
}

/** One round: a rollout of every copy, and the updates made of it. */
export interface PpoRecord extends Omit<Losses, "loss"> {
  /** Steps so far, over all copies. */
  steps: number;
  /** Episodes that ended in this round. */
  episodes: number;
  /** Their mean return, in the units of the world's reward; absent where none ended. */
  episodeReturn?: number;
  /** Their mean length in steps. */
  episodeLength?: number;
  /** 1 − Var(R − V) / Var(R): 1 where the critic foresaw the returns, 0 where a constant would have done as well. */
  explainedVariance: number;
  learningRate: number;
}

/**
 * Proximal policy optimisation (Schulman et al. 2017, Alg. 1). Each round
 *
 *     run π_θ for T steps in n copies of the world;  A, R by generalised advantage estimation
 *     θ ← optimizer(θ, ∇ clipped surrogate objective), some epochs of minibatches
 *
 * Copies whose episode ends begin another in the same step; an episode cut by the time limit is bootstrapped from the value of
 * its last observation. Real actions are drawn from the policy's density and cut or squashed to their box only for the world, so
 * that ratios are those of the draws. Throws if world and policy don't fit together, or a minibatch is larger than a round.
 */
export const ppo: Algorithm<PpoProblem, PpoOptions, PpoState, PpoRecord, { policy: NeuralPolicy }> = {
  name: "ppo",
  about: "proximal policy optimisation: an expert from a reward",
  needs: ["env", "policy"],
  defaults: {
    steps: 100_000,
    copies: 16,
    rolloutSteps: 64,
    epochs: 6,
    batchSize: 256,
    learningRate: 1e-3,
    schedule: "linear",
    gamma: 0.99,
    lambda: 0.95,
    clipRange: 0.2,
    valueClip: 0,
    valueWeight: 0.5,
    entropyBonus: 0,
    clipNorm: 0.5,
    targetKl: 0,
    normaliseAdvantages: true,
    normalise: true,
    scaleRewards: true,
    seed: 0,
  },

  async init(problem, options) {
    check(problem, options);
    const { env, policy } = problem;
    const { copies: n, seed } = options;
    const world = env.vector(n, { autoreset: "same-step" });
    world.reset(seed);
    const random = rng(seed);
    const theta = initialise(actorCritic(policy, criticOf(problem)), random.split("theta"));
    return {
      options,
      steps: 0,
      learner: { theta, slots: [new Float32Array(theta.length), new Float32Array(theta.length)], t: 0 },
      stream: random.split("draws").words,
      worlds: world.state(),
      episodes: { returns: new Float64Array(n), lengths: new Float64Array(n) },
      observed: options.normalise ? noMoments(size(env.observation)) : null,
      normaliser: null,
      rewardScale: options.scaleRewards ? noRewardScale(n) : null,
    };
  },

  async iterate(state, problem) {
    const { options, learner, episodes, observed, rewardScale } = state;
    const { env, reward } = problem;
    const work = await workshop(state, problem);
    const { world, rollout, actor, rate } = work;
    const random = new Rng(state.stream);
    if (observed) state.normaliser = { ...observationNormaliser(env.observation, observed) };
    rate.now = rateAt(state);

    // s_t, a_t ~ π_θ(· | s_t), r_t
    const normal = state.normaliser ?? undefined;
    work.observations = await collect(world, work.observations, rollout, {
      actor,
      theta: learner.theta,
      random,
      normal,
      episodes,
    });
    if (reward) await relabel(world, rollout, reward);
    if (rewardScale) scaleRewards(rewardScale, rollout, options.gamma);

    // ln π_old(a_t | s_t), V(s_t), A_t, R_t
    const judged = await work.estimator.run(learner.theta);

    // θ ← optimizer(θ, ∇ L)
    const losses = await work.epochs.run(learner, random);

    if (observed) include(observed, rollout.raw.subarray(0, rollout.raw.length - work.observations.length));
    state.steps += rollout.rewards.length;
    state.worlds = world.state();
    return recordOf(state, rollout, judged, losses, rate.now);
  },

  done: ({ steps, options }) => steps >= options.steps,

  progress({ steps, options }) {
    const round = options.copies * options.rolloutSteps;
    return { done: steps, total: Math.ceil(options.steps / round) * round, unit: "steps" };
  },

  async result(state, { policy }) {
    const theta = state.learner.theta.subarray(0, layout(policy.params).size);
    return { policy: neuralPolicy(policy, theta, state.normaliser ?? undefined) };
  },
};

/** The options of `ppo` among those of a method that trains its policy by it. */
export function ppoOptionsOf(options: PpoOptions): PpoOptions {
  return Object.fromEntries(
    Object.keys(ppo.defaults).map((name) => [name, options[name as keyof PpoOptions]]),
  ) as unknown as PpoOptions;
}

/** What is made once for a run and can be made again from its state: the copies, compiled programs, buffers. */
interface Workshop {
  readonly world: VectorEnv;
  /** What the copies show now. */
  observations: Float32Array;
  readonly rollout: Rollout;
  readonly actor: Actor;
  readonly estimator: Estimator;
  readonly epochs: Epochs;
  /** The learning rate, read by the optimizer. */
  readonly rate: { now: number };
}

const workshop = madeOnce(async (state: PpoState, problem: PpoProblem): Promise<Workshop> => {
  const { options } = state;
  const { env, policy, reward } = problem;
  const critic = criticOf(problem);
  const world = env.vector(options.copies, { autoreset: "same-step" });
  const observations = world.restore(state.worlds);
  const rollout = rolloutOf(world, options.rolloutSteps, options.normalise, reward !== undefined);
  const estimator = await estimatorOf(rollout, policy, critic, options);
  const rate = { now: options.learningRate };
  const update = await compileObjective(policy, critic, options, adam({ learningRate: () => rate.now, epsilon: 1e-5 }));
  const { V, ...columns } = estimator.columns;
  return {
    world,
    observations,
    rollout,
    actor: await actorInto(rollout, policy),
    estimator,
    epochs: epochsOf(update, options.valueClip > 0 ? { ...columns, V } : columns, rollout.rewards.length, options),
    rate,
  };
});

function recordOf(state: PpoState, rollout: Rollout, judged: Advantages, losses: Losses, learningRate: number): PpoRecord {
  const { returns, lengths } = rollout.ended;
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const { loss: _sum, ...parts } = losses;
  return {
    steps: state.steps,
    episodes: returns.length,
    ...(returns.length > 0 ? { episodeReturn: mean(returns), episodeLength: mean(lengths) } : {}),
    ...parts,
    explainedVariance: explainedVariance(judged),
    learningRate,
  };
}

function rateAt({ options, steps }: PpoState): number {
  return options.schedule === "constant" ? options.learningRate : options.learningRate * Math.max(0, 1 - steps / options.steps);
}

function criticOf({ policy, critic }: PpoProblem): Critic {
  return critic ?? mlpCritic(policy);
}

function check({ env, policy, reward }: PpoProblem, options: PpoOptions): void {
  if (!sameKind(env.observation, policy.observation) || !sameKind(env.action, policy.action)) {
    throw new TypeError(
      `${env.id} is ${describe(env.observation)} -> ${describe(env.action)}, the policy is ` +
        `${describe(policy.observation)} -> ${describe(policy.action)}; make the policy for the environment`,
    );
  }
  if (reward) mustRead(reward, env);
  const { steps, copies, rolloutSteps, epochs, batchSize } = options;
  mustBeCounts({ steps, copies, rolloutSteps, epochs, batchSize });
  const { learningRate, clipRange, gamma, lambda } = options;
  mustBePositive({ learningRate, clipRange });
  mustBeShares({ gamma, lambda });
  const { valueClip, valueWeight, entropyBonus, clipNorm, targetKl } = options;
  mustNotBeNegative({ valueClip, valueWeight, entropyBonus, clipNorm, targetKl });
  if (batchSize > copies * rolloutSteps) {
    throw new RangeError(
      `a minibatch has ${batchSize} steps, a round only ${copies} x ${rolloutSteps}; make batchSize smaller, or copies or rolloutSteps larger`,
    );
  }
}
