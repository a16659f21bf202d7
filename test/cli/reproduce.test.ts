import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apprentice, type Ended, interrupted, newFolder } from "./command.ts";

const folder = newFolder();
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

describe("apprentice reproduce", () => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await apprentice(
      "reproduce pdl horizon --quick --seeds 2 --jobs 2 --json --out out/page.html --figures pictures",
      folder,
    );
  });

  it("prints a table for people, an array for programs, and writes a page with the figures", () => {
    expect(ended.code).toBe(0);
    expect(ended.out.trim().split("\n")).toHaveLength(1);
    const rows = JSON.parse(ended.out);
    expect(rows).toHaveLength(7);
    for (const row of rows) {
      expect(Object.keys(row)).toEqual([
        "id",
        "name",
        "claim",
        "paper",
        "asked",
        "measured",
        "low",
        "high",
        "exact",
        "holds",
        "decided",
        "attempted",
        "seconds",
      ]);
      expect(row.holds).toBe(true);
      expect(row.low).toBeLessThanOrEqual(row.measured);
      expect(row.high).toBeGreaterThanOrEqual(row.measured);
      expect(row.seconds).toBeGreaterThan(0);
    }
    expect(rows.map(({ id }: { id: string }) => id)).toEqual(["pdl", "pdl", ...new Array(5).fill("horizon")]);
    expect(ended.err).toMatch(/horizon: all 5 claims hold/);
    expect(ended.err).toMatch(/holds +measured +95 % interval +asked for +claim; in the paper/);
    expect(ended.err).toMatch(/reproduce: .* of 2 experiments/);
    const page = readFileSync(at("out/page.html"), "utf8");
    expect(page.match(/<svg /g)?.length).toBe(2);
    expect(page).toContain("These are the quick versions");
    expect(page).toMatch(/<a href="(\.\.\/)+[^"]*src\/experiments\/pdl\/README\.md">/);
    expect(readdirSync(at("pictures")).sort()).toEqual(["horizon.png", "horizon.svg", "pdl.png", "pdl.svg"]);
  });

  it("is the same one after the other as side by side", async () => {
    const rows = ({ out }: Ended) => JSON.parse(out).map(({ seconds: _seconds, ...row }: { seconds: number }) => row);
    expect(rows(await apprentice("reproduce pdl horizon --quick --seeds 2 --jobs 1 --json", folder))).toEqual(rows(ended));
  });

  it("stopped half-way, goes on from there, and leaves nothing but its report", async () => {
    const line = (name: string) => `reproduce pdl rajaraman2020 --quick --seeds 4 --jobs 1 --json --out ${name}.html`;
    const halfWay = (name: string) => existsSync(at(`${name}.html.unfinished`));
    const stopped = await interrupted(line, "halved", halfWay, "SIGINT", folder);
    expect(stopped.code).toBe(130);
    expect(stopped.err).toMatch(/stopped; 1 of 2 experiments are kept: the same command goes on from there/);
    const resumed = await apprentice(line(stopped.name), folder);
    expect(resumed.err).toMatch(/^pdl: all 2 claims hold, kept from before\n/);
    const ids = JSON.parse(resumed.out).map(({ id }: { id: string }) => id);
    expect(new Set(ids)).toEqual(new Set(["pdl", "rajaraman2020"]));
    expect(halfWay(stopped.name)).toBe(false);
    const page = readFileSync(at(`${stopped.name}.html`), "utf8");
    expect(page).toMatch(/<h2>Direct imitation<\/h2>[\s\S]*<h3>Behavior Cloning with Logistic Loss<\/h3>[\s\S]*rajaraman2020: /);
    expect(page).not.toContain("Inverse reinforcement learning");
  });

  it("ends with code 1 where a claim is open: two repetitions decide nothing", async () => {
    const ended = await apprentice("reproduce rajaraman2020 --quick --seeds 2", folder);
    expect(ended.code).toBe(1);
    expect(ended.out).toMatch(/\nopen +/);
    expect(ended.err).toMatch(
      /^error: not everything is reproduced: rajaraman2020 \(.* of \d+ claims hold, .*; why: \S*src\/experiments\/rajaraman2020\/README\.md$/m,
    );
    expect(existsSync(at("report.html"))).toBe(true);
  });

  it("lists what there is, and the nearest to what there isn't", async () => {
    const all = await apprentice("reproduce", folder);
    expect(all.code).toBe(0);
    expect(all.out).toMatch(/^experiment +title +source/);
    expect(all.out).toMatch(/\nhorizon +What an error costs/);
    const none = await apprentice("reproduce horizn", folder);
    expect(none.code).toBe(2);
    expect(none.err).toMatch(
      /^error: unknown experiment "horizn"; the nearest are horizon, .*; all of them: apprentice reproduce\n$/,
    );
    expect(none.out).toBe("");
  });
});
