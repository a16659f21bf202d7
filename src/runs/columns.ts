import { createHash, type Hash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { endianness } from "node:os";
import { join } from "node:path";
import type { GrowingColumn, Growth } from "../algorithms/growth.ts";
import { attempt, type Disk, disk, writeAll } from "./disk.ts";

/**
 * Columns of a state that only grow (a learner's data), one file each, to which a checkpoint adds what is new. A checkpoint
 * says how far each file goes for it; what stands behind that belongs to later ones, or to nobody.
 */
export interface Columns {
  /** Adds what is new, and waits until it is on the medium. Throws a `StorageError`, and on a column that got shorter. */
  save(growth: Growth): ColumnMarks;
  close(): void;
}

/** How far the columns go, by their paths: numbers of a type, and the hash of their bytes. */
export type ColumnMarks = Readonly<Record<string, ColumnMark>>;

export interface ColumnMark {
  readonly type: ColumnType;
  readonly bytes: number;
  readonly sha256: string;
}

/** How the numbers of a column are kept. */
export type ColumnType = keyof typeof types;

const types = {
  float64: Float64Array,
  float32: Float32Array,
  int32: Int32Array,
  uint32: Uint32Array,
  uint8: Uint8Array,
} as const;

export const COLUMNS = "columns";

interface Open {
  readonly file: string;
  readonly fd: number;
  readonly hash: Hash;
  bytes: number;
}

/** Opens the columns of a folder behind `from`, with the content that stands there: what is behind it is dropped. */
export function openColumns(folder: string, from: ColumnMarks = {}, growth: Growth = {}, d: Disk = disk): Columns {
  const place = join(folder, COLUMNS);
  const known = new Set(Object.keys(from).map(nameOf));
  if (existsSync(place)) {
    for (const name of readdirSync(place)) {
      if (!known.has(name)) attempt(join(place, name), () => d.remove(join(place, name)));
    }
  }
  const open = new Map<string, Open>();
  const begin = (path: string, hash: Hash, bytes: number): Open => {
    const file = join(place, nameOf(path));
    const fd = attempt(file, () => {
      if (!existsSync(place)) d.makeFolder(place);
      const isNew = !existsSync(file);
      const opened = d.open(file, isNew ? "w" : "r+");
      d.truncate(opened, bytes);
      d.close(opened);
      const appending = d.open(file, "a");
      if (isNew) {
        d.syncFolder(place);
        d.syncFolder(folder);
      }
      return appending;
    });
    const column = { file, fd, hash, bytes };
    open.set(path, column);
    return column;
  };
  for (const [path, { bytes }] of Object.entries(from)) {
    begin(path, createHash("sha256").update(littleEndian(growth[path])), bytes);
  }
  return {
    save(now) {
      const marks: Record<string, ColumnMark> = {};
      for (const [path, column] of Object.entries(now)) {
        const to = open.get(path) ?? begin(path, createHash("sha256"), 0);
        const more = column.byteLength - to.bytes;
        if (more < 0) {
          throw new RangeError(
            `the column ${path} got shorter, from ${to.bytes} to ${column.byteLength} bytes; it may only grow`,
          );
        }
        if (more > 0) {
          const part = littleEndian(column, to.bytes);
          attempt(to.file, () => {
            writeAll(d, to.fd, part);
            d.sync(to.fd);
          });
          to.hash.update(part);
          to.bytes = column.byteLength;
        }
        marks[path] = { type: typeOf(column), bytes: to.bytes, sha256: to.hash.copy().digest("hex") };
      }
      return marks;
    },
    close() {
      for (const { fd } of open.values()) d.close(fd);
      open.clear();
    },
  };
}

/** The columns up to their marks, or what is wrong with one of them. */
export function readColumns(folder: string, marks: ColumnMarks): Growth | string {
  const growth: Record<string, GrowingColumn> = {};
  for (const [path, mark] of Object.entries(marks)) {
    const name = join(COLUMNS, nameOf(path));
    const file = join(folder, name);
    if (!existsSync(file)) return `${name} is missing`;
    const found = statSync(file).size;
    if (found < mark.bytes) return `${name} has ${found} bytes, expected at least ${mark.bytes}`;
    const column = new types[mark.type](mark.bytes / types[mark.type].BYTES_PER_ELEMENT);
    if (read(file, new Uint8Array(column.buffer)) !== mark.sha256) return `${name} has another content than when it was saved`;
    if (endianness() === "BE") swapped(Buffer.from(column.buffer), column.BYTES_PER_ELEMENT);
    growth[path] = column;
  }
  return growth;
}

/** Whether a value is the marks of columns. */
export function areMarks(value: unknown): value is ColumnMarks {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).every((mark: Partial<ColumnMark> | null) => {
    const bytes = mark?.bytes;
    if (typeof mark?.sha256 !== "string" || !Object.hasOwn(types, mark.type ?? "") || !Number.isSafeInteger(bytes)) return false;
    return (bytes as number) >= 0 && (bytes as number) % types[mark.type as ColumnType].BYTES_PER_ELEMENT === 0;
  });
}

const AT_ONCE = 1 << 26;

/** Fills bytes from the beginning of a file, a part at a time; gives their hash. */
function read(file: string, into: Uint8Array): string {
  const hash = createHash("sha256");
  const fd = openSync(file, "r");
  try {
    for (let at = 0; at < into.length; ) {
      const n = readSync(fd, into, at, Math.min(AT_ONCE, into.length - at), at);
      if (n === 0) break;
      hash.update(into.subarray(at, at + n));
      at += n;
    }
  } finally {
    closeSync(fd);
  }
  return hash.digest("hex");
}

/** The bytes of a column from some byte on, as files hold them: a view where the machine is little-endian. */
function littleEndian(column: GrowingColumn, from = 0): Uint8Array {
  const bytes = new Uint8Array(column.buffer, column.byteOffset + from, column.byteLength - from);
  return endianness() === "LE" ? bytes : swapped(Buffer.from(bytes), column.BYTES_PER_ELEMENT);
}

function swapped(bytes: Buffer, width: number): Buffer {
  if (width === 4) bytes.swap32();
  if (width === 8) bytes.swap64();
  return bytes;
}

function typeOf(column: GrowingColumn): ColumnType {
  return (Object.keys(types) as ColumnType[]).find((type) => column instanceof types[type]) as ColumnType;
}

/** `data/actions` as the name of a file. */
function nameOf(path: string): string {
  return `${path.replaceAll("/", ".")}.bin`;
}
