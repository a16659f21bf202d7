import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { apprentice, lastLine, newFolder } from "./command.ts";

const folder = newFolder();
afterAll(() => rmSync(folder, { recursive: true }));

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
