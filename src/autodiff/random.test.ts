import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rng, rng, rngs } from "./random.ts";

/** Σ (observed - expected)² / expected, in standard deviations of the χ² distribution with that many cells. */
function chiSquare(counts: ArrayLike<number>, total: number): number {
  const expected = total / counts.length;
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += (counts[i] - expected) ** 2 / expected;
  const freedom = counts.length - 1;
  return (sum - freedom) / Math.sqrt(2 * freedom);
}

function correlation(x: ArrayLike<number>, y: ArrayLike<number>): number {
  const n = x.length;
  let [mx, my, xx, yy, xy] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    mx += x[i] / n;
    my += y[i] / n;
  }
  for (let i = 0; i < n; i++) {
    xx += (x[i] - mx) ** 2;
    yy += (y[i] - my) ** 2;
    xy += (x[i] - mx) * (y[i] - my);
  }
  return xy / Math.sqrt(xx * yy);
}

const draws = (n: number, draw: (i: number) => number) => Float64Array.from({ length: n }, (_, i) => draw(i));

describe("the generator", () => {
  // From the authors' C code (Blackman & Vigna, xoshiro128starstar.c), compiled and run.
  it.each([
    [
      [1, 2, 3, 4],
      [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804],
      3175353485,
    ],
    [
      [0xdeadbeef, 0x80000000, 0xffffffff, 0x12345678],
      [576, 3132614827, 2263960055, 3306064138, 3071822689, 1879777386, 3209721910, 347382396, 1161956826, 2448102022],
      3795580142,
    ],
  ])("is xoshiro128**, from the state %j", (words, first, millionth) => {
    const random = new Rng(Uint32Array.from([...words, 0]));
    expect(first.map(() => random.next())).toEqual(first);
    for (let i = 0; i < 999990; i++) random.next();
    expect(random.next()).toBe(millionth);
  });

  it("starts where it always did", () => {
    // Saved runs depend on these; a change of seeding must be a decision.
    expect(
      [rng(0), rng(1), rng(2 ** 40), rng(1).split(0), rng(1).split("actions")].map((own) => own.next()),
    ).toMatchInlineSnapshot(`
      [
        1342840125,
        3080959242,
        2445149342,
        1036100144,
        4027356557,
      ]
    `);
  });

  it("fills [0, 1) evenly: high bits, low bits and pairs of neighbours", () => {
    const random = rng(11);
    const [high, low, pairs] = [new Uint32Array(256), new Uint32Array(256), new Uint32Array(1024)];
    const n = 500_000;
    let last = 0;
    for (let i = 0; i < n; i++) {
      const x = random.float();
      if (!(x >= 0 && x < 1)) expect.fail(`float() gave ${x}`);
      high[Math.floor(x * 256)]++;
      low[Math.floor(x * 2 ** 40) % 256]++;
      pairs[Math.floor(x * 32) * 32 + Math.floor(last * 32)]++;
      last = x;
    }
    for (const counts of [high, low, pairs]) expect(Math.abs(chiSquare(counts, n))).toBeLessThan(4);
  });

  it("draws whole numbers without bias, also where a plain remainder would favour the small ones", () => {
    const random = rng(12);
    for (const cells of [2, 3, 7, 10, 100]) {
      const counts = new Uint32Array(cells);
      for (let i = 0; i < 100_000; i++) counts[random.integer(cells)]++;
      expect(Math.abs(chiSquare(counts, 100_000))).toBeLessThan(4);
    }
    // n = 3/4 of 2^32: a remainder would give the lowest third twice the weight of the others.
    const thirds = new Uint32Array(3);
    for (let i = 0; i < 60_000; i++) thirds[Math.floor(random.integer(3221225472) / 1073741824)]++;
    expect(Math.abs(chiSquare(thirds, 60_000))).toBeLessThan(4);
    expect(random.integer(1)).toBe(0);
    expect(random.integer(2 ** 32)).toBeLessThan(2 ** 32);
    for (const n of [0, -1, 1.5, 2 ** 32 + 1, Number.NaN])
      expect(() => random.integer(n)).toThrow(`integer(n) takes 1 <= n <= 2^32, found ${n}`);
  });

  it("draws every permutation equally often", () => {
    const random = rng(13);
    const counts = new Map<string, number>();
    for (let i = 0; i < 60_000; i++) {
      const key = random.permutation(4).join("");
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(Math.abs(chiSquare([...counts.values()], 60_000))).toBeLessThan(4);
  });

  it("draws permutations: every number once", () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(), (n, seed) => {
        expect([...rng(seed).permutation(n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
      { seed: 1 },
    );
  });

  it("draws normal numbers with moments 0, 1, 0, 3 and the right share in the tails", () => {
    const random = rng(14);
    const n = 400_000;
    const z = draws(n, () => random.normal());
    const moment = (k: number) => z.reduce((sum, value) => sum + value ** k, 0) / n;
    const within = 4 / Math.sqrt(n);
    expect(Math.abs(moment(1))).toBeLessThan(within);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(within * Math.sqrt(2));
    expect(Math.abs(moment(3))).toBeLessThan(within * Math.sqrt(15));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(within * Math.sqrt(96));
    expect(z.filter((value) => Math.abs(value) > 1.959964).length / n).toBeCloseTo(0.05, 2);
    expect(z.filter((value) => value > 3.090232).length / n).toBeCloseTo(0.001, 3);
  });

  it("draws an index in proportion to its weight, never one of weight 0", () => {
    const random = rng(15);
    const counts = new Uint32Array(5);
    for (let i = 0; i < 100_000; i++) counts[random.categorical([9, 0, 1, 2, 0, 5, 9], 1, 5)]++;
    [0, 1, 2, 0, 5].forEach((weight, k) => {
      expect(Math.abs(counts[k] - 12_500 * weight)).toBeLessThan(4 * Math.sqrt(100_000 * 0.25));
    });
    expect(counts[0] + counts[3]).toBe(0);
    for (const weights of [[], [0, 0], [Number.NaN, 1], [Infinity]])
      expect(() => random.categorical(weights)).toThrow("categorical weights must have a positive finite sum");
  });
});

/** Stream 0 of a parent that draws once between any two. */
const moving = (parent: Rng) => () => {
  parent.next();
  return parent.split(0);
};

describe("streams", () => {
  const n = 20_000;
  const bound = 4 / Math.sqrt(n);
  const families: [string, (i: number) => Rng][] = [
    ["consecutive seeds", (i) => rng(i)],
    ["consecutive labels", (i) => rng(5).split(i)],
    ["labels 2^32 apart", (i) => rng(5).split(i * 2 ** 32)],
    ["consecutive texts", (i) => rng(5).split(`episode ${i}`)],
    ["one label under consecutive seeds", (i) => rng(i).split("noise")],
    [
      "splits of splits",
      (i) =>
        rng(5)
          .split(i >> 4)
          .split(i & 15),
    ],
    ["a parent that moves on", moving(rng(6))],
  ];

  it.each(families)("of %s begin independently of each other: even, and uncorrelated with their neighbours", (_name, stream) => {
    const [first, second, hundredth] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
    const bits = new Uint32Array(32);
    for (let i = 0; i < n; i++) {
      const own = stream(i);
      const word = own.next();
      for (let bit = 0; bit < 32; bit++) bits[bit] += (word >>> bit) & 1;
      first[i] = word / 2 ** 32;
      second[i] = own.float();
      for (let k = 0; k < 96; k++) own.next();
      hundredth[i] = own.float();
    }
    for (const values of [first, second, hundredth]) {
      const counts = new Uint32Array(64);
      for (const value of values) counts[Math.floor(value * 64)]++;
      expect(Math.abs(chiSquare(counts, n))).toBeLessThan(4.5);
      for (const lag of [1, 2, 16])
        expect(Math.abs(correlation(values.subarray(lag), values.subarray(0, n - lag)))).toBeLessThan(bound);
    }
    expect(Math.abs(correlation(first, second))).toBeLessThan(bound);
    expect(Math.abs(correlation(first, hundredth))).toBeLessThan(bound);
    for (const ones of bits) expect(Math.abs(ones - n / 2)).toBeLessThan(5 * Math.sqrt(n / 4));
  });

  it("with different names never begin with the same two words", () => {
    for (const [, stream] of families) {
      const seen = new Set<string>();
      for (let i = 0; i < 2000; i++) {
        const own = stream(i);
        seen.add(`${own.next()} ${own.next()}`);
      }
      expect(seen.size).toBe(2000);
    }
  });

  it("with the same name are the same, and splitting does not disturb the parent", () => {
    const [parent, twin] = [rng(3), rng(3)];
    const [a, b] = [parent.split("a"), parent.split("a")];
    expect(Array.from({ length: 5 }, () => a.next())).toEqual(Array.from({ length: 5 }, () => b.next()));
    expect(Array.from({ length: 5 }, () => parent.next())).toEqual(Array.from({ length: 5 }, () => twin.next()));
    expect(parent.split(1).next()).not.toBe(parent.split("1").next());
    for (const label of [0.5, Number.NaN, 2 ** 53]) expect(() => parent.split(label)).toThrow("a whole number up to 2^53 - 1");
  });
});

describe("a generator's state", () => {
  it("taken out and put back goes on with the same draws", () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(50), (seed, steps) => {
        const random = rng(seed);
        for (let i = 0; i < steps; i++) random.normal();
        const saved = Uint32Array.from(JSON.parse(JSON.stringify([...random.state()])));
        const other = rng(saved);
        const draw = (own: Rng) => [
          own.next(),
          own.float(),
          own.normal(),
          own.integer(10),
          own.split("x").next(),
          ...own.permutation(5),
        ];
        expect(draw(other)).toEqual(draw(random));
      }),
      { seed: 2 },
    );
  });

  it("is a copy: drawing does not change what was taken out", () => {
    const random = rng(1);
    const saved = random.state();
    const kept = [...saved];
    random.next();
    expect([...saved]).toEqual(kept);
    const other = rng(saved);
    other.next();
    expect([...saved]).toEqual(kept);
  });

  it("of many generators is one buffer, in which each goes its own way", () => {
    const { buffer, each } = rngs(rng(4), 3);
    expect(each.map((own) => own.float())).toEqual([0, 1, 2].map((i) => rng(4).split(i).float()));
    const saved = buffer.slice();
    const next = each.map((own) => own.float());
    buffer.set(saved);
    expect(each.map((own) => own.float())).toEqual(next);
  });

  it("of the wrong length, or a seed that is no seed, is refused", () => {
    expect(() => rng(new Uint32Array(4))).toThrow("a generator's state has 5 words, found 4");
    for (const seed of [-1, 0.5, 2 ** 53, Number.NaN])
      expect(() => rng(seed)).toThrow(`a seed is a whole number from 0 to 2^53 - 1, found ${seed}`);
  });
});
