import { initialise, type Program, rng, type TrainState, type Update } from "../../autodiff/index.ts";
import {
  type Augment,
  actionColumn,
  allActions,
  type Dataset,
  type Minibatch,
  type Minibatches,
  type MinibatchState,
  minibatches,
  moments,
  type Pairs,
  pairCount,
  pairReader,
  splitPairs,
} from "../../data/index.ts";
import { describe, sameKind } from "../../mdp/index.ts";
import { type NeuralPolicy, type Normaliser, neuralPolicy, normaliser, type PolicyModel } from "../../policies/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { countedLogits, tableScore } from "./counting.ts";
import { compileFit, compileScore, type FitOptions, fitDefaults } from "./log-loss.ts";

/** Demonstrations (s_1, a_1), ..., (s_N, a_N) of the expert, and the family of policies to choose from. */
export interface BehaviorCloningProblem {
  readonly demos: Dataset | Pairs;
  readonly policy: PolicyModel;
  /** Held-out demonstrations; without them a share of the trajectories is held out. */
  readonly validation?: Dataset | Pairs;
  /** Changes every pair of a minibatch as it is drawn, so that θ sees more states than were recorded. */
  readonly augment?: Augment;
}

export interface BehaviorCloningOptions extends FitOptions {
  /** Times that every pair is seen; 0 for 10, or as often as it takes to make 20,000 updates where the data are few. */
  epochs: number;
  /** The number of updates, if it should not follow from `epochs`; 0 for that. */
  updates: number;
  /** Shift and scale observations by the demonstrations' mean and deviation; kept inside the policy. */
  normalise: boolean;
  /** Weights of the actions in the loss: none, inverse to their frequency, or given. */
  classWeights: "none" | "balanced" | number[];
  /** Share of the trajectories that is held out (rounded down, so that few demonstrations are all used). */
  validation: number;
  /** Epochs without a better validation loss after which it stops and goes back to the best; 0 for never. */
  patience: number;
  /** For tables: counts added to every action of every state. */
  smoothing: number;
  /** For tables: what they say of states without a pair: every action alike, or each as often as in all pairs together. */
  unseen: "uniform" | "marginal";
  seed: number;
}

/** Plain data: all that the next round depends on. */
export interface BehaviorCloningState {
  options: BehaviorCloningOptions;
  /** Updates in all. */
  total: number;
  learner: TrainState;
  normaliser: { mean: Float32Array; std: Float32Array } | null;
  batches: MinibatchState | null;
  best: { theta: Float32Array; loss: number; epoch: number } | null;
  /** Epochs since the best validation loss. */
  stale: number;
  stopped: boolean;
}

/** One round: an epoch, or a thousand updates of a long one. */
export interface BehaviorCloningRecord {
  updates: number;
  epoch: number;
  /** Mean log loss (with bonus and weights) over the round's minibatches, in nats. */
  loss: number;
  gradNorm: number;
  /** At the end of an epoch, where demonstrations are held out: their log loss in nats. */
  validationLoss?: number;
  /** ... and the share of held-out states on which the most likely action is the expert's. */
  validationAccuracy?: number;
}

const ROUND = 1000;
const BLOCK_ENTRIES = 1 << 19;
const SCORE_ROWS = 8192;
/** Numbers of observations that are scored at once: fewer rows of large ones. */
const SCORE_ENTRIES = 1 << 22;

/**
 * Behavior cloning with logistic loss (slides "Behavior Cloning with Logistic Loss"):
 *
 *     θ = argmin_θ (1/N) Σ_{i=1}^N log 1/π_θ(a_i | s_i)
 *
 * by minibatch updates; for a tabular policy by counting, which is the exact minimiser. Throws if the demonstrations'
 * spaces are not the policy's.
 */
export const behaviorCloning: Algorithm<
  BehaviorCloningProblem,
  BehaviorCloningOptions,
  BehaviorCloningState,
  BehaviorCloningRecord,
  { policy: NeuralPolicy }
> = {
  name: "bc",
  about: "behavior cloning: the policy of least log loss on the expert's pairs",
  defaults: {
    ...fitDefaults,
    epochs: 0,
    updates: 0,
    normalise: true,
    classWeights: "none",
    validation: 0.1,
    patience: 0,
    smoothing: 0,
    unseen: "uniform",
    seed: 0,
  },

  async init(problem, options) {
    check(problem, options);
    const { training } = parts(problem, options);
    const N = pairCount(training);
    const tabular = problem.policy.description.kind === "tabular";
    const theta = initialise(problem.policy.params, rng(options.seed).split("theta"));
    return {
      options,
      total: tabular ? 1 : updatesInAll(options, N),
      learner: { theta, slots: slotNames(options).map(() => new Float32Array(theta.length)), t: 0 },
      normaliser: options.normalise && !tabular && !problem.policy.scalesItself ? { ...normaliser(moments(training)) } : null,
      batches: null,
      best: null,
      stale: 0,
      stopped: false,
    };
  },

  async iterate(state, problem) {
    const { options, learner } = state;
    const work = await workshop(state, problem);
    if (!work.update) {
      learner.theta = countedLogits(problem.policy, work.training, options);
      learner.t = 1;
      const score = await scoreOn(work, problem.policy, learner.theta, work.training);
      return { updates: 1, epoch: 1, loss: score.loss, gradNorm: 0, ...(await validate(state, problem.policy, work)) };
    }
    // θ ← optimizer(θ, ∇ (1/|b|) Σ_{(s,a) ∈ b} log 1/π_θ(a | s)), many minibatches b a call.
    const until = Math.min(state.total, learner.t + ROUND, (Math.floor(learner.t / work.perEpoch) + 1) * work.perEpoch);
    const first = learner.t;
    let loss = 0;
    let gradNorm = 0;
    while (learner.t < until) {
      const updates = Math.min(work.blockSize, until - learner.t);
      work.batches.fill(work.block, updates);
      const report = await work.update.run(learner, trimmed(work, updates), updates);
      for (let k = 0; k < updates; k++) {
        loss += report.loss[k];
        gradNorm += report.gradNorm[k];
      }
    }
    state.batches = work.batches.state();
    const done = learner.t - first;
    const record = { updates: learner.t, epoch: learner.t / work.perEpoch, loss: loss / done, gradNorm: gradNorm / done };
    return learner.t % work.perEpoch === 0 || learner.t === state.total
      ? { ...record, ...(await validate(state, problem.policy, work)) }
      : record;
  },

  done: (state) => state.stopped || state.learner.t >= state.total,
  progress: (state) => ({ done: state.learner.t, total: state.total, unit: "updates" }),

  async result(state, problem) {
    const chosen = state.options.patience > 0 && state.best ? state.best.theta : state.learner.theta;
    return { policy: neuralPolicy(problem.policy, chosen, state.normaliser ?? undefined) };
  },
};

/** What is made once for a run and can be made again from its state: compiled programs, buffers. */
interface Workshop {
  training: Dataset | Pairs;
  held: Dataset | Pairs | undefined;
  /** A table has neither: it is fitted and scored by counting. Without held-out pairs there is nothing to score. */
  update: Update | undefined;
  score: Program | undefined;
  batches: Minibatches;
  block: Minibatch;
  blockSize: number;
  batchSize: number;
  perEpoch: number;
}

const workshops = new WeakMap<BehaviorCloningState, Promise<Workshop>>();

function workshop(state: BehaviorCloningState, problem: BehaviorCloningProblem): Promise<Workshop> {
  let made = workshops.get(state);
  if (!made) {
    made = makeWorkshop(state, problem);
    workshops.set(state, made);
  }
  return made;
}

async function makeWorkshop(state: BehaviorCloningState, problem: BehaviorCloningProblem): Promise<Workshop> {
  const { options } = state;
  const { policy } = problem;
  const { training, held } = parts(problem, options);
  const tabular = policy.description.kind === "tabular";
  const normal: Normaliser | undefined = state.normaliser ?? undefined;
  const { augment } = problem;
  const changes = augment ? { augment } : {};
  const batches = minibatches(training, { size: options.batchSize, seed: options.seed, epochs: Infinity, ...changes });
  if (state.batches) batches.restore(state.batches);
  const perUpdate = batches.block(1).s.length;
  const blockSize = Math.max(1, Math.min(128, state.total, Math.floor(BLOCK_ENTRIES / perUpdate)));
  const weights = classWeights(options.classWeights, problem.policy, training);
  return {
    training,
    held,
    update: tabular ? undefined : await compileFit(policy, normal, options, state.total, weights),
    score: tabular || !held ? undefined : await compileScore(policy, normal),
    batches,
    block: batches.block(blockSize),
    blockSize,
    batchSize: options.batchSize,
    perEpoch: Math.ceil(pairCount(training) / options.batchSize),
  };
}

/** The training and held-out parts of the demonstrations; the same for the same seed. */
function parts(
  problem: BehaviorCloningProblem,
  options: BehaviorCloningOptions,
): { training: Dataset | Pairs; held?: Dataset | Pairs } {
  const { demos, validation } = problem;
  if (validation) return { training: demos, held: validation };
  if (!("offsets" in demos)) return { training: demos };
  const n = Math.floor(options.validation * (demos.offsets.length - 1));
  if (n === 0) return { training: demos };
  const { train: training, validation: held } = splitPairs(demos, { validation: options.validation, seed: options.seed });
  return { training, held };
}

/** The feeds of a block that is only partly filled. */
function trimmed(work: Workshop, updates: number): Record<string, Float32Array | Int32Array> {
  const { s, a } = work.block;
  if (updates === work.blockSize) return { s, a };
  return { s: s.subarray(0, (s.length / work.blockSize) * updates), a: a.subarray(0, (a.length / work.blockSize) * updates) };
}

async function validate(
  state: BehaviorCloningState,
  policy: PolicyModel,
  work: Workshop,
): Promise<{ validationLoss?: number; validationAccuracy?: number }> {
  if (!work.held) return {};
  const { loss, accuracy } = await scoreOn(work, policy, state.learner.theta, work.held);
  if (!state.best || loss < state.best.loss) {
    state.best = { theta: state.learner.theta.slice(), loss, epoch: state.learner.t / work.perEpoch };
    state.stale = 0;
  } else {
    state.stale++;
    if (state.options.patience > 0 && state.stale >= state.options.patience) state.stopped = true;
  }
  return accuracy === undefined ? { validationLoss: loss } : { validationLoss: loss, validationAccuracy: accuracy };
}

async function scoreOn(
  work: Workshop,
  policy: PolicyModel,
  theta: Float32Array,
  source: Dataset | Pairs,
): Promise<{ loss: number; accuracy?: number }> {
  if (!work.score) return tableScore(policy, theta, source);
  const reader = pairReader(source);
  const { N, D, K } = reader;
  const rows = Math.max(1, Math.min(SCORE_ROWS, N, Math.floor(SCORE_ENTRIES / D)));
  const which = new Uint32Array(rows);
  const s = new Float32Array(rows * D);
  const a = actionColumn(source.actionSpace, rows);
  let nll = 0;
  let matches: number | undefined;
  for (let from = 0; from < N; from += rows) {
    const n = Math.min(rows, N - from);
    for (let k = 0; k < n; k++) which[k] = from + k;
    reader.read(which, 0, n, s, a, 0);
    const out = await work.score.run({ s: s.subarray(0, n * D), a: a.subarray(0, n * K), theta });
    nll += out.nll[0];
    if (out.matches) matches = (matches ?? 0) + out.matches[0];
  }
  return matches === undefined ? { loss: nll / N } : { loss: nll / N, accuracy: matches / N };
}

function classWeights(
  option: BehaviorCloningOptions["classWeights"],
  policy: PolicyModel,
  source: Dataset | Pairs,
): Float32Array | undefined {
  if (option === "none") return undefined;
  if (Array.isArray(option)) return Float32Array.from(option);
  if (policy.action.kind !== "discrete")
    throw new TypeError(
      `balanced class weights need one discrete action, found ${describe(policy.action)}; use classWeights none`,
    );
  const counts = new Float64Array(policy.action.n);
  const a = allActions(source);
  for (const choice of a) counts[choice]++;
  return Float32Array.from(counts, (n) => (n > 0 ? a.length / (counts.length * n) : 0));
}

const EPOCHS = 10;
const UPDATES = 20_000;

function updatesInAll({ updates, epochs, batchSize }: BehaviorCloningOptions, N: number): number {
  if (updates > 0) return updates;
  if (epochs > 0) return Math.ceil((epochs * N) / batchSize);
  return Math.max(UPDATES, Math.ceil((EPOCHS * N) / batchSize));
}

function slotNames(options: FitOptions): string[] {
  if (options.optimizer === "sgd") return options.momentum > 0 ? ["u"] : [];
  return options.optimizer === "rmsprop" ? ["v"] : ["m", "v"];
}

function check({ demos, policy }: BehaviorCloningProblem, options: BehaviorCloningOptions): void {
  if (!sameKind(demos.observationSpace, policy.observation) || !sameKind(demos.actionSpace, policy.action)) {
    throw new TypeError(
      `the demonstrations are ${describe(demos.observationSpace)} -> ${describe(demos.actionSpace)}, the policy is ` +
        `${describe(policy.observation)} -> ${describe(policy.action)}; make the policy for the demonstrations' spaces`,
    );
  }
  if (pairCount(demos) === 0) throw new RangeError("the demonstrations have no pairs; record at least one episode");
  const positive = { batchSize: options.batchSize, learningRate: options.learningRate };
  for (const [name, value] of Object.entries(positive)) {
    if (!(value > 0 && Number.isFinite(value))) throw new RangeError(`${name} is a positive number, found ${value}`);
  }
  for (const name of ["epochs", "updates"] as const) {
    const value = options[name];
    if (!(value >= 0 && Number.isFinite(value)))
      throw new RangeError(`${name} is a positive number, or 0 to leave it open, found ${value}`);
  }
  if (!(options.validation >= 0 && options.validation < 1))
    throw new RangeError(`validation is a share from 0 to below 1, found ${options.validation}`);
}
