import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Verdict } from "../src/evaluation/index.ts";
import { ROOT } from "./laws/sources.ts";
import { samples } from "./samples.ts";

const all = samples();

describe("the programs in the pages are whole", () => {
  it("they type-check as they stand, strictly", () => {
    const file = (name: string) => join(ROOT, `${name.replace("#", ".")}.ts`);
    const texts = new Map(all.map(({ name, code }) => [file(name), `${code}\nexport {};\n`]));
    const read = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile).config;
    const { options } = ts.parseJsonConfigFileContent({ ...read, include: [] }, ts.sys, ROOT);
    const own = { ...options, noUnusedLocals: false };
    const host = ts.createCompilerHost(own);
    const { getSourceFile, fileExists, readFile } = host;
    host.getSourceFile = (name, ...rest) => {
      const text = texts.get(name);
      return text === undefined ? getSourceFile(name, ...rest) : ts.createSourceFile(name, text, ...(rest as [ts.ScriptTarget]));
    };
    host.fileExists = (name) => texts.has(name) || fileExists(name);
    host.readFile = (name) => texts.get(name) ?? readFile(name);
    const program = ts.createProgram([...texts.keys()], own, host);
    const found = [...texts.keys()].flatMap((name) => {
      const source = program.getSourceFile(name)!;
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ start, messageText }) =>
          `${name}:${source.getLineAndCharacterOfPosition(start ?? 0).line + 1}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
      );
    });
    expect(found).toEqual([]);
  });
});

describe("the short ones run as they stand", () => {
  const home = process.cwd();
  const folder = mkdtempSync(join(tmpdir(), "apprentice-samples-"));
  /** They are run from inside of the package, whose name they import. */
  const inside = join(ROOT, "node_modules", ".apprentice-samples", String(process.pid));
  const said: string[] = [];
  beforeAll(() => {
    mkdirSync(inside, { recursive: true });
    process.chdir(folder); // what a program saves stays there, and the next one may read it
  });
  beforeEach(() => {
    vi.spyOn(console, "log").mockImplementation((...words) => {
      said.push(words.join(" "));
    });
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(() => {
    process.chdir(home);
    rmSync(folder, { recursive: true });
    rmSync(inside, { recursive: true });
  });

  /** Runs a program; gives what one of its names stands for. */
  async function run(name: string, result = ""): Promise<Record<string, unknown>> {
    const { code } = all.find((one) => one.name === name)!;
    const file = join(inside, `${name.replaceAll(/\W/g, "-")}.ts`);
    said.length = 0;
    writeFileSync(file, `${code}\nexport { ${result} };\n`);
    return import(/* @vite-ignore */ file);
  }

  /** Runs a program; gives what it prints. */
  async function printed(name: string): Promise<string> {
    await run(name);
    return said.join("\n");
  }

  it("README.md: a clone, which is saved, nearly as good as the expert; used elsewhere it chooses one of two actions", async () => {
    const { verdict } = await run("README.md#1", "verdict");
    const { gap } = verdict as Verdict;
    expect(gap.high).toBeLessThan(25); // of the expert's 500
    expect(statSync("cartpole.onnx").size).toBeGreaterThan(4000);
    const { actions } = await run("README.md#2", "actions");
    expect(actions).toBeInstanceOf(Int32Array);
    expect((actions as Int32Array).length).toBe(1);
    expect([0, 1]).toContain((actions as Int32Array)[0]);
  });

  it("docs/maxent-irl.md: the weights that the page shows", async () => {
    const [weights, error] = (await printed("docs/maxent-irl.md#1")).split("\n");
    const found = weights.trim().split(/\s+/).map(Number);
    for (const [i, w] of [-1.23, -1.42, -2.09, -0.38, -0.6].entries()) expect(found[i]).toBeCloseTo(w, 1);
    expect(Number(error)).toBeLessThan(1e-3);
  });

  it("docs/dpo.md: the answer that was preferred most is the likeliest", async () => {
    const [first, second, third] = (await printed("docs/dpo.md#1")).split(/\s+/).map(Number);
    expect(third).toBeGreaterThan(second);
    expect(second).toBeGreaterThan(first);
  });

  it("docs/theory.md, docs/benchmark.md, docs/dagger.md", async () => {
    expect(await printed("docs/theory.md#1")).toBe("1.264 1.274 1.28");
    expect(await printed("docs/benchmark.md#1")).toMatch(/^0\.985 0\.86/);
    expect((await printed("docs/dagger.md#1")).split("\n")).toHaveLength(4);
  });
});
