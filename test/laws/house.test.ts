import { describe, expect, it } from "vitest";
import { importsOf, read, type Source, sources } from "./sources.ts";

const code = sources("src").filter(({ path }) => !path.endsWith(".test.ts"));

/** `src/algorithms/direct/dagger.ts` is in the room `algorithms/direct`, `src/envs/classic/x.ts` in `envs`. */
function roomOf(path: string, rooms: Iterable<string>): string | undefined {
  const inside = path.replace(/^src\//, "");
  return [...rooms].filter((room) => inside.startsWith(`${room}/`)).sort((a, b) => b.length - a.length)[0];
}

/** A table of CONTRIBUTING.md by what stands at the head of its first column: the names in each row's cells. */
function table(head: string): Map<string, string[][]> {
  const [, text] = read("CONTRIBUTING.md").split(`\n| ${head} |`);
  const rows = text.split("\n\n")[0].matchAll(/^\| `([\w/-]+)` \|(.*)\|$/gm);
  const list = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1]);
  return new Map([...rows].map(([, name, cells]) => [name, cells.split("|").map(list)]));
}

const house = new Map([...table("room")].map(([room, [rooms, packages]]) => [room, { rooms, packages }]));
const BARREL = "src/algorithms/index.ts";

describe("who may import whom (the table in CONTRIBUTING.md)", () => {
  it("has a row for every room under src/, and no other", () => {
    const found = new Set(
      code.filter(({ path }) => path !== "src/index.ts").map(({ path }) => roomOf(path, house.keys()) ?? path),
    );
    expect([...found].sort()).toEqual([...house.keys()].sort());
  });

  it.each(code.filter(({ path }) => path !== "src/index.ts").map((source) => [source.path, source] as const))(
    "%s",
    (path, source) => {
      const own = roomOf(path, house.keys())!;
      const allowed = house.get(own)!;
      for (const { specifier, target, typesOnly } of importsOf(source)) {
        if (target === undefined) {
          const name = specifier.startsWith("node:")
            ? "node:"
            : specifier
                .split("/")
                .slice(0, specifier.startsWith("@") ? 2 : 1)
                .join("/");
          expect(allowed.packages, `${path} imports the package ${specifier}`).toContain(name);
          continue;
        }
        const room = roomOf(target, house.keys()) ?? target;
        if (target === BARREL) expect(allowed.rooms).toEqual(expect.arrayContaining(["algorithms/direct", "algorithms/inverse"]));
        if (room === own || (path === BARREL && room.startsWith("algorithms/"))) continue;
        if (allowed.rooms.includes(`${room} (types)`))
          expect(typesOnly, `${path} imports more than types from ${room}`).toBe(true);
        else expect(allowed.rooms, `${path} imports ${target}`).toContain(room);
      }
    },
  );

  it("sibling algorithms don't import each other, but for what the second table there lists", () => {
    const siblings = code.filter(({ path }) => /^src\/algorithms\/(direct|inverse)\//.test(path));
    const algorithms = siblings.filter(({ text }) => /^export (const|type) \w+\s*[:=]\s*Algorithm</m.test(text));
    expect(algorithms.length).toBeGreaterThan(20);
    // an algorithm is its file with the folder of its name; the other folders stand for themselves, the other files are for all
    const unitOf = (path: string) => {
      const [, folder] = /^src\/algorithms\/\w+\/([\w-]+)\//.exec(path) ?? [];
      return folder ?? (algorithms.some((source) => source.path === path) ? /([\w-]+)\.ts$/.exec(path)![1] : undefined);
    };
    const found = siblings.flatMap((source) =>
      importsOf(source).flatMap(({ target, typesOnly }) => {
        const [from, to] = [unitOf(source.path), unitOf(target ?? "")];
        return from === undefined || to === undefined || from === to || typesOnly ? [] : [`${from} imports ${to}`];
      }),
    );
    const listed = [...table("algorithm or folder")].flatMap(([from, [allowed]]) => allowed.map((to) => `${from} imports ${to}`));
    expect([...new Set(found)].sort()).toEqual(listed.sort());
  });
});

const without = (source: Source) => source.text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, "");

describe("the laws of the house", () => {
  it("nothing is random but through the seeded generator", () => {
    const everywhere = [...sources("src"), ...sources("test"), ...sources("bench"), ...sources("examples")];
    const offenders = everywhere.filter(
      (source) => !source.path.startsWith("test/laws/") && /Math\.random|randomUUID|getRandomValues/.test(without(source)),
    );
    expect(offenders.map(({ path }) => path)).toEqual([]);
  });

  it("no result below runs/ reads a clock", () => {
    const below = code.filter(({ path }) => !/^src\/(runs|cli)\//.test(path));
    const offenders = below.filter((source) => /\bDate\b|performance\.now|hrtime/.test(without(source)));
    expect(offenders.map(({ path }) => path)).toEqual([]);
  });

  it("nothing below runs/ prints", () => {
    const below = code.filter(({ path }) => !/^src\/(runs|cli)\//.test(path));
    expect(below.filter((source) => /\bconsole\.|process\.std/.test(without(source))).map(({ path }) => path)).toEqual([]);
  });

  it("there is no room without a job: no utils, helpers, common, misc, shared", () => {
    const names = [...sources("src"), ...sources("test"), ...sources("bench")].map(({ path }) => path);
    expect(names.filter((path) => /(^|\/)(utils?|helpers?|common|misc|shared)(\/|\.ts$)/.test(path))).toEqual([]);
  });

  it("nothing is inherited for reuse: a class extends only Error", () => {
    const offenders = code.filter((source) => /class\s+\w+\s+extends\s+(?!(?:Range|Type)?Error\b)/.test(without(source)));
    expect(offenders.map(({ path }) => path)).toEqual([]);
  });

  it("no test is left out without a condition", () => {
    const tests = [...sources("src"), ...sources("test")].filter(({ path }) => path.endsWith(".test.ts"));
    const offenders = tests.filter((source) => /\b(it|test|describe)\.(only|todo|skip)\b(?!If)/.test(without(source)));
    expect(offenders.filter(({ path }) => !path.startsWith("test/laws/")).map(({ path }) => path)).toEqual([]);
  });
});
