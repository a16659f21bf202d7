import type { Context, Preference } from "../../mdp/index.ts";
import type { ResponsePolicy } from "../../policies/index.ts";
import type { Algorithm } from "../algorithm.ts";
import { bestOf, closing, keepsBest, keptOf, noted } from "../held-out.ts";
import { unanswered } from "./dpo/asking.ts";
import type { HeldOutMeasures } from "./dpo/held-out.ts";
import { lossDefaults } from "./dpo/mixture.ts";
import { compareAndUpdate } from "./dpo/online.ts";
import { drawer, offlinePages } from "./dpo/pages.ts";
import { checkDpo, checkDpoOptions, type DpoOptions, type DpoProblem } from "./dpo/problem.ts";
import { fallingToo, farAway, type Measured, meansOf } from "./dpo/record.ts";
import { batchOf, type DpoState, klOf, logPiRefOf, streams, tokensOf, updated, workshop } from "./dpo/workshop.ts";
import { fitDefaults, optimizerFor } from "./log-loss.ts";

export type { LossName } from "./dpo/losses.ts";
export type { Loss, LossOptions, Mixture } from "./dpo/mixture.ts";
export type { DpoOptions, DpoProblem } from "./dpo/problem.ts";
export type { DpoState } from "./dpo/workshop.ts";

/** One round, under the names that the tools of the field log; means over its minibatches. */
export interface DpoRecord extends Partial<Measured>, Partial<HeldOutMeasures> {
  updates: number;
  /** Offline: passes over the comparisons so far. Online: rounds. */
  epoch: number;
  /** An estimate of KL(π_θ ‖ π_ref) in nats a response, from responses drawn from π_θ. */
  kl?: number;
  /** Tokens (actions) of all minibatches so far. */
  num_tokens: number;
  /** Online: comparisons asked for so far ... */
  comparisons?: number;
  /** ... and the share of this round's in which neither response was better. */
  ties?: number;
  /** What should be known about this round, in a sentence. */
  note?: string;
}

export interface DpoResult {
  readonly policy: ResponsePolicy;
  /** Online: what the expert said, in order. */
  readonly preferences: readonly Preference[];
}

/**
 * Direct preference optimisation (Rafailov et al. 2023; slides "Imitation with Preference Feedback"):
 *
 *     L(θ) = -E_{(x, yw, yl) ~ D} log σ(β log π_θ(yw | x)/π_ref(yw | x) - β log π_θ(yl | x)/π_ref(yl | x))
 *
 * or another loss of its family (`loss`), for every policy over responses: a language model, a bandit, a policy whose episodes
 * are compared. Offline D is given. Online each round draws two responses to each of some contexts from π_θ, asks the expert which
 * is better, and goes on with what it said, as the lecture's frameworks of offline and online imitation do.
 *
 * Throws if problem and options don't go together. Where the expert fails (`ExpertError`) its answers so far are kept.
 */
export const dpo: Algorithm<DpoProblem, DpoOptions, DpoState, DpoRecord, DpoResult> = {
  name: "dpo",
  about: "direct preference optimisation: a policy from comparisons of responses",
  needs: ["policy"],
  defaults: {
    ...lossDefaults,
    batchSize: 16,
    learningRate: 1e-4,
    schedule: "linear",
    warmup: 0,
    optimizer: "adamw",
    weightDecay: 0,
    momentum: fitDefaults.momentum,
    clipNorm: 1,
    epochs: 0,
    updates: 0,
    reference: "cached",
    report: 50,
    patience: 0,
    keep: "best",
    microBatch: 0,
    klSamples: 32,
    rounds: 20,
    comparisons: 64,
    updatesPerRound: 20,
    buffer: "all",
    temperature: 1,
    topK: 0,
    topP: 1,
    minP: 0,
    requestSize: 0,
    seed: 0,
  },

  check: checkDpoOptions,

  async init(problem, options) {
    checkDpo(problem, options);
    const { theta } = problem.policy;
    const online = problem.online !== undefined;
    const pass = (offlinePages(problem)?.pairs ?? 0) / options.batchSize;
    const offline = options.updates || Math.ceil(options.epochs * pass) || Math.max(UPDATES, Math.ceil(pass));
    const total = online ? options.rounds * options.updatesPerRound : offline;
    const { slots } = optimizerFor({ ...options, l2: 0, entropyBonus: 0 }, total);
    return {
      options,
      online,
      total,
      learner: { theta: theta.slice(), slots: slots.map(() => new Float32Array(theta.length)), t: 0 },
      round: 0,
      tokens: 0,
      decided: [],
      asked: 0,
      pending: null,
      heldOut: null,
      best: null,
    };
  },

  async iterate(state, problem) {
    const { online } = problem;
    if (!online) {
      const seen = await updates(state, problem);
      const { chosen, pairs } = offlinePages(problem)!;
      const kl = await klOf(state, problem, async (random, n) => {
        const rows = await chosen.get(Array.from({ length: n }, () => random.integer(chosen.length)));
        return rows.map(({ x }) => x);
      });
      const measures = await heldOut(state, problem, meansOf(seen).loss);
      return recordOf(state, seen, { epoch: epochAt(state, pairs), ...kl, ...measures });
    }
    const { contexts } = online;
    const { seen, ties } = await compareAndUpdate(state, problem, online);
    const kl = await klOf(state, problem, (random, n): Context[] =>
      Array.from({ length: n }, () => contexts[random.integer(contexts.length)]),
    );
    return recordOf(state, seen, { epoch: state.round, comparisons: state.asked, ties, ...kl });
  },

  done: (state) => (state.online ? state.round >= state.options.rounds : ended(state)),
  progress: ({ online, round, options, learner, total }) =>
    online ? { done: round, total: options.rounds, unit: "rounds" } : { done: learner.t, total, unit: "updates" },

  async result({ learner, decided, best }, { policy }) {
    const theta = best?.thetas[0] ?? learner.theta;
    return { policy: { model: policy.model, theta: theta.slice() }, preferences: decided.map(({ pair }) => pair) };
  },

  waiting({ pending }) {
    const left = pending ? unanswered(pending) : 0;
    return left > 0 ? `${left} of ${pending?.choices.length} comparisons` : undefined;
  },
};

/** Updates of a run, where neither they nor the passes are said and one pass has fewer. */
const UPDATES = 300;

function ended({ learner, total, options, best }: DpoState): boolean {
  return learner.t >= total || (options.patience > 0 && best !== null && best.stale >= options.patience);
}

/** The measures on the held-out comparisons, which the state remembers. */
async function heldOut(state: DpoState, problem: DpoProblem, loss: number): Promise<Partial<HeldOutMeasures>> {
  const { judge } = await workshop(state, problem);
  if (!judge) return {};
  const { options, learner } = state;
  const measures = await judge(learner.theta);
  state.heldOut = noted(state.heldOut, loss, learner.t, measures.validationLoss);
  if (keepsBest(options)) state.best = bestOf(state.best, measures.validationLoss, [learner.theta]);
  return measures;
}

/** Passes over the comparisons so far; what fills up the last minibatch is no further pass. */
function epochAt({ learner, options, total }: DpoState, pairs: number): number {
  const seen = (learner.t * options.batchSize) / pairs;
  return learner.t >= total && options.updates === 0 && options.epochs > 0 ? Math.min(seen, options.epochs) : seen;
}

/** An offline round: θ ← optimizer(θ, ∇ L(b)) for some minibatches b of D, passes over which are in an order drawn anew. */
async function updates(state: DpoState, problem: DpoProblem): Promise<Measured[]> {
  const { options, learner } = state;
  const work = await workshop(state, problem);
  const pages = work.pages!;
  const minibatch = drawer(pages, options.batchSize, streams(state, "order"));
  const until = Math.min(state.total, learner.t + options.report);
  const seen: Measured[] = [];
  while (learner.t < until) {
    const batch = await batchOf(pages, minibatch(learner.t));
    const logPiRef = await logPiRefOf(work, problem, options, batch);
    seen.push(await updated(work, learner, batch.answers, logPiRef));
    state.tokens += tokensOf(problem, batch.answers);
  }
  state.round += 1;
  return seen;
}

function recordOf(
  state: DpoState,
  seen: readonly Measured[],
  rest: Pick<DpoRecord, "epoch" | "kl" | "comparisons" | "ties" | keyof HeldOutMeasures> & { readonly tokens?: number },
): DpoRecord {
  const { learner, tokens, options } = state;
  const { epoch, tokens: length, ...others } = rest;
  const notes = [
    options.referenceFree ? undefined : fallingToo(seen, options.beta),
    options.referenceFree ? undefined : farAway({ ...others, tokens: length }),
    ended(state) ? closing(state.heldOut, options.schedule, keptOf(options)) : undefined,
  ].filter((note) => note !== undefined);
  return {
    ...{ updates: learner.t, epoch },
    ...(seen.length > 0 ? meansOf(seen) : {}),
    ...{ num_tokens: tokens, ...others },
    ...(notes.length > 0 ? { note: notes.join("; ") } : {}),
  };
}
