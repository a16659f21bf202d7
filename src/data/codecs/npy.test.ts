import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../../test/data/data/arrays.json" with { type: "json" };
import { refusal } from "../../../test/refusal.ts";
import { type DType, fromBytes, type NumericArray, numbers, numericArray, width } from "./arrays.ts";
import { FormatError } from "./format-error.ts";
import { decodeNpy, encodeNpy } from "./npy.ts";
import { decodeNpz, encodeNpz } from "./npz.ts";
import { unzip, zip } from "./zip.ts";

fc.configureGlobal({ seed: 20 });

const bytesOf = (base64: string) => Uint8Array.from(Buffer.from(base64, "base64"));
const plain = (array: NumericArray) => Array.from(numbers(array) as ArrayLike<number>);

const DTYPES: DType[] = [
  "float64",
  "float32",
  "float16",
  "int64",
  "int32",
  "int16",
  "int8",
  "uint64",
  "uint32",
  "uint16",
  "uint8",
  "bool",
];

/** Arrays of any type and shape, from any bits. */
const anyArray = (dtypes: DType[]) =>
  fc.tuple(fc.constantFrom(...dtypes), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })).chain(([dtype, shape]) => {
    const length = shape.reduce((product, side) => product * side, 1) * width(dtype);
    return fc
      .uint8Array({ minLength: length, maxLength: length, ...(dtype === "bool" ? { max: 1 } : {}) })
      .map((bytes) => fromBytes(dtype, shape, bytes));
  });

const sameBits = (a: NumericArray, b: NumericArray) => {
  expect([a.dtype, a.shape]).toEqual([b.dtype, b.shape]);
  const bits = ({ data }: NumericArray) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex");
  expect(bits(a)).toBe(bits(b));
};

describe("an .npy file", () => {
  it.each(reference.npy)("written by NumPy is read: $name", ({ file, shape, values }) => {
    const array = decodeNpy(bytesOf(file));
    expect(array.shape).toEqual(shape);
    expect(plain(array)).toEqual(values);
  });

  it("is written bit for bit as NumPy writes it", () => {
    const written = reference.npy.filter(({ name }) => /^(<.. C|bool|scalar|empty|version 1)$/.test(name) && !/1 C/.test(name));
    expect(written.length).toBe(13);
    for (const { file } of written) expect(encodeNpy(decodeNpy(bytesOf(file)))).toEqual(bytesOf(file));
  });

  it("gives every bit back", () => {
    fc.assert(fc.property(anyArray(DTYPES), (array) => sameBits(decodeNpy(encodeNpy(array)), array)));
  });

  it("of objects is refused, and never opened", () => {
    expect(refusal(() => decodeNpy(bytesOf(reference.refused.object)))).toMatch(
      /^an array of Python objects: it holds a pickle, which is never opened/,
    );
  });

  it("of anything but numbers is refused", () => {
    expect(refusal(() => decodeNpy(bytesOf(reference.refused.fields)))).toContain("describes records with fields");
    expect(refusal(() => decodeNpy(bytesOf(reference.refused.complex)))).toContain("an array of type '<c16'");
    expect(refusal(() => decodeNpy(bytesOf(reference.refused.text)))).toContain("an array of type '<U4'");
    expect(refusal(() => decodeNpy(bytesOf(reference.refused.time)))).toContain("an array of type '<M8[D]'");
    expect(refusal(() => decodeNpy(new TextEncoder().encode("a,b\n1,2\n3,4\n")))).toContain("not those of an .npy file");
    expect(refusal(() => decodeNpy(encodeNpy(numericArray("bool", [2], Uint8Array.of(1, 2)))))).toContain(
      "boolean 1 is the byte 2",
    );
  });

  it("that says it is larger than it is is refused before anything is allocated", () => {
    const header = (shape: string) => {
      const file = encodeNpy(numericArray("float64", [2], Float64Array.of(1, 2)));
      const text = `{'descr': '<f8', 'fortran_order': False, 'shape': (${shape}), }`.padEnd(117);
      file.set(new TextEncoder().encode(`${text}\n`), 10);
      return file;
    };
    expect(plain(decodeNpy(header("2,")))).toEqual([1, 2]);
    for (const shape of ["3,", "1099511627776,", "9007199254740991, 9007199254740991", "0, 2"]) {
      expect(refusal(() => decodeNpy(header(shape)))).toContain("the file is cut or damaged");
    }
    for (const shape of ["-2,", "2.0,", "two", "2, 2", "'2'"]) expect(refusal(() => decodeNpy(header(shape)))).toBeTruthy();
  });

  it("cut anywhere is refused", () => {
    const file = encodeNpy(numericArray("int32", [3], Int32Array.of(1, 2, 3)));
    for (let end = 0; end < file.length; end++) refusal(() => decodeNpy(file.subarray(0, end)));
    refusal(() => decodeNpy(Uint8Array.of(...file, 0)));
  });

  it("whose 64-bit integers are too large for a number is refused when numbers are asked for", () => {
    const array = numericArray("int64", [2], BigInt64Array.of(1n, 2n ** 60n));
    expect(refusal(() => numbers(array))).toBe(`integer 1 is ${2n ** 60n}, expected one below 2^53`);
  });
});

describe("an .npz archive", () => {
  it.each(Object.entries(reference.npz))("written by numpy.%s is read", (_, file) => {
    const arrays = decodeNpz(bytesOf(file));
    expect([...arrays.keys()]).toEqual(["a", "b"]);
    expect(plain(arrays.get("a")!)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(arrays.get("a")!.shape).toEqual([2, 3]);
    expect(plain(arrays.get("b")!)).toEqual([1, 2, 3]);
  });

  const named = fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), anyArray(DTYPES), { maxKeys: 5 });

  it("gives every bit back, packed or not", () => {
    fc.assert(
      fc.property(named, fc.boolean(), (arrays, compress) => {
        const back = decodeNpz(encodeNpz(new Map(Object.entries(arrays)), { compress }));
        expect([...back.keys()]).toEqual(Object.keys(arrays));
        for (const [name, array] of back) sameBits(array, arrays[name]);
      }),
    );
  });

  it("with an object array is refused, and the array named", () => {
    expect(refusal(() => decodeNpz(bytesOf(reference.refused["npz with objects"])))).toMatch(
      /^infos: an array of Python objects/,
    );
    expect(refusal(() => decodeNpz(bytesOf(reference.refused["npz with text"])))).toContain(
      'holds "notes.txt", expected only .npy',
    );
  });

  const small = () =>
    encodeNpz(
      new Map([
        ["a", numericArray("float32", [40], new Float32Array(40).fill(1.5))],
        ["b", numericArray("uint8", [3], Uint8Array.of(7, 8, 9))],
      ]),
    );

  it("cut anywhere is refused", () => {
    const file = small();
    for (let end = 0; end < file.length; end++) refusal(() => decodeNpz(file.subarray(0, end)));
  });

  it("with any byte changed is refused, or still says the same", () => {
    const file = small();
    const content = decodeNpz(file);
    let refused = 0;
    for (let at = 0; at < file.length; at++) {
      for (const flip of [1, 0x10, 0x80, 0xff]) {
        const changed = file.slice();
        changed[at] ^= flip;
        let back: Map<string, NumericArray>;
        try {
          back = decodeNpz(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
          refused++;
          continue;
        }
        expect(back).toEqual(content); // dates, versions and permissions don't matter
      }
    }
    expect(refused).toBeGreaterThan(0.7 * 4 * file.length);
  });

  it("never unpacks more than it may", () => {
    const zeros = new Map([["zeros.npy", encodeNpy(numericArray("float64", [2 ** 20], new Float64Array(2 ** 20)))]]);
    const bomb = zip(zeros);
    expect(bomb.length).toBeLessThan(10_000);
    expect(refusal(() => decodeNpz(bomb, { limit: 1e6 }))).toContain("more than the 1000000 that are left");
    const lie = bomb.slice();
    const list = new DataView(lie.buffer).getUint32(lie.length - 6, true);
    new DataView(lie.buffer).setUint32(list + 24, 2 ** 31 - 1, true);
    expect(refusal(() => decodeNpz(lie))).toContain("cannot have 2147483647 bytes in");
  });

  it("keeps a copy of its own: not the memory of the file", () => {
    const file = Buffer.from(zip(new Map([["x", Uint8Array.of(1, 2, 3)]]), { compress: false }));
    const content = unzip(file).get("x");
    file.fill(0);
    expect(content).toEqual(Uint8Array.of(1, 2, 3));
  });

  it("is read or refused, whatever its bytes are", () => {
    const file = small();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 }), (changes) => {
        const changed = file.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        try {
          decodeNpz(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void refusal(() => decodeNpz(bytes))));
  });
});
