import { describe, expect, it } from "vitest";
import { findRecipe } from "./algorithms/index.ts";
import { ingredients } from "./ingredients.ts";
import { readSettings } from "./settings.ts";
import { settingsOf } from "./train.ts";

describe("an environment of pictures", () => {
  it("has the network of Bojarski et al. 2016 fitted by squared error, unless another policy is named", () => {
    const of = (algorithm: string, env: string) => readSettings(settingsOf(findRecipe(algorithm), env), [], algorithm);
    expect(of("dagger", "track-camera")).toMatchObject({ policy: "cnn", scale: "constant", mode: "streaming", states: 600 });
    expect(of("bc", "track-camera-held-out")).toMatchObject({ policy: "cnn", hidden: [100, 50, 10] });
    expect(of("dagger", "track-state")).toMatchObject({ policy: "auto", mode: "refit", states: 500 });
  });

  it("can be driven by DAgger: its rounds have labels, a loss and a return", async () => {
    const recipe = findRecipe("dagger");
    const set = ["rounds=1", "states=600", "updates=1", "batchSize=2", "validationEpisodes=0"];
    const values = readSettings(settingsOf(recipe, "track-camera"), set, "dagger");
    const pick = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, values[name]]));
    const policy = pick(["policy", "hidden", "activation", "distribution", "scale", "initialLogStd"]);
    const parts = ingredients({ env: "track-camera", policy, expert: "driver", judge: { episodes: 1, seed: 0 } });
    const prepared = await recipe.prepare(parts, { ...pick(Object.keys(recipe.settings)), seed: 0 });
    const run = prepared.start();
    await run.ready;
    const record = (await run.next()) as object;
    expect(record).toMatchObject({ round: 1, labels: 600, expertSteps: 600, return: 600 });
    expect(prepared.show(record)).toMatch(/^round 1 {2}600 labels {2}loss -?[\d.]+ {2}return 600 by whoever acted$/);
    expect(prepared.show({ ...record, validationReturn: 12.5 })).toMatch(/ {2}return 12.5$/);
    expect(parts.resolved().policy).toMatchObject({ policy: "cnn", distribution: "gaussian" });
  });
});
