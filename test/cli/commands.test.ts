import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apprentice, apprenticeEach, type Ended, lastLine, newFolder } from "./command.ts";

const folder = newFolder();
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

describe("apprentice train", () => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await apprentice("train bc --env CartPole-v1 --episodes 20 --seed 3 --set epochs=5 hidden=16 --json", folder);
  });

  it("prints one JSON object as the last line, and nothing else, on standard output", () => {
    expect(ended.code).toBe(0);
    expect(ended.out.trim().split("\n")).toHaveLength(1);
    const result = lastLine(ended) as Record<string, { mean: number; low: number; high: number }> &
      Record<string, number | string>;
    expect(result).toMatchObject({ algorithm: "bc", env: "CartPole-v1", seed: 3, out: "runs/bc-CartPole-v1-3", episodes: 100 });
    expect(result.expert).toEqual({ mean: 500, low: 500, high: 500 });
    expect(result.learner.mean).toBeGreaterThan(450);
    expect(result.gap.mean).toBeCloseTo(result.expert.mean - result.learner.mean, 9);
    for (const key of ["gap", "learner", "sampled", "disagreement"]) {
      expect(result[key].low).toBeLessThanOrEqual(result[key].mean);
      expect(result[key].high).toBeGreaterThanOrEqual(result[key].mean);
    }
    expect(result.disagreement.mean).toBeLessThan(0.05);
    expect(result.seconds).toBeGreaterThan(0);
    expect(result.transitionsPerSecond).toBeCloseTo((result.transitions as number) / (result.seconds as number), 3);
  });

  it("tells people how far it is on standard error", () => {
    expect(ended.err).toMatch(/demonstrations: 20 trajectories of balancer, 10,000 pairs, mean return 500/);
    expect(ended.err).toMatch(/bc: 100 % {2}[\d,]+ of [\d,]+ updates .* loss/);
  });

  it("leaves a folder from which the run could be made again", () => {
    const run = at("runs/bc-CartPole-v1-3");
    expect(readdirSync(run).sort()).toEqual([
      "checkpoint",
      "clock.txt",
      "config.json",
      "metrics.jsonl",
      "policy.onnx",
      "report.html",
      "verdict.json",
    ]);
    const config = JSON.parse(readFileSync(join(run, "config.json"), "utf8"));
    expect(config).toMatchObject({
      algorithm: "bc",
      env: "CartPole-v1",
      seed: 3,
      options: { epochs: 5, batchSize: 32, optimizer: "adam", seed: 3 },
      problem: {
        policy: { policy: "mlp", hidden: [16], activation: "tanh" },
        demos: { expert: "balancer", episodes: 20, seed: 13 },
        expert: "balancer",
        judge: { episodes: 100, seed: 14 },
      },
      versions: { node: process.versions.node },
    });
    const records = readFileSync(join(run, "metrics.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(records).toHaveLength(5);
    expect(Object.keys(records[0])).not.toContain("seconds"); // the same run gives the same file
  });

  it("writes a report that needs no other file", () => {
    const page = readFileSync(at("runs/bc-CartPole-v1-3/report.html"), "utf8");
    expect(page).not.toMatch(/(?:src|href)="(?!data:)|url\(|@import/);
    expect(page.match(/<svg/g)?.length).toBeGreaterThan(20);
    expect(page).toContain("return of the clone, most likely actions");
    expect(page).toContain("--set epochs=5 hidden=16");
  });

  it("does nothing a second time to a run that is finished", async () => {
    const before = readFileSync(at("runs/bc-CartPole-v1-3/verdict.json"), "utf8");
    const again = await apprentice("train --resume runs/bc-CartPole-v1-3 --json", folder);
    expect(again.code).toBe(0);
    expect(again.err).toContain("this run is finished");
    expect(lastLine(again)).toMatchObject({ learner: (lastLine(ended) as { learner: object }).learner });
    expect(readFileSync(at("runs/bc-CartPole-v1-3/verdict.json"), "utf8")).toBe(before);
  });

  it("gives people a table and a sentence", async () => {
    const { code, out } = await apprentice("train bc --env FrozenLake-v1 --episodes 30 --judge-episodes 50 --out lake", folder);
    expect(code).toBe(0);
    expect(out).toMatch(/^ +mean +95 % interval\n-+ {2}-+ {2}-+\nreturn of the expert \(planner\) +[\d.]+ +\[[\d.]+, [\d.]+\]\n/);
    expect(out).toMatch(/\nits bound H Range\(Q\) eps = /);
    expect(out).toMatch(/\nThe clone returns [\d.]+ in FrozenLake-v1 against the expert's [\d.]+, over 50 episodes: /);
    expect(
      new Set(
        out
          .split("\n")
          .slice(0, 5)
          .map((line) => line.length),
      ).size,
    ).toBe(1); // aligned
  });
});

describe("apprentice train dagger", () => {
  it("asks the expert that is there, and keeps its own curves", async () => {
    const { code, out, err } = await apprentice(
      "train dagger --env CartPole-v1 --set rounds=2 updates=200 states=200 --judge-episodes 5 --out asked --json",
      folder,
    );
    expect(err).toContain("400 labels");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ algorithm: "dagger", rounds: 2 });
    expect(readFileSync(at("asked/report.html"), "utf8")).toContain("labels the expert gave");
    expect(JSON.parse(readFileSync(at("asked/config.json"), "utf8")).problem).not.toHaveProperty("demos");
    const odd = await apprentice("train dagger --env CartPole-v1 --episodes 3 --out odd", folder);
    expect(odd.err).toMatch(/^error: dagger records no demonstrations, found --episodes 3; /);
    expect(odd.code).toBe(2);
  });
});

describe("apprentice train ppo", () => {
  it("makes an expert whose folder stands for it wherever one is asked for", async () => {
    const { code, out, err } = await apprentice(
      "train ppo --env CartPole-v1 --set steps=10240 hidden=16 --judge-episodes 10 --out master --json",
      folder,
    );
    expect(err).toMatch(/ppo: 100 % {2}10,240 of 10,240 steps {2}[\d,]+ transitions\/s {2}.*entropy/);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ algorithm: "ppo", steps: 10240, rounds: 10, transitions: 10240 });
    const { options, problem } = JSON.parse(readFileSync(at("master/config.json"), "utf8"));
    expect(options).toMatchObject({ steps: 10240, gamma: 0.99 });
    expect(problem).toMatchObject({ expert: "balancer", policy: { policy: "mlp", hidden: [16] } });
    expect(problem).not.toHaveProperty("demos");
    expect(readFileSync(at("master/report.html"), "utf8")).toContain("steps of the environment");

    const recorded = await apprentice("demos record --env CartPole-v1 --expert master --episodes 2 --out by.npz --json", folder);
    expect(lastLine(recorded)).toMatchObject({ expert: "master", trajectories: 2 });
    const cloned = await apprentice(
      "train bc --env CartPole-v1 --expert master --episodes 2 --set updates=100 --judge-episodes 3 --out cloned",
      folder,
    );
    expect(cloned.out).toContain("return of the expert (master)");
    expect(JSON.parse(readFileSync(at("cloned/config.json"), "utf8")).problem).toMatchObject({
      expert: at("master"),
      expertSha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      demos: { expert: at("master"), episodes: 2 },
    });
    const judged = await apprentice("evaluate cloned --expert master/policy.onnx --episodes 3", folder);
    expect(judged.out).toContain("return of the expert (policy.onnx)");
  });

  it("has settings of its own for an environment, which --set overrules", async () => {
    const settings = (await apprentice("algorithms ppo --env Pendulum-v1", folder)).out;
    expect(settings).toMatch(/\ngamma +0.9 +γ, the discount\. A number from 0 to 1\.\n/);
    expect(settings).toMatch(/\nactivation +relu /);
    const { code } = await apprentice(
      "train ppo --env Pendulum-v1 --set steps=1 copies=2 rolloutSteps=8 batchSize=16 epochs=1 --judge-episodes 2 --out brief",
      folder,
    );
    expect(code).toBe(0);
    expect(JSON.parse(readFileSync(at("brief/config.json"), "utf8"))).toMatchObject({
      options: { steps: 1, copies: 2, gamma: 0.9 },
      problem: { policy: { activation: "relu", distribution: "gaussian" } },
    });
  });
});

describe("apprentice evaluate", () => {
  it("says the same of a run as the run's own verdict, over the same episodes", async () => {
    const trained = await apprentice(
      "train bc --env Pendulum-v1 --episodes 3 --set epochs=2 --judge-episodes 20 --out swing --json",
      folder,
    );
    const { learner, gap } = lastLine(trained) as { learner: { mean: number }; gap: { mean: number } };
    const own = lastLine(await apprentice("evaluate swing --episodes 20 --json", folder));
    expect(own).toMatchObject({ env: "Pendulum-v1", algorithm: "bc", policy: "swing/policy.onnx" });
    expect((own.learner as { mean: number }).mean).toBeCloseTo(learner.mean, 4);
    const { out, code } = await apprentice("evaluate swing/policy.onnx --env Pendulum-v1 --episodes 20", folder);
    expect(code).toBe(0);
    expect(out).toMatch(/gap +\d+/);
    expect(gap.mean).toBeGreaterThan(0);
  });
});

describe("apprentice demos and data", () => {
  it("records, inspects and converts demonstrations, and each format holds the same ones", async () => {
    const recorded = await apprentice(
      "demos record --env MountainCar-v0 --expert climber --episodes 4 --out climbs.npz --json",
      folder,
    );
    expect(lastLine(recorded)).toMatchObject({ env: "MountainCar-v0", expert: "climber", trajectories: 4 });
    const [toText, toTensors, ofFirst, ofLast] = await apprenticeEach(
      [
        "data convert climbs.npz climbs.jsonl --env MountainCar-v0",
        "data convert climbs.jsonl climbs.safetensors --env MountainCar-v0",
        "data inspect climbs.npz --env MountainCar-v0 --json",
        "data inspect climbs.safetensors --env MountainCar-v0 --json",
      ],
      folder,
    );
    expect([toText.code, toTensors.code]).toEqual([0, 0]);
    for (const name of ["climbs.jsonl", "climbs.safetensors"]) expect(statSync(at(name)).size).toBeGreaterThan(1000);
    const [first, last] = [ofFirst, ofLast].map(lastLine);
    for (const key of ["trajectories", "steps", "return", "length", "observations", "actionCounts"]) {
      expect(last[key], key).toEqual(first[key]);
    }
    const { out } = await apprentice("data inspect climbs.safetensors", folder);
    expect(out).toMatch(/trajectories +4 \(4 ended by the world, 0 cut\)/);
    expect(out).toMatch(/observation 1 +-?[\d.]+/);
  });

  it("the same seed records the same file, also of the environment's own expert by no name", async () => {
    for (const name of ["a.safetensors", "b.safetensors"]) {
      await apprentice(
        `demos record --env CartPole-v1${name === "b.safetensors" ? "" : " --expert balancer"} --episodes 2 --out ${name}`,
        folder,
      );
    }
    expect(readFileSync(at("a.safetensors")).equals(readFileSync(at("b.safetensors")))).toBe(true);
  });
});

describe("apprentice lists and helps", () => {
  it("every command with an example", async () => {
    const names = ["", "train ", "evaluate ", "demos record ", "data inspect ", "data convert ", "envs ", "algorithms ", "demo "];
    const lines = names.map((name) => `${name}--help`);
    for (const [i, { code, out }] of (await apprenticeEach(lines, folder)).entries()) {
      expect(code, lines[i]).toBe(0);
      expect(out, lines[i]).toMatch(/Examples?:\n {2}apprentice /);
    }
  });

  it("environments with their experts, algorithms with their settings", async () => {
    const [envs, { out: settings }] = await apprenticeEach(["envs --json", "algorithms bc"], folder);
    expect(JSON.parse(envs.out)).toContainEqual(
      expect.objectContaining({ id: "CartPole-v1", action: "discrete(2)", experts: ["balancer"] }),
    );
    expect(settings).toMatch(/\nlearningRate +0.003 [^\n]+/);
    expect(settings.replace(/\s+/g, " ")).toMatch(
      / hidden 32,32 [^.]*\. Whole numbers from 1 with commas between them, or none\. /,
    );
  });

  it("the version of package.json", async () => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect((await apprentice("--version", folder)).out).toBe(`${version}\n`);
  });
});

describe("apprentice demo (npm start)", () => {
  it("shows what 1, 5 and 50 demonstrations are worth, a picture, a policy, and what to try next", async () => {
    const { code, out } = await apprentice("demo --out shown", folder);
    expect(code).toBe(0);
    const rows = [...out.matchAll(/^(\d+) +500 +([\d.]+) +\[.*?\] +([\d.]+) /gm)].map(([, n, clone]) => [
      Number(n),
      Number(clone),
    ]);
    expect(rows.map(([n]) => n)).toEqual([1, 5, 50]);
    expect(rows[0][1]).toBeLessThan(rows[2][1]); // one demonstration falls short
    expect(rows[2][1]).toBeGreaterThan(495);
    for (const name of ["gap.svg", "gap.png", "50-demonstrations/policy.onnx"])
      expect(existsSync(at(`shown/${name}`)), name).toBe(true);
    expect(out.match(/^ {2}npx apprentice /gm)).toHaveLength(3);
  });
});
