import { afterEach, describe, expect, it, vi } from "vitest";
import { interval, summary } from "./present.ts";
import { duration, meter, short, table } from "./terminal.ts";

describe("numbers for people", () => {
  it.each([
    [0, "0"],
    [437.25, "437.3"],
    [-1151.4, "-1151"],
    [0.012345, "0.0123"],
    [1234567, "1,234,567"],
    [-0.00001234, "-1.2e-5"],
    [3e30, "3.00e+30"],
    [Number.POSITIVE_INFINITY, "∞"],
    [Number.NaN, "none"],
  ])("%d is written %s", (value, text) => expect(short(value)).toBe(text));

  it.each([
    [0.44, "0.4 s"],
    [42.4, "42 s"],
    [59.8, "1 min 0 s"],
    [119.7, "2 min 0 s"],
    [3723, "1 h 2 min"],
  ])("%d seconds are %s", (value, text) => expect(duration(value)).toBe(text));

  it("an interval has no dust of rounding in it", () => {
    expect(interval({ mean: 3.24, low: -4.4e-15, high: 11.43 })).toBe("[0, 11.43]");
  });
});

describe("a table", () => {
  it("has its names to the left and its numbers to the right", () => {
    const text = table(
      [
        ["expert", "500", "[500, 500]"],
        ["clone", "43.5", "[-4, 51]"],
      ],
      ["", "mean", "interval"],
    );
    expect(text).toBe(
      ["        mean    interval", "------  ----  ----------", "expert   500  [500, 500]", "clone   43.5    [-4, 51]"].join("\n"),
    );
  });
});

describe("the verdict in a sentence", () => {
  const of = (mean: number, low: number, high: number) => {
    const same = { mean: 1, low: 1, high: 1 };
    const gap = { mean, low, high };
    return summary(
      { env: "X", episodes: 9, seed: 0, confidence: 0.95, learner: same, sampled: same, expert: same, gap, sampledGap: gap },
      "clone",
    );
  };
  it("says what the learner returns where there is nobody to compare with", () => {
    const value = { mean: 3, low: 2, high: 4 };
    const alone = { env: "X", episodes: 9, seed: 0, confidence: 0.95, learner: value, sampled: value };
    expect(summary(alone, "learner")).toBe(
      "The learner returns 3 in X [2, 4], over 9 episodes; there was nobody to compare with.",
    );
  });

  it("says whether the gap can be told from none, and which way it goes", () => {
    expect(of(2, -1, 5)).toContain("the gap of 2 cannot be told from none [-1, 5].");
    expect(of(3, 1, 5)).toContain("it falls short by 3 [1, 5].");
    expect(of(-3, -5, -1)).toContain("it is better by 3 [1, 5].");
    expect(of(2, -Infinity, Infinity)).toContain("a gap of 2; one episode gives no interval.");
  });
});

describe("a meter without a terminal", () => {
  afterEach(() => vi.restoreAllMocks());

  it("says the last state only, where the work was short", () => {
    const lines: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => lines.push(String(text)) > 0);
    const at = meter("bc");
    for (let done = 0; done <= 50; done++) at.at({ done, total: 100, unit: "updates" }, "loss 0.5");
    at.end();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^bc: 50 % {2}50 of 100 updates {2}.*loss 0.5\n$/);
  });
});
