import { FormatError } from "../codecs/format-error.ts";
import { isObject, shown } from "../codecs/text.ts";
import type { Message } from "../text/tokenizer.ts";

/** A text, or the turns of a conversation. */
export type Text = string | readonly Message[];

/** Two responses to a prompt, as a file has them. */
export interface TextPreference {
  readonly kind: "preference";
  readonly prompt: Text;
  readonly chosen: Text;
  readonly rejected: Text;
  /** By how much the chosen one is better, in units of reward, where the file says so. */
  readonly margin?: number;
}

/** One response to a prompt, found good or not. */
export interface TextRating {
  readonly kind: "rating";
  readonly prompt: Text;
  readonly completion: Text;
  readonly label: boolean;
}

export type PreferenceRecord = TextPreference | TextRating;

const FORMS =
  "expected prompt, chosen, rejected (or chosen and rejected that begin with the same prompt), or prompt, completion, label (true or false)";

/**
 * A record of a preference set. Its forms: `prompt, chosen, rejected`; the same without a prompt, which is then what the two begin
 * with in common (up to the last turn of a dialogue written as "\n\nHuman: ... \n\nAssistant: ..."); each of them as texts or as
 * turns `{role, content}`; `prompt, completion, label`; and `question, answer_matching_behavior, answer_not_matching_behavior`
 * of model-written evaluations; `margin` may stand beside chosen and rejected. Throws `FormatError` that begins with `where` on anything else.
 */
export function preferenceRecord(value: unknown, where: string): PreferenceRecord {
  if (!isObject(value)) throw new FormatError(`${where} is ${shown(value)}, ${FORMS}`);
  const has = (...names: string[]) => names.every((name) => name in value);
  const text = (name: string) => textOf(value[name], `${where}: ${name}`);
  if (has("completion", "label")) {
    if (!has("prompt")) throw new FormatError(`${where} has no prompt, ${FORMS}`);
    const { label } = value;
    if (typeof label !== "boolean") throw new FormatError(`${where}: label is ${shown(label)}, expected true or false`);
    return { kind: "rating", prompt: text("prompt"), completion: text("completion"), label };
  }
  if (has("question", "answer_matching_behavior", "answer_not_matching_behavior")) {
    const [chosen, rejected] = [text("answer_matching_behavior"), text("answer_not_matching_behavior")];
    return { kind: "preference", prompt: text("question"), chosen, rejected };
  }
  if (!has("chosen", "rejected")) {
    throw new FormatError(`${where} has the fields ${shown(Object.keys(value).join(", "))}, ${FORMS}`);
  }
  const [chosen, rejected] = [text("chosen"), text("rejected")];
  if (typeof chosen !== typeof rejected) {
    throw new FormatError(`${where}: one of chosen and rejected is a text, the other a list of turns; expected two of a kind`);
  }
  const margin = marginOf(value.margin, where);
  if (!has("prompt")) return { kind: "preference", ...parted(chosen, rejected), ...margin };
  return { kind: "preference", prompt: text("prompt"), chosen, rejected, ...margin };
}

function marginOf(value: unknown, where: string): { margin?: number } {
  if (value === undefined || value === null) return {};
  if (typeof value !== "number" || !Number.isFinite(value)) {
    throw new FormatError(`${where}: margin is ${shown(value)}, expected a number: by how much the chosen response is better`);
  }
  return { margin: value };
}

function textOf(value: unknown, where: string): Text {
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) throw new FormatError(`${where} is ${shown(value)}, expected a text or a list of turns`);
  return value.map((turn, i) => {
    if (!isObject(turn) || typeof turn.role !== "string" || typeof turn.content !== "string") {
      throw new FormatError(`${where}: turn ${i} is ${shown(turn)}, expected {"role": "...", "content": "..."}`);
    }
    return { role: turn.role, content: turn.content };
  });
}

const ANSWER = "\n\nAssistant:";

/** The prompt that two responses begin with, and what is left of each. */
function parted(chosen: Text, rejected: Text): { prompt: Text; chosen: Text; rejected: Text } {
  if (typeof chosen !== "string" || typeof rejected !== "string") {
    const [a, b] = [chosen as readonly Message[], rejected as readonly Message[]];
    let n = 0;
    while (n < Math.min(a.length, b.length) && a[n].role === b[n].role && a[n].content === b[n].content) n++;
    // The last turn is the answer, even where both are the same.
    n = Math.max(0, Math.min(n, a.length - 1, b.length - 1));
    return { prompt: a.slice(0, n), chosen: a.slice(n), rejected: b.slice(n) };
  }
  let n = 0;
  while (n < Math.min(chosen.length, rejected.length) && chosen[n] === rejected[n]) n++;
  const turn = chosen.slice(0, n).lastIndexOf(ANSWER);
  if (turn >= 0) n = turn + ANSWER.length;
  else n = wordStart(chosen, rejected, n);
  return { prompt: chosen.slice(0, n), chosen: chosen.slice(n), rejected: rejected.slice(n) };
}

/** Back to the space before the word in which two texts begin to differ. */
function wordStart(a: string, b: string, n: number): number {
  if (n === a.length && n === b.length) return 0; // the same text twice: all of it is the answer
  while (n > 0 && !/\s/.test(a[n - 1])) n--;
  return n > 0 ? n - 1 : 0;
}

/** A text on its own: turns are written one after the other with their roles. */
export function plainText(text: Text): string {
  return typeof text === "string" ? text : text.map(({ role, content }) => `${role}: ${content}`).join("\n");
}
