import { type Rng, rng, type TrainState, type Update } from "../../../autodiff/index.ts";
import { type Answer, madeOnce } from "../../../mdp/index.ts";
import type { ResponsePolicy } from "../../../policies/index.ts";
import { groupRelative, leaveOneOut, type Tokens, tokenAdvantages, tokenRewards } from "./advantages.ts";
import { compileRlhf, type Learned, learnedOf, REPORTED } from "./objective.ts";
import { bestIn } from "./optimum.ts";
import { gridOf } from "./places.ts";
import { learnedFrom, type RlhfOptions, type RlhfProblem, rowsOf } from "./problem.ts";
import { type Reader, type Reading, reader } from "./reading.ts";
import { type Kept, keeper, keptFeeds } from "./sampled.ts";
import type { Written } from "./scoring.ts";

/** Plain data: all that the next round depends on. Every draw follows a stream of the seed. */
export interface RlhfState {
  options: RlhfOptions;
  /** The policy's parameters, then the critic's. */
  learner: TrainState;
  /** β as it is now. */
  beta: number;
  /** Rounds made. */
  round: number;
  /** Actions (tokens) drawn so far, and responses that were scored. */
  tokens: number;
  scored: number;
  /** The round of the best true score, with that of the reward: what over-optimisation is told by. */
  best: { round: number; gold: { mean: number; error: number }; reward: { mean: number; error: number } } | null;
  /** What this round wrote, while it asks for scores. */
  pending: Written | null;
}

/** What is made once for a run and can be made again from its state. */
export interface Workshop {
  readonly learned: Learned;
  readonly update: Update;
  /** π_θ with its critic, and π_ref. */
  readonly own: Reader;
  readonly reference: Reader;
  /** The actions that draws of π_θ were made among, where some were left out. */
  readonly kept: ReturnType<typeof keeper>;
}

export const workshop = madeOnce(async ({ options }: RlhfState, problem: RlhfProblem): Promise<Workshop> => {
  const { model } = problem.policy;
  const learned = learnedOf(model, options);
  return {
    learned,
    update: await compileRlhf(model, learned, options, updatesIn(options)),
    own: reader(model, options, learned),
    reference: reader(referenceOf(problem).model, options),
    kept: keeper(model, options),
  };
});

/** Updates of a whole run. */
export function updatesIn(options: RlhfOptions): number {
  return (options.rounds * options.epochs * learnedFrom(options)) / rowsOf(options);
}

/** π_ref: the policy as it started, if no other is given. */
export function referenceOf({ reference, policy }: RlhfProblem): ResponsePolicy {
  return reference ?? policy;
}

/** The stream of chance of one purpose. */
export function streams({ options }: RlhfState, purpose: string): Rng {
  return rng(options.seed).split("rlhf").split(purpose);
}

/** The policy's part of θ. */
export function policyOf({ learner }: RlhfState, size: number): Float32Array {
  return learner.theta.length === size ? learner.theta : learner.theta.subarray(0, size);
}

/**
 * A round's contexts, and responses to each: n of π_θ, groups side by side. The best of n are chosen among π_ref's; then one of π_θ to
 * each context follows behind, by which it is judged.
 */
export async function written(state: RlhfState, problem: RlhfProblem, size: number): Promise<Written> {
  const { options } = state;
  const { model } = problem.policy;
  const stream = streams(state, "write").split(state.round);
  const random = stream.split("contexts");
  const numbers = Array.from({ length: options.prompts }, () => random.integer(problem.contexts.length));
  const xs = numbers.map((k) => problem.contexts[k]);
  const { temperature, topK, topP, minP } = options;
  const how = { temperature, topK, topP, minP, ...(options.maxLength > 0 ? { maxLength: options.maxLength } : {}) };
  const theta = policyOf(state, size);
  const draw = (policy: ResponsePolicy, purpose: string, n: number) =>
    policy.model.respond(policy.theta, xs, { n, random: stream.split(purpose), ...how });
  const own = { model, theta };
  const groups =
    options.method === "best-of-n"
      ? [await draw(referenceOf(problem), "reference", options.group), await draw(own, "own", 1)]
      : [await draw(own, "own", options.group)];
  const responses = groups.flatMap((group) => group.flat());
  const contexts = Int32Array.from(groups.flatMap((group) => group.flatMap((list, i) => list.map(() => numbers[i]))));
  return {
    contexts,
    responses,
    rewards: new Float64Array(responses.length).fill(Number.NaN),
    gold: problem.gold ? new Float64Array(responses.length - judgedFrom(options)).fill(Number.NaN) : new Float64Array(0),
  };
}

/** The number of the first of the responses that π_θ is judged by: all are, but those that are π_ref's. */
export function judgedFrom({ method, prompts, group }: RlhfOptions): number {
  return method === "best-of-n" ? prompts * group : 0;
}

export function answersOf({ contexts, responses }: Written, problem: RlhfProblem): Answer[] {
  return responses.map((y, i) => ({ x: problem.contexts[contexts[i]], y }));
}

/** What a round learns from: answers with the numbers of each of their tokens, by the names of the loss' inputs. */
export interface Lesson {
  readonly answers: readonly Answer[];
  readonly tokens: Readonly<Record<string, readonly Float32Array[]>>;
  /** The actions that each token was drawn among, where some were left out. */
  readonly kept?: readonly Kept[] | undefined;
}

/** Advantages of what was written, by the method's rule. `pi` and `piRef` are readings of the same answers. */
export function lessonOf(
  options: RlhfOptions,
  beta: number,
  answers: readonly Answer[],
  r: Float64Array,
  pi: Reading,
  piRef: Reading,
): Lesson {
  const { method, group: n, penalty } = options;
  const inReward = penalty === "reward" ? beta : 0;
  const tokens = pi.logPi.map((logPi, i): Tokens => ({ logPi, logPiRef: piRef.logPi[i], values: pi.values?.[i] }));
  const known = { old: pi.logPi, reference: piRef.logPi };
  const rewards = tokens.map((own, i) => tokenRewards(own, r[i], inReward));
  if (method === "ppo") {
    const { advantages, returns } = tokenAdvantages(tokens, rewards, options);
    return { answers, tokens: { ...known, advantages, returns, values: pi.values! } };
  }
  const R = Float64Array.from(rewards, (list) => list.reduce((sum, value) => sum + value, 0));
  const A = method === "rloo" ? leaveOneOut(R, n) : groupRelative(R, n, options.scaleAdvantages);
  const advantages = pi.logPi.map((list, i) => new Float32Array(list.length).fill(A[i]));
  return { answers, tokens: { ...known, advantages } };
}

/** The best answer of each group of n. */
export function bestOfGroups({ prompts, group: n }: RlhfOptions, answers: readonly Answer[], r: Float64Array): Lesson {
  return { answers: Array.from({ length: prompts }, (_, i) => answers[bestIn(r, i * n, n)]), tokens: {} };
}

/** What the updates of a round measured, in the mean. */
export type Measured = Record<(typeof REPORTED)[number] | "loss" | "gradNorm", number>;

/** A round's updates of a copy of the learner: some passes over its lesson, in an order drawn anew for each. */
export async function learn(
  state: RlhfState,
  problem: RlhfProblem,
  { update }: Workshop,
  { answers, tokens, kept }: Lesson,
): Promise<{ learner: TrainState; measured: Measured }> {
  const { options } = state;
  const { theta, slots, t } = state.learner;
  const learner: TrainState = { theta: theta.slice(), slots: slots.map((slot) => slot.slice()), t };
  const rows = rowsOf(options);
  const order = streams(state, "order").split(state.round);
  const total: Record<string, number> = {};
  const count = (options.epochs * answers.length) / rows;
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    const numbers = order.split(epoch).permutation(answers.length);
    for (let from = 0; from < numbers.length; from += rows) {
      const batch = Array.from(numbers.subarray(from, from + rows));
      const feeds = problem.policy.model.feeds(batch.map((i) => answers[i]));
      const grids = Object.entries(tokens).map(([name, lists]) => [
        name,
        gridOf(
          feeds,
          batch.map((i) => lists[i]),
        ),
      ]);
      const report = await update.run(learner, {
        ...feeds,
        ...keptFeeds(feeds, kept && batch.map((i) => kept[i])),
        ...Object.fromEntries(grids),
        beta: Float32Array.of(state.beta),
      });
      for (const name of ["loss", "gradNorm", ...REPORTED]) total[name] = (total[name] ?? 0) + report[name][0] / count;
    }
  }
  return { learner, measured: total as Measured };
}
