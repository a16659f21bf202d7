import { existsSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apprentice, apprenticeEach, type Ended, interrupted, lastLine, newFolder } from "./command.ts";

const folder = newFolder();
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const few =
  "--quick --only MountainCar-v0 CartPole-v1 bc dagger --episodes 2 --judge-episodes 4 --set bc.updates=100 dagger.updates=50";
const command = `benchmark ${few} --seeds 2 --jobs 1`;

interface Line {
  readonly key: string;
  readonly env: string;
  readonly algorithm: string;
  readonly seed: number;
  readonly return: number;
  readonly returns: readonly number[];
  readonly seconds: number;
}

/** The kept runs, without what the clock had a say in. */
const linesOf = (name: string) =>
  readFileSync(at(`${name}/runs.jsonl`), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Line)
    .map(({ seconds: _seconds, ...line }) => line);

const count = (name: string) =>
  existsSync(at(`${name}/runs.jsonl`)) ? readFileSync(at(`${name}/runs.jsonl`), "utf8").split("\n").length - 1 : 0;

/** What stands in the JSON that doesn't hang on where and when. */
const told = (ended: Ended) => {
  const { runs: _runs, seconds: _seconds, ...rest } = lastLine(ended);
  return rest;
};

let whole: Ended;
beforeAll(async () => {
  whole = await apprentice(`${command} --out whole --json`, folder);
});

describe("apprentice benchmark", () => {
  it("gives programs one object: scores, intervals with their ends in order, who improves on whom", () => {
    expect(whole.code, whole.err).toBe(0);
    expect(whole.out.trim().split("\n")).toHaveLength(1);
    const json = lastLine(whole);
    expect(Object.keys(json)).toEqual(
      "quick seeds confidence environments algorithms cells overall improvement profiles expectations skipped failures runs seconds".split(
        " ",
      ),
    );
    expect(json).toMatchObject({
      quick: true,
      seeds: 2,
      confidence: 0.95,
      algorithms: ["bc", "dagger"],
      skipped: [],
      failures: [],
    });
    const environments = json.environments as { env: string; random: number; expert: number }[];
    expect(environments.map(({ env }) => env)).toEqual(["CartPole-v1", "MountainCar-v0"]);
    expect(environments[0].expert).toBe(500);
    expect(environments[0].random).toBeGreaterThan(20);
    expect(environments[0].random).toBeLessThan(25); // 22.2 by Gymnasium
    expect(environments[1].random).toBe(-200);
    const cells = json.cells as { env: string; scores: number[]; mean: Ends; iqm: Ends; return: Ends }[];
    expect(cells).toHaveLength(4);
    for (const { scores, mean, iqm, return: R, env } of cells) {
      expect(scores).toHaveLength(2);
      expect(mean.estimate).toBeCloseTo((scores[0] + scores[1]) / 2, 12);
      for (const { estimate, low, high } of [mean, iqm, R]) {
        expect(low).toBeLessThanOrEqual(estimate);
        expect(high).toBeGreaterThanOrEqual(estimate);
      }
      const { random, expert } = environments.find((one) => one.env === env)!;
      expect(mean.estimate).toBeCloseTo((R.estimate - random) / (expert - random), 12);
    }
    expect(json.overall).toHaveLength(2);
    expect(json.improvement).toMatchObject([{ x: "dagger", y: "bc" }]);
    expect((json.profiles as { points: unknown[] }[])[0].points.length).toBeGreaterThan(20);
  });

  it("keeps the raw runs, a table in Markdown, and the figures", () => {
    const lines = linesOf("whole");
    expect(lines).toHaveLength(12); // chance and the expert, and two seeds of two algorithms, in two environments
    for (const line of lines) {
      const mean = line.returns.reduce((sum, value) => sum + value, 0) / line.returns.length;
      expect(line.return).toBeCloseTo(mean, 12);
      expect(line.returns).toHaveLength(line.algorithm === "random" || line.algorithm === "expert" ? 1000 : 4);
    }
    const text = readFileSync(at("whole/benchmark.md"), "utf8");
    expect(text).toMatch(/\| CartPole-v1 \| -?[\d.]+ \[-?[\d.]+, [\d.]+\] \|/);
    expect(text).toContain("Printed by `apprentice benchmark --quick --seeds 2");
    expect(readdirSync(at("whole/figures")).sort()).toEqual(
      ["CartPole-v1", "MountainCar-v0", "improvement", "iqm", "mean", "profiles"].flatMap((name) => [
        `${name}.png`,
        `${name}.svg`,
      ]),
    );
    expect(readFileSync(at("whole/benchmark.html"), "utf8").match(/<svg /g)).toHaveLength(6);
  });

  it("gives those who ask for labels as many as the others are shown", () => {
    const lines = readFileSync(at("whole/runs.jsonl"), "utf8").trim().split("\n");
    const [bc, dagger] = ["bc", "dagger"].map((name) =>
      lines.map((line) => JSON.parse(line)).find((line) => line.algorithm === name && line.env === "CartPole-v1"),
    );
    expect(bc.pairs).toBe(1000);
    expect(dagger.pairs).toBe(1000);
    expect(dagger.labels).toBe(1000);
  });

  it("goes on after a kill with the runs that it had, and comes to the same", async () => {
    const line = (out: string) => `${command} --out ${out} --json`;
    const killed = await interrupted(line, "cut", (out) => count(out) >= 6, "SIGKILL", folder);
    renameSync(at(killed.name), at("cut"));
    const before = count("cut");
    expect(before).toBeLessThan(12);
    truncateSync(at("cut/runs.jsonl"), readFileSync(at("cut/runs.jsonl")).length - 7); // the last line as a kill may leave it
    const again = await apprentice(`${command} --out cut --json`, folder);
    expect(again.code, again.err).toBe(0);
    expect(again.err).toContain(`${before - 1} of 12 runs are kept in cut/runs.jsonl`);
    expect(linesOf("cut")).toEqual(linesOf("whole"));
    expect(told(again)).toEqual(told(whole));
  });

  it("makes again what was made with other settings, and nothing else", async () => {
    const bc = "benchmark --quick --only MountainCar-v0 bc --episodes 2 --judge-episodes 4 --seeds 2 --jobs 2 --json";
    const changed = await apprentice(`${bc} --set bc.updates=20 --out whole`, folder);
    expect(changed.code).toBe(0);
    expect(changed.err).toContain("2 of 4 runs are kept"); // the scale's ends
    expect(changed.err).toContain("2 runs there were made with other settings, and are made again");
    expect(count("whole")).toBe(14);
    const again = await apprentice(`${bc} --set bc.updates=100 --out cut`, folder);
    expect(again.err).toContain("4 of 4 runs are kept");
    expect(count("cut")).toBe(12);
    const [alone, before] = [again, whole].map((ended) =>
      (lastLine(ended).cells as { env: string; algorithm: string }[]).find(
        ({ env, algorithm }) => env === "MountainCar-v0" && algorithm === "bc",
      ),
    );
    expect(alone).toEqual(before);
  });

  const refused = [
    ["--quick --only CartPol-v1", /--only CartPol-v1: the benchmark has no such environment or algorithm; it has CartPole-v1, /],
    ["--quick --only Hopper-v5", /--only Hopper-v5: the quick benchmark has the classic tasks alone; leave out --quick/],
    ["--seeds 0", /--seeds <n>' argument '0' is invalid. Expected a whole number from 1; see: apprentice benchmark --help/],
    ["--quick --set bc=3", /--set bc=3: expected ALGORITHM.NAME=VALUE, such as --set bc.epochs=20/],
    ["--quick --set dagger.budget=3", /dagger gets as many labels as the others are shown pairs; give --episodes/],
    ["--quick --set bc.epoks=3", /bc has no setting "epoks"; the nearest are epochs, /],
  ] as const;
  it("refuses what can't be in one line", async () => {
    const all = await apprenticeEach(
      refused.map(([line]) => `benchmark ${line} --out none`),
      folder,
    );
    for (const [i, [, message]] of refused.entries()) {
      const ended = all[i];
      expect(ended.code).toBe(2);
      expect(ended.err).toMatch(message);
      expect(ended.err.trim().split("\n")).toHaveLength(1);
      expect(existsSync(at("none"))).toBe(false);
    }
  });
});

interface Ends {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}
