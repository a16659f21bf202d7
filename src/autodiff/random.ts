/** A generator's whole state: five 32-bit words (four of xoshiro128**, one that tells streams apart). Plain data. */
export type RngState = Uint32Array;

const WORDS = 5;
const MAX_SEED = Number.MAX_SAFE_INTEGER;

/**
 * A seeded, splittable, serialisable generator: xoshiro128** (Blackman & Vigna 2021), seeded and split through a
 * 32-bit avalanche hash. It lives on a `Uint32Array`, so that the generators of a thousand environments are one
 * buffer that is saved and put back as it is.
 */
export class Rng {
  /** The words that the generator advances in place. */
  readonly words: Uint32Array;

  constructor(words: Uint32Array) {
    if (words.length !== WORDS) throw new RangeError(`a generator's state has ${WORDS} words, found ${words.length}`);
    this.words = words;
  }

  /** The next 32 random bits, as an integer in [0, 2^32). */
  next(): number {
    const s = this.words;
    const s1 = s[1];
    const x = Math.imul(s1, 5);
    const result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0;
    const s2 = s[2] ^ s[0];
    const s3 = s[3] ^ s1;
    s[1] = s1 ^ s2;
    s[0] = s[0] ^ s3;
    s[2] = s2 ^ (s1 << 9);
    s[3] = (s3 << 11) | (s3 >>> 21);
    return result;
  }

  /** A double in [0, 1) with 53 random bits. */
  float(): number {
    const high = this.next() >>> 5;
    return (high * 67108864 + (this.next() >>> 6)) / 9007199254740992;
  }

  /** A double in [low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.float();
  }

  /** A standard normal draw (Box & Muller 1958; the second of the pair is dropped, so that no draw hides in the state). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.float()));
    return radius * Math.cos(2 * Math.PI * this.float());
  }

  /** An integer in [0, n), without modulo bias: draws beyond the last whole multiple of n are made again. Throws if n is not in [1, 2^32]. */
  integer(n: number): number {
    if (!(Number.isInteger(n) && n >= 1 && n <= 4294967296)) throw new RangeError(`integer(n) takes 1 <= n <= 2^32, found ${n}`);
    const limit = 4294967296 - (4294967296 % n);
    let draw = this.next();
    while (draw >= limit) draw = this.next();
    return draw % n;
  }

  /** The index of a draw from unnormalised weights `weights[from .. from + count)`. Throws if they have no positive sum. */
  categorical(weights: ArrayLike<number>, from = 0, count = weights.length - from): number {
    let total = 0;
    for (let i = from; i < from + count; i++) total += weights[i];
    if (!(total > 0 && total < Infinity))
      throw new RangeError(`categorical weights must have a positive finite sum, found ${total}`);
    let left = this.float() * total;
    let last = 0;
    for (let i = 0; i < count; i++) {
      const weight = weights[from + i];
      if (weight <= 0) continue;
      last = i;
      left -= weight;
      if (left < 0) return i;
    }
    return last;
  }

  /** A permutation of 0 .. n-1 (Fisher & Yates), into `out` when given. */
  permutation(n: number, out = new Uint32Array(n)): Uint32Array {
    for (let i = 0; i < n; i++) {
      const j = this.integer(i + 1);
      out[i] = out[j];
      out[j] = i;
    }
    return out;
  }

  /**
   * An independent generator named by `label`, derived from this one's present state without advancing it: the same
   * label gives the same stream, another label another one. Throws on a number that is not whole.
   */
  split(label: number | string): Rng {
    if (typeof label === "number" && !Number.isSafeInteger(label))
      throw new RangeError(`a stream is named by a text or a whole number up to 2^53 - 1, found ${label}`);
    return new Rng(mix(this.words, label));
  }

  /** A copy of the state, to be kept and given to `rng` again. */
  state(): RngState {
    return this.words.slice();
  }
}

/**
 * The generator of a seed (a whole number from 0 to 2^53 - 1), or one that goes on from a saved state. Throws a RangeError on
 * any other seed.
 */
export function rng(seed: number | RngState): Rng {
  if (typeof seed !== "number") return new Rng(Uint32Array.from(seed));
  if (!(Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED)) {
    throw new RangeError(`a seed is a whole number from 0 to 2^53 - 1, found ${seed}`);
  }
  return new Rng(mix(new Uint32Array(WORDS), seed));
}

/** The generators of `n` environments on one buffer; number i continues the stream `i` of `parent`. */
export function rngs(parent: Rng, n: number): { buffer: Uint32Array; each: Rng[] } {
  const buffer = new Uint32Array(n * WORDS);
  const each: Rng[] = [];
  for (let i = 0; i < n; i++) {
    const words = buffer.subarray(i * WORDS, (i + 1) * WORDS);
    words.set(parent.split(i).words);
    each.push(new Rng(words));
  }
  return { buffer, each };
}

/** Folds a label into a state: every output word depends on every input word. */
function mix(words: Uint32Array, label: number | string): Uint32Array {
  let h = typeof label === "string" ? 0x9e3779b9 : 0x85ebca6b;
  for (const word of words) h = avalanche(h ^ word) + 0x6d2b79f5;
  if (typeof label === "string") {
    for (let i = 0; i < label.length; i++) h = avalanche(h ^ label.charCodeAt(i)) + 0x6d2b79f5;
  } else {
    h = avalanche(h ^ (label >>> 0)) + 0x6d2b79f5;
    h = avalanche(h ^ (Math.floor(label / 4294967296) >>> 0)) + 0x6d2b79f5;
  }
  const out = new Uint32Array(WORDS);
  for (let i = 0; i < WORDS; i++) {
    h = (h + 0x9e3779b9) | 0;
    out[i] = avalanche(h ^ avalanche(words[i] + Math.imul(i + 1, 0x632be5ab)));
  }
  if (out[0] === 0 && out[1] === 0 && out[2] === 0 && out[3] === 0) out[0] = 1; // xoshiro's one forbidden state
  return out;
}

/** The 32-bit finaliser of MurmurHash3 with the better constants of "lowbias32" (Wellons 2018). */
function avalanche(x: number): number {
  let h = x | 0;
  h = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return (h ^ (h >>> 15)) >>> 0;
}
