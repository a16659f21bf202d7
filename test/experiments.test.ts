import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { dataFile, readData } from "../src/cli/data-folder.ts";
import { readPackage } from "../src/cli/packages.ts";
import { type Bounds, experiments, judged, lecture } from "../src/experiments/index.ts";
import slideList from "./data/lecture/slides.json" with { type: "json" };
import { ROOT } from "./laws/sources.ts";
import { lectureText } from "./reference-data.ts";

const folder = join(ROOT, "src/experiments");

/** What experiments say that they were measured on, where it hangs on what is at hand. */
const notes: Readonly<Record<string, string>> = {
  "razin2025-paraphrase": dataFile("agreeableness.jsonl")
    ? "The statements are 500 of the persona set, agreeableness.jsonl."
    : "The statements are 576 of the synthetic twin: agreeableness.jsonl is not at hand.",
};

/** All that can be left of a list, in its order. */
function subsets(list: readonly string[]): string[][] {
  if (list.length === 0) return [];
  const [first, ...rest] = list;
  const others = subsets(rest);
  return [[first], ...others.map((some) => [first, ...some]), ...others];
}

describe.each(experiments.map((experiment) => [experiment.id, experiment] as const))("%s", (id, experiment) => {
  it("holds in its quick version, claim by claim, but for what its README says does not", async () => {
    const shares: number[] = [];
    const { rows, figures, note } = await experiment.run({
      quick: true,
      onProgress: ({ done, total }) => shares.push(done / total),
      read: readPackage,
      readData,
    });
    expect(rows.map(({ name }) => name)).toEqual(Object.keys(experiment.claims));
    expect(note).toEqual(notes[id]);
    const readme = readFileSync(join(folder, id, "README.md"), "utf8");
    const admitted = /\*\*What does not hold\.\*\*([\s\S]*?)(?:\n\n|$)/.exec(readme)?.[1] ?? "";
    const failed = rows.filter(({ holds, attempted }) => attempted && !holds);
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
    for (const { atLeast, atMost, above, below } of Object.values(experiment.claims)) {
      expect(atLeast ?? atMost ?? above ?? below).toBeTypeOf("number");
    }
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
    // "Title", or "Title: point, point" and "Title: more — point" for slides that are one of several with that title
    const titles = slideList.flatMap(({ title, points = [] }) => [
      title,
      ...subsets(points).flatMap((some) => [`${title}: ${some.join(", ")}`, `${title} — ${some.join(", ")}`]),
    ]);
    for (const { title } of slides) expect(titles).toContain(title);
  });

  const text = lectureText();
  it.skipIf(text === undefined)("know the lecture's slides in their order (skipped where the lecture is not at hand)", () => {
    const plain = (words: string) =>
      words
        .replace("\\in", "∈")
        .replace(/[*$\s]+/g, " ")
        .trim();
    const [, ...found] = text!.split(/^# /m).map((slide) => {
      const [title, ...body] = slide.split("\n");
      return { title: plain(title), body: plain(body.join("\n")) };
    });
    expect(slideList.map(({ title }) => title)).toEqual(found.map(({ title }) => title));
    for (const [i, { points = [] }] of slideList.entries()) for (const point of points) expect(found[i].body).toContain(point);
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
      asked: { atLeast: 1.9, atMost: 2.1 },
      measured: 2,
      low: 2,
      high: 2,
      exact: true,
      holds: true,
      decided: true,
      attempted: true,
    });
    expect(judged(claims, { slope: Number.NaN })[0].holds).toBe(false);
  });

  it("what is claimed to be above 0 is not 0, and what is claimed to be below is not either", () => {
    const verdicts = (bound: Bounds, low: number, high: number) => {
      const [{ holds, decided }] = judged({ gain: { claim: "a gain", paper: "-", ...bound } }, { gain: { mean: 0, low, high } });
      return holds ? "holds" : decided ? "fails" : "open";
    };
    expect(verdicts({ atLeast: 0 }, 0, 0)).toBe("holds");
    for (const bound of [{ above: 0 }, { below: 0 }]) {
      expect(verdicts(bound, 0, 0)).toBe("fails");
      expect(verdicts(bound, -1, 1)).toBe("open");
    }
    expect(verdicts({ above: 0 }, 0, 1)).toBe("open");
    expect(verdicts({ above: 0 }, -1, 0)).toBe("fails");
    expect(verdicts({ above: 0 }, 1e-9, 1)).toBe("holds");
    expect(verdicts({ below: 0 }, -1, -1e-9)).toBe("holds");
    expect(verdicts({ above: 0, below: 1 }, 0.1, 1)).toBe("open");
  });

  it("what a smaller version can't decide neither holds nor fails, whatever it measured, and says its own sizes", () => {
    const claims = { gain: { claim: "a gain after 700 labels", paper: "1", above: 0 } };
    for (const gain of [-1, 1]) {
      const [row] = judged(claims, { gain }, { here: { gain: "200 labels" }, undecided: ["gain"] });
      expect(row).toMatchObject({ measured: gain, here: "200 labels", holds: false, decided: false, attempted: false });
    }
    expect(() => judged(claims, { gain: 1 }, { undecided: ["gian"] })).toThrow("expected.json has no such claim; it has gain");
  });

  it("what was not measured, or is not claimed, is an error", () => {
    const claims = { slope: { claim: "a slope", paper: "2", atLeast: 1.9 } };
    expect(() => judged(claims, {})).toThrow(/the claim "slope" of expected.json was not measured/);
    expect(() => judged(claims, { slope: 2, more: 1 })).toThrow(
      /"more" was measured, but expected.json has no such claim; it has slope/,
    );
  });
});
