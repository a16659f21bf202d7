import { describe, expect, it } from "vitest";
import { rollout } from "../../data/index.ts";
import type { Policy } from "../../mdp/index.ts";
import { tagAll, tagging } from "./tagging.ts";

const sentences = [
  { words: ["The", "rope", "is", "taut"], tags: ["at", "nn", "bez", "jj"] },
  { words: ["Walk"], tags: ["vb"] },
  { words: ["The", "fall", "hurts"], tags: ["at", "nn", "vbz"] },
];
const env = tagging("Rope-v0", sentences);

describe("tagging as imitation", () => {
  it("an episode is a sentence; a state is a word and the tag that was given before it; a right tag earns 1", async () => {
    // always says what comes after the tag before, in the alphabet of the tags
    const policy: Policy = {
      observation: env.observation,
      action: env.action,
      act: (s) => Int32Array.from({ length: s.length / 2 }, (_, i) => (s[2 * i + 1] === env.start ? 0 : s[2 * i + 1] + 1)),
    };
    expect(env.tags).toEqual(["at", "bez", "jj", "nn", "vb", "vbz"]);
    const { observations, actions, rewards, offsets, terminated } = await rollout(env, policy, { episodes: 30, seed: 1 });
    const seen = new Set<number>();
    for (let i = 0; i < 30; i++) {
      const [from, to] = [offsets[i], offsets[i + 1]];
      const first = observations[2 * (from + i)];
      const sentence = env.starts.indexOf(first);
      seen.add(sentence);
      expect(to - from).toBe(sentences[sentence].words.length);
      expect(terminated[i]).toBe(1);
      for (let t = 0; t < to - from; t++) {
        expect(observations[2 * (from + i + t)]).toBe(first + t);
        expect(observations[2 * (from + i + t) + 1]).toBe(t === 0 ? env.start : actions[from + t - 1]);
        expect(actions[from + t]).toBe(t);
        expect(rewards[from + t]).toBe(env.gold[first + t] === t ? 1 : 0);
      }
    }
    expect([...seen].sort()).toEqual([0, 1, 2]);
  });

  it("the annotator knows the right tag whatever was given before: it earns a sentence's length", async () => {
    const { rewards } = await rollout(env, env.annotator, { episodes: 10, seed: 2 });
    expect(new Set(rewards)).toEqual(new Set([1]));
  });

  it("all sentences are tagged side by side, as each would be alone", async () => {
    const policy: Policy = {
      observation: env.observation,
      action: env.action,
      act: (s) => Int32Array.from({ length: s.length / 2 }, (_, i) => (s[2 * i] + s[2 * i + 1]) % 6),
    };
    const given = await tagAll(env, policy);
    const alone: number[] = [];
    sentences.forEach((sentence, i) => {
      let before = env.start;
      sentence.words.forEach((_, t) => {
        before = (env.starts[i] + t + before) % 6;
        alone.push(before);
      });
    });
    expect(Array.from(given)).toEqual(alone);
    expect(Array.from(await tagAll(env, policy, 1))).toEqual(alone.slice(4));
  });

  it("episodes are drawn from the first sentences only, if it is told so", async () => {
    const some = tagging("Rope-v0", sentences, { drawn: 1 });
    const { offsets } = await rollout(some, some.annotator, { episodes: 5, seed: 3 });
    expect(Array.from(offsets)).toEqual([0, 4, 8, 12, 16, 20]);
  });

  it("refuses sentences that are none", () => {
    expect(() => tagging("x", [])).toThrow(/at least one of its 0 sentences, found 0/);
    expect(() => tagging("x", [{ words: ["a"], tags: [] }])).toThrow(/sentence 0 has 1 words and 0 tags/);
    expect(() => tagging("x", sentences, { tags: ["at"] })).toThrow(/sentence 0 has the tag "nn", expected one of at/);
  });
});
