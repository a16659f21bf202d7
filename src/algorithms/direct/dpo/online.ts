import type { Rng, TrainState } from "../../../autodiff/index.ts";
import { joinRows } from "../../../data/index.ts";
import type { Answer, Comparison, Context, Preference } from "../../../mdp/index.ts";
import { sameResponse } from "../../../mdp/index.ts";
import { answerScores } from "../../../policies/index.ts";
import { type Asked, ask } from "./asking.ts";
import { drawer, pagesOf } from "./pages.ts";
import type { DpoProblem } from "./problem.ts";
import type { Measured } from "./record.ts";
import { batchOf, type Decided, type DpoState, referenceOf, streams, tokensOf, updated, workshop } from "./workshop.ts";

/** Who is asked, about what. */
type Online = NonNullable<DpoProblem["online"]>;

/**
 * One round of online DPO: y1, y2 ~ π_θ(· | x) for some contexts; the expert says which is better; ℬ ← ℬ ∪ {(x, yw, yl)}; some
 * updates with minibatches of ℬ. Gives what the updates measured and the share of comparisons without a decision.
 */
export async function compareAndUpdate(
  state: DpoState,
  problem: DpoProblem,
  { contexts, expert }: Online,
): Promise<{ seen: Measured[]; ties: number }> {
  const { options } = state;
  const stream = streams(state, "round").split(state.round);
  state.pending ??= await drawn(state, problem, contexts, stream);
  await ask(state.pending, expert, options.requestSize, state.round + 1);
  const { choices } = state.pending;
  const added = await decidedIn(state.pending, problem, options.referenceFree);
  const decided = [...state.decided, ...added];
  const next = await learned(state, problem, options.buffer === "all" ? decided : added, stream.split("order"));

  // Nothing of the state has changed so far but what was drawn and answered: a round is made as a whole.
  const { learner, seen } = next;
  const [tokens, asked] = [state.tokens + next.tokens, state.asked + choices.length];
  Object.assign(state, { learner, decided, asked, tokens, pending: null, round: state.round + 1 });
  return { seen, ties: 1 - added.length / choices.length };
}

/** Contexts, and two responses to each. Two that are the same are not worth asking about: they are a draw. */
async function drawn(state: DpoState, problem: DpoProblem, contexts: readonly Context[], stream: Rng): Promise<Asked> {
  const { model } = problem.policy;
  const random = stream.split("contexts");
  const xs = Array.from({ length: state.options.comparisons }, () => contexts[random.integer(contexts.length)]);
  const { temperature, topK, topP, minP } = state.options;
  const how = { temperature, topK, topP, minP };
  const responses = await model.respond(state.learner.theta, xs, { n: 2, random: stream.split("responses"), ...how });
  const comparisons = responses.map(([y1, y2], i): Comparison => ({ x: xs[i], y1, y2 }));
  const choices = Float64Array.from(comparisons, ({ y1, y2 }) => (sameResponse(y1, y2) ? 0.5 : Number.NaN));
  return { comparisons, choices };
}

/** The comparisons that were decided, with log π_ref of both responses. */
async function decidedIn({ comparisons, choices }: Asked, problem: DpoProblem, referenceFree: boolean): Promise<Decided[]> {
  const pairs = comparisons.flatMap(({ x, y1, y2 }, i): Preference[] =>
    choices[i] === 0.5 ? [] : [choices[i] === 1 ? { x, yw: y1, yl: y2 } : { x, yw: y2, yl: y1 }],
  );
  const answers = pairs.flatMap(({ x, yw, yl }): Answer[] => [
    { x, y: yw },
    { x, y: yl },
  ]);
  const ref = referenceFree ? new Float64Array(answers.length) : (await answerScores(referenceOf(problem), answers)).logProb;
  return pairs.map((pair, i) => ({ pair, refW: Math.fround(ref[2 * i]), refL: Math.fround(ref[2 * i + 1]) }));
}

/** A round's updates of a copy of the learner, with what is written down and what was decided. */
async function learned(
  state: DpoState,
  problem: DpoProblem,
  decided: readonly Decided[],
  stream: Rng,
): Promise<{ learner: TrainState; seen: Measured[]; tokens: number }> {
  const { options } = state;
  const work = await workshop(state, problem);
  const { theta, slots, t } = state.learner;
  const learner: TrainState = { theta: theta.slice(), slots: slots.map((slot) => slot.slice()), t };
  const seen: Measured[] = [];
  let tokens = 0;
  const written = problem.preferences && options.buffer === "all" ? problem.preferences : [];
  const pages = pagesOf(
    joinRows<Preference>(
      written,
      decided.map(({ pair }) => pair),
    ),
  );
  if (pages.pairs === 0) return { learner, seen, tokens };
  const minibatch = drawer(pages, options.batchSize, stream);
  const given = written.length;
  for (let k = 0; k < options.updatesPerRound; k++) {
    const batch = await batchOf(pages, minibatch(k));
    const refs = work.refs ?? (given > 0 && !options.referenceFree ? await liveRefs(problem, batch.answers) : undefined);
    const P = options.batchSize;
    const logPiRef = Float32Array.from([...batch.draw.chosen, ...batch.draw.rejected], (i, row) => {
      const side = row < P ? "refW" : "refL";
      if (i >= given) return decided[i - given][side];
      if (!refs) return 0;
      return refs instanceof Float32Array ? refs[row] : refs[side === "refW" ? "chosen" : "rejected"][i];
    });
    seen.push(await updated(work, learner, batch.answers, logPiRef));
    tokens += tokensOf(problem, batch.answers);
  }
  return { learner, seen, tokens };
}

async function liveRefs(problem: DpoProblem, answers: readonly Answer[]): Promise<Float32Array> {
  const { logProb } = await answerScores(referenceOf(problem), answers, { rows: answers.length });
  return Float32Array.from(logProb);
}
