import { FormatError } from "../codecs/format-error.ts";
import { fromUtf8, isObject, shown } from "../codecs/text.ts";
import { type Chunks, lines } from "./lines.ts";
import { preferenceRecord, type Text } from "./record.ts";

/** What an expert wrote: a text, or a response to a prompt. */
export type TextRecord =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "completion"; readonly prompt: Text; readonly completion: Text };

const FORMS =
  "expected text; prompt and completion; messages [{role, content}]; or a preference, of which the chosen response is taken";

/**
 * What there is to imitate in a record of JSON: `text`; `prompt, completion`; `messages`, whose every turn of the assistant is a
 * response to the turns before it; of preferences the chosen response, of ratings the good ones, or of both `all`, which is what a
 * vocabulary is made of: one without the words of rejected responses would tell them by what it doesn't know. Throws `FormatError`
 * that begins with `where` on anything else.
 */
export function textRecords(value: unknown, where: string, which: "good" | "all" = "good"): TextRecord[] {
  if (!isObject(value)) throw new FormatError(`${where} is ${shown(value)}, ${FORMS}`);
  if ("chosen" in value || "label" in value || "answer_matching_behavior" in value) {
    const record = preferenceRecord(value, where);
    const { prompt } = record;
    const written = (completion: Text): TextRecord => ({ kind: "completion", prompt, completion });
    if (record.kind === "rating") return record.label || which === "all" ? [written(record.completion)] : [];
    return [written(record.chosen), ...(which === "all" ? [written(record.rejected)] : [])];
  }
  if ("completion" in value) {
    // A rating with the label true says the same, and is checked the same way.
    const record = preferenceRecord({ prompt: "", ...value, label: true }, where);
    return record.kind === "rating" ? [{ kind: "completion", prompt: record.prompt, completion: record.completion }] : [];
  }
  if ("messages" in value) return turns(value.messages, where);
  if (!("text" in value)) throw new FormatError(`${where} has the fields ${shown(Object.keys(value).join(", "))}, ${FORMS}`);
  if (typeof value.text !== "string" || value.text.trim() === "")
    throw new FormatError(`${where}: text is ${shown(value.text)}, expected a text that is not empty`);
  return [{ kind: "text", text: value.text }];
}

function turns(messages: unknown, where: string): TextRecord[] {
  const record = preferenceRecord({ prompt: messages, completion: "", label: true }, `${where}: messages`);
  const all = record.prompt;
  if (typeof all === "string")
    throw new FormatError(`${where}: messages is ${shown(messages)}, expected a list of turns {"role": "...", "content": "..."}`);
  const found = all.flatMap((turn, i): TextRecord[] =>
    turn.role === "assistant" && i > 0 ? [{ kind: "completion", prompt: all.slice(0, i), completion: turn.content }] : [],
  );
  if (found.length === 0)
    throw new FormatError(`${where}: messages has no turn of the assistant behind another one; nothing to learn`);
  return found;
}

/** The texts of a plain file: its paragraphs, which blank lines part, one after the other. Throws `FormatError` that names a line that is not UTF-8. */
export async function* textParagraphs(chunks: Chunks): AsyncGenerator<TextRecord> {
  let kept: string[] = [];
  for await (const { bytes, number } of lines(chunks)) {
    const line = fromUtf8(bytes, `line ${number}`).replace(/\r$/, "");
    if (line.trim() !== "") {
      kept.push(line);
      continue;
    }
    if (kept.length > 0) yield { kind: "text", text: kept.join("\n") };
    kept = [];
  }
  if (kept.length > 0) yield { kind: "text", text: kept.join("\n") };
}
