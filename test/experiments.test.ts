import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPackage } from "../src/cli/packages.ts";
import { experiments, judged, lecture } from "../src/experiments/index.ts";
import { ROOT } from "./laws/sources.ts";

const folder = join(ROOT, "src/experiments");

describe.each(experiments.map((experiment) => [experiment.id, experiment] as const))("%s", (id, experiment) => {
  it("holds in its quick version, claim by claim, but for what its README says does not", async () => {
    const shares: number[] = [];
    const { rows, figures } = await experiment.run({
      quick: true,
      onProgress: ({ done, total }) => shares.push(done / total),
      read: readPackage,
    });
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(experiment.claims));
    const readme = readFileSync(join(folder, id, "README.md"), "utf8");
    const admitted = /\*\*What does not hold\.\*\*([\s\S]*?)(?:\n\n|$)/.exec(readme)?.[1] ?? "";
    const failed = rows.filter(({ holds }) => !holds);
    expect(failed.filter(({ name }) => !admitted.includes(`\`${name}\``))).toEqual([]);
    expect(figures.length).toBeGreaterThan(0);
    expect(shares.length).toBeGreaterThan(1);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares[shares.length - 1]).toBe(1);
  });

  it("says in its README what is claimed, what is measured, and how that differs from the paper", () => {
    const readme = readFileSync(join(folder, id, "README.md"), "utf8");
    for (const part of [
      /^# .*\b/,
      /\*\*The claim\*\*/,
      /\*\*What is measured\.\*\*/,
      /\*\*How it differs from the paper\.\*\*/,
    ]) {
      expect(readme).toMatch(part);
    }
    expect(readme).toContain(`apprentice reproduce ${id}`);
  });

  it("keeps its tolerances in expected.json, each with an end that can be missed", () => {
    const kept = JSON.parse(readFileSync(join(folder, id, "expected.json"), "utf8"));
    expect(experiment.claims).toEqual(kept);
    for (const { atLeast, atMost } of Object.values(experiment.claims)) expect(atLeast ?? atMost).toBeTypeOf("number");
  });
});

describe("the experiments", () => {
  it("are one a folder, all of them in the registry", () => {
    const folders = readdirSync(folder).filter((name) => existsSync(join(folder, name, "run.ts")));
    expect(experiments.map(({ id }) => id).sort()).toEqual(folders.sort());
  });

  it("stand each under one slide of the lecture, whose title it is", () => {
    const slides = lecture.flatMap((part) => part.slides);
    const ids = experiments.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { also = [] } of slides) expect(ids).toEqual(expect.arrayContaining([...also]));
    const seed = join(ROOT, "../shared/seed");
    if (!existsSync(seed)) return;
    const plain = (words: string) => words.replace(/[*#$\s]+/g, " ").toLowerCase();
    const text = plain(
      readdirSync(seed)
        .map((name) => readFileSync(join(seed, name), "utf8"))
        .join("\n"),
    );
    for (const { title } of slides) {
      for (const words of title.split(/: | — |, /)) expect(text).toContain(plain(words));
    }
  });

  it("a claim holds if its whole interval lies where it must", () => {
    const claims = { slope: { claim: "a slope", paper: "2", atLeast: 1.9, atMost: 2.1 } };
    const found = (mean: number, low: number, high: number) => {
      const { holds, decided } = judged(claims, { slope: { mean, low, high } })[0];
      return holds ? "holds" : decided ? "fails" : "open";
    };
    expect(found(2, 1.95, 2.05)).toBe("holds");
    expect(found(2, 1.85, 2.05)).toBe("open");
    expect(found(2, 1.95, 2.15)).toBe("open");
    expect(found(2, 0, 4)).toBe("open");
    expect(found(1.5, 1.4, 1.8)).toBe("fails");
    expect(found(2.5, 2.2, 2.8)).toBe("fails");
    expect(judged(claims, { slope: 2 })[0]).toEqual({
      name: "slope",
      claim: "a slope",
      paper: "2",
      measured: 2,
      low: 2,
      high: 2,
      holds: true,
      decided: true,
    });
    expect(judged(claims, { slope: Number.NaN })[0].holds).toBe(false);
  });

  it("what was not measured, or is not claimed, is an error", () => {
    const claims = { slope: { claim: "a slope", paper: "2", atLeast: 1.9 } };
    expect(() => judged(claims, {})).toThrow(/the claim "slope" of expected.json was not measured/);
    expect(() => judged(claims, { slope: 2, more: 1 })).toThrow(
      /"more" was measured, but expected.json has no such claim; it has slope/,
    );
  });
});
