import { type Rng, rng, type TrainState } from "../../autodiff/index.ts";
import { mapRows, type Rows, rowsOf } from "../../data/index.ts";
import {
  type Answer,
  madeOnce,
  mustBeBelow,
  mustBeCounts,
  mustBePositive,
  mustNotBeNegative,
  type Preference,
} from "../../mdp/index.ts";
import {
  answerRewards,
  judgeRewards,
  knownOfRows,
  type LearnedRewardModel,
  type RewardJudgement,
  type RewardModel,
} from "../../rewards/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { type Best, bestOf, closing, type HeldOut, keepsBest, keptOf, noted } from "../held-out.ts";
import { checkMicroBatch } from "../micro-batch.ts";
import { type OnContradiction, type Surveyed, surveyed } from "./preferences/comparisons.ts";
import {
  compileRewardUpdate,
  optimizerOf,
  REPORTED,
  type RewardFeeds,
  type RewardUpdate,
  type RewardUpdateOptions,
} from "./preferences/reward-update.ts";

export interface RewardModelProblem {
  /** The rewards among which the most likely one is sought, and where the search begins. */
  readonly reward: RewardModel;
  /** What the expert chose. */
  readonly preferences: readonly Preference[] | Rows<Preference>;
  /** Comparisons that are not learned from, for the judgement after each round. */
  readonly validation?: readonly Preference[] | Rows<Preference>;
}

export interface RewardModelOptions extends RewardUpdateOptions {
  /** Comparisons in a minibatch. */
  batchSize: number;
  /** Times that every comparison is seen; 0 for once, or as often as it takes to make 300 updates where they are few. */
  epochs: number;
  /** The number of updates; 0 if it follows from `epochs`. */
  updates: number;
  /** Members of an ensemble: each has first values and an order of its own. */
  members: number;
  /** Whether each member learns from comparisons drawn with replacement. */
  bootstrap: boolean;
  /** What is done with comparisons that say the opposite of one another: both are learned from, both left out, or it is an error. */
  contradictions: OnContradiction;
  /** Updates in a round, each of which gives a record. */
  report: number;
  /** Rounds without a lower held-out loss after which it stops and goes back to the best; 0 for never. */
  patience: number;
  /** Whether the rewards of the lowest held-out loss are kept, or the last ones; with `patience` they are the best. */
  keep: "best" | "last";
  /** Cores that one update may use. */
  threads: number;
  seed: number;
}

/** Plain data: all that the next round depends on. Every draw follows a stream of the seed. */
export interface RewardModelState {
  options: RewardModelOptions;
  total: number;
  members: TrainState[];
  heldOut: HeldOut | null;
  /** Of the held-out comparisons, where the best is what is kept. */
  best: Best | null;
}

/** One round: means over its minibatches and members. */
export interface RewardModelRecord {
  updates: number;
  /** Passes over the comparisons so far. */
  epoch: number;
  loss: number;
  grad_norm: number;
  accuracy: number;
  /** mean (rw - rl) */
  margin: number;
  "rewards/chosen": number;
  "rewards/rejected": number;
  /** On the held-out comparisons. */
  validationLoss?: number;
  validationAccuracy?: number;
  validationMargin?: number;
  validationCalibration?: number;
  note?: string;
}

export interface RewardModelResult {
  readonly reward: LearnedRewardModel;
  /** On the held-out comparisons, where there are any. */
  readonly judgement?: RewardJudgement;
}

/**
 * A reward from comparisons by maximum likelihood (slides "IRL with Preference Feedback"):
 *
 *     φ = argmin_φ -E_{(x, yw, yl) ~ D} log σ(r_φ(x, yw) - r_φ(x, yl))
 *
 * for explicit, implicit and generative reward models alike, single ones and ensembles. With margins m in the data the difference is
 * to exceed them; `centring` pulls rewards to mean 0.
 *
 * Throws if problem and options don't go together, and on comparisons that can't teach anything.
 */
export const rewardModel: Algorithm<
  RewardModelProblem,
  RewardModelOptions,
  RewardModelState,
  RewardModelRecord,
  RewardModelResult
> = {
  name: "reward-model",
  about: "a reward of responses from comparisons, by Bradley and Terry's model",
  needs: ["reward", "preferences"],
  defaults: {
    batchSize: 16,
    learningRate: 3e-4,
    schedule: "linear",
    warmup: 0,
    optimizer: "adamw",
    weightDecay: 0,
    clipNorm: 1,
    labelSmoothing: 0,
    centring: 0,
    epochs: 0,
    updates: 0,
    members: 1,
    bootstrap: false,
    contradictions: "keep",
    report: 50,
    patience: 0,
    keep: "best",
    microBatch: 0,
    threads: 1,
    seed: 0,
  },

  check,

  async init({ reward, preferences }, options) {
    check(options);
    const { kept } = await surveyed(preferences, options.contradictions);
    const pass = kept.length / options.batchSize;
    const total = options.updates || Math.ceil(options.epochs * pass) || Math.max(UPDATES, Math.ceil(pass));
    const { slots } = optimizerOf(options, total);
    const members = Array.from({ length: options.members }, (_, m): TrainState => {
      const theta = reward.first(stream(options, m).split("first"));
      return { theta, slots: slots.map(() => new Float32Array(theta.length)), t: 0 };
    });
    return { options, total, members, heldOut: null, best: null };
  },

  async iterate(state, problem) {
    const { options, members } = state;
    const work = await workshop(state, problem);
    const before = members[0].t;
    const until = Math.min(state.total, before + options.report);
    const sums: Record<string, number> = {};
    for (let t = before; t < until; t++) {
      for (const [m, member] of members.entries()) {
        // φ ← optimizer(φ, ∇ (1/|b|) Σ_b -log σ(r_φ(x, yw) - r_φ(x, yl)))
        const report = await work.update(member, await work.minibatch(m, t));
        for (const name of REPORTED) sums[name] = (sums[name] ?? 0) + report[name] / (members.length * (until - before));
      }
    }
    const { kept, contradictory } = work.comparisons;
    const judgement = await judged(
      members.map(({ theta }) => theta),
      problem,
    );
    state.heldOut = noted(state.heldOut, sums.loss, until, judgement?.loss);
    if (judgement && keepsBest(options))
      state.best = bestOf(
        state.best,
        judgement.loss,
        members.map(({ theta }) => theta),
      );
    const notes = [
      before === 0 && contradictory > 0 ? contradiction(work.comparisons, options.contradictions) : undefined,
      ended(state) ? alike(sums) : undefined,
      ended(state) ? closing(state.heldOut, options.schedule, keptOf(options)) : undefined,
    ].filter((note) => note !== undefined);
    return {
      updates: until,
      epoch: epochAt(until, state, kept.length),
      loss: sums.loss,
      grad_norm: sums.gradNorm,
      accuracy: sums.accuracy,
      margin: sums.chosen - sums.rejected,
      "rewards/chosen": sums.chosen,
      "rewards/rejected": sums.rejected,
      ...(judgement
        ? {
            validationLoss: judgement.loss,
            validationAccuracy: judgement.accuracy,
            validationMargin: judgement.margin,
            validationCalibration: judgement.calibration.error,
          }
        : {}),
      ...(notes.length > 0 ? { note: notes.join("; ") } : {}),
    };
  },

  done: ended,
  progress: ({ members, total }) => ({ done: members[0].t, total, unit: "updates" }),

  async result(state, problem) {
    const phis = state.best?.thetas ?? state.members.map(({ theta }) => theta);
    const judgement = await judged(phis, problem);
    return { reward: { model: problem.reward, members: phis.map((phi) => phi.slice()) }, ...(judgement ? { judgement } : {}) };
  },
};

/** Updates of a run, where neither they nor the passes are said and one pass has fewer. */
const UPDATES = 300;

/** A loss and a margin this near to those of rewards that are all alike. */
const ALIKE = 0.01;

/** Says so where rewards have hardly come apart, whatever share they rank rightly: a difference of 1e-3 is lost beside any penalty. */
function alike({ loss, chosen, rejected }: Readonly<Record<string, number>>): string | undefined {
  const margin = chosen - rejected;
  if (Math.abs(loss - Math.LN2) > ALIKE || Math.abs(margin) > ALIKE) return undefined;
  return (
    `chosen and rejected responses differ by ${margin.toPrecision(2)} of reward, and the loss is still that of rewards which are all ` +
    "alike (log 2): take more updates, a larger learningRate, or another kind of reward (a generative one lies between 0 and 1)"
  );
}

function ended({ members, total, options, best }: RewardModelState): boolean {
  return members[0].t >= total || (options.patience > 0 && best !== null && best.stale >= options.patience);
}

/** Passes over the comparisons at update t; what fills up the last minibatch is no further pass. */
function epochAt(t: number, { options, total }: RewardModelState, comparisons: number): number {
  const seen = (t * options.batchSize) / comparisons;
  return t >= total && options.updates === 0 && options.epochs > 0 ? Math.min(seen, options.epochs) : seen;
}

interface Workshop {
  readonly update: RewardUpdate;
  readonly comparisons: Surveyed;
  /** The inputs of update t of member m. */
  minibatch(m: number, t: number): Promise<RewardFeeds>;
}

const workshop = madeOnce(async (state: RewardModelState, { reward, preferences }: RewardModelProblem): Promise<Workshop> => {
  const { options, total } = state;
  const comparisons = await surveyed(preferences, options.contradictions);
  const { all, kept } = comparisons;
  const own: Rows<Preference> = { length: kept.length, get: (numbers) => all.get(Array.from(numbers, (i) => kept[i])) };
  const chosen = await knownOfRows(reward, mapRows(own, preferred));
  const rejected = await knownOfRows(reward, mapRows(own, other));
  const P = options.batchSize;
  const update = await compileRewardUpdate(reward, options, total);
  const orders = state.members.map((_, m) => order(kept.length, options, stream(options, m)));
  return {
    update,
    comparisons,
    async minibatch(m, t) {
      const numbers = Array.from({ length: P }, (_, k) => orders[m](t * P + k));
      const pairs = await own.get(numbers);
      return (from, to) => {
        const own = pairs.slice(from, to);
        const margin = Float32Array.from(own, (pair) => pair.margin ?? 0);
        const feeds = { margin, ...reward.feeds([...own.map(preferred), ...own.map(other)]) };
        if (!chosen || !rejected) return feeds;
        const { width } = reward.known!;
        const known = new Float32Array(2 * own.length * width);
        numbers.slice(from, to).forEach((i, k) => {
          known.set(chosen.subarray(i * width, (i + 1) * width), k * width);
          known.set(rejected.subarray(i * width, (i + 1) * width), (own.length + k) * width);
        });
        return { ...feeds, known };
      };
    },
  };
});

const preferred = ({ x, yw }: Preference): Answer => ({ x, y: yw });
const other = ({ x, yl }: Preference): Answer => ({ x, y: yl });

/** The stream of chance of one member. */
function stream({ seed }: RewardModelOptions, m: number): Rng {
  return rng(seed).split("reward-model").split(m);
}

/** The number of the comparison that stands at place k of all passes, each in an order of its own. */
function order(n: number, { bootstrap }: RewardModelOptions, random: Rng): (k: number) => number {
  const draws = random.split("bootstrap");
  const drawn = bootstrap ? Uint32Array.from({ length: n }, () => draws.integer(n)) : undefined;
  let pass = -1;
  let own: Uint32Array = new Uint32Array(0);
  return (k) => {
    if (Math.floor(k / n) !== pass) {
      pass = Math.floor(k / n);
      own = random.split("order").split(pass).permutation(n);
    }
    const i = own[k % n];
    return drawn ? drawn[i] : i;
  };
}

/** The judgement of the members' parameters on the held-out comparisons. */
async function judged(
  members: readonly Float32Array[],
  { reward, validation }: RewardModelProblem,
): Promise<RewardJudgement | undefined> {
  if (!validation || validation.length === 0) return undefined;
  return judgeOn({ model: reward, members }, validation);
}

/** How well a reward model agrees with comparisons. */
export async function judgeOn(
  reward: LearnedRewardModel,
  preferences: readonly Preference[] | Rows<Preference>,
  options: { readonly tie?: number; readonly bins?: number } = {},
): Promise<RewardJudgement> {
  const pairs = await rowsOf(preferences).get(Array.from({ length: preferences.length }, (_, i) => i));
  const rw = await answerRewards(reward, pairs.map(preferred));
  const rl = await answerRewards(reward, pairs.map(other));
  return judgeRewards(rw.mean, rl.mean, options);
}

function contradiction({ contradictory, all }: Surveyed, on: OnContradiction): string {
  const what = `${contradictory} of ${all.length} comparisons say the opposite of another one`;
  return on === "drop" ? `${what}; they are left out` : `${what}; of each such two any reward can satisfy only one`;
}

function check(options: RewardModelOptions): void {
  const { batchSize, updates, members, report, threads, warmup, patience } = options;
  mustBeCounts({ batchSize, members, report, threads });
  mustBeCounts({ updates, warmup, patience }, 0);
  checkMicroBatch(options);
  const { epochs, learningRate, labelSmoothing, centring } = options;
  mustNotBeNegative({ epochs, centring });
  mustBePositive({ learningRate });
  mustBeBelow(0.5, { labelSmoothing });
}
