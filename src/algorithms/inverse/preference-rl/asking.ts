import type { FragmentChoice, FragmentComparison, FragmentExpert } from "../../../mdp/index.ts";
import { ExpertError, within } from "../../expert-error.ts";
import type { AskOptions } from "./options.ts";

/** What the expert is being asked, and what it said so far. Plain data: a round under way keeps it. */
export interface Asked {
  comparisons: FragmentComparison[];
  /** `[n]`: 1, 0 or 0.5; −1 where the two can't be compared; NaN where there is no answer yet. */
  choices: Float64Array;
}

const INCOMPARABLE = -1;

/** The expert's answer to comparison i. Throws if there is none. */
export function choiceOf({ choices }: Asked, i: number): FragmentChoice {
  if (Number.isNaN(choices[i])) throw new RangeError(`comparison ${i} has no answer yet`);
  return choices[i] === INCOMPARABLE ? null : (choices[i] as FragmentChoice);
}

/** How many comparisons have no answer. */
export function unanswered({ choices }: Asked): number {
  return choices.reduce((n, choice) => n + Number(Number.isNaN(choice)), 0);
}

/**
 * Asks about every comparison that has no answer, in requests that are answered in any order; each answer is kept as soon as it is
 * there, late ones too. Throws an `ExpertError`, once all requests have ended, if the expert failed, took too long, or answered by
 * something that is no choice; the next call asks for the rest.
 */
export async function ask(asked: Asked, expert: FragmentExpert, options: AskOptions, round: number): Promise<void> {
  const { comparisons, choices } = asked;
  const left = [...choices.keys()].filter((i) => Number.isNaN(choices[i]));
  const each = options.requestSize > 0 ? options.requestSize : Math.max(1, left.length);
  let at = 0;
  let fault: { readonly message: string; readonly cause?: unknown } | undefined;
  const take = (numbers: readonly number[], given: readonly FragmentChoice[]) => {
    if (given?.length !== numbers.length)
      throw new RangeError(`the expert gave ${given?.length ?? "no"} answers to ${numbers.length} comparisons`);
    numbers.forEach((i, k) => {
      const choice = given[k];
      if (Number.isNaN(choices[i]) && [0, 0.5, 1, null].includes(choice)) choices[i] = choice ?? INCOMPARABLE;
    });
    const odd = given.find((choice) => ![0, 0.5, 1, null].includes(choice));
    if (odd !== undefined || given.some((choice) => choice === undefined))
      throw new RangeError(
        `the expert answered ${odd}, expected 1 (the first), 0 (the second), 0.5 (as good) or null (not to be compared)`,
      );
  };
  const requests = async () => {
    while (at < left.length) {
      const numbers = left.slice(at, at + each);
      at += each;
      try {
        const question = Promise.resolve(expert.compare(numbers.map((i) => comparisons[i])));
        await within(
          question.then((given) => take(numbers, given)),
          options.timeout,
          "has not answered",
        );
      } catch (cause) {
        fault ??= { message: said(cause), cause };
      }
    }
  };
  await Promise.all(Array.from({ length: options.openRequests }, requests));
  const missing = left.filter((i) => Number.isNaN(choices[i]));
  if (missing.length === 0) return;
  throw new ExpertError(
    `round ${round}: ${fault?.message ?? "the expert has not answered"}; ${missing.length} of ${choices.length} comparisons have no answer, the others are kept, make the round again to ask for these alone`,
    missing,
    fault?.cause,
  );
}

function said(cause: unknown): string {
  const text = (cause as { message?: string })?.message ?? String(cause);
  return text.startsWith("the expert") ? text : `the expert failed: ${text}`;
}
