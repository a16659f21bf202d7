import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { ROOT } from "../../test/laws/sources.ts";
import { statementsOf } from "../experiments/razin2025-paraphrase/answers.ts";
import { dataFile, dataFolder, readData } from "./data-folder.ts";
import { BadInput } from "./exit.ts";

const folder = mkdtempSync(join(tmpdir(), "apprentice-data-"));
afterEach(() => vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true }));

describe("data made elsewhere", () => {
  it("lie in the folder that APPRENTICE_DATA names", async () => {
    vi.stubEnv("APPRENTICE_DATA", folder);
    writeFileSync(join(folder, "some.txt"), "ünd");
    expect(dataFile("some.txt")).toBe(join(folder, "some.txt"));
    expect(await readData("some.txt")).toBe("ünd");
    expect([dataFile("none.txt"), await readData("none.txt")]).toEqual([undefined, undefined]);
  });

  it("lie beside the checkout without that variable, wherever the command is given", () => {
    vi.stubEnv("APPRENTICE_DATA", undefined);
    const home = process.cwd();
    try {
      process.chdir(folder);
      expect(dataFolder()).toBe(join(ROOT, "../shared/data/"));
    } finally {
      process.chdir(home);
    }
  });

  it("are not looked for elsewhere if the folder that is named isn't there", () => {
    vi.stubEnv("APPRENTICE_DATA", join(folder, "none"));
    expect(() => dataFile("some.txt")).toThrow(BadInput);
    expect(() => dataFile("some.txt")).toThrow(/^APPRENTICE_DATA is ".*none", expected an existing folder; name one, or unset/);
  });

  it("a persona set that is something else is refused, and not replaced", () => {
    const said = (answer: string, i: number) => JSON.stringify({ statement: `It is ${i}`, answer_matching_behavior: answer });
    const lines = Array.from({ length: 200 }, (_, i) => said(i % 2 === 0 ? " Yes" : " No", i));
    expect(statementsOf(`${lines.join("\n")}\n`).slice(0, 2)).toEqual(["it is 0", "it is 2"]);
    expect(() => statementsOf(lines.slice(0, 100).join("\n"))).toThrow(
      /has 50 statements that the persona agrees to, expected at least 100/,
    );
    for (const line of ["no JSON", "null", '{"statement":"It is so"}'])
      expect(() => statementsOf([...lines, line].join("\n"))).toThrow(/agreeableness\.jsonl, line 201: expected \{"statement"/);
  });
});
