import { contentHash, type PlainTree, type Rows, rowsOf } from "../../../data/index.ts";
import { type Preference, type Response, sameResponse } from "../../../mdp/index.ts";

/** What is done with comparisons that say the opposite of one another: both learned from, both left out, or an error. */
export type OnContradiction = "keep" | "drop" | "refuse";

/** Comparisons that were read through once. */
export interface Surveyed {
  readonly all: Rows<Preference>;
  /** The numbers of those that are learned from. */
  readonly kept: Uint32Array;
  /** How many say the opposite of another one. */
  readonly contradictory: number;
}

/** Comparisons that are in memory at once. */
const CHUNK = 1024;

/**
 * Reads comparisons once. Throws, naming the number, on an empty response, on two that are the same, on a margin that is no
 * number; where comparisons contradict each other and that is not wanted; and if none is left.
 */
export async function surveyed(preferences: readonly Preference[] | Rows<Preference>, on: OnContradiction): Promise<Surveyed> {
  const all = rowsOf(preferences);
  if (all.length === 0) throw new RangeError("there are no preferences; expected at least one");
  const first = new Map<string, number>(); // the first comparison that says this
  const [own, opposite]: string[][] = [[], []];
  for (let from = 0; from < all.length; from += CHUNK) {
    const numbers = Array.from({ length: Math.min(CHUNK, all.length - from) }, (_, k) => from + k);
    (await all.get(numbers)).forEach((pair, k) => {
      checked(pair, from + k);
      const key = (a: Response, b: Response) =>
        contentHash({ x: pair.x, a: { ...a }, b: { ...b } } as unknown as PlainTree).slice(0, 32);
      own.push(key(pair.yw, pair.yl));
      opposite.push(key(pair.yl, pair.yw));
      if (!first.has(own[from + k])) first.set(own[from + k], from + k);
    });
  }
  const against = own.flatMap((_, i) => (first.has(opposite[i]) ? [i] : []));
  if (against.length > 0 && on === "refuse") {
    const [i] = against;
    throw new RangeError(
      `comparisons ${i + 1} and ${first.get(opposite[i])! + 1} of those to learn from say the opposite of each other (${against.length} of ${all.length} do so with ` +
        "another one); correct the data, or set contradictions to keep (as noise) or drop",
    );
  }
  const out = new Set(on === "drop" ? against : []);
  const kept = Uint32Array.from(own.keys()).filter((i) => !out.has(i));
  if (kept.length === 0) {
    throw new RangeError(`all ${all.length} preferences say the opposite of another one; nothing is left to learn from`);
  }
  return { all, kept, contradictory: against.length };
}

function checked({ yw, yl, margin }: Preference, number: number): void {
  for (const [name, y] of [
    ["preferred", yw],
    ["other", yl],
  ] as const) {
    if (y.actions.length === 0) throw new RangeError(`preference ${number}: the ${name} response is empty; leave it out`);
  }
  if (sameResponse(yw, yl)) {
    throw new RangeError(`preference ${number}: both are the same response, which teaches nothing; leave it out`);
  }
  if (margin !== undefined && !Number.isFinite(margin)) {
    throw new RangeError(`preference ${number}: the margin is ${margin}, expected a number`);
  }
}
