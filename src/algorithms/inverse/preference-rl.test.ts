import { describe, expect, it } from "vitest";
import { rng } from "../../autodiff/index.ts";
import { episodeReturns, rollout, toTrajectories } from "../../data/index.ts";
import { cartPole, pendulum } from "../../envs/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { fragmentJudge } from "../../experts/index.ts";
import type { FragmentChoice, FragmentComparison, FragmentExpert, Policy, Trajectory } from "../../mdp/index.ts";
import { mlp } from "../../policies/index.ts";
import { loadReward } from "../../rewards/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { ExpertError } from "../expert-error.ts";
import type { PreferenceRlOptions } from "./preference-rl/options.ts";
import { labelPlan, sessionsOf } from "./preference-rl/plan.ts";
import { preferenceRl } from "./preference-rl.ts";

const env = pendulum();
const policy = mlp(env, { hidden: [16], distribution: "gaussian" });
const SMALL: Partial<PreferenceRlOptions> = {
  ...{ steps: 512, copies: 4, rolloutSteps: 32, batchSize: 64, epochs: 2, seed: 5 },
  ...{ labels: 20, sessions: 3, fragmentLength: 5, rewardHidden: [8], rewardUpdates: 4, rewardBatch: 4, bootstrap: true },
};

describe("reinforcement learning from comparisons", () => {
  it("learns to hold a pendulum from 100 comparisons alone: the reward it learns goes with the world's, and its policy beats chance by far", async () => {
    const {
      policy: learned,
      reward,
      labels,
      records,
    } = await train(
      preferenceRl,
      { env, expert: fragmentJudge(), policy: mlp(env, { activation: "relu", distribution: "gaussian" }) },
      {
        ...{ steps: 24_576, copies: 8, rolloutSteps: 128, epochs: 10, gamma: 0.9, batchSize: 64, seed: 1 },
        ...{ labels: 100, sessions: 10, members: 2 },
      },
    );
    expect(labels).toBe(100);
    expect(records.at(-1)!.labels).toBe(100);
    expect(records.at(-1)!.correlation).toBeGreaterThan(0.8);
    const { returns } = await episodeReturns(env, learned, { episodes: 20, seed: 9, deterministic: true });
    expect(meanInterval(returns).low).toBeGreaterThan(-800); // chance is −1200

    const steps = {
      s: Float32Array.of(1, 0, 0, -1, 0, 0),
      a: new Float32Array(2),
      next: new Float32Array(6),
      terminated: new Uint8Array(2),
    };
    const [up, down] = reward(steps);
    expect(up).toBeGreaterThan(down);
    expect([...loadReward(reward.toOnnx())(steps)]).toEqual([up, down]);
  });

  it("a run that was stopped goes on bit for bit, whichever comparisons are selected", async () => {
    for (const selection of ["random", "disagreement", "information"] as const) {
      const problem = { env, expert: fragmentJudge({ temperature: 5, seed: 1 }), policy };
      const whole = await train(preferenceRl, problem, { ...SMALL, selection });
      const run = start(preferenceRl, problem, { ...SMALL, selection });
      await run.next();
      await run.next();
      const second = resume(preferenceRl, problem, run.checkpoint());
      await second.next();
      const third = resume(preferenceRl, problem, second.snapshot());
      for await (const _ of third);
      const { policy: learned, reward } = await third.result();
      expect(learned.theta).toEqual(whole.policy.theta);
      expect(reward.theta).toEqual(whole.reward.theta);
      expect(third.state.answered).toEqual(expect.objectContaining({ choices: expect.any(Float32Array) }));
    }
  });

  it("a session that no label is left for asks nothing, whichever comparisons are selected, and the reward goes on being learned", async () => {
    for (const selection of ["random", "disagreement", "information"] as const) {
      const options = { ...SMALL, selection, steps: 1024, labels: 6, sessions: 6, labelSchedule: "inverse-quadratic" } as const;
      const asked: number[] = [];
      const judge = fragmentJudge();
      const expert: FragmentExpert = {
        compare(comparisons) {
          asked.push(comparisons.length);
          return judge.compare(comparisons);
        },
      };
      expect(labelPlan({ ...options, initialShare: 0.25 })).toEqual([2, 4, 5, 6, 6, 6]);
      const { records } = await train(preferenceRl, { env, expert, policy }, options);
      expect(asked).toEqual([2, 2, 1, 1]);
      const learnedIn = records.filter(({ rewardLoss }) => rewardLoss !== undefined);
      expect(learnedIn.map(({ labels }) => labels)).toEqual([2, 4, 5, 6, 6, 6]);
    }
  });

  it("an expert who answers when it likes, in whatever order, and goes away in between changes nothing; no answer is asked for twice", async () => {
    const judge = fragmentJudge({ temperature: 5, seed: 1 });
    const options = { ...SMALL, requestSize: 1, openRequests: 3 };
    const whole = await train(preferenceRl, { env, expert: judge, policy }, options);
    const asked: number[] = [];
    const person = (patience: number): FragmentExpert => ({
      async compare(comparisons: readonly FragmentComparison[]) {
        if (asked.length >= patience) throw new Error("out");
        asked.push(...comparisons.map(({ number }) => number));
        await new Promise((resolve) => setTimeout(resolve, (comparisons[0].number * 7) % 5));
        return judge.compare(comparisons);
      },
    });
    let bytes: Uint8Array | undefined;
    for (const patience of [3, 9, 100]) {
      const problem = { env, expert: person(patience), policy };
      const run = bytes ? resume(preferenceRl, problem, bytes) : start(preferenceRl, problem, options);
      try {
        for await (const _ of run);
        const { policy: learned, reward, labels } = await run.result();
        expect(labels).toBe(20);
        expect(learned.theta).toEqual(whole.policy.theta);
        expect(reward.theta).toEqual(whole.reward.theta);
        expect(patience).toBe(100);
      } catch (error) {
        expect(error).toBeInstanceOf(ExpertError);
        expect(run.waiting?.()).toMatch(/of \d+ comparisons/);
      }
      bytes = run.checkpoint();
    }
    expect(asked.sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, number) => number));
  });

  it("from ties alone the loss of the reward can't fall below ln 2, and comparisons that can't be made leave the policy as it is; both are counted", async () => {
    const always = (choice: FragmentChoice): FragmentExpert => ({ compare: (comparisons) => comparisons.map(() => choice) });
    const options = { ...SMALL, steps: 512 };
    const ties = await train(preferenceRl, { env, expert: always(0.5), policy }, { ...options, bootstrap: false });
    expect(ties.records.at(-1)).toMatchObject({ labels: 20, ties: 20, incomparable: 0 });
    const losses = ties.records.flatMap(({ rewardLoss }) => rewardLoss ?? []);
    expect(losses.length).toBe(3);
    for (const loss of losses) {
      expect(loss).toBeGreaterThan(Math.LN2 - 1e-6);
      expect(loss).toBeLessThan(Math.LN2 + 0.05);
    }
    const none = await train(preferenceRl, { env, expert: always(null), policy }, options);
    expect(none.records.at(-1)).toMatchObject({ labels: 20, ties: 0, incomparable: 20 });
    expect(none.records.every(({ rewardLoss }) => rewardLoss === undefined)).toBe(true);
    expect(none.records.at(-1)!.note).toMatch("all 20 comparisons could not be made");
    expect(none.policy.theta).toEqual(
      (await start(preferenceRl, { env, expert: always(null), policy }, options).result()).policy.theta,
    );
  });

  it("comparisons that were made before are learned from, and told to contradict each other where they do", async () => {
    const run = start(preferenceRl, { env, expert: fragmentJudge(), policy }, SMALL);
    await run.next();
    await run.next();
    const { s, a, next } = run.state.answered;
    const at = (j: number) => ({
      observations: Float32Array.of(...s.subarray(j * 15, (j + 1) * 15), ...next.subarray((j + 1) * 15 - 3, (j + 1) * 15)),
      actions: a.slice(j * 5, (j + 1) * 5),
      rewards: new Float64Array(5),
      terminated: false,
    });
    const [first, second] = [at(0), at(1)];
    const comparisons = [
      { first, second, choice: 1 as const },
      { first, second, choice: 0 as const },
    ];
    const again = start(preferenceRl, { env, expert: fragmentJudge(), policy, comparisons }, SMALL);
    expect(await again.next()).toMatchObject({ labels: 0, contradictory: 2 });
    const second2 = await again.next();
    expect(second2).toMatchObject({ contradictory: 3 }); // the first session's own answer is one of the two again
    expect(second2!.note).toBe(
      `3 of ${2 + second2!.labels} comparisons say the opposite of another one; any reward can satisfy only some of them`,
    );
    const longer = start(preferenceRl, { env, expert: fragmentJudge(), policy, comparisons }, { ...SMALL, fragmentLength: 6 });
    await expect(longer.ready).rejects.toThrow("comparison 0: a fragment has 5 steps, expected fragmentLength 6");
  });

  it("needs nobody to ask where comparisons were made before: the reward is learned from those alone, at as many times", async () => {
    const random = rng(3);
    const trial: Policy = { ...env, act: (s) => Float32Array.from({ length: s.length / 3 }, () => 4 * random.float() - 2) };
    const shown = toTrajectories(await rollout(env, trial, { episodes: 20, seed: 1 }));
    const cut = ({ observations, actions, rewards }: Trajectory, from: number): Trajectory => ({
      observations: observations.slice(3 * from, 3 * (from + 6)),
      actions: actions.slice(from, from + 5),
      rewards: rewards.slice(from, from + 5),
      terminated: false,
    });
    const asked = Array.from({ length: 200 }, (_, number) => ({
      number,
      first: cut(shown[number % 20], random.integer(195)),
      second: cut(shown[random.integer(20)], random.integer(195)),
    }));
    const choices = await fragmentJudge().compare(asked);
    const comparisons = asked.map(({ first, second }, i) => ({ first, second, choice: choices[i] }));
    const options = { ...SMALL, steps: 1024, labels: 0, sessions: 4, rewardUpdates: 60 };
    const { records, labels, policy: learned, reward } = await train(preferenceRl, { env, policy, comparisons }, options);
    expect(labels).toBe(0);
    const sessions = records.filter(({ rewardLoss }) => rewardLoss !== undefined);
    expect(sessions).toHaveLength(4);
    expect(sessions[3].rewardAccuracy).toBeGreaterThan(0.7);
    expect(sessions[3].rewardLoss).toBeLessThan(sessions[0].rewardLoss!);
    expect(records.at(-1)).toMatchObject({ labels: 0, ties: 0, incomparable: 0 });

    const run = start(preferenceRl, { env, policy, comparisons }, options);
    for (let k = 0; k < 4; k++) await run.next();
    const again = resume(preferenceRl, { env, policy, comparisons }, run.checkpoint());
    for await (const _ of again);
    const same = await again.result();
    expect([same.policy.theta, same.reward.theta]).toEqual([learned.theta, reward.theta]);
  });

  it("a fragment longer than an episode, or than every trajectory so far, is refused in a line", async () => {
    const long = start(
      preferenceRl,
      { env, expert: fragmentJudge(), policy },
      { ...SMALL, memory: 8, rolloutSteps: 64, steps: 1024, fragmentLength: 201 },
    );
    await expect(long.ready).rejects.toThrow(
      "fragments have 201 steps, an episode of Pendulum-v1 at most 200; make fragmentLength smaller",
    );
    const short = cartPole();
    const problem = { env: short, expert: fragmentJudge(), policy: mlp(short) };
    const falls = start(preferenceRl, problem, { ...SMALL, memory: 8, fragmentLength: 200 });
    await expect(falls.ready).rejects.toThrow(
      /fragments have 200 steps, random actions in CartPole-v1 end after 2\d on average and \d+ at most; make .*, such as 1\d$/,
    );
  });

  it("somebody who can't compare is refused before anything is learned", async () => {
    const expert = { label: async () => [] } as unknown as Parameters<typeof preferenceRl.init>[0]["expert"];
    await expect(start(preferenceRl, { env, expert, policy }, SMALL).ready).rejects.toThrow(
      "the expert has no compare(comparisons)",
    );
  });

  it("of more sessions than there are labels or rounds, as many are held as there is room for", async () => {
    const sessions = async (options: Partial<PreferenceRlOptions>) =>
      (await preferenceRl.init({ env, expert: fragmentJudge(), policy }, { ...preferenceRl.defaults, ...SMALL, ...options }))
        .options.sessions;
    expect(await sessions({ sessions: 100, steps: 1e6 })).toBe(20);
    expect(await sessions({ sessions: 20, labels: 50, steps: 8192, copies: 16, rolloutSteps: 64, batchSize: 64 })).toBe(7);
    expect(await sessions({ sessions: 3 })).toBe(3);
    expect(sessionsOf({ labels: 0, sessions: 20, initialShare: 0.25, labelSchedule: "constant" }, 8, 1)).toBe(7);
  });

  it("options that don't go together are refused before anything is asked", async () => {
    const refused = (options: Partial<PreferenceRlOptions>) =>
      start(preferenceRl, { env, expert: fragmentJudge(), policy }, { ...SMALL, ...options }).ready;
    await expect(refused({ members: 1 })).rejects.toThrow("selection by disagreement needs members that can disagree");
    await expect(refused({ explore: 4 })).rejects.toThrow(
      "512 steps are 4 rounds of 4 x 32; expected more than the 4 that explore",
    );
    await expect(refused({ noise: 1 })).rejects.toThrow("noise is 1, expected a number from 0 to below 1");
    await expect(refused({ labels: -1 })).rejects.toThrow("labels is -1, expected a whole number from 0");
    await expect(refused({ labels: 0 })).rejects.toThrow(
      "labels is 0 and no comparison is given that says anything, of 0; give comparisons, or labels to ask for",
    );
  });
});
