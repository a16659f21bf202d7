import fc from "fast-check";
import { describe, expect, it } from "vitest";
import reference from "../../../test/data/data/arrays.json" with { type: "json" };
import { refusal } from "../../../test/refusal.ts";
import type { Plain } from "../../mdp/env.ts";
import { type DType, fromBytes, type NumericArray, numbers, numericArray, width } from "./arrays.ts";
import { FormatError } from "./format-error.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import { decodeTree, encodeTree, type PlainTree } from "./tree.ts";

fc.configureGlobal({ seed: 20 });

const TYPES: DType[] = [
  "float64",
  "float32",
  "float16",
  "bfloat16",
  "int64",
  "int32",
  "int16",
  "int8",
  "uint8",
  "uint32",
  "bool",
];

const anyArray = fc
  .tuple(fc.constantFrom(...TYPES), fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const length = shape.reduce((product, side) => product * side, 1) * width(dtype);
    return fc
      .uint8Array({ minLength: length, maxLength: length, ...(dtype === "bool" ? { max: 1 } : {}) })
      .map((bytes) => fromBytes(dtype, shape, bytes));
  });

const bits = ({ data }: NumericArray) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex");

/** A file with the given header text, and so many bytes of data. */
function file(header: string, data = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

describe("a safetensors file", () => {
  it("of the reference library is read, and known to have no hash", () => {
    const { arrays, metadata, hash } = decodeSafetensors(Uint8Array.from(Buffer.from(reference.safetensors.file, "base64")));
    expect(hash).toBe("absent");
    expect(Object.fromEntries(metadata)).toEqual({ "made by": "safetensors" });
    expect(arrays.size).toBe(Object.keys(reference.safetensors.arrays).length);
    for (const [name, { shape, values }] of Object.entries(reference.safetensors.arrays)) {
      const array = arrays.get(name)!;
      expect(array.shape).toEqual(shape);
      expect(Array.from(numbers(array) as ArrayLike<number>)).toEqual(values);
    }
  });

  it("gives every bit back, and says that the hash was right", () => {
    const named = fc.dictionary(fc.string({ maxLength: 8 }), anyArray, { maxKeys: 6 });
    const strings = fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ unit: "binary", maxLength: 8 }), { maxKeys: 4 });
    fc.assert(
      fc.property(named, strings, (arrays, metadata) => {
        fc.pre(!Object.hasOwn(arrays, "__metadata__"));
        const back = decodeSafetensors(encodeSafetensors(new Map(Object.entries(arrays)), new Map(Object.entries(metadata))));
        expect(back.hash).toBe("verified");
        expect([...back.arrays.keys()].sort()).toEqual(Object.keys(arrays).sort());
        for (const [name, array] of back.arrays) {
          expect([array.dtype, array.shape, bits(array)]).toEqual([arrays[name].dtype, arrays[name].shape, bits(arrays[name])]);
        }
        for (const [key, text] of Object.entries(metadata)) expect(back.metadata.get(key)).toBe(text);
      }),
    );
  });

  it("begins every array at a multiple of its element's size", () => {
    const arrays = new Map([
      ["bytes", numericArray("uint8", [3], Uint8Array.of(1, 2, 3))],
      ["reals", numericArray("float64", [1], Float64Array.of(1))],
      ["halves", numericArray("float16", [1], Uint16Array.of(1))],
    ]);
    const bytes = encodeSafetensors(arrays);
    const length = new DataView(bytes.buffer).getUint32(0, true);
    expect((8 + length) % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    for (const [name, array] of arrays) expect(header[name].data_offsets[0] % width(array.dtype)).toBe(0);
  });

  it("is refused where the format's reference refuses it", () => {
    const tensor = (dtype: string, shape: string, begin: number, end: number) =>
      `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
    const why = (header: string, data = 0) => refusal(() => decodeSafetensors(file(header, data)));
    expect(decodeSafetensors(file(`{"a":${tensor("F32", "[2]", 0, 8)}}  `, 8)).arrays.size).toBe(1);
    expect(why(`{"a":${tensor("F32", "[2]", 0, 8)}}`, 9)).toContain("the arrays end at byte 8 of the data, the file at 9");
    expect(why(`{"a":${tensor("F32", "[2]", 0, 8)}}`, 7)).toContain("ends at byte 8 of the data, the file at 7; it is cut");
    expect(why(`{"a":${tensor("F32", "[2]", 4, 12)}}`, 12)).toContain("expected 0: there is a hole");
    expect(why(`{"a":${tensor("F32", "[2]", 0, 8)},"b":${tensor("F32", "[2]", 4, 12)}}`, 12)).toContain("there is an overlap");
    expect(why(`{"a":${tensor("F32", "[3]", 0, 8)}}`, 8)).toContain('"a" F32[3] takes 12 bytes, its offsets give 8');
    expect(why(`{"a":${tensor("F32", "[2]", 8, 0)}}`, 8)).toContain("expected [begin, end]");
    expect(why(`{"a":${tensor("Q4", "[2]", 0, 1)}}`, 1)).toContain('has type "Q4", expected one of F64 F32');
    expect(why(`{"a":${tensor("toString", "[2]", 0, 1)}}`, 1)).toContain('has type "toString"');
    expect(why(`{"a":${tensor("U8", "[-1]", 0, 1)}}`, 1)).toContain("has shape [-1], expected whole numbers");
    expect(why(`{"a":${tensor("U8", "[9007199254740991,9007199254740991]", 0, 1)}}`, 1)).toContain("has shape");
    expect(why(`{"a":${tensor("U8", "[1.5]", 0, 1)}}`, 1)).toContain("has shape [1.5]");
    expect(why(`{"a":${tensor("U8", "[1]", 0, 1)},"a":${tensor("U8", "[1]", 0, 1)}}`, 1)).toContain('the key "a" twice');
    expect(why(`{"a":${tensor("U8", "[1]", 0, 1)},"\\u0061":${tensor("U8", "[1]", 0, 1)}}`, 1)).toContain('the key "a" twice');
    expect(why('{"__metadata__":{"x":"1","x":"2"}}')).toContain('the key "x" twice');
    expect(why('{"__metadata__":{"x":1}}')).toContain('__metadata__ has 1 at "x", expected a string');
    expect(why('{"a":1}')).toContain('"a" is not described by an object');
    expect(why(' {"a":1}')).toContain("does not begin with {");
    expect(why("[]")).toContain("does not begin with {");
    expect(why('{"a":')).toContain("the header is not JSON");
    expect(refusal(() => decodeSafetensors(new Uint8Array(0)))).toContain("at least 8 bytes, found 0");
    const large = file("{}");
    new DataView(large.buffer).setBigUint64(0, 100_000_001n, true);
    expect(refusal(() => decodeSafetensors(large))).toContain("at most 100000000 are read");
    new DataView(large.buffer).setBigUint64(0, 2n ** 63n, true);
    expect(refusal(() => decodeSafetensors(large))).toContain("at most 100000000 are read");
    new DataView(large.buffer).setBigUint64(0, 1000n, true);
    expect(refusal(() => decodeSafetensors(large))).toContain("the file is cut: its header has 1000 bytes, 2 follow");
    const latin = file('{"__metadata__":{"x":"?"}}');
    latin[latin.indexOf(0x3f)] = 0xe9;
    expect(refusal(() => decodeSafetensors(latin))).toContain("the header is not UTF-8 text");
  });

  it("may have keys that repeat in different places, or look like syntax", () => {
    const array = numericArray("uint8", [1], Uint8Array.of(1));
    const names = ['a":{', '\\"', "data_offsets", "dtype", "[", "__proto__", "constructor"];
    const back = decodeSafetensors(
      encodeSafetensors(new Map(names.map((name) => [name, array])), new Map([["dtype", '{"x":"x"}']])),
    );
    expect([...back.arrays.keys()].sort()).toEqual([...names].sort());
  });

  const small = () =>
    encodeSafetensors(
      new Map([
        ["w", numericArray("float32", [2, 2], Float32Array.of(1, -2, 3, 4))],
        ["n", numericArray("uint8", [2], Uint8Array.of(5, 6))],
      ]),
      new Map([["step", "12"]]),
    );

  it("cut anywhere is refused", () => {
    const bytes = small();
    for (let end = 0; end < bytes.length; end++) refusal(() => decodeSafetensors(bytes.subarray(0, end)));
  });

  it("with any byte changed is refused, or still says the same", () => {
    const bytes = small();
    const content = decodeSafetensors(bytes);
    let same = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = bytes.slice();
        changed[at] ^= 1 << bit;
        try {
          const back = decodeSafetensors(changed);
          expect(back.hash).toBe("verified");
          expect(back.arrays).toEqual(content.arrays);
          expect(back.metadata.get("step")).toBe("12");
          same++;
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    }
    expect(same).toBeLessThan(20); // a letter of the hash in upper case is refused too; only spacing is free
  });

  it("is read or refused, whatever its bytes are", () => {
    const bytes = small();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }), (changes) => {
        const changed = bytes.slice();
        for (const [at, byte] of changes) changed[at] = byte;
        try {
          decodeSafetensors(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 1000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void refusal(() => decodeSafetensors(bytes))));
  });

  it("with a header nested a million deep is refused in time", () => {
    const deep = `{"a":${"[".repeat(1e6)}${"]".repeat(1e6)}}`;
    refusal(() => decodeSafetensors(file(deep)));
    refusal(() => decodeSafetensors(file(`{"a":${'{"b":'.repeat(2e5)}1${"}".repeat(2e5)}}`)));
  });
});

describe("a tree", () => {
  const number = fc.oneof(
    fc.double(),
    fc.constantFrom(Number.NaN, Infinity, -Infinity, -0, 0, 5e-324, 2 ** 53, 1e308),
    fc.integer(),
  );
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("$number", "__proto__", "\ud800", "a/b", "~", ""));
  const typed = fc.oneof(
    fc.float64Array(),
    fc.float32Array(),
    fc.int32Array(),
    fc.uint32Array(),
    fc.uint8Array(),
    fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => new Float64Array(Uint8Array.from(bytes).buffer)), // NaN's bits too
  );
  const key = fc.oneof(text, fc.constantFrom("$array", "$object", "$undefined", "__metadata__", "toString", "0", "a", "b"));
  const tree = fc.letrec<{ tree: PlainTree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(number, text, fc.boolean(), fc.constant(null), fc.constant(undefined), typed),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc
        .array(fc.tuple(key, tie("tree")), { maxLength: 5 })
        .map((entries) => Object.fromEntries(entries) as { [key: string]: PlainTree }),
    ),
  })).tree;

  /** Equal in every bit, in every type and in the order of keys. */
  function same(a: PlainTree, b: PlainTree): void {
    if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b)) {
      expect(a.constructor).toBe(b.constructor);
      const hex = (array: ArrayBufferView) => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString("hex");
      expect(hex(a)).toBe(hex(b));
    } else if (typeof a === "object" && a !== null) {
      expect(Array.isArray(b)).toBe(Array.isArray(a));
      expect(Object.keys(b as object)).toEqual(Object.keys(a));
      for (const k of Object.keys(a)) same((a as Record<string, PlainTree>)[k], (b as Record<string, PlainTree>)[k]);
    } else {
      expect(Object.is(a, b)).toBe(true);
    }
  }

  it("comes back bit for bit", () => {
    fc.assert(
      fc.property(tree, (value) => same(decodeTree(encodeTree(value)), value)),
      { numRuns: 1000 },
    );
  });

  it("has the same bytes whenever it is written", () => {
    fc.assert(fc.property(tree, (value) => void expect(encodeTree(decodeTree(encodeTree(value)))).toEqual(encodeTree(value))));
  });

  it("keeps its arrays under names that tell where they stand", () => {
    const { arrays } = decodeSafetensors(
      encodeTree({ policy: { w0: Float32Array.of(1), "a/b": Int32Array.of(2) }, list: [Uint8Array.of(3)] }),
    );
    expect([...arrays.keys()].sort()).toEqual(["list/0", "policy/a~1b", "policy/w0"]);
  });

  it("keeps no tie to the bytes it came from, even in a Node buffer", () => {
    const bytes = Buffer.from(encodeTree({ w: Float32Array.of(1, 2) }));
    const back = decodeTree(bytes) as { w: Float32Array };
    bytes.fill(0);
    back.w[0] += 1;
    expect(Array.from(back.w)).toEqual([2, 2]);
  });

  it("that is not plain is refused, and the place named", () => {
    const refused = (value: unknown) => () => encodeTree(value as Plain);
    expect(refused({ a: { b: new Map() } })).toThrow("a/b is of type Map, expected numbers");
    expect(refused([1, () => 2])).toThrow("1 is of type function");
    expect(refused({ a: 1n })).toThrow("a is of type bigint");
    expect(refused({ a: new Float64Array(1), b: new BigInt64Array(1) })).toThrow("b is of type BigInt64Array");
    expect(refused(Symbol("x"))).toThrow("the tree is of type symbol");
    const circle: Record<string, unknown> = {};
    circle.me = circle;
    expect(refused(circle)).toThrow("the tree is deeper than 500 at me/me/me/me/me/me/me/me/...; is it circular?");
  });

  it("is not read from a foreign file, nor from one that lost its hash", () => {
    const foreign = file('{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1);
    expect(refusal(() => decodeTree(foreign))).toContain("it is a foreign safetensors file, not a checkpoint");
    const bytes = encodeTree({ a: [1, Float32Array.of(1, 2, 3)], b: "text" });
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [1, 0x20, 0x80]) {
        const changed = bytes.slice();
        changed[at] ^= flip;
        try {
          same(decodeTree(changed), decodeTree(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }
    }
  });
});
