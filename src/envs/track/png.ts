// A picture as PNG (W3C Recommendation, 3rd edition), not compressed: noise doesn't get smaller, and no library is needed.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** The bytes of a PNG file from red, green and blue bytes, `[height, width, 3]`. Throws on more than 65535 bytes of picture. */
export function png(width: number, height: number, rgb: Uint8Array): Uint8Array {
  const row = 3 * width + 1;
  if (row * height > 65535 || rgb.length !== 3 * width * height) {
    throw new RangeError(`png takes ${width} x ${height} pixels of 3 bytes, at most 65535 in all, found ${rgb.length}`);
  }
  const lines = new Uint8Array(row * height); // each begins with its filter: none
  for (let r = 0; r < height; r++) lines.set(rgb.subarray(r * 3 * width, (r + 1) * 3 * width), r * row + 1);
  const n = lines.length;
  const header = new Uint8Array([...word(width), ...word(height), 8, 2, 0, 0, 0]); // 8 bits, colours
  const stored = [0x78, 0x01, 1, n & 255, n >> 8, ~n & 255, (~n >> 8) & 255]; // one block as it is (RFC 1950, 1951)
  const data = new Uint8Array([...stored, ...lines, ...word(adler(lines))]);
  const parts = [Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10), chunk("IHDR", header), chunk("IDAT", data), chunk("IEND", [])];
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** A file of that kind as the address of an image in SVG. */
export function dataUri(bytes: Uint8Array): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const three = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let k = 0; k < 4; k++) text += i + k > bytes.length ? "=" : letters[(three >> (18 - 6 * k)) & 63];
  }
  return `data:image/png;base64,${text}`;
}

/** Red, green and blue from planes Y, U, V (BT.601, full range), every `step`-th pixel both ways. */
export function coloured(planes: ArrayLike<number>, width: number, height: number, step = 1): Uint8Array {
  const [w, h] = [Math.floor(width / step), Math.floor(height / step)];
  const rgb = new Uint8ClampedArray(3 * w * h);
  for (let r = 0; r < h; r++) {
    for (let c = 0; c < w; c++) {
      const p = r * step * width + c * step;
      const [y, u, v] = [planes[p], planes[p + width * height] - 128, planes[p + 2 * width * height] - 128];
      rgb.set([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u], 3 * (r * w + c));
    }
  }
  return new Uint8Array(rgb.buffer);
}

function chunk(type: string, data: ArrayLike<number>): Uint8Array {
  const named = Uint8Array.from([...type].map((letter) => letter.charCodeAt(0)).concat(Array.from(data)));
  let crc = 0xffffffff;
  for (const byte of named) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  return new Uint8Array([...word(data.length), ...named, ...word(~crc)]);
}

function adler(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}

/** A number as four bytes, the high one first. */
function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}
