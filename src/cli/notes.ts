import { say } from "./terminal.ts";

/** A note without its numbers: what says the same again, of another round. */
const kindOf = (note: string) => note.replaceAll(/[\d.,]+/g, "");

/** What a record notes or warns of. */
function notesOf(record: object): string[] {
  const { note, warning } = record as { readonly note?: unknown; readonly warning?: unknown };
  return [note, warning].filter((text) => typeof text === "string");
}

/** Says what the records of a run note and warn of as they come: each once, though its numbers change. */
export function tellingNotes(): (record: object) => void {
  const told = new Set<string>();
  return (record) => {
    for (const note of notesOf(record)) {
      if (!told.has(kindOf(note))) say(`note: ${note}`);
      told.add(kindOf(note));
    }
  };
}

/** What the records of a run note and warn of, each once, with its last numbers. */
export function notesIn(records: readonly object[]): string[] {
  const last = new Map<string, string>();
  for (const note of records.flatMap(notesOf)) last.set(kindOf(note), note);
  return [...last.values()];
}
