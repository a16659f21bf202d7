import type { ArrayCache, Rows } from "../../../data/index.ts";
import {
  type Context,
  mustBeCounts,
  mustNotBeNegative,
  type Preference,
  type PreferenceExpert,
  type Rating,
  sameResponse,
} from "../../../mdp/index.ts";
import { checkSampling, type ResponsePolicy } from "../../../policies/index.ts";
import { checkMicroBatch } from "../../micro-batch.ts";
import { checkFit, type FitOptions } from "../log-loss.ts";
import { checkLoss, checkParts, type LossOptions } from "./mixture.ts";

/** A policy to start from, a policy not to go far from, and an expert's comparisons: written down, or to be asked for. */
export interface DpoProblem {
  /** π_θ before the first update. */
  readonly policy: ResponsePolicy;
  /** π_ref; by default the policy as it starts. */
  readonly reference?: ResponsePolicy;
  /** Offline: comparisons that were made before. */
  readonly preferences?: readonly Preference[] | Rows<Preference>;
  /** Offline: single responses that the expert found good or not; for losses that need no pairs. */
  readonly ratings?: readonly Rating[];
  /** Offline: comparisons that are not learned from, for the measures after each round. */
  readonly validation?: readonly Preference[] | Rows<Preference>;
  /** Online: contexts that the current policy answers twice, and who says which answer is better. */
  readonly online?: { readonly contexts: readonly Context[]; readonly expert: PreferenceExpert };
  /** Where the reference's log-probabilities are kept, so that they are computed once. */
  readonly cache?: ArrayCache;
}

export interface DpoOptions extends LossOptions, Omit<FitOptions, "l2" | "entropyBonus"> {
  /** Comparisons, or ratings, in a minibatch. */
  batchSize: number;
  /** Offline: times that every comparison is seen; 0 for once, or as often as it takes to make 300 updates where they are few. */
  epochs: number;
  /** Offline: the number of updates; 0 if it follows from `epochs`. */
  updates: number;
  /** Whether log π_ref of written-down responses is computed once, before the first update, or with every update. */
  reference: "cached" | "live";
  /** Offline: updates in a round, each of which gives a record. */
  report: number;
  /** Offline: rounds without a lower held-out loss after which it stops and goes back to the best; 0 for never. */
  patience: number;
  /** Offline: whether the policy of the lowest held-out loss is kept, or the last one; with `patience` it is the best. */
  keep: "best" | "last";
  /** Comparisons whose gradient is computed at once, a divisor of `batchSize`; 0 for all. Fewer take less memory, the update is the same. */
  microBatch: number;
  /** Responses drawn from π_θ after every round to estimate KL(π_θ ‖ π_ref); 0 for none. */
  klSamples: number;
  /** Online: rounds of comparing and updating. */
  rounds: number;
  /** Online: comparisons that are asked for in a round. */
  comparisons: number;
  /** Online: updates in a round. */
  updatesPerRound: number;
  /** Online: whether a round learns from all comparisons so far, as DAgger does, or from its own. */
  buffer: "all" | "latest";
  /**
   * Online: what logits are divided by when the two responses are drawn. The loss takes comparisons of any responses, so its
   * log-probabilities stay those of π_θ itself.
   */
  temperature: number;
  /** Online: only the k most likely actions are drawn; 0 for all. */
  topK: number;
  /** Online: only the fewest likely actions that reach this probability together are drawn; 1 for all. */
  topP: number;
  /** Online: only actions of this share of the most likely one's probability are drawn; 0 for all. */
  minP: number;
  /** Online: comparisons in one request; 0 for all of a round in one. */
  requestSize: number;
  seed: number;
}

/** Throws if policy, comparisons and options don't go together. */
export function checkDpo(problem: DpoProblem, options: DpoOptions): void {
  const { preferences, ratings, online } = problem;
  checkLoss(options, ratings !== undefined);
  checkDpoOptions(options);
  if (preferences && ratings) throw new TypeError("found preferences and ratings; give one of them");
  if (ratings && online) throw new TypeError("found ratings and somebody to ask; online comparisons go on from preferences");
  if (!preferences && !ratings && !online) {
    throw new TypeError("there is nothing to learn from; expected preferences, ratings, or online: { contexts, expert }");
  }
  if (preferences?.length === 0) throw new RangeError("there are no preferences; expected at least one");
  if (ratings && !(ratings.some(({ good }) => good) && ratings.some(({ good }) => !good))) {
    throw new RangeError("the ratings are all of one kind; expected good and bad ones");
  }
  if (online?.contexts.length === 0) throw new RangeError("there are no contexts to answer; expected at least one");
  if (Array.isArray(preferences)) preferences.forEach(checkedPreference);
  ratings?.forEach(({ y }, i) => {
    if (y.actions.length === 0) throw new RangeError(`rating ${i}: the response is empty; leave it out`);
  });
}

/** Throws on options that can't be, whatever the problem. */
export function checkDpoOptions(options: DpoOptions): void {
  checkLoss(options);
  checkFit(options);
  checkMicroBatch(options);
  if (options.microBatch > 0) checkParts(options.loss);
  const { epochs, updates, klSamples, requestSize, patience, report, rounds, comparisons, updatesPerRound } = options;
  mustNotBeNegative({ epochs });
  mustBeCounts({ updates, klSamples, requestSize, patience }, 0);
  mustBeCounts({ report, rounds, comparisons, updatesPerRound });
  checkSampling(options);
}

/** A preference that can teach something. Throws, with its number, on an empty response and on two that are the same. */
export function checkedPreference(pair: Preference, number: number): Preference {
  for (const name of ["yw", "yl"] as const) {
    if (pair[name].actions.length === 0) {
      throw new RangeError(
        `preference ${number}: ${name === "yw" ? "the chosen" : "the rejected"} response is empty; leave it out`,
      );
    }
  }
  if (sameResponse(pair.yw, pair.yl)) {
    throw new RangeError(`preference ${number}: chosen and rejected are the same response, which teaches nothing; leave it out`);
  }
  return pair;
}
