import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import type { PendingRun } from "../algorithms/index.ts";
import { makeEnv } from "../envs/index.ts";
import { createRun } from "../runs/index.ts";
import { countingDrawn } from "./drawn.ts";
import { driven } from "./driving.ts";

const folder = mkdtempSync(join(tmpdir(), "apprentice-driving-"));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

it("a round that takes minutes shows that it goes on: how much was drawn, for how long, in lines that become rarer", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] });
  const told: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => told.push(String(text)) > 0);
  let done = 0;
  const began = performance.now();
  const run = {
    ready: Promise.resolve(),
    next: async () => {
      if (done === 200) return undefined;
      await new Promise((resolve) => setTimeout(resolve, 100_000));
      done += 100;
      return {};
    },
    progress: () => ({ done, total: 200, unit: "steps" }),
    snapshot: () => ({ bytes: new Uint8Array(1), growth: {} }),
  } as unknown as PendingRun<unknown, object, unknown>;
  const config = { format: 1, algorithm: "slow", seed: 0, options: {}, problem: {}, command: [], versions: {} } as const;
  const work = driven(run, createRun(join(folder, "run"), config), {
    name: "slow",
    every: 1e9,
    show: () => "all is well",
    rate: ({ done: total }) => ({ total, unit: "steps" }),
    drawn: () => Math.floor((performance.now() - began) / 1000), // one a second
  });
  for (let seconds = 0; seconds < 210; seconds++) {
    await vi.advanceTimersByTimeAsync(1000);
    await new Promise((resolve) => setImmediate(resolve)); // which is left as it is
  }
  expect((await work).finished).toBe(true);

  const first = told.filter((line) => /in this round/.test(line) && !/all is well/.test(line));
  const times = first.map((line) => / {2}([^ ]+( min \d+)?) s in this round/.exec(line)?.[1]);
  expect(times).toEqual(["5.0", "10", "20", "40", "1 min 20"]);
  expect(first[2]).toMatch(/^slow: 10 % {2}20 of 200 steps .* 20 s in this round\n$/);
  const second = told.filter((line) => /in this round/.test(line) && /all is well/.test(line));
  expect(second.at(-1)).toMatch(/^slow: 90 % {2}180 of 200 steps .* all is well {2}1 min 20 s in this round\n$/);
});

it("a world whose transitions are counted is the same world", () => {
  const env = makeEnv("CartPole-v1");
  const { env: counted, drawn } = countingDrawn(env);
  const [world, same] = [env.vector(3, { autoreset: "same-step" }), counted.vector(3, { autoreset: "same-step" })];
  expect(same.reset(7)).toEqual(world.reset(7));
  for (let t = 0; t < 40; t++) {
    const actions = Int32Array.of(t % 2, 1, 0);
    expect(same.step(actions)).toEqual(world.step(actions));
  }
  expect(same.state()).toEqual(world.state());
  expect(drawn()).toBe(120);
});
