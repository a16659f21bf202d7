import { crc32, inflateSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { coloured, dataUri, png } from "./png.ts";

describe("a picture as PNG", () => {
  it("has the chunks of the standard, their check sums, and the pixels that were put in", () => {
    const rgb = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => (i * 41) % 256);
    const file = Buffer.from(png(5, 3, rgb));
    expect(file.subarray(0, 8)).toEqual(Buffer.from("\x89PNG\r\n\x1a\n", "latin1"));
    const chunks: [string, Buffer][] = [];
    for (let at = 8; at < file.length; ) {
      const length = file.readUInt32BE(at);
      const named = file.subarray(at + 4, at + 8 + length);
      expect(file.readUInt32BE(at + 8 + length)).toBe(crc32(named));
      chunks.push([named.toString("latin1", 0, 4), named.subarray(4)]);
      at += 12 + length;
    }
    expect(chunks.map(([name]) => name)).toEqual(["IHDR", "IDAT", "IEND"]);
    expect([...chunks[0][1]]).toEqual([0, 0, 0, 5, 0, 0, 0, 3, 8, 2, 0, 0, 0]);
    const lines = inflateSync(chunks[1][1]); // checks Adler's sum
    for (let row = 0; row < 3; row++) {
      expect(lines[row * 16]).toBe(0);
      expect([...lines.subarray(row * 16 + 1, row * 16 + 16)]).toEqual([...rgb.subarray(row * 15, row * 15 + 15)]);
    }
    expect(Buffer.from(dataUri(file).split(",")[1], "base64")).toEqual(file);
    expect(() => png(200, 200, new Uint8Array(120_000))).toThrow(/at most 65535/);
  });

  it("has grey where U and V are 128, and red, green and blue as BT.601 has them", () => {
    const planes = [76, 150, 29, 90, 85, 44, 255, 128, 255, 21, 107, 128]; // pure red, green, blue, and a grey
    const [red, green, blue, grey] = [0, 1, 2, 3].map((k) => [...coloured(planes, 4, 1).subarray(3 * k, 3 * k + 3)]);
    expect(red.map((v) => Math.round(v / 255))).toEqual([1, 0, 0]);
    expect(green.map((v) => Math.round(v / 255))).toEqual([0, 1, 0]);
    expect(blue.map((v) => Math.round(v / 255))).toEqual([0, 0, 1]);
    expect(grey).toEqual([90, 90, 90]);
    expect([...coloured([...planes, ...planes], 4, 2, 2)].length).toBe(3 * 2);
  });
});
