import { describe, expect, it } from "vitest";
import { FormatError } from "../codecs/format-error.ts";
import { encodePreferenceParquet, preferenceRows } from "./parquet.ts";
import type { PreferenceRecord } from "./record.ts";
import { thriftStruct } from "./thrift.ts";

const records = Array.from(
  { length: 5 },
  (_, i): PreferenceRecord => ({
    kind: "preference",
    prompt: `p ${i % 2}`,
    chosen: `chosen ${i}`,
    rejected: `rejected text ${i}`,
  }),
);
const whole = encodePreferenceParquet(records);

async function rows(bytes: Uint8Array): Promise<number> {
  let n = 0;
  const file = { byteLength: bytes.length, slice: (from: number, to?: number) => bytes.slice(from, to).buffer };
  for await (const _ of preferenceRows(file)) n++;
  return n;
}

async function fault(bytes: Uint8Array): Promise<unknown> {
  return rows(bytes).then(
    () => undefined,
    (error) => error,
  );
}

/** A number as Thrift writes it: a variable number of bytes, the sign last. */
function varint(n: bigint): number[] {
  const bytes: number[] = [];
  for (let left = n << 1n; ; left >>= 7n) {
    if (left < 128n) return [...bytes, Number(left)];
    bytes.push(Number(left & 127n) | 128);
  }
}

/** The file with the bytes from..to replaced, whose last part says its new length where it has another. */
function changed(from: number, to: number, by: readonly number[]): Uint8Array {
  const bytes = Uint8Array.from([...whole.subarray(0, from), ...by, ...whole.subarray(to)]);
  const view = new DataView(bytes.buffer);
  const length = new DataView(whole.buffer, whole.byteOffset).getUint32(whole.length - 8, true);
  const footer = whole.length - 8 - length;
  if (from >= footer) view.setUint32(bytes.length - 8, length + by.length - (to - from), true);
  return bytes;
}

const footer = whole.length - 8 - new DataView(whole.buffer, whole.byteOffset).getUint32(whole.length - 8, true);

describe("a Parquet file that lies about its lengths", () => {
  it("is read where it doesn't", async () => {
    expect(await rows(whole)).toBe(5);
  });

  it("neither ends the process nor keeps it: with any byte changed it is read, or refused in one line", async () => {
    let refused = 0;
    for (let at = 0; at < whole.length; at++) {
      for (const other of [whole[at] ^ 0x80, at % 2 === 0 ? 0 : 0xff]) {
        const error = await fault(changed(at, at + 1, [other]));
        if (error === undefined) continue;
        refused++;
        expect(error).toBeInstanceOf(FormatError);
        expect((error as Error).message).not.toContain("\n");
      }
    }
    expect(refused).toBeGreaterThan(whole.length / 2);
  });

  it("is refused wherever it is cut", async () => {
    for (let length = 0; length < whole.length; length++) {
      expect(await fault(whole.subarray(0, length))).toBeInstanceOf(FormatError);
    }
  });

  it.each([
    [
      "its last part is longer than it",
      [...whole.subarray(0, -8), 0xff, 0xff, 0xff, 0x7f, ...whole.subarray(-4)],
      /last part is said to have 2147483647 bytes/,
    ],
    [
      "it has 10^18 columns",
      [...changed(footer + 3, footer + 4, [0xfc, ...varint(10n ** 18n)])],
      /a header says \d+ more of something, \d+ bytes are left/,
    ],
    ["it is nothing but depth", [...changed(footer, footer + 1, new Array(200).fill(0x1c))], /a header has more than 32 levels/],
  ])("%s", async (_, bytes, message) => {
    const error = await fault(Uint8Array.from(bytes));
    expect(error).toBeInstanceOf(FormatError);
    expect((error as Error).message).toMatch(message);
  });

  it("its pages hold more than fits: as many values, or as many bytes", async () => {
    // The first page's header, behind the 4 bytes that every file begins with: 15 TYPE 15 UNPACKED 15 PACKED, then 15 VALUES.
    const { value: header, end } = thriftStruct(whole, 4);
    const dictionary = header[7] as { readonly 1: number };
    const bytes = Array.from(whole.subarray(0, end));
    const placeOf = (number: number, from: number) => {
      const digits = varint(BigInt(number));
      const at = bytes.findIndex((_, i) => i >= from && bytes[i] === 0x15 && digits.every((own, k) => bytes[i + 1 + k] === own));
      return [at + 1, at + 1 + digits.length] as const;
    };
    const unpacked = placeOf(Number(header[2]), 6);
    const values = placeOf(dictionary[1], placeOf(Number(header[3]), unpacked[1])[1]);
    for (const [[from, to], message] of [
      [values, /the values of a page of column prompt is said to be 1000000000, expected 0 to \d+/],
      [unpacked, /a page of column prompt, unpacked, is said to be 1000000000, expected 0 to \d+/],
    ] as const) {
      const error = await fault(changed(from, to, varint(1_000_000_000n)));
      expect(error).toBeInstanceOf(FormatError);
      expect((error as Error).message).toMatch(message);
    }
  });
});
