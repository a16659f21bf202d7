import { describe, expect, it } from "vitest";
import { mustBeBelow, mustBeCounts, mustBePositive, mustBeShares, mustNotBeNegative } from "./options.ts";

describe("the bounds of options", () => {
  it.each([
    [mustBeCounts, [1, 7], [0, -1, 1.5, Number.NaN, Infinity], "a whole number from 1 on"],
    [(values: Record<string, number>) => mustBeCounts(values, 0), [0, 3], [-1, 0.5], "a whole number from 0 on"],
    [mustBePositive, [1e-9, 5], [0, -1, Number.NaN, Infinity], "a positive number"],
    [mustNotBeNegative, [0, 5], [-1e-9, Number.NaN, Infinity], "a number from 0 on"],
    [mustBeShares, [0, 0.5, 1], [-0.1, 1.1, Number.NaN], "a number from 0 to 1"],
    [
      (values: Record<string, number>) => mustBeBelow(0.5, values),
      [0, 0.49],
      [-0.1, 0.5, Number.NaN],
      "a number from 0 to below 0.5",
    ],
  ])("%o takes what is inside and names what is not", (check, inside, outside, expected) => {
    for (const x of inside) expect(() => check({ first: inside[0], x })).not.toThrow();
    for (const x of outside)
      expect(() => check({ first: inside[0], x })).toThrow(new RangeError(`x is ${x}, expected ${expected}`));
    const written = `${inside[0]}` as never;
    expect(() => check({ x: written })).toThrow(new RangeError(`x is "${written}", expected ${expected}`));
  });
});
