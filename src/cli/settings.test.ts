import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recipes } from "./algorithms/index.ts";
import { languageRecipes } from "./algorithms/language.ts";
import { BadInput } from "./exit.ts";
import { policySettings } from "./ingredients.ts";
import { between, choice, either, list, readSettings, real, settings, shown, whole } from "./settings.ts";

const known = settings(
  { rate: 0.1, rounds: 3, deep: true, hidden: [32, 32], kind: "a", weights: "none" },
  {
    rate: real(),
    rounds: whole(1),
    hidden: list(real()),
    kind: choice("a", "b"),
    weights: either(choice("none"), list(between(-1, 10), { least: 1 })),
  },
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
    ["rate=", /rate takes a number, found ""/],
    ["rate=fast", /rate takes a number, found "fast"/],
    ["rate=Infinity", /rate takes a number, found "Infinity"/],
    ["rounds=2.5", /rounds takes a whole number from 1, found "2.5"/],
    ["deep=yes", /deep takes true or false, found "yes"/],
    ["hidden=1,,2", /hidden takes numbers with commas between them, or none, found "1,,2"/],
    ["kind=c", /kind takes one of a, b, found "c"/],
    ["weights=-1", /weights takes one of none, or numbers between -1 and 10 with commas between them, found "-1"/],
    ["weights=", /weights takes one of none, or numbers between -1 and 10 with commas between them, found ""/],
    ["hiddn=3", /x has no setting "hiddn"; the nearest are hidden/],
    ["=3", /expected name=value/],
    ["seed=3", /give --seed 3/],
    ["Hidden=3", /x has no setting "Hidden"; here it is hidden; all of them/],
  ])("refuses %s, saying what was expected", (text, message) => {
    expect(() => readSettings(known, [text], "x")).toThrow(BadInput);
    expect(() => readSettings(known, [text], "x")).toThrow(message);
  });

  it("refuses a name that is given twice", () => {
    expect(() => readSettings(known, ["rate=1", "rate=2"], "x")).toThrow(/--set rate is given twice/);
  });
});

const NONSENSE: Readonly<Record<string, readonly string[]>> = {
  bc: [
    "momentum=7",
    "momentum=1",
    "clipNorm=-1",
    "l2=-3",
    "weightDecay=-1",
    "entropyBonus=-1",
    "classWeights=1,-1",
    "initialLogStd=50",
  ],
  dagger: ["beta=-1", "beta=1,2", "share=2", "release=-1", "momentum=7", "timeout=-1"],
  gail: ["penaltyShare=7", "penaltyShare=0", "labelSmoothing=0.5", "valueWeight=-5", "entropyBonus=-3", "clipRange=0"],
  airl: ["doubt=-1", "rewardDecay=-1", "gamma=1.1", "labelSmoothing=-0.1"],
  "iq-learn": ["temperature=-1", "temperature=0", "chi2=-1", "targetRate=2"],
  sqil: ["stepsPerUpdate=-1", "capacity=0"],
  red: ["expertReward=0", "expertReward=1", "entropyBonus=-1"],
  "preference-rl": ["noise=1", "initialShare=2", "valueWeight=-1"],
  ppo: ["valueWeight=-5", "entropyBonus=-3", "lambda=2", "targetKl=-1"],
  sft: ["momentum=7", "l2=-1", "entropyBonus=-1", "clipNorm=-1", "lora.alpha=0", "validation=1"],
  dpo: ["beta=-1", "beta=0", "temperature=-1", "momentum=7", "topP=0", "minP=2", "labelSmoothing=0.5"],
  "reward-model": ["centring=-1", "beta=0", "members=0"],
  rlhf: ["temperature=-1", "beta=-1", "clipRange=-1", "caution=-1", "topP=7"],
};

describe.each([...Object.values(recipes), ...Object.values(languageRecipes)])(
  "the recipe of $name",
  ({ name, settings: own }) => {
    it("bounds every number, and refuses what can't be in a line that says what it takes", () => {
      const all = { ...own, ...policySettings };
      const unbounded = Object.entries(all).filter(([, { expected }]) => expected === "a number");
      expect(unbounded.map(([setting]) => setting)).toEqual([]);
      for (const text of NONSENSE[name]) {
        const setting = text.slice(0, text.indexOf("="));
        const refusal = new RegExp(`^--set ${text.replaceAll(".", "\\.")}: ${setting} takes .*, found "[^"]*"$`);
        expect(() => readSettings(all, [text], name), text).toThrow(BadInput);
        expect(() => readSettings(all, [text], name), text).toThrow(refusal);
      }
    });

    it("has settings that read their own defaults, and none that the policy has too", () => {
      for (const [name, setting] of Object.entries({ ...own, ...policySettings })) {
        expect(setting.schema.parse(shown(setting.default)), name).toEqual(setting.default);
      }
      expect(Object.keys(own).filter((name) => name in policySettings)).toEqual([]);
    });
  },
);
