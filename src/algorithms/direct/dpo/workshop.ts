import { type Rng, rng, type TrainState } from "../../../autodiff/index.ts";
import { type Answer, type Context, madeOnce, type Preference } from "../../../mdp/index.ts";
import { answerScores, type ResponsePolicy } from "../../../policies/index.ts";
import type { Best, HeldOut } from "../../held-out.ts";
import type { Asked } from "./asking.ts";
import { type HeldOutMeasures, heldOutJudge } from "./held-out.ts";
import { type Draw, offlinePages, type Pages } from "./pages.ts";
import type { DpoOptions, DpoProblem } from "./problem.ts";
import type { Measured } from "./record.ts";
import { liveLogProbs, referenceLogProbs } from "./reference.ts";
import { compileDpo, type DpoUpdate } from "./update.ts";

/** Plain data: all that the next round depends on. Every draw follows a stream of the seed. */
export interface DpoState {
  options: DpoOptions;
  /** Whether the expert is asked. */
  online: boolean;
  /** Updates in all; online, if no round is without a decision. */
  total: number;
  learner: TrainState;
  /** Rounds made. */
  round: number;
  /** Tokens (actions) of all minibatches so far, those of prompts included. */
  tokens: number;
  /** Online: the comparisons that were decided, with log π_ref of both responses. */
  decided: Decided[];
  /** Online: comparisons asked for so far, the undecided ones included. */
  asked: number;
  /** Online: what this round asks, while it does. */
  pending: Asked | null;
  heldOut: HeldOut | null;
  /** Of the held-out comparisons, where the best is what is kept. */
  best: Best | null;
}

export interface Decided {
  pair: Preference;
  refW: number;
  refL: number;
}

/** What is made once for a run and can be made again from its state. */
export interface Workshop {
  readonly update: DpoUpdate;
  /** Measures on held-out comparisons, if there are any. */
  readonly judge: ((theta: Float32Array) => Promise<HeldOutMeasures>) | undefined;
  /** The written-down comparisons, if there are any ... */
  readonly pages: Pages | undefined;
  /** ... and log π_ref of them; absent where it is computed live, or left out. */
  readonly refs: { readonly chosen: Float32Array; readonly rejected: Float32Array } | undefined;
}

export const workshop = madeOnce(async ({ options, total }: DpoState, problem: DpoProblem): Promise<Workshop> => {
  const pages = offlinePages(problem);
  const { cache } = problem;
  const reference = referenceOf(problem);
  const cached = pages !== undefined && options.reference === "cached" && !options.referenceFree;
  const chosen = cached ? await referenceLogProbs(reference, pages.chosen, cache) : undefined;
  const rejected = cached ? await referenceLogProbs(reference, pages.rejected, cache) : undefined;
  const update = await compileDpo(problem.policy.model, options, options.batchSize, total);
  const judge = await heldOutJudge(problem, options);
  return { update, judge, pages, refs: chosen && rejected ? { chosen, rejected } : undefined };
});

/** π_ref: the policy as it started, if no other is given. */
export function referenceOf({ reference, policy }: DpoProblem): ResponsePolicy {
  return reference ?? policy;
}

/** A minibatch: 2P answers, the chosen first. */
export interface Batch {
  readonly draw: Draw;
  readonly answers: readonly Answer[];
}

export async function batchOf({ chosen, rejected }: Pages, draw: Draw): Promise<Batch> {
  return { draw, answers: [...(await chosen.get(draw.chosen)), ...(await rejected.get(draw.rejected))] };
}

/** log π_ref of a minibatch of written-down answers, `[2P]`: looked up, computed now, or zeros where it is left out. */
export async function logPiRefOf(
  { refs }: Workshop,
  problem: DpoProblem,
  options: DpoOptions,
  { draw, answers }: Batch,
): Promise<Float32Array> {
  if (options.referenceFree) return new Float32Array(answers.length);
  if (!refs) return liveLogProbs(referenceOf(problem), answers);
  return Float32Array.from([...draw.chosen.map((i) => refs.chosen[i]), ...draw.rejected.map((i) => refs.rejected[i])]);
}

/** θ ← optimizer(θ, ∇ L) on one minibatch. */
export async function updated(
  { update }: Workshop,
  learner: TrainState,
  answers: readonly Answer[],
  logPiRef: Float32Array,
): Promise<Measured> {
  return update(learner, answers, logPiRef);
}

export function tokensOf({ policy }: DpoProblem, answers: readonly Answer[]): number {
  return answers.reduce((sum, { x, y }) => sum + policy.model.length(y) + (x instanceof Int32Array ? x.length : 0), 0);
}

/**
 * An estimate of KL(π_θ ‖ π_ref), in nats a response: the mean of log π_θ(y | x) / π_ref(y | x) over y ~ π_θ(· | x). What is drawn
 * for it comes from a stream of its own. `tokens`: how long these responses are, in the mean.
 */
export async function klOf(
  state: DpoState,
  problem: DpoProblem,
  contexts: (random: Rng, n: number) => readonly Context[] | Promise<readonly Context[]>,
): Promise<{ kl?: number; tokens?: number }> {
  const { options, learner } = state;
  const n = options.klSamples;
  if (n === 0) return {};
  const { model } = problem.policy;
  const random = streams(state, "kl").split(state.round);
  const xs = await contexts(random.split("contexts"), n);
  const drawn = await model.respond(learner.theta, xs, { random: random.split("responses") });
  const answers = xs.map((x, i) => ({ x, y: drawn[i][0] }));
  const pi = (await answerScores({ model, theta: learner.theta }, answers)).logProb;
  const piRef = (await answerScores(referenceOf(problem), answers)).logProb;
  return {
    kl: pi.reduce((sum, logPi, i) => sum + (logPi - piRef[i]) / n, 0),
    tokens: answers.reduce((sum, { y }) => sum + model.length(y) / n, 0),
  };
}

/** The stream of chance of one purpose. */
export function streams({ options }: DpoState, purpose: string): Rng {
  return rng(options.seed).split("dpo").split(purpose);
}
