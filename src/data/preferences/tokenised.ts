import type { Preference, Rating } from "../../mdp/index.ts";
import { mapRows, type Rows } from "../rows.ts";
import { encodePair, type Message, type Tokenizer } from "../text/tokenizer.ts";
import { isBlank } from "./faults.ts";
import { plainText, type Text, type TextPreference, type TextRating } from "./record.ts";
import type { TextRecord } from "./text-record.ts";

/** Comparisons of texts as comparisons of token ids; each response ends with the tokenizer's end token. Read when they are asked for. */
export function tokenisedPreferences(
  tokenizer: Tokenizer,
  texts: readonly TextPreference[] | Rows<TextPreference>,
): Rows<Preference> {
  return mapRows(texts, ({ prompt, chosen, rejected, margin }) => {
    const w = idsOf(tokenizer, prompt, chosen);
    const l = idsOf(tokenizer, prompt, rejected);
    return { x: w.x, yw: { actions: w.y }, yl: { actions: l.y }, ...(margin === undefined ? {} : { margin }) };
  });
}

/** The same for ratings. */
export function tokenisedRatings(tokenizer: Tokenizer, texts: readonly TextRating[]): Rating[] {
  return texts.map(({ prompt, completion, label }) => {
    const { x, y } = idsOf(tokenizer, prompt, completion);
    return { x, y: { actions: y }, good: label };
  });
}

/**
 * Texts as x, y of which y is learned: a whole text is all response, a completion the part behind its prompt. Throws, with its
 * number, on one that is empty.
 */
export function tokenisedTexts(tokenizer: Tokenizer, records: Iterable<TextRecord>): { x: Int32Array; y: Int32Array }[] {
  return Array.from(records, (record, i) => {
    if (record.kind === "completion") {
      const pair = idsOf(tokenizer, record.prompt, record.completion);
      if (pair.y.length === 0) throw new RangeError(`record ${i + 1}: the completion is empty, expected a text; leave it out`);
      return pair;
    }
    const y = [...tokenizer.begin, ...tokenizer.encode(record.text), ...tokenizer.end.slice(0, 1)];
    return { x: new Int32Array(0), y: Int32Array.from(y) };
  });
}

/** A response of blanks alone is an empty one, without an end, so that it is found out. */
function idsOf(tokenizer: Tokenizer, prompt: Text, response: Text): { x: Int32Array; y: Int32Array } {
  const [before, answer] = written(tokenizer, prompt, response);
  const blank = isBlank(response);
  return encodePair(tokenizer, before, blank ? "" : answer, { end: !blank });
}

/** A prompt and a response as the texts that the model reads: turns by its chat template. */
function written(tokenizer: Tokenizer, prompt: Text, response: Text): [string, string] {
  if (typeof prompt === "string" && typeof response === "string") return [prompt, response];
  const turns: Message[] = typeof prompt === "string" ? [{ role: "user", content: prompt }] : [...prompt];
  const answer = typeof response === "string" ? response : response.map(({ content }) => content).join("\n");
  if (tokenizer.chat) return [tokenizer.chat(turns, { answer: true }), answer];
  return [`${plainText(turns)}\nassistant:`, ` ${answer}`];
}
