import { adam, compile, initialise, input, layout, type Program, Rng, rng, type TrainState } from "../../autodiff/index.ts";
import { type Algorithm, describe, type Env, type Plain, type Reward, sameKind, size, type VectorEnv } from "../../mdp/index.ts";
import { type NeuralPolicy, neuralPolicy, type PolicyModel } from "../../policies/index.ts";
import { actorCritic, compileObjective, type ObjectiveOptions } from "./clipped-objective.ts";
import { type Actor, actorInto, collect, type Episodes, type Rollout, relabel, rolloutOf } from "./collect.ts";
import { type Critic, mlpCritic } from "./critic.ts";
import { type Columns, type EpochOptions, type Epochs, epochsOf } from "./epochs.ts";
import { type Advantages, gae } from "./gae.ts";
import { noRewardScale, observationNormaliser, type RewardScale, scaleRewards } from "./normalisation.ts";
import { deviations, include, noMoments, type RunningMoments } from "./running-moments.ts";

/** A world, the family of policies to choose from, and what is to be made large. */
export interface PpoProblem {
  readonly env: Env;
  readonly policy: PolicyModel;
  /** What is maximised instead of the world's own reward. */
  readonly reward?: Reward;
  /** By default a perceptron with the policy's hidden layers. */
  readonly critic?: Critic;
}

export interface PpoOptions extends ObjectiveOptions, EpochOptions {
  /** Steps of the environment in all, over all copies; the last round is made whole. */
  steps: number;
  /** Copies of the environment that step together, n. */
  copies: number;
  /** Steps of every copy in a round, T. */
  rolloutSteps: number;
  learningRate: number;
  /** Whether the rate stays, or falls in a line to 0 over all rounds. */
  schedule: "constant" | "linear";
  /** γ, the discount. */
  gamma: number;
  /** λ of the advantages: 0 trusts the values alone, 1 the rewards alone. */
  lambda: number;
  /** Shift and scale each round's advantages to mean 0 and deviation 1. */
  normaliseAdvantages: boolean;
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
export interface PpoRecord {
  /** Steps so far. */
  steps: number;
  /** Episodes that ended in this round. */
  episodes: number;
  /** Their mean return, in the units of the world's reward; absent where none ended. */
  episodeReturn?: number;
  /** Their mean length in steps. */
  episodeLength?: number;
  /** Updates made (fewer than planned where the KL divergence stopped them). */
  updates: number;
  /** Means over the round's updates. */
  policyLoss: number;
  valueLoss: number;
  /** In nats. */
  entropy: number;
  /** KL(π_old ‖ π_θ) in the last epoch, estimated, in nats. */
  kl: number;
  /** The share of rows in the last epoch whose ratio was beyond the clip range. */
  clipped: number;
  /** 1 − Var(R − V) / Var(R): 1 where the critic foresaw the returns, 0 where a constant would have done as well. */
  explainedVariance: number;
  gradNorm: number;
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
    const { options, learner, episodes } = state;
    const { env, reward } = problem;
    const work = await workshop(state, problem);
    const { world, rollout } = work;
    const random = new Rng(state.stream);
    if (state.observed) state.normaliser = { ...observationNormaliser(env.observation, state.observed) };
    work.rate.now = rateAt(state);

    // s_t, a_t ~ π_θ(· | s_t), r_t
    const normal = state.normaliser ?? undefined;
    const theta = learner.theta.subarray(0, work.policySize);
    work.observations = await collect(world, work.observations, work.actor, theta, random, rollout, episodes, normal);
    if (reward) await relabel(world, rollout, reward);
    const ended = (k: number) => (rollout.terminated[k] | rollout.truncated[k]) === 1;
    if (state.rewardScale) scaleRewards(state.rewardScale, rollout.rewards, ended, options.gamma);

    // V(s_t), A_t, R_t, ln π_old(a_t | s_t)
    const judged = await advantagesOf(work, learner.theta, options);
    await fillColumns(work, theta, judged, options);

    // θ ← optimizer(θ, ∇ L)
    const losses = await work.epochs.run(learner, work.columns, random);

    if (state.observed) include(state.observed, rollout.raw.subarray(0, rollout.raw.length - work.observations.length));
    state.steps += rollout.rewards.length;
    state.worlds = world.state();
    return recordOf(state, work, judged, losses);
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

/** What is made once for a run and can be made again from its state: the copies, compiled programs, buffers. */
interface Workshop {
  world: VectorEnv;
  observations: Float32Array;
  rollout: Rollout;
  actor: Actor;
  /** V(s). */
  value: Program;
  /** ln π(x | s). */
  logProb: Program;
  epochs: Epochs;
  columns: Columns & { s: Float32Array; logPi: Float32Array; A: Float32Array; R: Float32Array };
  values: Float32Array;
  policySize: number;
  /** The learning rate, read by the optimizer. */
  rate: { now: number };
}

const workshops = new WeakMap<PpoState, Promise<Workshop>>();

function workshop(state: PpoState, problem: PpoProblem): Promise<Workshop> {
  let made = workshops.get(state);
  if (!made) {
    made = makeWorkshop(state, problem);
    workshops.set(state, made);
  }
  return made;
}

async function makeWorkshop(state: PpoState, problem: PpoProblem): Promise<Workshop> {
  const { options } = state;
  const { env, policy, reward } = problem;
  const { copies: n, rolloutSteps: T } = options;
  const world = env.vector(n, { autoreset: "same-step" });
  const observations = world.restore(state.worlds);
  const rollout = rolloutOf(world, T, options.normalise, reward !== undefined);
  const critic = criticOf(problem);
  const { head } = policy;
  const s = input("s", ["B", size(env.observation)]);
  const act = await compile({ outputs: head.outputs(policy.forward(s)), params: policy.params, dims: { B: n } });
  const value = await compile({ outputs: { V: critic.value(s) }, params: critic.params });
  const logPi = head.drawLogProb(policy.forward(s), head.action("x"));
  const logProb = await compile({ outputs: { logPi }, params: policy.params });
  const N = T * n;
  const values = new Float32Array(N + n);
  const columns = {
    s: rollout.seen.subarray(0, N * size(env.observation)),
    x: rollout.draws,
    logPi: new Float32Array(N),
    A: new Float32Array(N),
    R: new Float32Array(N),
    ...(options.valueClip > 0 ? { V: values.subarray(0, N) } : {}),
  };
  const rate = { now: options.learningRate };
  const optimizer = adam({ learningRate: () => rate.now, epsilon: 1e-5 });
  const update = await compileObjective(policy, critic, options, optimizer);
  return {
    world,
    observations,
    rollout,
    actor: actorInto(rollout, act, head, size(env.action)),
    value,
    logProb,
    columns,
    values,
    policySize: layout(policy.params).size,
    rate,
    epochs: epochsOf(update, N, columns, options),
  };
}

/** The values of every observation of the rollout, and the advantages and returns that follow from them. */
async function advantagesOf(work: Workshop, theta: Float32Array, { gamma, lambda }: PpoOptions): Promise<Advantages> {
  const { rollout, value, values, policySize } = work;
  const { n, rewards, terminated, truncated, cuts } = rollout;
  const phi = theta.subarray(policySize);
  await value.run({ s: rollout.seen, theta: phi }, { V: values });
  const nextValues = values.slice(n);
  if (cuts.length > 0) {
    const last = await value.run({ s: Float32Array.from(rollout.cutSeen), theta: phi });
    cuts.forEach((step, k) => {
      nextValues[step] = last.V[k];
    });
  }
  return gae({ rewards, values: values.subarray(0, rewards.length), nextValues, terminated, truncated }, n, gamma, lambda);
}

/** Fills the columns that the minibatches are drawn from. */
async function fillColumns(work: Workshop, theta: Float32Array, judged: Advantages, options: PpoOptions): Promise<void> {
  const { columns, logProb } = work;
  await logProb.run({ s: columns.s, x: columns.x, theta }, { logPi: columns.logPi });
  columns.R.set(judged.returns);
  const { mean, deviation } = options.normaliseAdvantages ? spreadOf(judged.advantages) : { mean: 0, deviation: 1 };
  for (let k = 0; k < columns.A.length; k++) columns.A[k] = (judged.advantages[k] - mean) / (deviation + 1e-8);
}

function recordOf(state: PpoState, work: Workshop, judged: Advantages, losses: Record<string, number>): PpoRecord {
  const { returns, lengths } = work.rollout.ended;
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const ended = returns.length > 0 ? { episodeReturn: mean(returns), episodeLength: mean(lengths) } : {};
  const { updates, policyLoss, valueLoss, entropy, kl, clipped, gradNorm } = losses;
  // R − V = A
  const unexplained = (spreadOf(judged.advantages).deviation / spreadOf(judged.returns).deviation) ** 2;
  return {
    steps: state.steps,
    episodes: returns.length,
    ...ended,
    updates,
    policyLoss,
    valueLoss,
    entropy,
    kl,
    clipped,
    explainedVariance: Number.isFinite(unexplained) ? 1 - unexplained : 0,
    gradNorm,
    learningRate: work.rate.now,
  };
}

function spreadOf(values: Float64Array): { mean: number; deviation: number } {
  const moments = noMoments(1);
  include(moments, values);
  return { mean: moments.mean[0], deviation: deviations(moments)[0] };
}

function rateAt({ options, steps }: PpoState): number {
  return options.schedule === "constant" ? options.learningRate : options.learningRate * Math.max(0, 1 - steps / options.steps);
}

function criticOf({ policy, critic }: PpoProblem): Critic {
  return critic ?? mlpCritic(policy);
}

function check({ env, policy }: PpoProblem, options: PpoOptions): void {
  if (!sameKind(env.observation, policy.observation) || !sameKind(env.action, policy.action)) {
    throw new TypeError(
      `${env.id} is ${describe(env.observation)} -> ${describe(env.action)}, the policy is ` +
        `${describe(policy.observation)} -> ${describe(policy.action)}; make the policy for the environment`,
    );
  }
  const { steps, copies, rolloutSteps, epochs, batchSize } = options;
  for (const [name, value] of Object.entries({ steps, copies, rolloutSteps, epochs, batchSize })) {
    if (!(Number.isSafeInteger(value) && value > 0)) throw new RangeError(`${name} is a positive whole number, found ${value}`);
  }
  const { learningRate, clipRange, gamma, lambda } = options;
  for (const [name, value] of Object.entries({ learningRate, clipRange })) {
    if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`${name} is a positive number, found ${value}`);
  }
  for (const [name, value] of Object.entries({ gamma, lambda })) {
    if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} is a number from 0 to 1, found ${value}`);
  }
  if (batchSize > copies * rolloutSteps) {
    throw new RangeError(
      `a minibatch has ${batchSize} steps, a round only ${copies} x ${rolloutSteps}; make batchSize smaller, or copies or rolloutSteps larger`,
    );
  }
}
