import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { begin, newFolder } from "./command.ts";

const folder = newFolder();
afterAll(() => rmSync(folder, { recursive: true }));

/** Both are in the middle of native arithmetic, side by side, for far longer than a test waits. */
const benchmark =
  "benchmark --quick --only CartPole-v1 gail airl --episodes 2 --seeds 1 --jobs 2 --set gail.steps=20000000 airl.steps=20000000";
const reproduce = "reproduce ho2016-gail --jobs 1";

/** Processes that live, those that nobody has buried left out, by who started them. */
function childrenOf(parent: number): number[] {
  const rows = spawnSync("ps", ["-A", "-o", "pid=,ppid=,stat="], { encoding: "utf8" }).stdout.trim().split("\n");
  const found = rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, ppid, stat]) => Number(ppid) === parent && !stat.startsWith("Z"));
  return found.map(([pid]) => Number(pid));
}

function lives(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

/** Starts a command, sends a signal once its processes report their progress, and gives what became of all of them. */
async function stopped(line: string, signal: "SIGINT" | "SIGKILL", at: RegExp) {
  const { child, ended } = begin(line.split(" "), folder);
  let said = "";
  child.stderr?.on("data", (text) => {
    said += text;
  });
  while (!at.test(said) && child.exitCode === null) await wait(10);
  const workers = childrenOf(child.pid as number);
  child.kill(signal);
  const { code, err } = await ended;
  for (let i = 0; i < 500 && workers.some(lives); i++) await wait(10);
  return { code, err, workers: workers.length, left: workers.filter(lives).length };
}

describe("work in processes of its own", () => {
  it("ends at Ctrl-C with the code 130 and one line: native arithmetic that is under way does not crash", async () => {
    const compared = await stopped(benchmark, "SIGINT", /(gail|airl) CartPole-v1 0 \d/);
    expect(compared.err).toMatch(/\nstopped; \d runs are kept in .*runs\.jsonl, and the same command goes on from there\n$/);
    expect(compared).toMatchObject({ code: 130, workers: 2, left: 0 });
    const reproduced = await stopped(reproduce, "SIGINT", /ho2016-gail \d/);
    expect(reproduced.err).toMatch(/\nstopped; nothing was written\n$/);
    expect(reproduced).toMatchObject({ code: 130, workers: 1, left: 0 });
  });

  it("ends with whoever began it, also if that is killed", async () => {
    expect(await stopped(benchmark, "SIGKILL", /(gail|airl) CartPole-v1 0 \d/)).toMatchObject({
      code: null,
      workers: 2,
      left: 0,
    });
  });
});
