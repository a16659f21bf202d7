import type { Rng } from "../../../autodiff/index.ts";
import { mapRows, type Rows, rowsOf } from "../../../data/index.ts";
import type { Answer, Preference } from "../../../mdp/index.ts";
import { checkedPreference, type DpoProblem } from "./problem.ts";

/** What is learned from: chosen and rejected answers, and which of them stand together. */
export interface Pages {
  readonly chosen: Rows<Answer>;
  readonly rejected: Rows<Answer>;
  /** How many pairs one pass over them makes. */
  readonly pairs: number;
  /** Whether a pair is two answers to one context; otherwise they are put together anew in each pass. */
  readonly paired: boolean;
}

/** Comparisons as they were made. */
export function pagesOf(preferences: readonly Preference[] | Rows<Preference>): Pages {
  const rows = mapRows(preferences, checkedPreference);
  return {
    chosen: mapRows(rows, ({ x, yw }) => ({ x, y: yw })),
    rejected: mapRows(rows, ({ x, yl }) => ({ x, y: yl })),
    pairs: rows.length,
    paired: true,
  };
}

/** The offline pages of a problem; none where everything is asked for. */
export function offlinePages({ preferences, ratings }: DpoProblem): Pages | undefined {
  if (preferences) return pagesOf(preferences);
  if (!ratings) return undefined;
  const chosen = rowsOf(ratings.filter(({ good }) => good));
  const rejected = rowsOf(ratings.filter(({ good }) => !good));
  return { chosen, rejected, pairs: Math.max(chosen.length, rejected.length), paired: false };
}

/** The numbers of the answers in a minibatch. */
export interface Draw {
  readonly chosen: readonly number[];
  readonly rejected: readonly number[];
}

/**
 * Minibatch t = 0, 1, ... of P pairs: the pairs in an order that is drawn anew for each pass, one pass after the other. It follows
 * from t and the stream alone, so there is no cursor to be saved.
 */
export function drawer({ chosen, rejected, pairs, paired }: Pages, P: number, stream: Rng): (t: number) => Draw {
  let pass = -1;
  let order: { readonly w: Uint32Array; readonly l: Uint32Array } = { w: new Uint32Array(0), l: new Uint32Array(0) };
  const turnTo = (k: number) => {
    if (k === pass) return;
    const own = stream.split(k);
    const w = own.split("chosen").permutation(pairs);
    order = { w, l: paired ? w : own.split("rejected").permutation(pairs) };
    pass = k;
  };
  return (t) => {
    const draw = { chosen: [] as number[], rejected: [] as number[] };
    for (let k = t * P; k < (t + 1) * P; k++) {
      turnTo(Math.floor(k / pairs));
      draw.chosen.push(order.w[k % pairs] % chosen.length);
      draw.rejected.push(order.l[k % pairs] % rejected.length);
    }
    return draw;
  };
}
