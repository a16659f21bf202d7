import { mustBeCounts } from "../mdp/index.ts";

/** Throws unless parts of `microBatch` rows make up a minibatch of `batchSize`; 0 stands for all rows at once. */
export function checkMicroBatch({ microBatch, batchSize }: { readonly microBatch: number; readonly batchSize: number }): void {
  mustBeCounts({ microBatch }, 0);
  if (microBatch > 0 && batchSize % microBatch !== 0) {
    throw new RangeError(
      `microBatch is ${microBatch}, expected a divisor of batchSize, which is ${batchSize}, or 0 for all at once`,
    );
  }
}

/** What is made of the parts from..to of a minibatch, one at a time, so that one is in memory. */
export function* inParts<T>(batchSize: number, microBatch: number, make: (from: number, to: number) => T): Generator<T> {
  for (let from = 0; from < batchSize; from += microBatch) yield make(from, from + microBatch);
}
