import type { Actions, Observations } from "./env.ts";

/** A context x that is answered: the token ids of a prompt, or one observation `[D]` of a world. */
export type Context = Int32Array | Float32Array;

/**
 * A response y = (a_1, ..., a_T) to a context: the tokens of a text, the one action of a bandit (T = 1), or the actions of an
 * episode. Plain data.
 */
export interface Response {
  /** `[T]` whole numbers, or `[T, K]`: the actions in the order in which they were taken. */
  readonly actions: Actions;
  /** `[T, D]`: the states s_1 = x, ..., s_T of an episode. Absent where (x, a_1, ..., a_{t-1}) says all: texts, and T = 1. */
  readonly states?: Observations;
}

/** One response y to a context x. */
export interface Answer {
  readonly x: Context;
  readonly y: Response;
}

/** Two responses to one context, of which the expert chose one: yw ≻ yl. */
export interface Preference {
  readonly x: Context;
  /** The preferred response. */
  readonly yw: Response;
  /** The other one. */
  readonly yl: Response;
  /** By how much yw is better, in units of reward, where the expert said so. */
  readonly margin?: number;
}

/** One response that the expert found good or not, without another to compare it with. */
export interface Rating extends Answer {
  readonly good: boolean;
}

/** What a comparison came to: 1 for the first response, 0 for the second; 0.5 where neither is better, which teaches nothing. */
export type Choice = 1 | 0 | 0.5;

/**
 * Anything that answers "which of the two is better?" for a batch of comparisons: a scorer, a reward model, a person. The answer
 * may take minutes.
 */
export interface PreferenceExpert {
  prefer(comparisons: readonly Comparison[]): readonly Choice[] | Promise<readonly Choice[]>;
}

/** Two responses to one context, before anybody chose. */
export interface Comparison {
  readonly x: Context;
  readonly y1: Response;
  readonly y2: Response;
}

/** An expert who prefers the response of the larger score; equal scores are a draw. */
export function scoringExpert(
  score: (answers: readonly Answer[]) => ArrayLike<number> | Promise<ArrayLike<number>>,
): PreferenceExpert {
  return {
    async prefer(comparisons) {
      const s1 = await score(comparisons.map(({ x, y1 }) => ({ x, y: y1 })));
      const s2 = await score(comparisons.map(({ x, y2 }) => ({ x, y: y2 })));
      return comparisons.map((_, i): Choice => (s1[i] > s2[i] ? 1 : s1[i] < s2[i] ? 0 : 0.5));
    },
  };
}

/** Whether two responses are the same, action by action (and state by state). */
export function sameResponse(a: Response, b: Response): boolean {
  return same(a.actions, b.actions) && same(a.states ?? NOTHING, b.states ?? NOTHING);
}

const NOTHING = new Float32Array(0);

function same(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
