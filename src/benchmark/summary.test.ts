import { describe, expect, it } from "vitest";
import { expectations } from "./expectations.ts";
import { improvementRows, markdownTable, scoreHead, scoreRows, scoreText } from "./markdown.ts";
import { normalised, type Scored, summarise } from "./summary.ts";

/** Runs from scores: the environments' scales are 100 to 300 and -50 to -10. */
const references = [
  { env: "A", random: 100, expert: 300 },
  { env: "B", random: -50, expert: -10 },
];
const runsOf = (algorithm: string, scores: Record<string, readonly number[]>): Scored[] =>
  Object.entries(scores).flatMap(([env, values]) =>
    values.map((score, seed) => {
      const { random, expert } = references.find((reference) => reference.env === env)!;
      return { env, algorithm, seed, return: random + score * (expert - random) };
    }),
  );

// Of eight runs seven reach the expert and one is chance: the mean is 7/8, and 95 % of the resamples lie in [5/8, 1].
const skewed = [1, 1, 1, 1, 1, 1, 1, 0];
const runs = [
  ...runsOf("bc", { A: skewed, B: [0.5, 0.5, 0.5] }),
  ...runsOf("dagger", { A: new Array(8).fill(1), B: [0.75, 0.75, 0.75] }),
  ...runsOf("gail", { B: [0.96, 0.96] }),
];

describe("the summary of a benchmark", () => {
  it("normalises so that a random policy has 0 and the expert 1", () => {
    expect(normalised(100, references[0])).toBe(0);
    expect(normalised(-10, references[1])).toBe(1);
    expect(normalised(-70, references[1])).toBe(-0.5);
    expect(() => normalised(1, { env: "A", random: 3, expert: 3 })).toThrow("the expert of A returns 3, chance 3");
  });

  it("puts each figure of known runs in its place: estimate, lower end, upper end", () => {
    const { cells, overall, environments, algorithms } = summarise(runs, references);
    expect(environments).toEqual(["A", "B"]);
    expect(algorithms).toEqual(["bc", "dagger", "gail"]);
    const cell = cells.find(({ env, algorithm }) => env === "A" && algorithm === "bc")!;
    expect(cell.mean).toEqual({ mean: 0.875, low: 0.625, high: 1 });
    expect(cell.return).toEqual({ mean: 275, low: 225, high: 300 });
    expect(cell.iqm.mean).toBe(1); // two of eight are cut off at either end
    expect(cell.scores).toEqual(skewed);
    const bc = overall.find(({ algorithm }) => algorithm === "bc")!;
    expect(bc.mean).toEqual({ mean: 0.6875, low: 0.5625, high: 0.75 }); // environments weigh alike: (7/8 + 1/2) / 2
    for (const { mean, iqm } of [...cells, ...overall]) {
      for (const { mean: value, low, high } of [mean, iqm]) expect(low <= value && value <= high).toBe(true);
    }
  });

  it("compares over all environments only those that were run in each", () => {
    const { overall, improvement, profiles } = summarise(runs, references);
    expect(overall.map(({ algorithm }) => algorithm)).toEqual(["bc", "dagger"]);
    expect(profiles.map(({ algorithm }) => algorithm)).toEqual(["bc", "dagger"]);
    // In A one run of bc in eight is worse than any of dagger's, the others are ties; in B all are worse.
    expect(improvement).toHaveLength(1);
    expect(improvement[0]).toMatchObject({ x: "dagger", y: "bc", probability: { mean: (1 / 8 + 7 / 16 + 1) / 2 } });
  });

  it("leaves out what has no scale", () => {
    const { environments, cells } = summarise([...runs, { env: "C", algorithm: "bc", seed: 0, return: 1 }], references);
    expect(environments).toEqual(["A", "B"]);
    expect(cells.filter(({ env }) => env === "C")).toEqual([]);
  });
});

describe("the tables of a benchmark", () => {
  const summary = summarise(runs, references);

  it("show the estimate, then the lower end, then the upper one", () => {
    expect(scoreHead(summary)).toEqual(["", "BC", "DAgger", "GAIL"]);
    expect(scoreRows(summary, "mean")).toEqual([
      ["A", "0.88 [0.63, 1.00]", "1.00 [1.00, 1.00]", ""],
      ["B", "0.50 [0.50, 0.50]", "0.75 [0.75, 0.75]", "0.96 [0.96, 0.96]"],
      ["all", "0.69 [0.56, 0.75]", "0.88 [0.88, 0.88]", ""],
    ]);
    expect(scoreText({ mean: -0.001, low: -Infinity, high: Infinity })).toBe("0.00");
    const [bc, dagger] = improvementRows(summary);
    expect(bc.slice(0, 2)).toEqual(["BC", ""]);
    expect(dagger[1]).toMatch(/^0\.78 \[0\.75, 0\.8\d\]$/);
    expect(bc[2]).toMatch(/^0\.22 \[0\.1\d, 0\.25\]$/); // the same, seen from the other side
  });

  it("are Markdown", () => {
    expect(markdownTable(["", "a|b"], [["x", "1"]])).toBe("|  | a\\|b |\n|---|--:|\n| x | 1 |");
  });
});

describe("what is expected of a benchmark", () => {
  const classic = [
    { env: "CartPole-v1", random: 0, expert: 1 },
    { env: "Pendulum-v1", random: 0, expert: 1 },
  ];
  const scored = (algorithm: string, env: string, scores: readonly number[]) =>
    scores.map((score, seed) => ({ env, algorithm, seed, return: score }));
  const judge = (bc: readonly number[], dagger: readonly number[], gail: readonly number[]) =>
    expectations(
      summarise(
        classic.flatMap(({ env }) => [...scored("bc", env, bc), ...scored("dagger", env, dagger), ...scored("gail", env, gail)]),
        classic,
      ),
    ).map(({ holds }) => holds);

  it("holds of a better DAgger and of a GAIL that is near the expert everywhere, and not otherwise", () => {
    expect(judge([0.5, 0.6], [0.9, 0.95], [0.96, 1])).toEqual([true, true]);
    expect(judge([0.9, 0.95], [0.5, 0.6], [0.96, 0.9])).toEqual([false, false]);
    expect(judge([0.9, 0.95], [0.95, 0.9], [0.9, 1])).toEqual([true, true]); // a tie is no contradiction
  });

  it("asks for every classic task: one that is missed is named", () => {
    const [found] = expectations(
      summarise([...scored("gail", "CartPole-v1", [1, 1]), ...scored("gail", "Pendulum-v1", [0.5, 0.9])], classic),
    );
    expect(found).toMatchObject({ where: "Pendulum-v1", holds: false, measured: { mean: 0.7 } });
  });
});
