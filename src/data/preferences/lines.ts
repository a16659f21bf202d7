import { Gunzip } from "fflate";
import { FormatError } from "../codecs/format-error.ts";
import { fromJson, fromUtf8 } from "../codecs/text.ts";
import { beginsArray, elements, LONGEST } from "./array.ts";
import { type PreferenceRecord, preferenceRecord } from "./record.ts";

/** Bytes as they come, from a file or over the network. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** A record from its JSON value; `where` names the line or row in errors. */
export type ReadRecord<T> = (value: unknown, where: string) => T;

/**
 * The records of JSON Lines, or of one array of JSON, one after the other; at no time more than a record is kept. Throws
 * `FormatError` that names the line, or the record of the array.
 */
export async function* recordLines<T>(chunks: Chunks, read: ReadRecord<T>): AsyncGenerator<T> {
  const { array, all } = await beginsArray(chunks);
  const name = array ? "record" : "line";
  for await (const { bytes, number } of array ? elements(all) : lines(all)) {
    const where = `${name} ${number}`;
    const text = fromUtf8(bytes, where).trim();
    if (text !== "" || array) yield read(fromJson(text, where), where);
  }
}

/** The same of a preference set. */
export function preferenceLines(chunks: Chunks): AsyncGenerator<PreferenceRecord> {
  return recordLines(chunks, preferenceRecord);
}

/**
 * The lines of a stream with their numbers (from 1) and where they begin. Throws a `FormatError` on a line that is longer than
 * any record.
 */
export async function* lines(chunks: Chunks): AsyncGenerator<{ bytes: Uint8Array; number: number; start: number }> {
  let kept: Uint8Array[] = [];
  let [length, number, at, start] = [0, 1, 0, 0];
  const whole = () => {
    if (kept.length === 1) return kept[0];
    const out = new Uint8Array(length);
    let to = 0;
    for (const part of kept) {
      out.set(part, to);
      to += part.length;
    }
    return out;
  };
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(10, from);
      const part = chunk.subarray(from, newline < 0 ? chunk.length : newline);
      kept.push(part);
      length += part.length;
      if (length > LONGEST)
        throw new FormatError(`line ${number} is longer than ${LONGEST} bytes, expected JSON Lines, a record a line`);
      from += part.length;
      at += part.length;
      if (newline < 0) continue;
      yield { bytes: whole(), number, start };
      from += 1;
      at += 1;
      [kept, length, start] = [[], 0, at];
      number += 1;
    }
    kept = kept.map((part) => part.slice()); // the caller may use its buffer again
  }
  if (length > 0) yield { bytes: whole(), number, start };
}

/** What a gzip stream holds, piece by piece. Throws `FormatError` where it is damaged or cut. */
export async function* gunzipped(chunks: Chunks): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  let ended = false;
  const stream = new Gunzip((piece, final) => {
    ready.push(piece);
    ended ||= final;
  });
  const push = (chunk: Uint8Array, final: boolean) => {
    try {
      stream.push(chunk, final);
    } catch (error) {
      throw new FormatError(`the gzip data are damaged or cut (${(error as Error).message})`);
    }
    const pieces = ready;
    ready = [];
    return pieces;
  };
  let last: Uint8Array | undefined;
  for await (const chunk of chunks) {
    if (last) yield* push(last, false);
    last = chunk.slice();
  }
  if (last) yield* push(last, true);
  if (!ended) throw new FormatError("the gzip data are cut: they have no end");
}
