import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rng } from "../../src/autodiff/random.ts";
import { begin, interrupted, newestRound, newFolder, outcome } from "./command.ts";

const KILLS = 20;
const seed = Number(process.env.APPRENTICE_KILL_SEED ?? 1);
const folder = newFolder();
const train = "train bc --env CartPole-v1 --episodes 1 --set epochs=200 --judge-episodes 2 --checkpoint-every 0".split(" ");

let expected: Record<string, string>;
beforeAll(async () => {
  const { code, err } = await begin([...train, "--out", "whole"], folder).ended;
  expect(err).toContain("trained: ");
  expect(code).toBe(0);
  expected = outcome(join(folder, "whole"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Starts or resumes a run. */
const goOn = (run: string) =>
  begin(existsSync(join(folder, run, "config.json")) ? ["train", "--resume", run] : [...train, "--out", run], folder);

describe("a run that is killed", () => {
  it(`ends, resumed, with the very bits of one that was not: ${KILLS} times SIGKILL at random moments (APPRENTICE_KILL_SEED=${seed})`, async () => {
    const random = rng(seed);
    let kills = 0;
    let runs = 0;
    let between = 0; // kills between the first checkpoint and the last: what this is about
    while (kills < KILLS || between < KILLS / 4) {
      const run = `killed-${runs++}`;
      for (;;) {
        const { child, ended } = goOn(run);
        // Some fall while the process is starting, most a few rounds on from where the last one fell, some in the verdict.
        if (random.float() < 0.2) await Promise.race([ended, wait(random.uniform(0, 300))]);
        else {
          const target = newestRound(join(folder, run)) + 1 + random.integer(30);
          while (child.exitCode === null && newestRound(join(folder, run)) < target) await wait(2);
          await Promise.race([ended, wait(random.uniform(0, 4))]);
        }
        child.kill("SIGKILL");
        const { code, err } = await ended;
        if (code === 0) break; // it was quicker than the kill
        expect(err, `run ${run}, kill ${kills}`).not.toContain("error");
        kills += 1;
        const round = newestRound(join(folder, run));
        if (round > 0 && round < 200) between += 1;
      }
      expect(outcome(join(folder, run)), `run ${run} after ${kills} kills`).toEqual(expected);
    }
  });

  it("goes on after Ctrl-C, which stops it with exit code 130 and says how", async () => {
    const line = (out: string) => [...train, "--out", out].join(" ");
    const stopped = await interrupted(line, "stopped", (out) => newestRound(join(folder, out)) >= 3, "SIGINT", folder);
    expect(stopped.code).toBe(130);
    expect(stopped.err).toMatch(new RegExp(`stopped after round \\d+; go on with: apprentice train --resume ${stopped.name}\n$`));
    expect((await goOn(stopped.name).ended).code).toBe(0);
    expect(outcome(join(folder, stopped.name))).toEqual(expected);
  });

  it("keeps a second process away while the first is at work", async () => {
    for (let i = 0; ; i++) {
      const run = `held-${i}`;
      const { child, ended } = goOn(run);
      while (child.exitCode === null && newestRound(join(folder, run)) < 1) await wait(1);
      child.kill("SIGSTOP"); // it sleeps with its lock until the second has been sent away
      await wait(20); // a signal takes effect soon, not at once
      const inTime = child.exitCode === null && newestRound(join(folder, run)) < 200;
      if (!inTime && i < 20) {
        child.kill("SIGCONT");
        await ended;
        continue;
      }
      expect(inTime, "none of 20 runs was caught in the middle").toBe(true);
      const second = await goOn(run).ended;
      child.kill("SIGCONT");
      expect((await ended).code).toBe(0);
      expect(second.code).toBe(2);
      expect(second.err).toMatch(new RegExp(`^error: ${run} is in use by process ${child.pid}; wait until that has ended`));
      expect(outcome(join(folder, run))).toEqual(expected);
      break;
    }
  });
});
