import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { parquetWriteBuffer } from "hyparquet-writer";
import { FormatError } from "../codecs/format-error.ts";
import type { ReadRecord } from "./lines.ts";
import { checkFooter, checkGroup } from "./parquet-limits.ts";
import { type PreferenceRecord, preferenceRecord } from "./record.ts";

/** A file of which parts can be read: `slice(start, end)` gives those bytes. */
export interface RangedFile {
  readonly byteLength: number;
  slice(start: number, end?: number): ArrayBuffer | Promise<ArrayBuffer>;
}

/** The preferences of a Parquet file, a group of rows at a time. Throws `FormatError`, naming the row, on what is damaged or no record. */
export function preferenceRows(file: RangedFile): AsyncGenerator<PreferenceRecord> {
  return recordRows(file, preferenceRecord);
}

/** The same for records of any kind. Throws a `FormatError` if rows are missing. */
export async function* recordRows<T>(file: RangedFile, read: ReadRecord<T>): AsyncGenerator<T> {
  const metadata = await guarded(async () => {
    await checkFooter(file);
    return parquetMetadataAsync(file as AsyncBuffer);
  });
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await guarded(async () => {
      await checkGroup(file, group);
      return parquetReadObjects({ file: file as AsyncBuffer, metadata, rowStart, rowEnd, compressors });
    });
    if (rows.length !== rowEnd - rowStart) {
      throw new FormatError(`rows ${rowStart} to ${rowEnd - 1}: found ${rows.length} of them; the file is damaged`);
    }
    for (const [k, row] of rows.entries()) yield read(present(row), `row ${rowStart + k}`);
    rowStart = rowEnd;
  }
}

/** Columns that are empty in a row are no fields of it. */
function present(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null && value !== undefined));
}

async function guarded<T extends FileMetaData | Record<string, unknown>[]>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new FormatError(`the file can't be read as Parquet (${(error as Error).message}); write it again, or as JSON Lines`);
  }
}

/** Records of one kind as a Parquet file, texts as they are and turns as JSON. Throws on records of two kinds. */
export function encodePreferenceParquet(records: readonly PreferenceRecord[]): Uint8Array {
  const kind = records[0]?.kind;
  if (!kind) throw new RangeError("there are no records to write; expected at least one");
  const names =
    kind === "preference" ? (["prompt", "chosen", "rejected"] as const) : (["prompt", "completion", "label"] as const);
  const columnData = names.map((name) => ({
    name,
    data: records.map((record, i) => {
      if (record.kind !== kind) throw new RangeError(`record ${i} is a ${record.kind}, expected a ${kind} as the first is`);
      return (record as unknown as Record<string, unknown>)[name];
    }),
    ...(name === "label" ? { type: "BOOLEAN" as const } : columnType(records, name)),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

function columnType(records: readonly PreferenceRecord[], name: string): { type: "STRING" | "JSON" } {
  const turns = records.some((record) => typeof (record as unknown as Record<string, unknown>)[name] !== "string");
  return { type: turns ? "JSON" : "STRING" };
}
