import { describe, expect, it, vi } from "vitest";
import { makeEnv } from "../envs/index.ts";
import { balancer } from "../experts/index.ts";
import type { Policy } from "../mdp/index.ts";
import type { RunConfig } from "../runs/index.ts";
import { findRecipe } from "./algorithms/index.ts";
import type { Judgement } from "./judge.ts";
import { notesIn, tellingNotes } from "./notes.ts";
import { drawn, runReport } from "./report.ts";

describe("what rounds note and warn of", () => {
  const records = [
    { round: 1, warning: "the world ended 3 of 3 demonstrations" },
    { round: 2, note: "2 of 10 comparisons say the opposite of another one" },
    { round: 3, note: "4 of 20 comparisons say the opposite of another one" },
  ];

  it("is said once, though its numbers change", () => {
    const told: string[] = [];
    const write = vi.spyOn(process.stderr, "write").mockImplementation((text) => told.push(String(text)) > 0);
    const tell = tellingNotes();
    for (const record of records) tell(record);
    write.mockRestore();
    expect(told).toEqual([`note: ${records[0].warning}\n`, `note: ${records[1].note}\n`]);
    expect(notesIn(records)).toEqual([records[0].warning, records[2].note]);
  });

  it("stands in the report of the run", async () => {
    const env = makeEnv("CartPole-v1");
    const policy: Policy = { ...env, act: (s) => balancer().label(s) };
    const judge = { episodes: 2, seed: 0 };
    const config: RunConfig = {
      ...{ format: 1, algorithm: "gail", env: env.id, seed: 0, options: {}, command: ["train"], versions: {} },
      problem: { env: env.id, policy: {}, judge } as unknown as RunConfig["problem"],
    };
    const value = { mean: 500, low: 500, high: 500 };
    const verdict = { learner: value, sampled: value, confidence: 0.95, episodes: 2 } as unknown as Judgement;
    const page = (of: readonly Record<string, unknown>[]) =>
      runReport({ config, recipe: findRecipe("gail"), verdict, policy, records: of, env });
    expect(await page(records)).toContain("the world ended 3 of 3 demonstrations");
    expect(await page([])).not.toContain("Notes");
  });
});

describe("a curve of records", () => {
  const curve = (title: string, name: string) => ({
    title,
    x: { of: "labels", label: "labels" },
    y: "mean return",
    lines: [{ of: "value", name }],
  });
  const places = (svg: string) => {
    const [, line] = / d="M([^"AZ]*L[^"AZ]*)"/.exec(svg)!;
    return line.split("L").map(Number.parseFloat);
  };

  it("has one point at each place, the last: a line doesn't go up and down where labels stand still", async () => {
    const records = [5, 1, 3, 2, 9, 4].map((value, i) => ({ labels: [10, 10, 10, 20, 20, 30][i], value }));
    const kept = [records[2], records[4], records[5]];
    const [svg, same] = [await drawn(curve("Return", "a"), records), await drawn(curve("Return", "a"), kept)];
    expect(svg).toBe(same);
    const across = places(svg!);
    expect(across).toHaveLength(3);
    expect([...new Set(across)]).toEqual(across);
    expect(await drawn(curve("Return", "a"), records.slice(0, 3))).toBeUndefined();
  });

  it("is named, though it is the only one, unless title or axis say the name", async () => {
    const records = [1, 2, 3].map((value) => ({ labels: value, value }));
    expect(await drawn(curve("Return", "by whoever acted"), records)).toContain(">by whoever acted<");
    expect(await drawn(curve("Distance of steps", "distance"), records)).not.toContain(">distance<");
  });
});
