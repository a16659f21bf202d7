import { describe, expect, it } from "vitest";
import { initialise, rng } from "../autodiff/index.ts";
import { rollout } from "../data/index.ts";
import { cartPole, pendulum } from "../envs/index.ts";
import { mlp, neuralPolicy } from "../policies/index.ts";
import { learned } from "./learned.ts";

/** A policy whose weights were never trained, far from uniform. */
function wild(env: ReturnType<typeof cartPole>) {
  const model = mlp(env, { hidden: [8] });
  return neuralPolicy(
    model,
    initialise(model.params, rng(3)).map((weight) => 20 * weight),
  );
}

describe("a learned expert", () => {
  it.each([cartPole(), pendulum()])("answers as the policy it was saved from, by its most likely action: $id", async (env) => {
    const policy = wild(env);
    const expert = await learned(policy.toOnnx({ env: env.id, algorithm: "ppo" }), env);
    const { observations } = await rollout(env, expert, { episodes: 3, seed: 1 });
    const rows = Float32Array.from(observations);
    const expected = await policy.act(rows, { deterministic: true });
    const labels = await expert.label(rows);
    for (let k = 0; k < expected.length; k++) expect(labels[k]).toBeCloseTo(expected[k], 5);
    expect(await expert.act(rows)).toEqual(labels);
    expect(expert.about).toEqual({ env: env.id, algorithm: "ppo" });
    await expert.release();
  });

  it("of another world is refused with both", async () => {
    await expect(learned(wild(cartPole()).toOnnx(), pendulum())).rejects.toThrow(
      "the policy is box[4] -> discrete(2), Pendulum-v1 is box[3] -> box[1]; give one that was trained in Pendulum-v1",
    );
  });
});
