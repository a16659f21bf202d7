import { FormatError } from "./format-error.ts";

/** The typed array that holds elements of each kind. Half precision stays as its 16 bits; booleans are bytes 0 and 1. */
const HOLDERS = {
  float64: Float64Array,
  float32: Float32Array,
  float16: Uint16Array,
  bfloat16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  int16: Int16Array,
  int8: Int8Array,
  uint64: BigUint64Array,
  uint32: Uint32Array,
  uint16: Uint16Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

export type DType = keyof typeof HOLDERS;

/** What holds the numbers of each type. */
export interface NumericArrays {
  float64: Float64Array;
  float32: Float32Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int16: Int16Array;
  int8: Int8Array;
  uint64: BigUint64Array;
  uint32: Uint32Array;
  uint16: Uint16Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}

/** An array of numbers with a shape, row-major, as files hold it. */
export type NumericArray = {
  [T in DType]: { readonly dtype: T; readonly shape: readonly number[]; readonly data: NumericArrays[T] };
}[DType];

const LITTLE = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Bytes of one element. */
export function width(dtype: DType): number {
  return HOLDERS[dtype].BYTES_PER_ELEMENT;
}

/** The number of elements of a shape, or `undefined` if it can't be counted. */
export function elements(shape: readonly number[]): number | undefined {
  let product = 1;
  for (const side of shape) {
    if (!(Number.isSafeInteger(side) && side >= 0)) return undefined;
    product *= side;
  }
  return Number.isSafeInteger(product) ? product : undefined;
}

/** An array over numbers that are there already. Throws if their number is not that of the shape. */
export function numericArray<T extends DType>(dtype: T, shape: readonly number[], data: NumericArrays[T]): NumericArray {
  if (elements(shape) !== data.length || !(data instanceof HOLDERS[dtype])) {
    throw new RangeError(
      `an array ${dtype}[${shape.join(", ")}] takes ${elements(shape)} numbers in a ${HOLDERS[dtype].name}, found ${data.length} in a ${data.constructor.name}`,
    );
  }
  return { dtype, shape, data } as NumericArray;
}

/** A copy of elements that stand in bytes. The bytes are as many as the shape asks for. Throws on a boolean other than 0 and 1. */
export function fromBytes(dtype: DType, shape: readonly number[], bytes: Uint8Array, littleEndian = true): NumericArray {
  const copy = new Uint8Array(bytes.length); // not slice(): a Node Buffer's slice shares its memory
  copy.set(bytes);
  if (littleEndian !== LITTLE) swap(copy, width(dtype));
  const data = new HOLDERS[dtype](copy.buffer);
  if (dtype === "bool") {
    const odd = copy.findIndex((byte) => byte > 1);
    if (odd >= 0) throw new FormatError(`boolean ${odd} is the byte ${copy[odd]}, expected 0 or 1`);
  }
  return { dtype, shape, data } as NumericArray;
}

/** The elements as little-endian bytes: a view of them where the machine is so, otherwise a copy. */
export function toBytes({ data, dtype }: NumericArray): Uint8Array {
  const view = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (LITTLE) return view;
  const copy = view.slice();
  swap(copy, width(dtype));
  return copy;
}

/** The elements as ordinary numbers. Throws where a 64-bit integer has no exact one. */
export function numbers(
  array: NumericArray,
): Float64Array | Float32Array | Int32Array | Int16Array | Int8Array | Uint32Array | Uint16Array | Uint8Array {
  switch (array.dtype) {
    case "int64":
    case "uint64":
      return wholeNumbers(array.data);
    case "float16":
      return halves(array.data);
    case "bfloat16":
      return upperHalves(array.data);
    default:
      return array.data;
  }
}

function wholeNumbers(integers: BigInt64Array | BigUint64Array): Float64Array {
  const out = new Float64Array(integers.length);
  for (let i = 0; i < out.length; i++) {
    out[i] = Number(integers[i]);
    if (!Number.isSafeInteger(out[i])) throw new FormatError(`integer ${i} is ${integers[i]}, expected one below 2^53`);
  }
  return out;
}

/** Weights of millions: a table of all 65,536 halves beats computing each. */
let table: Float32Array | undefined;

function halves(bits: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 65_536 }, (_, own) => fromHalf(own));
  const out = new Float32Array(bits.length);
  for (let i = 0; i < out.length; i++) out[i] = table[bits[i]];
  return out;
}

function upperHalves(bits: Uint16Array): Float32Array {
  const out = new Float32Array(bits.length);
  const words = new Uint32Array(out.buffer);
  for (let i = 0; i < words.length; i++) words[i] = bits[i] << 16;
  return out;
}

/** Single precision as it is, or rounded to half precision or to the upper half of its bits (ties to even), of a shape. */
export function realArray(dtype: "float32" | "float16" | "bfloat16", shape: readonly number[], data: Float32Array): NumericArray {
  if (dtype === "float32") return numericArray(dtype, shape, data);
  const bits = new Uint16Array(data.length);
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const round = dtype === "float16" ? toHalf : toUpperHalf;
  for (let i = 0; i < bits.length; i++) bits[i] = round(data[i], words[i]);
  return numericArray(dtype, shape, bits);
}

function toUpperHalf(value: number, word: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  return (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
}

function toHalf(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65_520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | even(size * 2 ** 24); // without an implied one; rounding up may reach the next range
  const exponent = Math.floor(Math.log2(size));
  const low = size < 2 ** exponent ? exponent - 1 : size >= 2 ** (exponent + 1) ? exponent + 1 : exponent;
  return sign | (((low + 15) << 10) + even((size / 2 ** low - 1) * 1024));
}

/** The nearest whole number, the even one of two. */
function even(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}

/** The number of 16 bits of IEEE 754 half precision: 1 sign, 5 exponent, 10 fraction. */
function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function swap(bytes: Uint8Array, width: number): void {
  for (let i = 0; i < bytes.length; i += width) bytes.subarray(i, i + width).reverse();
}
