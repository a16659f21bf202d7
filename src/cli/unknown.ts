import { type Tokenizer, unknownShare } from "../data/index.ts";
import { say, short } from "./terminal.ts";

/** The share above which a note is made of it. */
const MUCH = 0.01;

/**
 * Says which share of the tokens of `what` stand for text that the vocabulary does not have, if any do: what is read, or learned, is
 * then the sign of the unknown. Gives the share.
 */
export function tellUnknown(tokenizer: Tokenizer, lists: Iterable<ArrayLike<number>>, what: string, way = ""): number {
  const share = unknownShare(tokenizer, lists);
  if (share === 0) return share;
  const found = `${short(Number((100 * share).toPrecision(2)))} % of the tokens of ${what} are unknown to the vocabulary`;
  say(share > MUCH ? `note: ${found}, and read as one and the same sign${way === "" ? "" : `; ${way}`}` : found);
  return share;
}

/** What a new model, or a trained one, can do about it. */
export function moreWords(fresh: boolean): string {
  return fresh
    ? "take a larger vocabulary: --set vocabulary=N, or --tokenizer characters"
    : "its vocabulary came with the model: take one that was trained on such texts";
}
