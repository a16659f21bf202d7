import type { Answer, Response } from "../../../mdp/index.ts";
import type { ResponseReward } from "../../../rewards/index.ts";

/** What a round wrote, and the scores that it got so far. Plain data: a round under way keeps it. */
export interface Written {
  /** `[n]`: which context each response answers. */
  contexts: Int32Array;
  responses: Response[];
  /** `[n]`: r(x, y); NaN where there is none yet. */
  rewards: Float64Array;
  /** The same of the true score; empty where nobody can say it. */
  gold: Float64Array;
}

/** A reward failed, or answered by something that is no reward. What it answered before is kept. */
export class RewardError extends Error {
  /** The responses of the round that have no score. */
  readonly missing: readonly number[];
  constructor(message: string, missing: readonly number[], cause?: unknown) {
    super(message, { cause });
    this.name = "RewardError";
    this.missing = missing;
  }
}

/**
 * Asks for every score that is missing, `requestSize` answers at a time (0: all at once); each is kept as soon as it is there.
 * Throws a `RewardError` if the reward fails, or gives too few numbers, too many, or some that are none; the next call asks for the rest.
 */
export async function ask(
  scores: Float64Array,
  answers: readonly Answer[],
  reward: ResponseReward,
  { requestSize, round, name }: { readonly requestSize: number; readonly round: number; readonly name: string },
): Promise<void> {
  const left = missing(scores);
  const each = requestSize > 0 ? requestSize : Math.max(1, left.length);
  for (let from = 0; from < left.length; from += each) {
    const numbers = left.slice(from, from + each);
    const fault = (what: string, cause?: unknown) => {
      const without = missing(scores);
      const rest = without.length < scores.length ? ", the others are kept, make the round again to ask for these alone" : "";
      return new RewardError(
        `round ${round}: ${what}; ${without.length} of ${scores.length} responses have no score${rest}`,
        without,
        cause,
      );
    };
    let given: ArrayLike<number>;
    try {
      given = await reward(numbers.map((i) => answers[i]));
    } catch (cause) {
      throw fault(`the ${name} failed: ${(cause as Error)?.message ?? cause}`, cause);
    }
    if (given?.length !== numbers.length) {
      throw fault(`the ${name} gave ${given?.length ?? "no"} numbers for ${numbers.length} responses, expected one each`);
    }
    numbers.forEach((i, k) => {
      if (Number.isFinite(given[k])) scores[i] = given[k];
    });
    const odd = numbers.findIndex((_, k) => !Number.isFinite(given[k]));
    if (odd >= 0) throw fault(`the ${name} of a response is ${given[odd]}, expected a finite number`);
  }
}

/** The numbers of those that have no score. */
export function missing(scores: Float64Array): number[] {
  return [...scores.keys()].filter((i) => Number.isNaN(scores[i]));
}
