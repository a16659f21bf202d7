import type { ActionColumn } from "../../../data/index.ts";
import {
  actionColumn,
  type Dataset,
  extended,
  type ObservationColumn,
  observationColumn,
  type Pairs,
  pairColumns,
  pairCount,
} from "../../../data/index.ts";
import { type Env, size } from "../../../mdp/index.ts";
import type { Sheet } from "./answers.ts";

/** How a step got its label. */
export const LABELLED = { no: 0, byActing: 1, whenAsked: 2 } as const;

/**
 * ℬ, every labelled state so far, and the trail of every step that was visited: who acted, and who labelled it. Columns that
 * only grow.
 */
export interface Aggregate {
  /** `[N, D]` */
  observations: ObservationColumn;
  /** `[N, K]` */
  actions: ActionColumn;
  /** `[N]`: the step of the trail that each pair of ℬ is from; -1 for the demonstrations that were there before. */
  steps: Int32Array;
  trail: Trail;
}

/** Every visited step, in order; `[T]` each. */
export interface Trail {
  /** 1, 2, ... */
  round: Int32Array;
  /** Within its round. */
  episode: Int32Array;
  /** 1 where the expert acted, 0 where the learner did. */
  acted: Uint8Array;
  /** 0 where there is no label, 1 where the expert acted, 2 where it was asked afterwards. */
  labelled: Uint8Array;
}

/** The columns that grow, as paths into a state that has the aggregate under `data`. */
export const GROWING: readonly string[] = [
  ...["observations", "actions", "steps"].map((name) => `data/${name}`),
  ...["round", "episode", "acted", "labelled"].map((name) => `data/trail/${name}`),
];

/** ℬ before the first round. */
export function aggregate({ observation, action }: Env, demos?: Dataset | Pairs): Aggregate {
  const first = demos
    ? pairColumns(demos)
    : { observations: observationColumn(observation, 0), actions: actionColumn(action, 0) };
  const trail = { round: new Int32Array(0), episode: new Int32Array(0), acted: new Uint8Array(0), labelled: new Uint8Array(0) };
  return { ...first, steps: new Int32Array(demos ? pairCount(demos) : 0).fill(-1), trail };
}

/** A round's states, with who acted in each and in which episode. */
export interface Round extends Sheet {
  acted: Uint8Array;
  episodes: Uint32Array;
}

/** ℬ ← ℬ ∪ {(s_n, a_n)} over the states that are wanted, and the trail of all. */
export function append(data: Aggregate, sheet: Round, round: number, env: Env): void {
  const { states, labels, wanted, acted, episodes } = sheet;
  const D = size(env.observation);
  const K = size(env.action);
  const n = wanted.length;
  const from = data.trail.round.length;
  const rows = Array.from(wanted.keys()).filter((i) => wanted[i] === 1);
  if (rows.length === n) {
    data.observations = extended(data.observations, states);
    data.actions = extended(data.actions, labels);
  } else {
    const s = observationColumn(env.observation, rows.length);
    const a = actionColumn(env.action, rows.length);
    rows.forEach((row, k) => {
      s.set(states.subarray(row * D, (row + 1) * D), k * D);
      a.set(labels.subarray(row * K, (row + 1) * K), k * K);
    });
    data.observations = extended(data.observations, s);
    data.actions = extended(data.actions, a);
  }
  data.steps = extended(
    data.steps,
    rows.map((row) => from + row),
  );
  const { trail } = data;
  trail.round = extended(trail.round, new Int32Array(n).fill(round));
  trail.episode = extended(trail.episode, episodes);
  trail.acted = extended(trail.acted, acted);
  trail.labelled = extended(
    trail.labelled,
    wanted.map((is, i) => (is === 0 ? LABELLED.no : acted[i] === 1 ? LABELLED.byActing : LABELLED.whenAsked)),
  );
}

/** ℬ as pairs: views of its columns. */
export function pairsOf({ observations, actions }: Aggregate, { observation, action }: Env): Pairs {
  return { observationSpace: observation, actionSpace: action, observations, actions };
}
