import { describe, expect, it } from "vitest";
import { rollout } from "../../data/index.ts";
import { firstTheta, gpt2, languageFamily, tokenPolicy } from "../../policies/index.ts";
import { tokenMdp, tokensIn } from "./token-mdp.ts";

const contexts = [Int32Array.of(1, 2), Int32Array.of(3)];
const env = tokenMdp({
  vocabulary: 6,
  contexts,
  maxLength: 4,
  end: [0],
  score: (x, y) => 10 * x.length + y.filter((token) => token === 5).length,
});

describe("writing as a Markov decision process", () => {
  it("begins with a prompt, grows by the token that is chosen, and is scored at its end", () => {
    const vector = env.vector(1, { autoreset: "disabled" });
    const first = tokensIn(vector.reset(3));
    expect(contexts).toContainEqual(first);
    const rewards = [5, 4, 0].map((token) => {
      const step = vector.step(Int32Array.of(token));
      return { reward: step.rewards[0], over: step.terminated[0], text: Array.from(tokensIn(step.observations)) };
    });
    const x = Array.from(first);
    expect(rewards).toEqual([
      { reward: 0, over: 0, text: [...x, 5] },
      { reward: 0, over: 0, text: [...x, 5, 4] },
      { reward: 10 * x.length + 1, over: 1, text: [...x, 5, 4, 0] },
    ]);
    expect(vector.draw(0)).toContain("5 4 0");
  });

  it("ends after the longest response too, with a score", () => {
    const vector = env.vector(2, { autoreset: "disabled" });
    vector.reset(0);
    for (let t = 0; t < 3; t++) expect(Array.from(vector.step(Int32Array.of(5, 5)).terminated)).toEqual([0, 0]);
    const last = vector.step(Int32Array.of(5, 4));
    expect(Array.from(last.terminated)).toEqual([1, 1]);
    expect(Array.from(last.rewards, (reward) => reward % 10)).toEqual([4, 3]);
  });

  it("a state that is put back goes on as it did", () => {
    const [a, b] = [env.vector(2), env.vector(2)];
    a.reset(1);
    a.step(Int32Array.of(4, 5));
    b.reset(9);
    b.restore(a.state());
    for (const actions of [
      [1, 0],
      [0, 2],
      [3, 3],
    ])
      expect(b.step(Int32Array.from(actions)).observations).toEqual(a.step(Int32Array.from(actions)).observations);
  });

  it("a language model acts in it like any policy, and every kind of demonstrations can be recorded from it", async () => {
    const family = languageFamily(gpt2({ vocabulary: 6, context: 8, width: 8, layers: 1, heads: 2 }));
    const demos = await rollout(env, tokenPolicy(family, firstTheta(family, 0), 6), { episodes: 5, seed: 1 });
    expect(demos.terminated).toEqual(new Uint8Array(5).fill(1));
    const ends = demos.rewards.filter((reward) => reward !== 0);
    expect(ends.length).toBe(5);
  });

  it("contexts that can't be are refused", () => {
    const made = (list: Int32Array[]) => () => tokenMdp({ vocabulary: 6, contexts: list, maxLength: 4, end: [], score: () => 0 });
    expect(made([])).toThrow("at least one context is needed");
    expect(made([Int32Array.of(6)])).toThrow("context 0 has the token 6, expected 0 to 5");
    expect(made([new Int32Array(0)])).toThrow("context 0 is empty");
  });
});
