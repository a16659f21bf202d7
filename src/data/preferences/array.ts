import { FormatError } from "../codecs/format-error.ts";
import type { Chunks } from "./lines.ts";

/** A record of more bytes than this is none, but a file of another kind. */
export const LONGEST = 1 << 26;

// Bytes of UTF-8, by what they mean in JSON.
const BLANKS = new Set([9, 10, 13, 32]);
const [QUOTE, COMMA, ARRAY, BACKSLASH, ARRAY_END, OBJECT, OBJECT_END] = [0x22, 0x2c, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d];

/** Whether a file begins as an array of JSON does, and the same pieces from the first on. */
export async function beginsArray(chunks: Chunks): Promise<{ array: boolean; all: AsyncGenerator<Uint8Array> }> {
  const source = (async function* () {
    yield* chunks;
  })();
  const read: Uint8Array[] = [];
  let array = false;
  for (let next = await source.next(); !next.done; next = await source.next()) {
    read.push(next.value.slice()); // the caller may use its buffer again
    const first = next.value.find((byte) => !BLANKS.has(byte) && !MARK.has(byte));
    if (first === undefined) continue;
    array = first === ARRAY;
    break;
  }
  const all = (async function* () {
    yield* read;
    yield* source;
  })();
  return { array, all };
}

/** The mark that some programs on Windows begin a file with. */
const MARK = new Set([0xef, 0xbb, 0xbf]);

/**
 * The elements of an array of JSON, as they stand, with their numbers from 1; no more than one of them is kept. Throws `FormatError` on an
 * array without an end, on text behind it, and on an element that is longer than any record.
 */
export async function* elements(chunks: Chunks): AsyncGenerator<{ bytes: Uint8Array; number: number }> {
  let place: "before" | "inside" | "behind" = "before";
  let [depth, quoted, escaped] = [0, false, false];
  let [number, length] = [1, 0];
  let kept: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i];
      if (place === "behind") {
        if (!BLANKS.has(byte)) throw new FormatError("there is text behind the end of the array, expected one array of records");
      } else if (place === "before") {
        if (byte === ARRAY) [place, from] = ["inside", i + 1];
      } else if (quoted) {
        if (escaped) escaped = false;
        else if (byte === BACKSLASH) escaped = true;
        else if (byte === QUOTE) quoted = false;
      } else if (byte === QUOTE) {
        quoted = true;
      } else if (byte === ARRAY || byte === OBJECT) {
        depth += 1;
      } else if (depth > 0) {
        if (byte === ARRAY_END || byte === OBJECT_END) depth -= 1;
      } else if (byte === COMMA || byte === ARRAY_END) {
        const bytes = joined([...kept, chunk.subarray(from, i)]);
        const empty = number === 1 && byte === ARRAY_END && bytes.every((own) => BLANKS.has(own));
        if (!empty) yield { bytes, number };
        [kept, length, from] = [[], 0, i + 1];
        number += 1;
        if (byte === ARRAY_END) place = "behind";
      }
    }
    if (place !== "inside") continue;
    kept.push(chunk.slice(from));
    length += chunk.length - from;
    if (length > LONGEST) throw new FormatError(`record ${number} is longer than ${LONGEST} bytes, expected an array of records`);
  }
  if (place !== "behind") throw new FormatError(`the array has no end behind ${number - 1} records; the file is cut`);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
