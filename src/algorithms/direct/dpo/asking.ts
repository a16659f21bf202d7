import type { Choice, Comparison, PreferenceExpert } from "../../../mdp/index.ts";
import { ExpertError } from "../online/answers.ts";

/** Comparisons that the expert is asked about, and what it said so far. Plain data: a round under way keeps it. */
export interface Asked {
  comparisons: Comparison[];
  /** `[n]`: 1 where the first response was better, 0 where the second, 0.5 where neither; NaN where there is no answer yet. */
  choices: Float64Array;
}

/** How many comparisons have no answer. */
export function unanswered({ choices }: Asked): number {
  return choices.reduce((n, choice) => n + Number(Number.isNaN(choice)), 0);
}

/**
 * Asks about every comparison that has no answer, `requestSize` at a time (0: all at once); each answer is kept as soon as it is
 * there. Throws an `ExpertError` if the expert fails, or answers by something that is no choice; the next call asks for the rest.
 */
export async function ask(asked: Asked, expert: PreferenceExpert, requestSize: number, round: number): Promise<void> {
  const left = [...asked.choices.keys()].filter((i) => Number.isNaN(asked.choices[i]));
  const each = requestSize > 0 ? requestSize : Math.max(1, left.length);
  for (let from = 0; from < left.length; from += each) {
    const numbers = left.slice(from, from + each);
    const missing = () => numbers.filter((i) => Number.isNaN(asked.choices[i]));
    const fault = (what: string, cause?: unknown) => {
      const [n, all] = [unanswered(asked), asked.choices.length];
      const rest = n < all ? ", the others are kept, make the round again to ask for these alone" : "";
      return new ExpertError(`round ${round}: ${what}; ${n} of ${all} comparisons have no answer${rest}`, missing(), cause);
    };
    let choices: readonly Choice[];
    try {
      choices = await expert.prefer(numbers.map((i) => asked.comparisons[i]));
    } catch (cause) {
      throw fault(`the expert failed: ${(cause as Error)?.message ?? cause}`, cause);
    }
    if (choices?.length !== numbers.length) {
      throw fault(`the expert gave ${choices?.length ?? "no"} answers to ${numbers.length} comparisons`);
    }
    numbers.forEach((i, k) => {
      if (choices[k] === 1 || choices[k] === 0 || choices[k] === 0.5) asked.choices[i] = choices[k];
    });
    const odd = choices.findIndex((choice) => ![0, 0.5, 1].includes(choice));
    if (odd >= 0) throw fault(`the expert answered ${choices[odd]}, expected 1 (the first), 0 (the second) or 0.5 (neither)`);
  }
}
