import { describe, expect, it } from "vitest";
import { decodeTree, encodeTree, rollout, select } from "../data/index.ts";
import { cartPole } from "../envs/classic/cartpole.ts";
import { mountainCar } from "../envs/classic/mountain-car.ts";
import { balancer } from "../experts/index.ts";
import type { Plain } from "../mdp/index.ts";
import { mlp } from "../policies/index.ts";
import { resume, start } from "./algorithm.ts";
import { behaviorCloning, dagger } from "./index.ts";

const env = cartPole();
const policy = mlp(env, { hidden: [4] });
const demosOf = (seed: number) => rollout(env, balancer(), { episodes: 2, seed, maxSteps: 20 });

describe("a run goes on with the problem that it had", () => {
  it("demonstrations: others, more or in another order are refused; the same, made again, are taken", async () => {
    const demos = await demosOf(0);
    const run = start(behaviorCloning, { demos, policy }, { updates: 5, seed: 0 });
    await run.next();
    const saved = run.checkpoint();
    const resumed = (given: typeof demos) => resume(behaviorCloning, { demos: given, policy }, saved).ready;
    await expect(resumed(await demosOf(0))).resolves.toBeUndefined();
    await expect(resumed(await demosOf(1))).rejects.toThrow(
      /^the checkpoint is of a run with demos of .*; resume it with the same, or/,
    );
    await expect(resumed(select(demos, [1, 0]))).rejects.toThrow(/with demos of 168 observations/);
    await expect(resumed(select(demos, [0]))).rejects.toThrow(/found of 84 observations, 20 actions/);
  });

  it("another world, and another network, are named", async () => {
    const problem = { env, expert: balancer(), policy };
    const run = start(dagger, problem, { rounds: 2, states: 20, updates: 5, seed: 0 });
    await run.next();
    const saved = run.checkpoint();
    const car = mountainCar();
    await expect(resume(dagger, { ...problem, env: car, policy: mlp(car) }, saved).ready).rejects.toThrow(
      "the checkpoint is of a run with env CartPole-v1 (box[4] -> discrete(2)), found MountainCar-v0 (box[2] -> discrete(3)); resume",
    );
    await expect(resume(dagger, { ...problem, policy: mlp(env, { hidden: [5] }) }, saved).ready).rejects.toThrow(
      /with policy of 30 parameters .*found of 37 parameters/,
    );
    await expect(resume(dagger, { ...problem, policy: mlp(env, { hidden: [4] }) }, saved).ready).resolves.toBeUndefined();
  });

  it("a checkpoint that says nothing of its problem is resumed all the same", async () => {
    const demos = await demosOf(0);
    const run = start(behaviorCloning, { demos, policy }, { updates: 5, seed: 0 });
    await run.next();
    const { algorithm, state } = decodeTree(run.checkpoint()) as { algorithm: string; state: Plain };
    const old = resume(behaviorCloning, { demos, policy }, encodeTree({ algorithm, state }));
    await old.ready;
    expect(old.checkpoint()).toEqual(run.checkpoint());
  });
});
