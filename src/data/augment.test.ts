import { describe, expect, it } from "vitest";
import { box, bytes } from "../mdp/space.ts";
import type { Augment } from "./augment.ts";
import { minibatches } from "./minibatch.ts";
import { pairs } from "./pairs.ts";

const N = 50;
const demos = pairs(
  box([2]),
  box([1]),
  Float32Array.from({ length: 2 * N }, (_, i) => i),
  Float32Array.from({ length: N }, (_, i) => -i),
);

const jitter: Augment = (s, a, random) => {
  s[0] += random.normal();
  for (let k = 0; k < 1 + random.integer(5); k++) s[1] += random.normal(); // a varying number of draws
  a[0] += 1;
};

/** What an iterator gives, copied. */
const all = (it: Iterable<{ s: Float32Array; a: Float32Array | Int32Array }>) => Array.from(it, ({ s, a }) => [...s, ...a]);

describe("minibatches whose pairs are changed as they are drawn", () => {
  const options = { size: 8, seed: 3, epochs: 3, augment: jitter };

  it("are the same for the same seed, others for another, and change the copies, not the data", () => {
    const once = all(minibatches(demos, options));
    expect(all(minibatches(demos, options))).toEqual(once);
    expect(all(minibatches(demos, { ...options, seed: 4 }))).not.toEqual(once);
    expect(demos.observations[0]).toBe(0);
    expect(demos.actions[3]).toBe(-3);
  });

  it("take the same pairs as without the change, whatever it draws", () => {
    const plain = all(minibatches(demos, { size: 8, seed: 3, epochs: 3 }));
    const changed = all(minibatches(demos, options));
    plain.forEach((batch, k) => {
      expect(changed[k].slice(16)).toEqual(batch.slice(16).map((a) => a + 1));
      expect(changed[k].slice(0, 16)).not.toEqual(batch.slice(0, 16));
    });
  });

  it("change a pair anew in every epoch", () => {
    const seen = new Map<number, Set<number>>();
    for (const { s, a } of minibatches(demos, options)) {
      a.forEach((own, k) => {
        seen.set(own, (seen.get(own) ?? new Set()).add(s[2 * k]));
      });
    }
    for (const values of seen.values()) expect(values.size).toBeGreaterThanOrEqual(3);
  });

  it("go on from any state bit for bit, one by one or in blocks", () => {
    const whole = all(minibatches(demos, options));
    for (const stop of [1, 6, 7, 12]) {
      const first = minibatches(demos, options);
      for (let k = 0; k < stop; k++) first.next();
      const second = minibatches(demos, { ...options });
      second.restore(first.state());
      expect(all(second)).toEqual(whole.slice(stop));
    }
    const blocks = minibatches(demos, options);
    const block = blocks.block(4);
    expect(blocks.fill(block, 4)).toBe(4);
    for (let b = 0; b < 4; b++) {
      expect([...block.s.subarray(16 * b, 16 * b + 16), ...block.a.subarray(8 * b, 8 * b + 8)]).toEqual(whole[b]);
    }
  });

  it("of bytes become reals before they are changed", () => {
    const picture = pairs(bytes([100]), box([1]), new Uint8Array(3 * 100).fill(200), new Float32Array(3));
    const brighter: Augment = (s) => {
      for (let p = 0; p < s.length; p++) s[p] = 1.5 * s[p];
    };
    const [batch] = minibatches(picture, { size: 3, seed: 0, augment: brighter });
    expect(batch.s.every((v) => v === 300)).toBe(true);
    expect(picture.observations[5]).toBe(200);
  });
});
