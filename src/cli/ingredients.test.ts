import { describe, expect, it } from "vitest";
import { fromTrajectories } from "../data/index.ts";
import { box, discrete } from "../mdp/index.ts";
import { poor } from "./ingredients.ts";

/** One trajectory of these actions. */
const demos = (action: ReturnType<typeof discrete> | ReturnType<typeof box>, actions: Int32Array | Float32Array, T: number) => {
  const trajectory = { observations: new Float32Array(T + 1), actions, rewards: new Float64Array(T), terminated: true };
  return fromTrajectories(box([1]), action, [trajectory], { env: "Any-v0" });
};

describe("demonstrations from which nothing can be learned are told", () => {
  it("fewer than ten pairs, or the same action throughout; a single other action is none", () => {
    expect(
      poor(
        demos(
          discrete(3),
          Int32Array.from({ length: 9 }, (_, t) => t % 3),
          9,
        ),
      ),
    ).toMatch(/^9 pairs are hardly anything/);
    expect(poor(demos(discrete(3), Int32Array.of(1), 1))).toMatch(/^1 pair is hardly anything/);
    expect(poor(demos(discrete(3), new Int32Array(40).fill(2), 40))).toMatch(/^all demonstrated actions are the same/);
    const last = new Int32Array(40).fill(2);
    last[39] = 1;
    expect(poor(demos(discrete(3), last, 40))).toBeUndefined();
    const pairs = Float32Array.from({ length: 80 }, (_, i) => i % 2);
    expect(poor(demos(box([2], -1, 1), pairs, 40))).toMatch(/^all demonstrated actions are the same/);
    pairs[7] = 0.5;
    expect(poor(demos(box([2], -1, 1), pairs, 40))).toBeUndefined();
  });
});
