import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadReward } from "../../src/rewards/index.ts";
import { apprentice, lastLine, newFolder } from "./command.ts";

const folder = newFolder();
const small =
  "steps=512 copies=4 rolloutSteps=32 batchSize=64 epochs=2 labels=20 sessions=3 explore=1 fragmentLength=5 rewardUpdates=4";

describe("apprentice train preference-rl", () => {
  it("asks a synthetic expert for as many labels as told, judges by one who can act, and leaves a policy, the reward it learned and a report", async () => {
    const ended = await apprentice(
      `train preference-rl --env Pendulum-v1 --set ${small} --judge-episodes 2 --out first --json`,
      folder,
    );
    expect(ended.err).not.toMatch("error:");
    expect(ended.err).toMatch("synthetic compares, by the environment's own rewards; another: --expert synthetic:error=0.1");
    expect(lastLine(ended)).toHaveProperty("gap"); // against the environment's own expert
    expect(lastLine(ended)).toMatchObject({ algorithm: "preference-rl", steps: 512, rounds: 4, transitions: 512 });
    const records = readFileSync(join(folder, "first", "metrics.jsonl"), "utf8")
      .trimEnd()
      .split("\n");
    expect(JSON.parse(records.at(-1) as string)).toMatchObject({ labels: 20, ties: 0 });
    const reward = loadReward(readFileSync(join(folder, "first", "reward.onnx")));
    expect(reward.about).toMatchObject({ env: "Pendulum-v1", algorithm: "preference-rl" });
    expect(readFileSync(join(folder, "first", "report.html"), "utf8")).toMatch("The learned reward and the expert's answers");
    const again = await apprentice("train --resume first --json", folder);
    expect(lastLine(again)).toMatchObject({ learner: lastLine(ended).learner });
  });

  it("says in a line who can compare, and what of a fragment's length or an expert's noise can't be", async () => {
    const refused = async (rest: string) => {
      const { code, err } = await apprentice(`train preference-rl --env Pendulum-v1 ${rest} --out none`, folder);
      expect(code).toBe(2);
      return err;
    };
    const [other, odd, long] = await Promise.all([
      refused("--expert swinger"),
      refused("--expert synthetic:eror=1"),
      refused("--set fragmentLength=300"),
    ]);
    expect(other).toMatch("found --expert swinger; give --expert synthetic");
    expect(odd).toMatch('found "eror=1", expected temperature, error, discount or tie with a number');
    expect(long).toMatch("fragments have 300 steps, an episode of Pendulum-v1 at most 200; make fragmentLength smaller");
  });
});
