/** The loss on what is held out, as a run went on. Plain data. */
export interface HeldOut {
  /** The loss of the first round's minibatches: about where it began. */
  first: number;
  /** When it was measured, in updates. */
  at: number[];
  loss: number[];
}

/** A loss that is this much lower, as a share, is a lower one. */
const MUCH = 0.01;
/** The share of a run's learning rates that falls into its second half: so much of the fall comes there where nothing settles. */
const SECOND_HALF = { constant: 0.5, linear: 0.25, cosine: 0.5 - 1 / Math.PI };
/** A run that keeps this share of its pace in the second half was still learning when it ended. */
const PACE = 0.75;

/** The parameters that had the lowest held-out loss, and how many rounds that is ago. Plain data. */
export interface Best {
  thetas: Float32Array[];
  loss: number;
  stale: number;
}

/** The best after one more round. */
export function bestOf(best: Best | null, loss: number, thetas: readonly Float32Array[]): Best {
  if (best && !(loss < best.loss)) return { ...best, stale: best.stale + 1 };
  return { thetas: thetas.map((theta) => theta.slice()), loss, stale: 0 };
}

/** What is said of which parameters become the result. */
export interface Keeping {
  readonly keep: "best" | "last";
  readonly patience: number;
}

/** Whether the result is what had the lowest held-out loss. */
export function keepsBest({ keep, patience }: Keeping): boolean {
  return patience > 0 || keep === "best";
}

/** What became of the best, in words. */
export function keptOf(keeping: Keeping): string {
  return keepsBest(keeping) ? "what was best is kept" : "the last is kept (keep=best keeps the best)";
}

/** Notes a round: the loss of its minibatches and, where it was measured, that on what is held out. */
export function noted(heldOut: HeldOut | null, loss: number, at: number, measured: number | undefined): HeldOut {
  const known = heldOut ?? { first: loss, at: [], loss: [] };
  return measured === undefined ? known : { ...known, at: [...known.at, at], loss: [...known.loss, measured] };
}

/**
 * What the end of a run should say of the loss on what was held out: that it was lower before, with what became of that (`kept`), or
 * that it was still falling. Nothing where neither is so, or it was measured less than twice.
 */
export function closing(
  heldOut: HeldOut | null,
  schedule: keyof typeof SECOND_HALF,
  kept: string,
  when = (at: number) => `${at} updates`,
): string | undefined {
  if (!heldOut || heldOut.at.length < 2) return undefined;
  const { first, at, loss } = heldOut;
  const n = at.length - 1;
  const best = loss.indexOf(Math.min(...loss));
  const short = (value: number) => Number(value.toPrecision(4));
  if (loss[n] - loss[best] > MUCH * Math.abs(loss[best])) {
    return `the held-out loss was lowest after ${when(at[best])} (${short(loss[best])}) and ended at ${short(loss[n])}; ${kept}`;
  }
  const half = loss[Math.max(0, at.filter((t) => t <= at[n] / 2).length - 1)];
  const fall = half - loss[n];
  if (fall <= MUCH * Math.abs(half) || fall < PACE * SECOND_HALF[schedule] * (first - loss[n])) return undefined;
  return (
    `the held-out loss was still falling when the run ended, from ${short(half)} to ${short(loss[n])} in its second half: ` +
    "more epochs, or a larger learningRate, may bring it lower"
  );
}
