import { initialise, rng, type TrainState } from "../../autodiff/index.ts";
import {
  type Augment,
  type Dataset,
  type MinibatchState,
  moments,
  type Pairs,
  pairCount,
  type TokenSequences,
} from "../../data/index.ts";
import { madeOnce, mustBeBelow, mustBeCounts, mustNotBeNegative } from "../../mdp/index.ts";
import {
  type LanguageFamily,
  type LanguageModel,
  languageModel,
  type NeuralPolicy,
  neuralPolicy,
  normaliser,
  type PolicyModel,
} from "../../policies/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { closing, type HeldOut, keepsBest, keptOf, noted } from "../held-out.ts";
import type { Lessons } from "./lessons.ts";
import { checkFit, type FitOptions, fitDefaults, slotNames } from "./log-loss.ts";
import { checkPairs, pairLessons, parts } from "./pair-lessons.ts";
import { checkTokens, tokenLessons, updatesFor } from "./token-lessons.ts";
import type { PageTable, TokenRows } from "./token-pages.ts";

/** What every kind of demonstrations is learned by. */
export interface CloningOptions extends FitOptions {
  /** Times that every pair is seen; 0 for 10 times, or as often as it takes to make 20,000 updates where the data are few. */
  epochs: number;
  /** The number of updates; 0 if it follows from `epochs`. */
  updates: number;
  /** Share of the trajectories (of the texts) that is held out, rounded down, so that few demonstrations are all used. */
  validation: number;
  /** Epochs without a better validation loss after which it stops and goes back to the best; 0 for never. */
  patience: number;
  seed: number;
}

/** Demonstrations (s_1, a_1), ..., (s_N, a_N) of the expert, and the family of policies to choose from. */
export interface BehaviorCloningProblem {
  readonly demos: Dataset | Pairs;
  readonly policy: PolicyModel;
  /** Held-out demonstrations; without them a share of the trajectories is held out. */
  readonly validation?: Dataset | Pairs;
  /** Changes every pair of a minibatch as it is drawn, so that θ sees more states than were recorded. */
  readonly augment?: Augment;
}

export interface BehaviorCloningOptions extends CloningOptions {
  /** Shift and scale observations by the demonstrations' mean and deviation; kept inside the policy. */
  normalise: boolean;
  /** Weights of the actions in the loss: none, inverse to their frequency, or given. */
  classWeights: "none" | "balanced" | number[];
  /** For tables: counts added to every action of every state. */
  smoothing: number;
  /** For tables: what they say of states without a pair: every action alike, or each as often as in all pairs together. */
  unseen: "uniform" | "marginal";
}

/** Texts of the expert, and the language models to choose from: each token is an action, taken in the state of those before it. */
export interface FineTuningProblem {
  /** In memory, or as rows that are read a page at a time where they are larger than memory. */
  readonly demos: TokenSequences | TokenRows;
  readonly policy: LanguageFamily;
  /** The parameters to begin with; without them the family's first values. */
  readonly theta?: Float32Array;
  /** Held-out texts; without them a share of the sequences is held out, but of rows none. */
  readonly validation?: TokenSequences;
}

export interface FineTuningOptions extends CloningOptions {
  /** Rows of tokens in a minibatch. */
  batchSize: number;
  /** Times that every text is seen; 0 for once, or as often as it takes to make 500 updates. */
  epochs: number;
  /** Whether the model of the lowest held-out loss is kept, or the last one; with `patience` it is the best. */
  keep: "best" | "last";
  /** Tokens in a row; 0 for the model's context. Longer sequences are cut into pieces. */
  length: number;
  /** Put several sequences into a row, where they don't see each other, so that little is padding. */
  packing: boolean;
  /** Rows whose gradient is computed at once, of the `batchSize` rows of an update; 0 for all. Fewer take less memory. */
  microBatch: number;
  /** Tokens whose logits stand in memory at once; 0 for all. Each further part computes the hidden states again. */
  logits: number;
  /** Records that are in memory at once, where texts are read from rows. */
  page: number;
  /** Threads of the machine that a run takes; results are the same. */
  threads: number;
}

/** Plain data: all that the next round depends on. */
export interface CloningState<Options> {
  options: Options;
  /** Updates in all. */
  total: number;
  learner: TrainState;
  normaliser: { mean: Float32Array; std: Float32Array } | null;
  batches: MinibatchState | null;
  /** What was counted of texts that are read in pages. */
  pages: PageTable | null;
  best: { theta: Float32Array; loss: number; epoch: number } | null;
  /** Of texts: how the loss on the held-out ones went. */
  heldOut: HeldOut | null;
  /** Epochs since the best validation loss. */
  stale: number;
  stopped: boolean;
}

export type BehaviorCloningState = CloningState<BehaviorCloningOptions>;

/** One round: an epoch, or some updates of a long one. */
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
  /** For texts: e to the validation loss. */
  perplexity?: number;
  /** For texts: tokens of the round's minibatches, without padding. */
  tokens?: number;
  /** In the first round: what should be known of how the demonstrations were used; in the last, of texts: of the held-out loss. */
  note?: string;
}

/** Updates of a round: those of pairs take a fraction of a millisecond, those of texts a good part of a second. */
const ROUND = { pairs: 1000, texts: 20 } as const;

type Begun = Pick<CloningState<unknown>, "total" | "learner" | "normaliser"> & { pages?: PageTable | null };

/** What sets one kind of demonstrations apart from another; the rounds are the same. */
interface Kind<Problem, Options extends CloningOptions, Policy> {
  readonly name: string;
  readonly about: string;
  readonly defaults: Options;
  /** Updates of a round at most. */
  readonly round: number;
  /** Throws if the demonstrations are not the policy's. */
  check(problem: Problem): void;
  /** What the state begins with: updates in all, the first parameters, the normaliser. */
  begin(problem: Problem, options: Options): Begun | Promise<Begun>;
  lessons(state: CloningState<Options>, problem: Problem): Promise<Lessons>;
  policy(problem: Problem, theta: Float32Array, state: CloningState<Options>): Policy;
  /** Further entries of a record with a validation loss. */
  readonly reads?: (loss: number) => Partial<BehaviorCloningRecord>;
  /** Whether a run of less than two epochs is judged at its half too, and the last record says how the held-out loss went. */
  readonly tells: boolean;
  /** Whether the best policy is the result, where one is known. */
  best(options: Options): boolean;
}

/** Minibatches of the log loss, whatever the demonstrations are. */
function cloning<Problem, Options extends CloningOptions, Policy>(
  kind: Kind<Problem, Options, Policy>,
): Algorithm<Problem, Options, CloningState<Options>, BehaviorCloningRecord, { policy: Policy }> {
  const lessonsOf = madeOnce((state: CloningState<Options>, problem: Problem) => kind.lessons(state, problem));
  return {
    name: kind.name,
    about: kind.about,
    needs: ["demos", "policy"],
    defaults: kind.defaults,

    async init(problem, options) {
      kind.check(problem);
      checkOptions(options);
      const begun = await kind.begin(problem, options);
      return { options, pages: null, ...begun, batches: null, best: null, heldOut: null, stale: 0, stopped: false };
    },

    async iterate(state, problem) {
      const { learner } = state;
      const lessons = await lessonsOf(state, problem);
      // θ ← optimizer(θ, ∇ (1/|b|) Σ_{(s,a) ∈ b} log 1/π_θ(a | s)) for minibatches b, up to the end of the epoch.
      const first = learner.t;
      const { perEpoch } = lessons;
      const tells = kind.tells && lessons.validate !== undefined;
      const half = tells && state.total < 2 * perEpoch ? Math.ceil(state.total / 2) : Infinity;
      const round = tells ? Math.min(kind.round, Math.ceil(state.total / 10)) : kind.round;
      const stops = [state.total, first + round, (Math.floor(first / perEpoch) + 1) * perEpoch];
      const until = Math.min(...stops, first < half ? half : Infinity);
      const { loss, gradNorm, tokens } = await lessons.learn(learner, until - first);
      state.batches = lessons.state?.() ?? null;
      const done = learner.t - first;
      const record = { updates: learner.t, epoch: learner.t / perEpoch, loss: loss / done, gradNorm: gradNorm / done };
      const whole = learner.t % perEpoch === 0 || learner.t === state.total || learner.t === half;
      const score = whole ? await validated(state, lessons, kind.reads) : {};
      if (kind.tells) state.heldOut = noted(state.heldOut, record.loss, learner.t, score.validationLoss);
      const notes = [
        first === 0 ? lessons.note : undefined,
        state.stopped || learner.t >= state.total ? told(state, perEpoch, kind.best(state.options)) : undefined,
      ].filter((note) => note !== undefined);
      return {
        ...record,
        ...(tokens === undefined ? {} : { tokens }),
        ...(notes.length > 0 ? { note: notes.join("; ") } : {}),
        ...score,
      };
    },

    done: (state) => state.stopped || state.learner.t >= state.total,
    progress: (state) => ({ done: state.learner.t, total: state.total, unit: "updates" }),

    async result(state, problem) {
      const chosen = kind.best(state.options) && state.best ? state.best.theta : state.learner.theta;
      return { policy: kind.policy(problem, chosen, state) };
    },
  };
}

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
> = cloning({
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
  round: ROUND.pairs,
  check: checkPairs,
  begin(problem, options) {
    const { training } = parts(problem, options);
    const { policy } = problem;
    const tabular = policy.description.kind === "tabular";
    return {
      total: tabular ? 1 : updatesInAll(options, pairCount(training)),
      learner: learnerFrom(initialise(policy.params, rng(options.seed).split("theta")), options),
      normaliser: options.normalise && !tabular && !policy.scalesItself ? { ...normaliser(moments(training)) } : null,
    };
  },
  tells: false,
  best: ({ patience }) => patience > 0,
  lessons: pairLessons,
  policy: ({ policy }, theta, state) => neuralPolicy(policy, theta, state.normaliser ?? undefined),
});

/**
 * Supervised fine-tuning is behavior cloning of whoever wrote the texts: s = (x, y_1, ..., y_{t-1}), a = y_t, the tokens of prompts
 * masked,
 *
 *     θ = argmin_θ (1/N) Σ log 1/π_θ(y_t | x, y_1, ..., y_{t-1})
 *
 * over all tokens of a minibatch alike. Throws if the texts' tokens are not the model's.
 */
export const supervisedFineTuning: Algorithm<
  FineTuningProblem,
  FineTuningOptions,
  CloningState<FineTuningOptions>,
  BehaviorCloningRecord,
  { policy: LanguageModel }
> = cloning({
  name: "sft",
  about: "supervised fine-tuning: behavior cloning of texts, token by token",
  defaults: {
    ...fitDefaults,
    batchSize: 16,
    learningRate: 1e-3,
    warmup: 0,
    optimizer: "adamw",
    clipNorm: 1,
    epochs: 0,
    updates: 0,
    validation: 0.1,
    patience: 0,
    keep: "best",
    length: 0,
    packing: true,
    microBatch: 0,
    logits: 0,
    page: 4096,
    threads: 1,
    seed: 0,
  },
  round: ROUND.texts,
  check: checkTokens,
  async begin(problem, options) {
    const { policy, theta } = problem;
    const first = theta?.slice() ?? initialise(policy.params, rng(options.seed).split("theta"));
    return { ...(await updatesFor(problem, options)), learner: learnerFrom(first, options), normaliser: null };
  },
  tells: true,
  best: (options: FineTuningOptions) => keepsBest(options),
  lessons: tokenLessons,
  policy: ({ policy }, theta) => languageModel(policy, theta.slice()),
  reads: (loss) => ({ perplexity: Math.exp(loss) }),
});

async function validated<Options extends CloningOptions>(
  state: CloningState<Options>,
  lessons: Lessons,
  reads: ((loss: number) => Partial<BehaviorCloningRecord>) | undefined,
): Promise<Partial<BehaviorCloningRecord>> {
  if (!lessons.validate) return {};
  const { loss, accuracy } = await lessons.validate(state.learner.theta);
  if (!state.best || loss < state.best.loss) {
    state.best = { theta: state.learner.theta.slice(), loss, epoch: state.learner.t / lessons.perEpoch };
    state.stale = 0;
  } else {
    state.stale++;
    if (state.options.patience > 0 && state.stale >= state.options.patience) state.stopped = true;
  }
  return { validationLoss: loss, ...(accuracy === undefined ? {} : { validationAccuracy: accuracy }), ...reads?.(loss) };
}

/** What the last record says of the held-out loss. */
function told({ heldOut, options }: CloningState<CloningOptions>, perEpoch: number, best: boolean): string | undefined {
  const kept = keptOf({ ...options, keep: best ? "best" : "last" });
  return closing(heldOut, options.schedule, kept, (at) => `epoch ${Number((at / perEpoch).toFixed(2))}`);
}

function learnerFrom(theta: Float32Array, options: FitOptions): TrainState {
  return { theta, slots: slotNames(options).map(() => new Float32Array(theta.length)), t: 0 };
}

const EPOCHS = 10;
const UPDATES = 20_000;

function updatesInAll({ updates, epochs, batchSize }: CloningOptions, N: number): number {
  if (updates > 0) return updates;
  if (epochs > 0) return Math.ceil((epochs * N) / batchSize);
  return Math.max(UPDATES, Math.ceil((EPOCHS * N) / batchSize));
}

function checkOptions(options: CloningOptions): void {
  checkFit(options);
  const { epochs, updates, patience, validation } = options;
  mustNotBeNegative({ epochs });
  mustBeCounts({ updates, patience }, 0);
  mustBeBelow(1, { validation });
}
