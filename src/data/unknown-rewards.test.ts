import { describe, expect, it } from "vitest";
import { cartPole } from "../envs/classic/cartpole.ts";
import { judge } from "../evaluation/index.ts";
import { balancer } from "../experts/index.ts";
import { box, discrete } from "../mdp/space.ts";
import { numericArray } from "./codecs/arrays.ts";
import { decodeDataset, encodeDataset, encodeNpz } from "./codecs/index.ts";
import { utf8 } from "./codecs/text.ts";
import { type Dataset, dataset, fromTrajectories, type GivenTrajectory, returns, rewardsKnown } from "./dataset.ts";
import { allPairs } from "./pairs.ts";
import { rollout } from "./rollout.ts";
import { concat, select, take } from "./selection.ts";

const tau = (x: number): GivenTrajectory => ({
  observations: Float32Array.of(x, x + 1, x + 2),
  actions: Int32Array.of(0, 1),
  terminated: true,
});
const made = (...list: GivenTrajectory[]): Dataset => fromTrajectories(box([1]), discrete(2), list);

describe("demonstrations whose rewards nobody wrote down", () => {
  const silent = made(tau(0), tau(5));
  const told = made({ ...tau(9), rewards: Float64Array.of(1, 2) });

  it("have states and actions as others do, and returns that are not known", () => {
    expect(Array.from(allPairs(silent).s)).toEqual([0, 1, 5, 6]);
    expect([rewardsKnown(silent), rewardsKnown(told), rewardsKnown(concat(told, silent))]).toEqual([false, true, false]);
    expect(Array.from(returns(concat(silent, told)))).toEqual([Number.NaN, Number.NaN, 3]);
    expect(returns(select(concat(told, silent), [0]))).toEqual(Float64Array.of(3));
    expect(rewardsKnown(take(concat(told, silent), 1))).toBe(true);
  });

  it.each(["d.jsonl", "d.npz", "d.safetensors"])("come back from a file as they were, also beside others: %s", (name) => {
    for (const data of [silent, concat(told, silent), concat(silent, told)]) {
      expect(decodeDataset(name, encodeDataset(name, data))).toEqual(data);
    }
    expect(new TextDecoder().decode(encodeDataset("d.jsonl", silent))).not.toMatch(/"rewards":\[|NaN/);
  });

  it("are read from files without rewards", () => {
    const line = '{"observations":[[0,0,0,0],[0,0,0,0]],"actions":[1],"terminated":true}\n';
    expect(decodeDataset("d.jsonl", utf8(line), cartPole()).rewards).toEqual(Float64Array.of(Number.NaN));
    const one = {
      obs: numericArray("float32", [3, 1], Float32Array.of(0, 1, 2)),
      acts: numericArray("int32", [2], Int32Array.of(0, 1)),
      terminal: numericArray("bool", [1], Uint8Array.of(1)),
    };
    expect(decodeDataset("d.npz", encodeNpz(new Map(Object.entries(one))))).toEqual(made(tau(0)));
  });

  it("are called so in the header, so that a damaged name is not taken for rewards that nobody knows", () => {
    const text = new TextDecoder().decode(encodeDataset("d.jsonl", told));
    expect(() => decodeDataset("d.jsonl", utf8(text.replace("rewards", "rewarts")))).toThrow(
      'd.jsonl: line 2: rewards are missing; where they are not known the header says "rewards": false',
    );
  });

  it("have no rewards at all, or all of them", () => {
    const half = (rewards: Float64Array) => () => made(tau(0), { ...tau(0), rewards });
    expect(half(Float64Array.of(1, Number.NaN))).toThrow("trajectory 1: reward 1 is NaN, expected a finite number");
    expect(half(Float64Array.of(Number.NaN, 1))).toThrow("trajectory 1: reward 1 is 1, expected NaN, as reward 0 is");
    expect(() => dataset({ ...silent, rewards: Float64Array.of(Number.NaN, 1, 1, 1) })).toThrow(
      "step 1: the reward is 1, expected NaN",
    );
    expect(() => made({ ...tau(0), actions: undefined as never })).toThrow("trajectory 0: actions are undefined");
  });

  it("are nothing to compare returns with", async () => {
    const env = cartPole();
    const demos = await rollout(env, balancer(), { episodes: 2, seed: 0 });
    const without = { ...demos, rewards: new Float64Array(demos.rewards.length).fill(Number.NaN) };
    const policy = { ...env, act: (s: Float32Array) => new Int32Array(s.length / 4) };
    await expect(judge(env, policy, { demos: without, episodes: 2 })).rejects.toThrow(
      "the demonstrations have no rewards, so there is no return of theirs to compare with; pass { expert }",
    );
  });

  it("are not what a world records that gives no number", async () => {
    const env = cartPole();
    const broken = {
      ...env,
      vector: (n: number) => {
        const world = env.vector(n, { autoreset: "disabled" });
        const step = (actions: Int32Array) => {
          const out = world.step(actions);
          return { ...out, rewards: out.rewards.fill(Number.NaN) };
        };
        return { ...world, step } as typeof world;
      },
    };
    await expect(rollout(broken, balancer(), { episodes: 2, seed: 0 })).rejects.toThrow(
      "episode 0, step 0: CartPole-v1 gave the reward NaN, expected a finite number",
    );
  });
});
