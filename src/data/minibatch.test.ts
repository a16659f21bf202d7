import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Plain } from "../mdp/env.ts";
import { box, discrete } from "../mdp/space.ts";
import { minibatches } from "./minibatch.ts";
import { type Pairs, pairs } from "./pairs.ts";

fc.configureGlobal({ seed: 20 });

/** Pairs 0 .. N-1: pair k has the state (k, -k) and the action k. */
function numbered(N: number): Pairs {
  const states = Float32Array.from({ length: 2 * N }, (_, k) => (k % 2 ? -(k >> 1) : k >> 1));
  return pairs(
    box([2]),
    discrete(Math.max(N, 1)),
    states,
    Int32Array.from({ length: N }, (_, k) => k),
  );
}

const drawn = (batches: Iterable<{ a: ArrayLike<number> }>) => Array.from(batches, ({ a }) => Array.from(a));
const counted = (numbers: readonly number[], N: number) => {
  const counts = new Array<number>(N).fill(0);
  for (const k of numbers) counts[k]++;
  return counts;
};

const N = fc.integer({ min: 1, max: 40 });
const size = fc.integer({ min: 1, max: 50 });
const epochs = fc.integer({ min: 1, max: 4 });
const seed = fc.nat();

describe("minibatches", () => {
  it("show every pair once an epoch; the last one is filled up", () => {
    fc.assert(
      fc.property(N, size, epochs, seed, (N, B, epochs, seed) => {
        const batches = drawn(minibatches(numbered(N), { size: B, seed, epochs }));
        expect(batches.length).toBe(Math.ceil((N * epochs) / B));
        expect(batches.every((batch) => batch.length === B)).toBe(true);
        const stream = batches.flat();
        for (let e = 0; e < epochs; e++) expect(counted(stream.slice(e * N, (e + 1) * N), N)).toEqual(new Array(N).fill(1));
        const [least, most] = [Math.min(...counted(stream, N)), Math.max(...counted(stream, N))];
        expect(least).toBeGreaterThanOrEqual(epochs);
        expect(most - least).toBeLessThanOrEqual(1 + Math.floor(B / N));
      }),
    );
  });

  it("keep states and actions together", () => {
    const at = { size: 7, seed: 1, weights: Float64Array.from({ length: 20 }, (_, k) => k / 4) };
    for (const { s, a, weight } of minibatches(numbered(20), at)) {
      a.forEach((k, row) => {
        expect([s[2 * row], s[2 * row + 1]]).toEqual([k, -k || -0]);
        expect(weight?.[row]).toBe(k / 4);
      });
    }
  });

  it("are shuffled anew each epoch, as the seed says", () => {
    const order = (seed: number) => drawn(minibatches(numbered(30), { size: 30, seed, epochs: 2 }));
    expect(order(1)).toEqual(order(1));
    expect(order(1)).not.toEqual(order(2));
    expect(order(1)[0]).not.toEqual(order(1)[1]);
  });

  it("come in every order equally often", () => {
    const times = new Map<string, number>();
    for (let seed = 0; seed < 2400; seed++) {
      const [order] = drawn(minibatches(numbered(4), { size: 4, seed }));
      times.set(order.join(), (times.get(order.join()) ?? 0) + 1);
    }
    expect(times.size).toBe(24);
    const chiSquared = [...times.values()].reduce((sum, n) => sum + (n - 100) ** 2 / 100, 0);
    expect(chiSquared).toBeLessThan(41.6); // the 99 % quantile with 23 degrees of freedom
  });

  it("leave out the short one on request", () => {
    const batches = drawn(minibatches(numbered(10), { size: 4, seed: 0, epochs: 3, dropLast: true }));
    expect(batches.length).toBe(6);
    for (let e = 0; e < 3; e++) expect(new Set(batches.slice(2 * e, 2 * e + 2).flat()).size).toBe(8);
    expect(() => minibatches(numbered(3), { size: 4, seed: 0, dropLast: true })).toThrow("dropLast leaves nothing of 3 pairs");
  });

  it("with replacement draw every pair independently", () => {
    const stream = drawn(minibatches(numbered(5), { size: 10, seed: 2, epochs: 1000, withReplacement: true })).flat();
    expect(stream.length).toBe(5000);
    const chiSquared = counted(stream, 5).reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chiSquared).toBeLessThan(13.3); // the 99 % quantile with 4 degrees of freedom
    const repeats = stream.filter((k, i) => k === stream[i - 1]).length;
    expect(Math.abs(repeats - 1000)).toBeLessThan(4 * Math.sqrt(800)); // without replacement they would be rare
  });

  const options = fc.record({ size, seed, epochs, dropLast: fc.boolean(), withReplacement: fc.boolean() });

  it("resumed at any moment go on with exactly the batches that would have followed", () => {
    fc.assert(
      fc.property(N, options, fc.nat(), (N, options, k) => {
        fc.pre(!(options.dropLast && options.size > N));
        const whole = minibatches(numbered(N), options);
        const stop = k % (whole.total + 1);
        for (let i = 0; i < stop; i++) whole.next();
        const saved = structuredClone(whole.state());
        const resumed = minibatches(numbered(N), { ...options, seed: 0 });
        resumed.restore(saved);
        expect(drawn(resumed)).toEqual(drawn(whole));
      }),
    );
  });

  it("written into blocks are the same as one by one", () => {
    fc.assert(
      fc.property(N, options, fc.integer({ min: 1, max: 5 }), (N, options, count) => {
        fc.pre(!(options.dropLast && options.size > N));
        const single = drawn(minibatches(numbered(N), options)).flat();
        const blocks = minibatches(numbered(N), options);
        const block = blocks.block(count);
        const stream: number[] = [];
        for (let written = count; written === count; ) {
          written = blocks.fill(block, count);
          stream.push(...block.a.slice(0, written * options.size));
        }
        expect(stream).toEqual(single);
      }),
    );
  });

  it("go on for ever if asked", () => {
    const batches = minibatches(numbered(3), { size: 2, seed: 0, epochs: Infinity });
    expect(batches.total).toBe(Infinity);
    for (let i = 0; i < 100; i++) expect(batches.next().done).toBe(false);
  });

  it("use the same buffers again", () => {
    const batches = minibatches(numbered(8), { size: 2, seed: 0 });
    const first = batches.next().value;
    const order = Array.from(first.a as Int32Array);
    const second = batches.next().value;
    expect(second.a).toBe(first.a);
    expect(Array.from(second.a as Int32Array)).not.toEqual(order);
  });

  it("refuse nonsense", () => {
    const make = (change: object) => () => minibatches(numbered(5), { size: 2, seed: 0, ...change });
    expect(make({ size: 0 })).toThrow("the size of a minibatch is a positive whole number, found 0");
    expect(make({ epochs: 1.5 })).toThrow("epochs is a positive whole number or Infinity, found 1.5");
    expect(make({ weights: [1] })).toThrow("weights take one number for each of 5 pairs, found 1");
    expect(() => minibatches(numbered(0), { size: 2, seed: 0 })).toThrow("at least one pair, found none");
    const batches = minibatches(numbered(5), { size: 2, seed: 0 });
    expect(() => batches.restore({ epoch: 0 })).toThrow("expected { stream, epoch, cursor }");
    const larger: Plain = { ...batches.state(), cursor: 9 };
    expect(() => batches.restore(larger)).toThrow("has taken 9 pairs of an epoch, this data has 5");
    expect(() => batches.fill(batches.block(1), 2)).toThrow("make it with block(2)");
  });
});
