import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extended } from "./extended.ts";

describe("a column that grows", () => {
  it("holds what arrived, in order, and every earlier one stays what it was", () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.float({ noNaN: true }), { maxLength: 9 }), { maxLength: 30 }), (parts) => {
        let column = new Float32Array(0);
        const seen: { column: Float32Array; length: number }[] = [];
        for (const part of parts) {
          column = extended(column, part);
          seen.push({ column, length: column.length });
        }
        const whole = Float32Array.from(parts.flat());
        for (const { column: earlier, length } of seen) expect(earlier).toEqual(whole.subarray(0, length));
      }),
    );
  });

  it("may be gone on from twice: neither of the two sees the other", () => {
    const stem = extended(extended(new Int32Array(0), [1, 2, 3]), [4]);
    const [left, right] = [extended(stem, [5]), extended(stem, [6])];
    expect([Array.from(stem), Array.from(left), Array.from(right)]).toEqual([
      [1, 2, 3, 4],
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 6],
    ]);
  });

  it("never writes behind the end of an array that it was given", () => {
    const file = Uint8Array.of(1, 2, 3, 4);
    extended(extended(file.subarray(0, 2), [9]), [9]);
    expect(Array.from(file)).toEqual([1, 2, 3, 4]);
  });

  it("moves a logarithmic number of times", () => {
    let column = new Uint8Array(0);
    const homes = new Set<ArrayBufferLike>();
    for (let i = 0; i < 1000; i++) {
      column = extended(column, [i]);
      homes.add(column.buffer);
    }
    expect(homes.size).toBeLessThan(15);
    expect(column).toEqual(Uint8Array.from({ length: 1000 }, (_, i) => i));
  });
});
