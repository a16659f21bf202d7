import { type PreferenceRecord, plainText, type Text } from "./record.ts";

/** Why a record can't teach anything, whatever the model: the response that says nothing, or that both are the same. */
export type RecordFault = "chosen" | "rejected" | "completion" | "same";

/** Whether a text has nothing but blanks: such a response is an empty one. */
export function isBlank(text: Text): boolean {
  return typeof text === "string" ? text.trim() === "" : text.every(({ content }) => content.trim() === "");
}

/** What is the matter with a record as it is written: an empty response (the first, if both are), or twice the same one. */
export function faultOf(record: PreferenceRecord): RecordFault | undefined {
  if (record.kind === "rating") return isBlank(record.completion) ? "completion" : undefined;
  if (isBlank(record.chosen)) return "chosen";
  if (isBlank(record.rejected)) return "rejected";
  return plainText(record.chosen) === plainText(record.rejected) ? "same" : undefined;
}
