import { describe, expect, it } from "vitest";
import { actionDistance, box, discrete, multiDiscrete } from "./index.ts";

describe("the distance of two answers to the same states", () => {
  it("is the share of states with another choice; one of several choices at once is enough", () => {
    expect(actionDistance(discrete(3), [0, 1, 2, 2], [0, 1, 2, 1], 4)).toBe(1 / 4);
    expect(actionDistance(multiDiscrete([2, 2]), [0, 0, 1, 1], [0, 1, 0, 0], 2)).toBe(1);
  });

  it("is the root mean square of real actions in halves of their ranges, of what a world would make of them", () => {
    const space = box([2], [-2, 0], [2, 1]);
    expect(actionDistance(space, [1, 0.5], [0, 0], 1)).toBeCloseTo(Math.sqrt((0.5 ** 2 + 1 ** 2) / 2), 12);
    expect(actionDistance(space, [50, -7], [2, 0], 1)).toBe(0);
    expect(actionDistance(box([1]), [3, 0], [0, 0], 2)).toBeCloseTo(Math.sqrt(9 / 2), 12);
  });
});
