import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { recipes } from "../../src/cli/algorithms/index.ts";
import { languageRecipes } from "../../src/cli/algorithms/language.ts";
import { readSettings, type Settings } from "../../src/cli/settings.ts";
import { settingsOf } from "../../src/cli/train.ts";
import { pages } from "../../src/cli/train-help.ts";
import { ROOT } from "../laws/sources.ts";
import { apprenticeEach } from "./command.ts";

const settings: Readonly<Record<string, Settings>> = Object.fromEntries([
  ...Object.values(recipes).map((one) => [one.name, settingsOf(one, undefined)] as const),
  ...Object.values(languageRecipes).map((one) => [one.name, one.settings] as const),
]);
const meanings: Readonly<Record<string, Readonly<Record<string, string>>>> = JSON.parse(
  readFileSync(join(ROOT, "dist", "meanings.json"), "utf8"),
);

describe("what the command line says of an algorithm's settings", () => {
  it.each(Object.keys(settings))("every setting of %s has a meaning", (name) => {
    const { [name]: own, policy, language } = meanings;
    const known = { ...policy, ...own, ...(Object.hasOwn(languageRecipes, name) ? language : {}) };
    const silent = Object.keys(settings[name]).filter((setting) => !((known[setting] ?? "").split(" ").length >= 3));
    expect(silent, "write a docstring where the options' interface declares them").toEqual([]);
  });

  it.each(Object.keys(settings))("the examples of %s name it, and settings that it has", (name) => {
    expect(pages).toHaveProperty([name]);
    for (const line of pages[name].examples) {
      const [, own, rest] = /^apprentice train ([\w-]+)(?:.* --set (.*))?/.exec(line) ?? [];
      if (own === undefined) continue;
      const given = (rest ?? "").match(/[\w.]+=(?:"[^"]*"|\S+)/g) ?? [];
      expect(
        () =>
          readSettings(
            settings[own],
            given.map((text) => text.replaceAll('"', "")),
            own,
          ),
        line,
      ).not.toThrow();
    }
    expect(pages[name].examples.join("\n")).toContain(`apprentice train ${name} `);
  });

  it("train ALGORITHM --help shows that algorithm's settings, wrapped, and what --expert may be; programs are told the same", async () => {
    const [help, listed] = await apprenticeEach(["train preference-rl --help", "algorithms dagger --json"], ROOT);
    expect(help.code).toBe(0);
    expect(help.out).toContain("synthetic:");
    expect(help.out).toMatch(/^fragmentLength +\d+ +Steps of a fragment/m);
    expect(Math.max(...help.out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(110);

    const told: { setting: string; meaning: string }[] = JSON.parse(listed.out).settings;
    expect(told.find(({ setting }) => setting === "rounds")?.meaning).toBe(meanings.dagger.rounds);
  });
});
