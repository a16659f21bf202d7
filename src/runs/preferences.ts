import { closeSync, createReadStream, fstatSync, openSync, readSync } from "node:fs";
import {
  FormatError,
  gunzipped,
  lines,
  type PreferenceRecord,
  preferenceRecord,
  type ReadRecord,
  type Rows,
  recordLines,
  recordRows,
  type TextRecord,
  textParagraphs,
  textRecords,
} from "../data/index.ts";
import { PREFERENCE_ENDINGS, TEXT_ENDINGS } from "./endings.ts";

/**
 * The records of a preference file, one after the other: JSON Lines or an array of JSON, the same under gzip, or Parquet, by the
 * name's ending. Memory is that of a record, or of a group of rows. Throws `FormatError` that names the file, the line or row, and what was expected.
 */
export function streamPreferences(file: string): AsyncGenerator<PreferenceRecord> {
  return streamed(file, PREFERENCE_ENDINGS, preferenceRecord);
}

/**
 * What an expert wrote, from a file of records or of plain text, read and refused as `streamPreferences` does; of preferences and
 * ratings the good responses, or `all`.
 */
export async function* streamTexts(file: string, which: "good" | "all" = "good"): AsyncGenerator<TextRecord> {
  if (!/\.txt(\.gz)?$/i.test(file)) {
    const read: ReadRecord<TextRecord[]> = (value, where) => textRecords(value, where, which);
    for await (const found of streamed(file, TEXT_ENDINGS, read)) yield* found;
    return;
  }
  yield* naming(file, () => textParagraphs(chunksOf(file)));
}

const chunksOf = (file: string) =>
  file.toLowerCase().endsWith(".gz") ? gunzipped(createReadStream(file)) : createReadStream(file);

function streamed<T>(file: string, endings: readonly string[], read: ReadRecord<T>): AsyncGenerator<T> {
  return naming(file, () => {
    const name = file.toLowerCase();
    if (!endings.some((ending) => name.endsWith(ending))) {
      throw new FormatError(`the format is not known by its name; expected a name that ends in ${endings.join(", ")}`);
    }
    return name.endsWith(".parquet") ? parquet(file, read) : recordLines(chunksOf(file), read);
  });
}

/** What a file holds; where that is refused, the file is named. */
async function* naming<T>(file: string, read: () => AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* read();
  } catch (error) {
    throw error instanceof FormatError ? new FormatError(`${file}: ${error.message}`) : error;
  }
}

async function* parquet<T>(file: string, read: ReadRecord<T>): AsyncGenerator<T> {
  const fd = openSync(file, "r");
  try {
    const byteLength = fstatSync(fd).size;
    const ranged = {
      byteLength,
      slice(start: number, end = byteLength) {
        const bytes = new Uint8Array(Math.max(0, Math.min(end, byteLength) - start));
        fill(fd, bytes, start);
        return bytes.buffer;
      },
    };
    yield* recordRows(ranged, read);
  } finally {
    closeSync(fd);
  }
}

/** All records of a preference file, in memory. */
export async function readPreferences(file: string): Promise<PreferenceRecord[]> {
  const records: PreferenceRecord[] = [];
  for await (const record of streamPreferences(file)) records.push(record);
  return records;
}

/** Records of a file that stays open until `close`. */
export interface RecordFile<T> extends Rows<T> {
  close(): void;
}
export type PreferenceFile = RecordFile<PreferenceRecord>;

/**
 * A file of JSON Lines that may be larger than memory: goes through it once to check every record and to learn where it stands (8
 * bytes each), and then reads those that are asked for. Throws as `streamPreferences` does.
 */
export function openPreferences(file: string): Promise<PreferenceFile> {
  return openRecords(file, preferenceRecord);
}

/** The same of a file of texts: what there is to imitate in each line. */
export function openTexts(file: string): Promise<RecordFile<readonly TextRecord[]>> {
  return openRecords(file, (value, where) => textRecords(value, where));
}

async function openRecords<T>(file: string, read: ReadRecord<T>): Promise<RecordFile<T>> {
  if (!file.toLowerCase().endsWith(".jsonl")) {
    throw new FormatError(`${file}: only JSON Lines can be read here and there, expected a name that ends in .jsonl; unpack it`);
  }
  const places: { starts: number[]; lengths: number[]; numbers: number[] } = { starts: [], lengths: [], numbers: [] };
  const parse = (bytes: Uint8Array, number: number) => {
    try {
      return read(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)), `line ${number}`);
    } catch (error) {
      const { message } = error as Error;
      const what =
        error instanceof FormatError
          ? message
          : `line ${number} is not ${error instanceof SyntaxError ? "JSON" : "UTF-8 text"}: ${message}`;
      throw new FormatError(`${file}: ${what}`);
    }
  };
  for await (const { bytes, number, start } of lines(createReadStream(file))) {
    if (bytes.every((byte) => byte === 32 || byte === 9 || byte === 13)) continue;
    parse(bytes, number);
    places.starts.push(start);
    places.lengths.push(bytes.length);
    places.numbers.push(number);
  }
  const [starts, sizes, numbers] = [
    Float64Array.from(places.starts),
    Uint32Array.from(places.lengths),
    Uint32Array.from(places.numbers),
  ];
  const fd = openSync(file, "r");
  return {
    length: starts.length,
    get: (rows) =>
      Array.from(rows, (i) => {
        const bytes = new Uint8Array(sizes[i]);
        fill(fd, bytes, starts[i]);
        return parse(bytes, numbers[i]);
      }),
    close: () => closeSync(fd),
  };
}

function fill(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    const n = readSync(fd, bytes, at, bytes.length - at, position + at);
    if (n === 0) throw new FormatError("the file ends before its end: it was changed while it was read");
    at += n;
  }
}
