import { describe, expect, it } from "vitest";
import { rng } from "../autodiff/index.ts";
import { beforeAndAfter, DRAWS } from "./language-recipe.ts";

const random = rng(3);
const PROMPTS = 20;
/** Prompts that are worth very different scores, each answered a few times. */
const worth = Array.from({ length: PROMPTS }, () => 10 * random.normal());
const scores = (better: number) => worth.flatMap((own) => Array.from({ length: DRAWS }, () => own + better + random.normal()));

describe("scores before and after, of responses to the same prompts", () => {
  it("differ by an interval that is taken prompt by prompt, so that how far prompts are apart does not hide the change", () => {
    const [score, change] = beforeAndAfter("reward", "the reward", scores(0), scores(1));
    expect(change.id).toBe("rewardChange");
    expect(change.interval![0]).toBeGreaterThan(0.4);
    expect(change.interval![1]).toBeLessThan(1.6);
    expect(change.name).not.toMatch(/undecided/);
    expect(score.interval![0]).toBeLessThan(score.before!); // of which the mean's own interval says nothing
    expect(score.after - score.before!).toBeCloseTo(change.after, 9);
  });

  it("are undecided where the interval of their difference holds 0", () => {
    const [, change] = beforeAndAfter("reward", "the reward", scores(0), scores(0));
    expect(change.interval![0]).toBeLessThan(0);
    expect(change.interval![1]).toBeGreaterThan(0);
    expect(change.name).toMatch(/undecided/);
  });
});
