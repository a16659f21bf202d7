import { compile, type ParamTree, type Program, type Rng, type Tensor } from "../autodiff/index.ts";
import type { Rows } from "../data/index.ts";
import type { Answer, Plain } from "../mdp/index.ts";
import type { BatchShape, ResponseFeeds } from "../policies/index.ts";
import { spread } from "./ensemble.ts";

/**
 * A family of rewards r_φ(x, y) of whole responses: explicit (a head on hidden states), implicit (a policy's log-ratio to a
 * reference) or generative (a verdict in words). They share one loss, one trainer and one evaluation.
 */
export interface RewardModel {
  /** φ as a tree with names: what is trained. */
  readonly params: ParamTree;
  /** What it is, for files: `{ kind: "explicit", ... }`. */
  readonly description: { readonly [key: string]: Plain };
  /** r_φ `[R]` of a batch of R answers; its inputs are those that `feeds` fills, and `known` where the model has that. */
  reward(batch: BatchShape): Tensor;
  /** The inputs of that expression, whatever the answers' lengths. Throws, naming the row, on an answer that doesn't fit. */
  feeds(answers: readonly Answer[], prefix?: string): ResponseFeeds;
  /** What of an answer stays the same while φ is trained, so that it is computed once; fed as the input `known` `[R, width]`. */
  readonly known?: Known;
  /** φ before the first update: warm where there is a policy to start from, drawn where there is not. */
  first(random: Rng): Float32Array;
}

export interface Known {
  /** Numbers of each answer. */
  readonly width: number;
  /** `[R, width]` */
  of(answers: readonly Answer[]): Promise<Float32Array>;
}

/** A reward model with its parameters: one vector φ for each member of an ensemble. */
export interface LearnedRewardModel {
  readonly model: RewardModel;
  readonly members: readonly Float32Array[];
}

/** Rewards of answers, and how much the members of an ensemble differ about each. */
export interface AnswerRewards {
  /** `[n]`: the members' mean. */
  readonly mean: Float64Array;
  /** `[n]`: the members' standard deviation; 0 where there is one member. */
  readonly std: Float64Array;
  /** `[members][n]` */
  readonly members: readonly Float64Array[];
}

/** Answers that are read together: always the same ones, so that the same bits come out. */
const TOGETHER = 64;

/** The rewards of answers, in batches of at most `rows`. Throws a RangeError if the model has no members. */
export async function answerRewards(
  { model, members }: LearnedRewardModel,
  answers: readonly Answer[],
  { rows: most = TOGETHER }: { readonly rows?: number } = {},
): Promise<AnswerRewards> {
  if (members.length === 0) throw new RangeError("the reward model has no members, expected at least one vector of parameters");
  const n = answers.length;
  const each = members.map(() => new Float64Array(n));
  for (let from = 0; from < n; from += most) {
    const batch = answers.slice(from, from + most);
    const rows = Math.min(most, 2 ** Math.ceil(Math.log2(batch.length))); // few different programs
    const filled = [...batch, ...new Array<Answer>(rows - batch.length).fill(batch[batch.length - 1])];
    const program = await programOf(model, rows);
    const feeds = { ...model.feeds(filled), ...(model.known ? { known: await model.known.of(filled) } : {}) };
    for (const [m, phi] of members.entries()) {
      const { r } = await program.run({ ...feeds, theta: phi });
      each[m].set(r.subarray(0, batch.length), from);
    }
  }
  return { ...spread(each), members: each };
}

/** r of answers as one function, for whoever trains a policy under it: the mean of the members less β of their spread. */
export function rewardOfAnswers(
  learned: LearnedRewardModel,
  { caution = 0 }: { readonly caution?: number } = {},
): (answers: readonly Answer[]) => Promise<Float64Array> {
  return async (answers) => {
    const { mean, std } = await answerRewards(learned, answers);
    return mean.map((r, i) => r - caution * std[i]);
  };
}

/** What is known of all rows, `[rows, width]`, computed once, 64 rows at a time. */
export async function knownOfRows({ known }: RewardModel, answers: Rows<Answer>): Promise<Float32Array | undefined> {
  if (!known) return undefined;
  const all = new Float32Array(answers.length * known.width);
  for (let from = 0; from < answers.length; from += TOGETHER) {
    const numbers = Array.from({ length: Math.min(TOGETHER, answers.length - from) }, (_, k) => from + k);
    all.set(await known.of(await answers.get(numbers)), from * known.width);
  }
  return all;
}

const programs = new WeakMap<RewardModel, Map<number, Promise<Program>>>();

function programOf(model: RewardModel, rows: number): Promise<Program> {
  const own = programs.get(model) ?? new Map<number, Promise<Program>>();
  programs.set(model, own);
  let program = own.get(rows);
  if (!program) {
    program = compile({ outputs: { r: model.reward({ rows }) }, params: model.params });
    own.set(rows, program);
    program.catch(() => own.delete(rows)); // what fails is tried again
  }
  return program;
}
