import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, read, sources } from "./sources.ts";

interface Row {
  readonly name: string;
  readonly where: string;
  readonly equation: string;
  readonly file: string;
  readonly functionName: string;
  readonly test: string;
}

/** Rows of docs/formulas.md: | `name` | where | equation | [`function`](file) | [test](file) | */
function rows(): Row[] {
  const pattern = /^\| `([\w-]+)` \| ([^|]+) \| (.+?) \| \[`(\w+)`\]\(\.\.\/([^)]+)\) \| \[[^\]]*\]\(\.\.\/([^)]+)\) \|$/gm;
  return [...read("docs/formulas.md").matchAll(pattern)].map(([, name, where, equation, functionName, file, test]) => ({
    name,
    where,
    equation,
    functionName,
    file,
    test,
  }));
}

/** Every `@formula NAME` in the code, with the function that carries it. */
function tags(): { name: string; file: string; functionName: string | undefined }[] {
  return sources("src").flatMap(({ path, text }) =>
    [...text.matchAll(/@formula ([\w-]+)[\s\S]*?\*\/\s*(?:export\s+)?(?:async\s+)?(?:function\*?|const|interface)\s+(\w+)/g)].map(
      ([, name, functionName]) => ({
        name,
        file: path,
        functionName,
      }),
    ),
  );
}

describe("docs/formulas.md", () => {
  it("has a row for every formula that the code carries, and the code carries every formula that has a row", () => {
    const inCode = tags().map(({ name, file, functionName }) => `${name} ${file} ${functionName}`);
    const inTable = rows().map(({ name, file, functionName }) => `${name} ${file} ${functionName}`);
    expect(inTable.length).toBeGreaterThan(0);
    expect(inTable.sort()).toEqual(inCode.sort());
  });

  it("every @formula tag stands above a function", () => {
    const count = sources("src").reduce((sum, { text }) => sum + (text.match(/@formula /g)?.length ?? 0), 0);
    expect(tags().length).toBe(count);
  });

  it("names a test file that exists, for each", () => {
    expect(
      rows()
        .filter(({ test }) => !existsSync(join(ROOT, test)))
        .map(({ name }) => name),
    ).toEqual([]);
  });

  it("each row's line in the table is well formed", () => {
    const lines = read("docs/formulas.md")
      .split("\n")
      .filter((line) => line.startsWith("| `"));
    expect(rows().length).toBe(lines.length);
  });
});
