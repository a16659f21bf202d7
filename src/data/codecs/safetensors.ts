import { sha256 } from "@noble/hashes/sha2.js";
import { type DType, elements, fromBytes, type NumericArray, toBytes, width } from "./arrays.ts";
import { FormatError } from "./format-error.ts";
import { fromJson, fromUtf8, isObject, shown, utf8 } from "./text.ts";

const MOST_HEADER = 100_000_000;

/** The format's names of types. */
const CODES: Readonly<Record<string, DType>> = {
  F64: "float64",
  F32: "float32",
  F16: "float16",
  BF16: "bfloat16",
  I64: "int64",
  I32: "int32",
  I16: "int16",
  I8: "int8",
  U64: "uint64",
  U32: "uint32",
  U16: "uint16",
  U8: "uint8",
  BOOL: "bool",
};
const CODE_OF = new Map(Object.entries(CODES).map(([code, dtype]) => [dtype, code]));

/** Two keys of `__metadata__`, so that damage to the name of either does not pass for a file without a hash. */
const HASH = "apprentice.sha256";
const HASHED = "apprentice.hashed";

export interface Safetensors {
  readonly arrays: ReadonlyMap<string, NumericArray>;
  readonly metadata: ReadonlyMap<string, string>;
  /** `verified`: the content has the hash that stands in it. `absent`: a foreign file, which has none. */
  readonly hash: "verified" | "absent";
}

/**
 * The arrays of a safetensors file. Checked as the format's reference does: a header of at most 100 MB, a JSON object
 * without repeated keys; known types; offsets in range, in order, without holes or overlaps, up to the last byte; sizes
 * that match the shapes; `__metadata__` of strings. A content hash is verified where there is one. Throws `FormatError`.
 */
export function decodeSafetensors(bytes: Uint8Array): Safetensors {
  if (bytes.length < 8)
    throw new FormatError(`a safetensors file has at least 8 bytes, found ${bytes.length}; it is cut or empty`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stated = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (stated > MOST_HEADER)
    throw new FormatError(`the header has ${stated} bytes, at most ${MOST_HEADER} are read; this is no safetensors file`);
  if (stated > bytes.length - 8)
    throw new FormatError(`the file is cut: its header has ${stated} bytes, ${bytes.length - 8} follow`);
  if (bytes[8] !== 0x7b) throw new FormatError("the header does not begin with {; this is no safetensors file");
  const text = fromUtf8(bytes.subarray(8, 8 + stated), "the header");
  const header = fromJson(text, "the header");
  if (!isObject(header)) throw new FormatError("the header is not an object");
  refuseRepeatedKeys(text);
  const metadata = readMetadata(header);
  const infos = Object.keys(header)
    .filter((name) => name !== "__metadata__")
    .map((name) => readInfo(name, header[name]))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  const body = bytes.subarray(8 + stated);
  let at = 0;
  for (const { name, begin, end } of infos) {
    if (begin !== at)
      throw new FormatError(
        `${quoted(name)} begins at byte ${begin} of the data, expected ${at}: there is ${begin > at ? "a hole" : "an overlap"}`,
      );
    if (end > body.length)
      throw new FormatError(`${quoted(name)} ends at byte ${end} of the data, the file at ${body.length}; it is cut`);
    at = end;
  }
  if (at !== body.length) throw new FormatError(`the arrays end at byte ${at} of the data, the file at ${body.length}`);
  const arrays = new Map<string, NumericArray>();
  for (const { name, dtype, shape, begin, end } of infos) arrays.set(name, fromBytes(dtype, shape, body.subarray(begin, end)));
  const hash = verify(arrays, metadata);
  return { arrays, metadata, hash };
}

/**
 * Arrays and strings as a safetensors file, with a content hash in its metadata. The same content gives the same bytes. Throws
 * a RangeError on a name that the format or the hash keeps for itself, or a header that is too long to be read.
 */
export function encodeSafetensors(
  arrays: ReadonlyMap<string, NumericArray>,
  metadata: ReadonlyMap<string, string> = new Map(),
): Uint8Array {
  for (const key of [HASH, HASHED])
    if (metadata.has(key)) throw new RangeError(`the metadata key ${key} is kept for the content hash`);
  if (arrays.has("__metadata__")) throw new RangeError("no array can be named __metadata__; choose another name");
  // The widest first, as the reference does, so that every array begins at a multiple of its element's size.
  const placed = [...arrays].sort(([, a], [, b]) => width(b.dtype) - width(a.dtype));
  const entries: [string, unknown][] = [
    ["__metadata__", Object.fromEntries([[HASHED, "sha256"], [HASH, contentHash(arrays, metadata)], ...metadata])],
  ];
  let at = 0;
  for (const [name, array] of placed) {
    const end = at + array.data.byteLength;
    entries.push([name, { dtype: CODE_OF.get(array.dtype), shape: array.shape, data_offsets: [at, end] }]);
    at = end;
  }
  const json = utf8(JSON.stringify(Object.fromEntries(entries)));
  const length = Math.ceil(json.length / 8) * 8;
  if (length > MOST_HEADER) throw new RangeError(`the header would have ${length} bytes, at most ${MOST_HEADER} can be read`);
  const out = new Uint8Array(8 + length + at);
  new DataView(out.buffer).setUint32(0, length, true);
  out.fill(0x20, 8, 8 + length);
  out.set(json, 8);
  at = 8 + length;
  for (const [, array] of placed) {
    out.set(toBytes(array), at);
    at += array.data.byteLength;
  }
  return out;
}

/** SHA-256 of the content, whatever order and spacing a file gives it: metadata and shapes by name, then the numbers. */
function contentHash(arrays: ReadonlyMap<string, NumericArray>, metadata: ReadonlyMap<string, string>): string {
  const byName = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const strings = byName(metadata).filter(([key]) => key !== HASH && key !== HASHED);
  const shapes = byName(arrays).map(([name, { dtype, shape }]) => [name, dtype, shape]);
  const hash = sha256.create().update(utf8(JSON.stringify([strings, shapes])));
  for (const [, array] of byName(arrays)) hash.update(toBytes(array));
  return Array.from(hash.digest(), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function verify(arrays: ReadonlyMap<string, NumericArray>, metadata: ReadonlyMap<string, string>): "verified" | "absent" {
  if (!metadata.has(HASH) && !metadata.has(HASHED)) return "absent";
  if (metadata.get(HASHED) !== "sha256" || metadata.get(HASH) !== contentHash(arrays, metadata)) {
    throw new FormatError("the content does not have the hash it was written with: the file is damaged or was changed");
  }
  return "verified";
}

function readMetadata(header: Readonly<Record<string, unknown>>): Map<string, string> {
  if (!Object.hasOwn(header, "__metadata__")) return new Map();
  const found = header.__metadata__;
  if (!isObject(found)) throw new FormatError("__metadata__ is not an object of strings");
  for (const [key, value] of Object.entries(found)) {
    if (typeof value !== "string") throw new FormatError(`__metadata__ has ${shown(value)} at ${quoted(key)}, expected a string`);
  }
  return new Map(Object.entries(found) as [string, string][]);
}

function readInfo(name: string, info: unknown) {
  if (!isObject(info)) throw new FormatError(`${quoted(name)} is not described by an object`);
  const { dtype: code, shape, data_offsets: offsets } = info;
  const wholes = (list: unknown): list is number[] => Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  if (typeof code !== "string" || !Object.hasOwn(CODES, code)) {
    throw new FormatError(`${quoted(name)} has type ${shown(code)}, expected one of ${Object.keys(CODES).join(" ")}`);
  }
  const dtype = CODES[code];
  const count = wholes(shape) ? elements(shape) : undefined;
  if (!wholes(shape) || count === undefined)
    throw new FormatError(`${quoted(name)} has shape ${shown(shape)}, expected whole numbers`);
  if (!wholes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw new FormatError(`${quoted(name)} has offsets ${shown(offsets)}, expected [begin, end]`);
  }
  const [begin, end] = offsets;
  if (end - begin !== count * width(dtype)) {
    throw new FormatError(
      `${quoted(name)} ${code}[${shape.join(", ")}] takes ${count * width(dtype)} bytes, its offsets give ${end - begin}`,
    );
  }
  return { name, dtype, shape, begin, end };
}

/** `JSON.parse` keeps the last of repeated keys in silence; here the text, known to be JSON, is read for its keys alone. */
function refuseRepeatedKeys(text: string): void {
  const open: (Set<string> | null)[] = []; // the keys of the objects we are in; null for lists
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === "{") open.push(new Set());
    else if (c === "[") open.push(null);
    else if (c === "}" || c === "]") open.pop();
    else if (c === '"') {
      const start = at++;
      while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
      let next = at + 1;
      while (" \t\r\n".includes(text[next] ?? "x")) next++;
      if (text[next] !== ":") continue;
      const key = JSON.parse(text.slice(start, at + 1)) as string;
      if (open.at(-1)?.has(key)) throw new FormatError(`the header has the key ${quoted(key)} twice`);
      open.at(-1)?.add(key);
    }
  }
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}
