import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "../laws/sources.ts";
import { newFolder } from "./command.ts";

// The program as it is installed where nobody asked for robots: every package but the optional one.
const folder = newFolder();
beforeAll(() => {
  const built = dirname(dirname(dirname(process.env.APPRENTICE_TESTED as string)));
  for (const name of ["dist", "package.json"]) cpSync(join(built, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, "node_modules"));
  const packages = readdirSync(join(ROOT, "node_modules")).filter((name) => !name.startsWith(".") && name !== "@mujoco");
  for (const name of packages) symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (line: string) =>
  spawnSync(process.execPath, [join(folder, "dist", "cli", "main.js"), ...line.split(" ")], { cwd: folder, encoding: "utf8" });

describe("without @mujoco/mujoco", () => {
  it.each([
    "train dagger --env Hopper-v5 --expert nobody",
    "train ppo --env Hopper-v5",
    "watch --env Hopper-v5 --expert --out a.svg",
  ])("apprentice %s says in one line how it is installed", (line) => {
    const { status, stderr, stdout } = run(line);
    expect(stderr).toBe("error: robots run on @mujoco/mujoco, which is not installed; npm install @mujoco/mujoco\n");
    expect([status, stdout]).toEqual([2, ""]);
  });

  it("the list of environments still has the robots", () => {
    expect(run("envs").stdout).toMatch(/^Hopper-v5 .*box\[11\]/m);
  });
});
