import { type DType, elements, fromBytes, type NumericArray, toBytes, width } from "./arrays.ts";
import { FormatError } from "./format-error.ts";
import { fromUtf8, utf8 } from "./text.ts";

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY
const MOST_HEADER = 65_536;

/** NumPy's type characters; `b1` is a boolean. */
const CODES: Readonly<Record<string, DType>> = {
  f8: "float64",
  f4: "float32",
  f2: "float16",
  i8: "int64",
  i4: "int32",
  i2: "int16",
  i1: "int8",
  u8: "uint64",
  u4: "uint32",
  u2: "uint16",
  u1: "uint8",
  b1: "bool",
};

/**
 * The array of an `.npy` file (NumPy's format, versions 1 to 3; either byte order; Fortran order is turned into C order).
 * Numbers and booleans only. Throws `FormatError` on anything else: an array of Python objects holds a pickle, which can
 * run code when it is read, and is never opened.
 */
export function decodeNpy(bytes: Uint8Array): NumericArray {
  if (bytes.length < 10 || MAGIC.some((byte, i) => bytes[i] !== byte)) {
    throw new FormatError(`the first bytes are not those of an .npy file (${bytes.length} bytes in all)`);
  }
  const version = bytes[6];
  if (version < 1 || version > 3 || bytes[7] !== 0) {
    throw new FormatError(`.npy version ${version}.${bytes[7]}, expected 1.0, 2.0 or 3.0`);
  }
  const start = version === 1 ? 10 : 12;
  const stated = bytes[8] + bytes[9] * 256 + (version === 1 ? 0 : (bytes[10] ?? 0) * 2 ** 16 + (bytes[11] ?? 0) * 2 ** 24);
  const end = start + stated;
  if (stated > MOST_HEADER) throw new FormatError(`the .npy header has ${stated} bytes, expected at most ${MOST_HEADER}`);
  if (end > bytes.length)
    throw new FormatError(`the .npy file is cut: its header ends at byte ${end}, the file at ${bytes.length}`);
  const { descr, fortran, shape } = parseHeader(fromUtf8(bytes.subarray(start, end), "the .npy header"));
  const dtype = parseDescr(descr);
  const expected = elements(shape);
  const found = bytes.length - end;
  if (expected === undefined || expected * width(dtype) !== found) {
    throw new FormatError(
      `an array ${descr} of shape (${shape.join(", ")}) takes ${(expected ?? Infinity) * width(dtype)} bytes, found ${found}; the file is cut or damaged`,
    );
  }
  const body = bytes.subarray(end);
  const array = fromBytes(dtype, shape, body, !descr.startsWith(">"));
  return fortran && shape.length > 1 ? rowMajor(array) : array;
}

/** An array as an `.npy` file, version 1.0, little-endian, C order. Throws for bfloat16, which NumPy doesn't have. */
export function encodeNpy(array: NumericArray): Uint8Array {
  const code = Object.keys(CODES).find((key) => CODES[key] === array.dtype);
  if (!code) throw new RangeError(`NumPy has no ${array.dtype}; write float32`);
  const order = width(array.dtype) === 1 ? "|" : "<";
  const shape = array.shape.length === 1 ? `${array.shape[0]},` : array.shape.join(", ");
  const text = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${shape}), }`;
  const total = Math.ceil((10 + text.length + 1) / 64) * 64; // NumPy aligns the numbers so
  const header = utf8(`${text.padEnd(total - 11)}\n`);
  const body = toBytes(array);
  const out = new Uint8Array(total + body.length);
  out.set([...MAGIC, 1, 0, header.length & 255, header.length >>> 8]);
  out.set(header, 10);
  out.set(body, total);
  return out;
}

/** Reads the header, a Python dictionary: `{'descr': '<f4', 'fortran_order': False, 'shape': (27021, 4), }`. */
function parseHeader(text: string): { descr: string; fortran: boolean; shape: number[] } {
  const refuse = (why: string) => new FormatError(`the .npy header ${why}: ${JSON.stringify(text.trim().slice(0, 80))}`);
  const inner = /^\{(.*)\}\s*$/s.exec(text.trimEnd())?.[1];
  if (inner === undefined) throw refuse("is not a dictionary");
  if (/'descr'\s*:\s*\[/.test(inner)) {
    throw refuse("describes records with fields, expected an array of numbers; save each field as its own array");
  }
  const fields = new Map<string, string>();
  const entry = /\s*'(\w+)'\s*:\s*('[^']*'|True|False|\([^()]*\))\s*(?:,|$)/y;
  while (entry.lastIndex < inner.trimEnd().length) {
    const found = entry.exec(inner);
    if (!found || fields.has(found[1])) throw refuse("cannot be read");
    fields.set(found[1], found[2]);
  }
  const descr = fields.get("descr");
  const fortran = fields.get("fortran_order");
  const shape = fields.get("shape");
  if (fields.size !== 3 || !descr?.startsWith("'") || !/^(True|False)$/.test(fortran ?? "") || !shape?.startsWith("(")) {
    throw refuse("does not have descr, fortran_order and shape");
  }
  const sides = shape
    .slice(1, -1)
    .split(",")
    .map((side) => side.trim());
  if (sides.at(-1) === "") sides.pop();
  if (sides.length > 32 || !sides.every((side) => /^\d{1,16}L?$/.test(side))) throw refuse("has no readable shape");
  return { descr: descr.slice(1, -1), fortran: fortran === "True", shape: sides.map((side) => Number.parseInt(side, 10)) };
}

function parseDescr(descr: string): DType {
  if (/^[|<>=]?O/.test(descr)) {
    throw new FormatError(
      "an array of Python objects: it holds a pickle, which is never opened; save it again as numbers, or leave it out (np.savez of the numeric arrays)",
    );
  }
  const dtype = Object.hasOwn(CODES, descr.slice(1)) ? CODES[descr.slice(1)] : undefined;
  const order = descr[0];
  // "=" (the writer's own order) and "|" (none) say nothing of more than one byte
  if (!dtype || !("<>".includes(order) || (order === "|" && width(dtype) === 1))) {
    throw new FormatError(`an array of type '${descr}', expected one of ${Object.keys(CODES).join(" ")} with < or >`);
  }
  return dtype;
}

/** The same array with its numbers in C order, from Fortran order. */
function rowMajor(array: NumericArray): NumericArray {
  const { shape } = array;
  const data = array.data.slice();
  const strides = shape.map((_, axis) => shape.slice(0, axis).reduce((product, side) => product * side, 1));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    data[to] = array.data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return { ...array, data } as NumericArray;
}
