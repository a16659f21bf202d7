import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { apprentice, apprenticeEach, lastLine, newFolder, outcome } from "./command.ts";

const folder = newFolder();
afterAll(() => rmSync(folder, { recursive: true }));

describe("apprentice train ppo with a reward that was learned", () => {
  const at = (...names: string[]) => join(folder, ...names);

  it("trains a policy from nothing on it and judges it by the world's own reward against the expert", async () => {
    const few = "--env CartPole-v1 --judge-episodes 10 --json";
    const taught = await apprentice(`train airl ${few} --episodes 3 --set steps=2048 --out taught`, folder);
    expect(taught.err).not.toMatch(/error/);
    expect(existsSync(at("taught", "reward.onnx"))).toBe(true);
    const ended = await apprentice(`train ppo ${few} --reward taught --set steps=4096 --out again`, folder);
    expect(ended.code, ended.err).toBe(0);
    expect(lastLine(ended)).toMatchObject({ algorithm: "ppo", env: "CartPole-v1", expert: { mean: 500 } });
    const { problem } = JSON.parse(readFileSync(at("again", "config.json"), "utf8"));
    expect(problem).toMatchObject({ reward: at("taught", "reward.onnx"), rewardSha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const file = await apprentice(`train ppo ${few} --reward taught/reward.onnx --set steps=4096 --out file`, folder);
    expect(file.code, file.err).toBe(0);
    expect(outcome(at("file"))).toEqual(outcome(at("again")));
    const plain = await apprentice(`train ppo ${few} --set steps=4096 --out plain`, folder);
    expect(plain.code, plain.err).toBe(0);
    expect(outcome(at("plain"))["policy.onnx"]).not.toBe(outcome(at("again"))["policy.onnx"]);

    const lines = [
      "train ppo --env Pendulum-v1 --reward taught --out x",
      "train ppo --env CartPole-v1 --reward plain --out x",
      "train ppo --env CartPole-v1 --reward taught/policy.onnx --out x",
      "train gail --env CartPole-v1 --reward taught --out x",
    ];
    const [other, none, wrong, owner] = await apprenticeEach(lines, folder);
    expect(other.err).toMatch(/reward\.onnx: the reward reads box\[4\].*, Pendulum-v1 has box\[3\]/);
    expect(none.err).toMatch(/^error: plain has no reward\.onnx; expected a finished run of gail, airl or preference-rl/);
    expect(wrong.err).toMatch(/policy\.onnx: the ONNX file is not a reward/);
    expect(owner.err).toMatch(/^error: gail maximises no reward that is given, found --reward taught; train ppo --env NAME/);
    for (const { code } of [other, none, wrong, owner]) expect(code).toBe(2);
    expect(existsSync(at("x"))).toBe(false);
  });
});

describe("apprentice train with an algorithm whose reward is not one network", () => {
  it.each([
    ["iq-learn", "updates=300"],
    ["red", "steps=2048 rewardUpdates=200"],
  ])("%s ends with a verdict on its policy", async (name, settings) => {
    const command = `train ${name} --env CartPole-v1 --expert balancer --episodes 3 --judge-episodes 10 --set ${settings} --out ${name} --json`;
    const ended = await apprentice(command, folder);
    expect(ended.err).not.toMatch(/error/);
    expect(ended.code).toBe(0);
    expect(lastLine(ended)).toMatchObject({ algorithm: name, env: "CartPole-v1", episodes: 10 });
    for (const file of ["policy.onnx", "verdict.json", "report.html"])
      expect(existsSync(join(folder, name, file)), file).toBe(true);
  });
});
