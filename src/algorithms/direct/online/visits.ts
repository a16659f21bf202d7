import type { Rng } from "../../../autodiff/index.ts";
import { reals, visitColumns } from "../../../data/index.ts";
import type { Actions, Env, Expert, InterveningExpert, Observations, Plain, Policy } from "../../../mdp/index.ts";
import { size } from "../../../mdp/index.ts";
import type { Round } from "./aggregate.ts";
import { control, doubtGate, type Effort, expertGate, type Measures, type Thresholds } from "./control.ts";

/** A round's states, and what they took. Plain data. */
export interface VisitedRound extends Round {
  /** Of the episodes that were visited to their end. */
  returns: Float64Array;
  effort: Effort;
}

/** Who acts where, and what is to be labelled. */
export interface Visits {
  readonly env: Env;
  readonly expert: Expert | InterveningExpert;
  readonly piHat: Policy;
  /** 1, 2, ... */
  readonly round: number;
  readonly beta: number;
  readonly mixing: "step" | "episode";
  readonly deterministic: boolean;
  readonly gate: "none" | "expert" | "doubt";
  readonly handOver: boolean;
  /** N */
  readonly states: number;
  /** Labels that may be asked for. */
  readonly allowed: number;
  readonly timeout: number;
  /** For `gate: "doubt"`, once something was learned. */
  readonly measures?: Measures;
  readonly thresholds?: Thresholds;
  readonly heard: Plain[];
  readonly stream: Rng;
}

/** s_1 .. s_N ~ d^π_i, and which of them are to be labelled; where the expert has acted it has said what it would do. */
export async function visited(visits: Visits): Promise<VisitedRound> {
  const { env, beta, gate, states, allowed, measures, thresholds } = visits;
  const takes = gateOf(visits);
  const wheel = control({ ...visits, gate: takes });
  // An expert that acts in person drives one episode at a time, and none of its steps is left over.
  const copies = takes || beta > 0 ? { copies: 1 } : {};
  const n = gate === "none" || beta === 1 ? Math.min(states, allowed) : states;
  const found = await visitColumns(env, wheel.actor, { n, seed: visits.stream.next(), ...copies });
  const { episodes } = found;
  let first = 0; // state of the episode
  const acted = Uint8Array.from(episodes, (e, j) => {
    if (j > 0 && e !== episodes[j - 1]) first = j;
    return wheel.acted[e][j - first];
  });
  const wanted = gate === "none" ? new Uint8Array(n).fill(1) : acted.slice();
  if (gate === "doubt" && !visits.handOver && measures && thresholds) {
    await askAboutDoubted(wanted, found.states, measures, thresholds, env);
  }
  keepFirst(wanted, allowed);
  return {
    states: found.states,
    labels: found.actions,
    known: acted.slice(),
    wanted,
    acted,
    episodes,
    returns: found.returns,
    effort: wheel.effort,
  };
}

function gateOf({ gate, handOver, expert, measures, thresholds }: Visits) {
  if (gate === "expert") return expertGate(expert as InterveningExpert);
  return gate === "doubt" && handOver && measures && thresholds ? doubtGate(measures, thresholds) : undefined;
}

/** Marks the states that are doubted above the threshold. */
async function askAboutDoubted(
  wanted: Uint8Array,
  states: Round["states"],
  measures: Measures,
  { doubt: threshold }: Thresholds,
  env: Env,
): Promise<void> {
  const doubts = await inParts(states, size(env.observation), measures.doubt);
  for (let j = 0; j < wanted.length; j++) if (doubts[j] > threshold) wanted[j] = 1;
}

function keepFirst(wanted: Uint8Array, allowed: number): void {
  let left = allowed;
  for (let j = 0; j < wanted.length; j++) {
    if (wanted[j] === 0) continue;
    if (left <= 0) wanted[j] = 0;
    left -= 1;
  }
}

/** Rows of large observations that are handed on at once. */
const AT_ONCE = 1 << 22;

/** One number a state, asked for in parts where the states are large. */
export async function inParts(
  states: Round["states"],
  D: number,
  answer: (part: Observations) => Promise<ArrayLike<number>>,
): Promise<Float64Array> {
  const n = states.length / D;
  const rows = Math.max(1, Math.floor(AT_ONCE / D));
  const all = new Float64Array(n);
  for (let from = 0; from < n; from += rows) {
    all.set(await answer(reals(states, from * D, Math.min(n, from + rows) * D)), from);
  }
  return all;
}

/** The actions of a policy in many states. */
export async function actionsIn(policy: Policy, states: Round["states"]): Promise<Actions> {
  const D = size(policy.observation);
  const n = states.length / D;
  const rows = Math.max(1, Math.floor(AT_ONCE / D));
  if (n <= rows) return policy.act(reals(states), { deterministic: true });
  let all: Actions | undefined;
  for (let from = 0; from < n; from += rows) {
    const part = await policy.act(reals(states, from * D, Math.min(n, from + rows) * D), { deterministic: true });
    all ??= new (part.constructor as Float32ArrayConstructor)(n * size(policy.action));
    all.set(part, from * size(policy.action));
  }
  return all as Actions;
}
