import { describe, expect, it, vi } from "vitest";
import { contenders } from "../benchmark/index.ts";
import { recipes } from "./algorithms/index.ts";
import { type BenchmarkRequest, planned } from "./benchmark-plan.ts";

// A machine without the optional simulator; the classic tasks are what they are.
vi.mock("../envs/index.ts", async (original) => {
  const envs = await original<typeof import("../envs/index.ts")>();
  return {
    ...envs,
    loadEnv: async (id: string) => {
      if (/Hopper|Cheetah/.test(id) && missing)
        throw new envs.MissingPackageError("robots run on a package that is not installed");
      return envs.makeEnv(id);
    },
  };
});
let missing = true;

const plan = (request: Partial<BenchmarkRequest> = {}) =>
  planned({ quick: true, judgeEpisodes: 100, out: "out", json: false, ...request });
const keys = async (request: Partial<BenchmarkRequest>) =>
  (await plan({ only: ["CartPole-v1", "bc"], seeds: 1, ...request })).runs.map(({ key }) => key);

describe("the plan of a benchmark", () => {
  it("has every contender among the algorithms that train knows", () => {
    for (const name of contenders) expect(Object.keys(recipes)).toContain(name);
  });

  it("measures the scale first, then goes seed by seed, so that half of it is a whole one of half the seeds", async () => {
    const { runs, algorithms, tasks } = await plan({ seeds: 2 });
    expect(tasks).toHaveLength(5);
    const cells = tasks.length * algorithms.length;
    expect(runs).toHaveLength(2 * tasks.length + 2 * cells);
    expect(runs.slice(0, 10).every(({ job }) => job.kind === "reference")).toBe(true);
    expect(runs.slice(10, 10 + cells).every(({ seed }) => seed === 0)).toBe(true);
    expect(new Set(runs.map(({ key }) => key)).size).toBe(runs.length);
  });

  it("shows all algorithms the same demonstrations and judges them in the same episodes, new ones for each seed", async () => {
    const { runs } = await plan({ seeds: 2, only: ["CartPole-v1"] });
    const jobs = runs.flatMap(({ job }) => (job.kind === "learner" ? [job] : []));
    for (const seed of [0, 1]) {
      const shown = jobs.filter((job) => job.seed === seed).map(({ problem }) => JSON.stringify([problem.demos, problem.judge]));
      expect(new Set(shown).size).toBe(1);
    }
    expect(new Set(jobs.map(({ problem }) => problem.judge.seed)).size).toBe(2);
    expect(jobs.filter(({ asks }) => asks).map(({ algorithm }) => algorithm)).toEqual(["dagger", "dagger"]);
    for (const { options } of jobs.filter(({ asks }) => asks)) expect(options).toMatchObject({ validationEpisodes: 0 });
  });

  it("knows a run by all its settings: the number of seeds changes none, a setting changes its own", async () => {
    const usual = await keys({});
    expect(usual).toHaveLength(3);
    expect((await keys({ seeds: 2 })).slice(0, 3)).toEqual(usual);
    expect(await keys({ out: "elsewhere", jobs: 7 })).toEqual(usual);
    const changed = async (request: Partial<BenchmarkRequest>) => (await keys(request)).map((key, i) => key !== usual[i]);
    expect(await changed({ set: ["bc.epochs=3"] })).toEqual([false, false, true]);
    expect(await changed({ set: ["bc.hidden=16"] })).toEqual([false, false, true]);
    expect(await changed({ episodes: 3 })).toEqual([false, false, true]);
    expect(await changed({ judgeEpisodes: 3 })).toEqual([false, false, true]);
  });

  it("leaves robots out, saying why, where the simulator is not installed", async () => {
    missing = true;
    const { skipped, tasks, experts } = await plan({ quick: false, seeds: 1 });
    expect(skipped).toEqual([
      { env: "Hopper-v5", why: "robots run on a package that is not installed" },
      { env: "HalfCheetah-v5", why: "robots run on a package that is not installed" },
    ]);
    expect(tasks).toHaveLength(5);
    expect(experts).toEqual([]);
  });

  it("has robots' experts at hand; one that is trained is waited for, and is another one for its runs", async () => {
    missing = false;
    const request = { quick: false, seeds: 1, only: ["Hopper-v5", "bc"] };
    const { experts, runs } = await plan(request);
    expect(experts.map(({ name, job, bytes }) => [name, job, bytes!.length > 10_000])).toEqual([
      ["expert of Hopper-v5", undefined, true],
    ]);
    expect(runs.map(({ after }) => after)).toEqual([undefined, undefined, undefined]);
    const other = await plan({ ...request, set: ["ppo.steps=1000"] });
    expect(other.experts[0].job).toMatchObject({ kind: "expert", algorithm: "ppo", options: { steps: 1000 } });
    expect(other.experts[0].file).not.toBe(experts[0].file);
    expect(other.runs.map(({ algorithm, after }) => [algorithm, after])).toEqual([
      ["random", undefined],
      ["expert", "expert of Hopper-v5"],
      ["bc", "expert of Hopper-v5"],
    ]);
    expect(other.runs.map(({ key }, i) => key !== runs[i].key)).toEqual([false, true, true]);
  });
});
