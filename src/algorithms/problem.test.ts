import { describe, expect, it } from "vitest";
import { rollout } from "../data/index.ts";
import { cartPole } from "../envs/classic/cartpole.ts";
import { balancer } from "../experts/index.ts";
import { mlp } from "../policies/index.ts";
import { resume, start, train } from "./algorithm.ts";
import { behaviorCloning, dagger, gail } from "./index.ts";

describe("a problem without one of its parts is refused in a line that names it", () => {
  const env = cartPole();
  const policy = mlp(env);
  const demos = rollout(env, balancer(), { episodes: 1, seed: 0 });

  it.each([
    [
      "dagger",
      () => train(dagger, { env, policy } as never),
      "dagger needs expert, found undefined; it is given { env, expert, policy }",
    ],
    ["cloning", async () => train(behaviorCloning, { demos: await demos } as never), "bc needs policy, found undefined"],
    ["GAIL", async () => train(gail, { demos: await demos, policy } as never), "gail needs env, found undefined"],
    ["a promise", () => train(behaviorCloning, { demos, policy } as never), "bc: demos is a Promise; await it"],
    ["a list", () => train(behaviorCloning, { demos: [], policy } as never), "bc: demos is a list; fromTrajectories("],
    ["nothing", () => train(behaviorCloning, undefined as never), "found undefined; it needs { demos, policy }"],
  ])("%s", async (_, begin, message) => {
    await expect(begin()).rejects.toThrow(message);
  });

  it("resumed", async () => {
    const run = start(behaviorCloning, { demos: await demos, policy }, { updates: 10 });
    await run.ready;
    await expect(resume(behaviorCloning, { policy } as never, run.checkpoint()).ready).rejects.toThrow("bc needs demos");
  });
});
