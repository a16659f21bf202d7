import { deflateSync, inflateSync } from "fflate";
import { FormatError } from "./format-error.ts";
import { fromUtf8, utf8 } from "./text.ts";

/** No more than this many bytes are unpacked from a file unless a caller asks for more. */
export const MOST_UNPACKED = 2 ** 31;

/** No deflated byte gives more than 1032: a length code of 258 bytes in two bits. */
const MOST_RATIO = 1032;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const ZIP64 = 0xffffffff;

/**
 * The files of a zip archive, by name (stored or deflated). Every file is checked against its CRC-32. What is unpacked is
 * bounded, both by `limit` and by what deflate can hold in so many bytes, before anything is allocated. Throws
 * `FormatError` on anything cut, damaged, encrypted, split or too large.
 */
export function unzip(bytes: Uint8Array, limit = MOST_UNPACKED): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  const size = view.getUint32(end + 12, true);
  const start = view.getUint32(end + 16, true);
  if (view.getUint32(end + 4, true) !== 0 || view.getUint16(end + 8, true) !== count) {
    throw new FormatError("the archive is one part of several, expected a whole one");
  }
  if (start + size !== end) {
    throw new FormatError(`the archive's list of files stands at ${start} .. ${start + size}, expected it to end at ${end}`);
  }
  const files = new Map<string, Uint8Array>();
  let left = limit;
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== CENTRAL)
      throw new FormatError(`file ${i} of the archive has no entry in its list`);
    const entry = readEntry(view, bytes, at, end);
    if (files.has(entry.name)) throw new FormatError(`the archive has two files named ${JSON.stringify(entry.name)}`);
    if (entry.size > left) {
      throw new FormatError(
        `${entry.name} would unpack to ${entry.size} bytes, more than the ${left} that are left of ${limit}; raise the limit if you trust the file`,
      );
    }
    left -= entry.size;
    files.set(entry.name, unpack(view, bytes, entry, start));
    at = entry.next;
  }
  if (at !== end) throw new FormatError(`the archive's list of files ends at byte ${at}, expected ${end}`);
  return files;
}

/**
 * A zip archive of files, deflated where that saves something. The same files give the same bytes. Throws a RangeError on 4 GiB
 * or more.
 */
export function zip(files: ReadonlyMap<string, Uint8Array>, options: { compress?: boolean } = {}): Uint8Array {
  const { compress = true } = options;
  const parts: Uint8Array[] = [];
  const list: Uint8Array[] = [];
  let offset = 0;
  for (const [name, content] of files) {
    const deflated = compress ? deflateSync(content) : content;
    const method = deflated.length < content.length ? 8 : 0;
    const body = method === 8 ? deflated : content;
    if (offset + body.length >= ZIP64)
      throw new RangeError("an archive of 4 GiB or more takes zip64, which is not written; use .safetensors");
    const path = utf8(name);
    // version 2.0, UTF-8 names, method, time and date of 1980-01-01, CRC-32, sizes, lengths of name and of no extra field
    const shared: [number, number][] = [
      [2, 20],
      [2, 0x800],
      [2, method],
      [2, 0],
      [2, 0x21],
      [4, crc32(content)],
      [4, body.length],
      [4, content.length],
      [2, path.length],
      [2, 0],
    ];
    list.push(record([[4, CENTRAL], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), path);
    const local = record([[4, LOCAL], ...shared]);
    parts.push(local, path, body);
    offset += local.length + path.length + body.length;
  }
  const listed = list.reduce((sum, part) => sum + part.length, 0);
  const end = record([
    [4, END],
    [2, 0],
    [2, 0],
    [2, files.size],
    [2, files.size],
    [4, listed],
    [4, offset],
    [2, 0],
  ]);
  const out = new Uint8Array(offset + listed + end.length);
  let at = 0;
  for (const part of [...parts, ...list, end]) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly offset: number;
  readonly next: number;
}

/** The end record is the last 22 bytes, or further ahead if a comment follows it. */
function findEnd(view: DataView): number {
  const last = view.byteLength - 22;
  for (let at = last; at >= Math.max(0, last - 65_535); at--) {
    if (view.getUint32(at, true) === END && view.getUint16(at + 20, true) === last - at) return at;
  }
  throw new FormatError(
    `this is not a whole zip archive: ${view.byteLength} bytes without its closing record; the file is cut, or is another format`,
  );
}

function readEntry(view: DataView, bytes: Uint8Array, at: number, end: number): Entry {
  const nameLength = view.getUint16(at + 28, true);
  const next = at + 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  if (next > end) throw new FormatError("the archive's list of files is cut");
  const name = fromUtf8(bytes.subarray(at + 46, at + 46 + nameLength), "a name in the archive");
  const entry = {
    name,
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    packed: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    offset: view.getUint32(at + 42, true),
    next,
  };
  if (view.getUint16(at + 8, true) & 1) throw new FormatError(`${name} is encrypted`);
  if (entry.packed === ZIP64 || entry.size === ZIP64 || entry.offset === ZIP64) {
    throw new FormatError(`${name} is 4 GiB or more (zip64), which is not read; convert it to .safetensors`);
  }
  if (entry.method !== 0 && entry.method !== 8)
    throw new FormatError(`${name} is packed by method ${entry.method}, expected stored or deflated`);
  if (entry.method === 0 ? entry.packed !== entry.size : entry.size > entry.packed * MOST_RATIO) {
    throw new FormatError(`${name} cannot have ${entry.size} bytes in ${entry.packed} packed ones; the archive is damaged`);
  }
  return entry;
}

function unpack(view: DataView, bytes: Uint8Array, entry: Entry, listStart: number): Uint8Array {
  const { name, offset, packed, size } = entry;
  if (offset + 30 > listStart || view.getUint32(offset, true) !== LOCAL)
    throw new FormatError(`${name} does not begin where the archive says`);
  const nameLength = view.getUint16(offset + 26, true);
  const start = offset + 30 + nameLength + view.getUint16(offset + 28, true);
  if (start + packed > listStart) throw new FormatError(`${name} runs into the archive's list of files`);
  const localName = fromUtf8(bytes.subarray(offset + 30, offset + 30 + nameLength), "a name in the archive");
  if (localName !== name || view.getUint16(offset + 8, true) !== entry.method) {
    throw new FormatError(`${name} is ${JSON.stringify(localName)} where it begins; the archive is damaged`);
  }
  const body = bytes.subarray(start, start + packed);
  let content: Uint8Array;
  try {
    content = entry.method === 0 ? Uint8Array.from(body) : inflateSync(body, { out: new Uint8Array(size) });
  } catch {
    throw new FormatError(`${name} cannot be unpacked; the archive is damaged`);
  }
  if (content.length !== size || crc32(content) !== entry.crc) {
    throw new FormatError(`${name} does not have the checksum it was written with; the archive is damaged`);
  }
  return content;
}

/** Little-endian fields, each given as [bytes, value]. */
function record(fields: readonly (readonly [number, number])[]): Uint8Array {
  return Uint8Array.from(fields.flatMap(([width, value]) => Array.from({ length: width }, (_, i) => (value >>> (8 * i)) & 255)));
}

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 of ISO 3309, as zip uses it. */
export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) c = CRC[(c ^ bytes[i]) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}
