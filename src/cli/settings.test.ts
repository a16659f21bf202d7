import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recipes } from "./algorithms/index.ts";
import { BadInput } from "./exit.ts";
import { policySettings } from "./ingredients.ts";
import { choice, either, list, readSettings, real, settings, shown, whole } from "./settings.ts";

const known = settings(
  { rate: 0.1, rounds: 3, deep: true, hidden: [32, 32], kind: "a", weights: "none" },
  { rounds: whole(1), kind: choice("a", "b"), weights: either(choice("none"), list(real(0))) },
);

describe("--set name=value", () => {
  it("puts values of the right types over the defaults", () => {
    expect(readSettings(known, ["rate=1e-3", "deep=false", "hidden=64", "weights=1,2.5"], "x")).toEqual({
      rate: 0.001,
      rounds: 3,
      deep: false,
      hidden: [64],
      kind: "a",
      weights: [1, 2.5],
    });
    expect(readSettings(known, ["hidden=none"], "x").hidden).toEqual([]);
  });

  it("reads back every number that it shows", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.array(fc.integer()), (rate, hidden) => {
        const values = readSettings(known, [`rate=${shown(rate)}`, `hidden=${shown(hidden)}`], "x");
        expect(values.rate === rate, String(rate)).toBe(true); // 0 is -0
        expect(values.hidden).toEqual(hidden);
      }),
    );
  });

  it.each([
    ["rate=", /rate is a number, found ""/],
    ["rate=fast", /rate is a number, found "fast"/],
    ["rate=Infinity", /rate is a number, found "Infinity"/],
    ["rounds=2.5", /rounds is a whole number from 1, found "2.5"/],
    ["deep=yes", /deep is true or false, found "yes"/],
    ["hidden=1,,2", /hidden is numbers with commas between them, or none, found "1,,2"/],
    ["kind=c", /kind is one of a, b, found "c"/],
    ["weights=-1", /weights is one of none, or numbers from 0 with commas between them, or none, found "-1"/],
    ["hiddn=3", /x has no setting "hiddn"; the nearest are hidden/],
    ["=3", /expected name=value/],
    ["seed=3", /give --seed 3/],
  ])("refuses %s, saying what was expected", (text, message) => {
    expect(() => readSettings(known, [text], "x")).toThrow(BadInput);
    expect(() => readSettings(known, [text], "x")).toThrow(message);
  });

  it("refuses a name that is given twice", () => {
    expect(() => readSettings(known, ["rate=1", "rate=2"], "x")).toThrow(/--set rate is given twice/);
  });
});

describe.each(Object.values(recipes))("the recipe of $name", ({ settings: own }) => {
  it("has settings that read their own defaults, and none that the policy has too", () => {
    for (const [name, setting] of Object.entries({ ...own, ...policySettings })) {
      expect(setting.schema.parse(shown(setting.default)), name).toEqual(setting.default);
    }
    expect(Object.keys(own).filter((name) => name in policySettings)).toEqual([]);
  });
});
