import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apprentice, apprenticeEach, type Ended, lastLine, newFolder } from "./command.ts";

const folder = newFolder();
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  const line = "train dagger --env CartPole-v1 --set rounds=2 states=100 epochs=2 --judge-episodes 2 --out run";
  expect((await apprentice(line, folder)).code).toBe(0);
  writeFileSync(at("taken.svg"), "");
  mkdirSync(at("full"));
  writeFileSync(at("full/thesis.txt"), "");
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("apprentice watch", () => {
  it("draws what a run has learned as an SVG that moves", async () => {
    const ended = await apprentice("watch run --out episode.svg --episodes 2 --json", folder);
    expect(ended.code).toBe(0);
    const told = lastLine(ended) as { episodes: { steps: number; return: number }[]; frames: number };
    expect(told).toMatchObject({ out: "episode.svg", env: "CartPole-v1", who: "learned by dagger", files: 1 });
    expect(told.episodes).toHaveLength(2);
    for (const { steps, return: total } of told.episodes) expect(total).toBe(steps);
    const svg = readFileSync(at("episode.svg"), "utf8");
    expect(svg).toContain("<title>CartPole-v1: learned by dagger</title>");
    expect(svg).toContain(`episode 2 of 2, step ${told.episodes[1].steps} of ${told.episodes[1].steps}`);
    expect(svg.match(/animation-delay/g)).toHaveLength(told.frames);
  });

  it("draws the run's expert as PNGs by their numbers", async () => {
    const ended = await apprentice("watch run --expert --steps 20 --every 5 --out pictures/%03d.png --json", folder);
    expect(lastLine(ended)).toMatchObject({ who: "expert balancer", episodes: [{ steps: 20, return: 20 }], frames: 5, files: 5 });
    expect(readdirSync(at("pictures")).sort()).toEqual([0, 1, 2, 3, 4].map((i) => `00${i}.png`));
    for (const name of readdirSync(at("pictures"))) {
      expect(
        readFileSync(join(at("pictures"), name))
          .subarray(1, 4)
          .toString(),
      ).toBe("PNG");
    }
  });

  it("needs no run to draw an environment's expert, and fills a folder", async () => {
    const ended = await apprentice("watch --env Gridworld-v1 --expert planner --out grid", folder);
    expect(ended.err).toMatch(/^grid: \d+ pictures? of 1 episode of expert planner, return [\d.-]+$/m);
    expect(readdirSync(at("grid"))).toContain("0000.png");
  });

  const refused = [
    ["nobody", "watch --out a.svg", /nobody to watch; give the folder of a run, or --env NAME --expert/],
    ["no environment", "watch --expert balancer --out a.svg", /which environment to watch; give --env/],
    ["no such folder", "watch nowhere --out a.svg", /nowhere/],
    ["no place", "watch run", /required option '--out <file>'/],
    ["a place that is taken", "watch run --out taken.svg", /taken.svg exists already/],
    ["a folder that is not empty", "watch run --out full", /full exists already/],
    ["one PNG for many pictures", "watch run --out a.png", /give a pattern such as a-%04d.png/],
    ["an unknown ending", "watch run --out a.gif", /a.gif: found the ending .gif, expected .svg/],
    ["too many steps", "watch run --steps 501 --out a.svg", /at most 500 steps, found --steps 501/],
    ["an expert of another world", "watch run --expert swinger --out a.svg", /expert swinger is for Pendulum-v1/],
    [
      "a policy of another world",
      "watch run --env Pendulum-v1 --out a.svg",
      /the policy sees box\[4\], Pendulum-v1 has box\[3\]/,
    ],
    ["no steps", "watch run --every 0 --out a.svg", /--every.*whole number from 1/],
  ] as const;
  let ended: Ended[];
  beforeAll(async () => {
    ended = await apprenticeEach(
      refused.map(([, line]) => line),
      folder,
    );
  });

  it.each(refused)("refuses %s in one line", (_, line, says) => {
    const { code, err, out } = ended[refused.findIndex((one) => one[1] === line)];
    expect(err).toMatch(says);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect([code, out]).toEqual([2, ""]);
  });
});
