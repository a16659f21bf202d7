import { describe, expect, it } from "vitest";
import { pairCount, rollout } from "../../../data/index.ts";
import { cartPole, tightrope } from "../../../envs/index.ts";
import { balancer, planner, watchful } from "../../../experts/index.ts";
import type { InterveningExpert, Watched } from "../../../mdp/index.ts";
import { mlp, tabular } from "../../../policies/index.ts";
import { type DaggerOptions, type DaggerResult, dagger, ExpertError, LABELLED, start, train } from "../../index.ts";

const env = cartPole();
const own = balancer();
const nets = (n: number) => Array.from({ length: n }, () => mlp(env, { hidden: [8] }));
const quick = { rounds: 3, states: 120, epochs: 2, seed: 5 };
const total = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0);

/** The runs of the same value in the steps of each episode of a round: [who, how long], in order. */
function segments({ trail }: DaggerResult, round: number): [number, number][][] {
  const episodes: [number, number][][] = [];
  trail.round.forEach((r, t) => {
    if (r !== round) return;
    episodes[trail.episode[t]] ??= [];
    const runs = episodes[trail.episode[t]];
    const last = runs.at(-1);
    if (last?.[0] === trail.acted[t]) last[1] += 1;
    else runs.push([trail.acted[t], 1]);
  });
  return episodes;
}

describe("who acts: a coin of chance beta", () => {
  it("tossed at every step, it changes hands within episodes; tossed once an episode, never", async () => {
    const rope = tightrope({ H: 20, recovery: true });
    const problem = { env: rope, expert: planner(rope), policy: tabular(rope) };
    const given = { rounds: 1, states: 2000, beta: [0.5], seed: 1 };
    const [step, episode] = [await train(dagger, problem, given), await train(dagger, problem, { ...given, mixing: "episode" })];
    const [a, b] = [segments(step, 1), segments(episode, 1)];
    expect(b.every((runs) => runs.length === 1)).toBe(true);
    expect(a.filter((runs) => runs.length > 1).length).toBeGreaterThan(a.length / 2);
    expect(episode.records[0]).toMatchObject({ contextSwitches: 0, interventions: 0 });
    // 100 episodes, 50 of them the expert's, give or take four deviations
    const theirs = b.filter(([[who]]) => who === 1).length;
    expect(Math.abs(theirs / b.length - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / b.length));
    expect(step.records[0].contextSwitches).toBeGreaterThan(900 - 4 * Math.sqrt(1900 / 4)); // every other of 1900 steps
    expect(step.records[0].interventions).toBeCloseTo(step.records[0].contextSwitches / 2, -2);
  });

  it("its action is its label: nothing is asked twice", async () => {
    let answers = 0;
    const expert = {
      label: (s: Float32Array) => {
        answers += s.length / 4;
        return own.label(s);
      },
    };
    const { records, trail, steps } = await train(
      dagger,
      { env, expert, policy: mlp(env, { hidden: [8] }) },
      { ...quick, beta: "exponential" },
    );
    expect(records.map(({ beta }) => beta)).toEqual([1, 0.5, 0.25]);
    expect(records.map(({ labels }) => labels)).toEqual([120, 240, 360]);
    expect(answers).toBe(360);
    expect(trail.labelled).toEqual(trail.acted.map((acted) => (acted === 1 ? LABELLED.byActing : LABELLED.whenAsked)));
    expect(steps).toEqual(Int32Array.from({ length: 360 }, (_, t) => t));
    expect(records[2].expertSteps).toBe(total(trail.acted));
  });
});

describe("HG-DAgger: an expert who watches, takes over and hands back", () => {
  /** Takes over at the tenth step of an episode, for five steps. */
  const scheduled: InterveningExpert = {
    label: (s) => own.label(s),
    takesOver: ({ places }) => Uint8Array.from(places.step, (step) => (step >= 10 && step < 15 ? 1 : 0)),
  };

  it("labels the steps it acted in, and no others; who did what is known of every step", async () => {
    const demos = await rollout(env, own, { episodes: 1, seed: 1, maxSteps: 50 });
    const result = await train(
      dagger,
      { env, expert: scheduled, policy: mlp(env, { hidden: [8] }), demos },
      { ...quick, gate: "expert", beta: [] },
    );
    const { records, trail, steps, demos: B } = result;
    expect(trail.round).toHaveLength(360);
    expect(trail.labelled).toEqual(trail.acted);
    let interventions = 0;
    let labels = 0;
    for (let round = 1; round <= 3; round++) {
      for (const runs of segments(result, round)) {
        const lengths = runs.map(([, n]) => n);
        expect(runs.map(([who]) => who)).toEqual([0, 1, 0].slice(0, runs.length));
        expect(lengths[0]).toBeLessThanOrEqual(10);
        if (runs.length > 2) expect(lengths.slice(0, 2)).toEqual([10, 5]);
        interventions += runs.length > 1 ? 1 : 0;
        labels += lengths[1] ?? 0;
      }
    }
    expect(records[2]).toMatchObject({ interventions, labels, expertSteps: labels, states: 50 + labels });
    expect(interventions).toBeGreaterThan(5);
    expect(records[2].contextSwitches).toBeGreaterThan(interventions);
    expect(pairCount(B)).toBe(50 + labels);
    // every pair of ℬ is a demonstration, or the step of the trail it says it is
    expect(Array.from(steps.subarray(0, 50))).toEqual(new Array(50).fill(-1));
    expect(Array.from(steps.subarray(50))).toEqual(Array.from(trail.acted.keys()).filter((t) => trail.acted[t] === 1));
    expect(Array.from(B.actions.subarray(50))).toEqual(Array.from(own.label(Float32Array.from(B.observations).subarray(200))));
  });

  it("sees what the learner is about to do, and who was in control a step before", async () => {
    const seen: Watched[] = [];
    const expert: InterveningExpert = {
      ...scheduled,
      takesOver(watched) {
        seen.push(watched);
        return scheduled.takesOver(watched);
      },
    };
    const result = await train(
      dagger,
      { env, expert, policy: mlp(env, { hidden: [8] }) },
      { ...quick, rounds: 1, gate: "expert", beta: [], deterministic: true },
    );
    expect(seen).toHaveLength(120);
    expect(seen.every(({ observations, proposed }) => observations.length === 4 && proposed.length === 1)).toBe(true);
    const control = Array.from(result.trail.acted);
    expect(seen.map(({ inControl }) => inControl[0])).toEqual(
      control.map((_, t) => (seen[t].places.step[0] === 0 ? 0 : control[t - 1])),
    );
  });

  it("by what it sees alone: in danger it corrects the learner, and hands back when they agree", async () => {
    const tilted = (s: ArrayLike<number>) => Math.abs(s[2]) > 0.05;
    const expert = watchful(own, env, { dangerous: tilted });
    const { records, trail, demos } = await train(
      dagger,
      { env, expert, policy: mlp(env) },
      { rounds: 4, states: 200, gate: "expert", beta: "first", epochs: 10, seed: 2 },
    );
    const later = pairCount(demos) - 200;
    expect(records[3].labels).toBe(200 + later);
    expect(later).toBe(total(trail.acted.subarray(200)));
    for (let i = 200; i < pairCount(demos); i++) expect(tilted(demos.observations.subarray(4 * i, 4 * i + 4))).toBe(true);
    expect(later).toBeLessThan(150); // of 600
  });

  it("may fail to say who acts: the error says when, what it said before is kept, and what it says late is taken", async () => {
    const given: Partial<DaggerOptions> = { ...quick, rounds: 1, states: 40, gate: "expert", beta: [] };
    const problem = { env, expert: scheduled, policy: mlp(env, { hidden: [8] }) };
    const soon = await train(dagger, problem, given);
    let call = 0;
    const late: (() => void)[] = [];
    const expert: InterveningExpert = {
      ...scheduled,
      takesOver(watched) {
        call += 1;
        if (call === 4) throw new Error("asleep");
        if (call === 9) return Uint8Array.of(2);
        if (call !== 20) return scheduled.takesOver(watched);
        return new Promise((resolve) => late.push(() => resolve(scheduled.takesOver(watched))));
      },
    };
    const run = start(dagger, { ...problem, expert }, { ...given, timeout: 0.05 });
    const failed = async () => {
      const error = await run.next().catch((thrown) => thrown);
      expect(error).toBeInstanceOf(ExpertError);
      return error.message;
    };
    expect(await failed()).toBe("round 1, episode 0, step 3: the expert failed: asleep");
    expect(await failed()).toMatch(/^round 1, episode 0, step 7: takesOver gave 2, expected 0 or 1 for each of 1 states$/);
    expect(await failed()).toMatch(/^round 1, episode \d, step \d+: the expert has not said who acts within 0.05 s$/);
    for (const answer of late) answer();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await run.next()).toEqual(soon.records[0]);
    expect(call).toBe(40 + 2); // each state once, but for the two answers that were none
  });

  it("has to say who acts, for each state", async () => {
    const expert: InterveningExpert = { ...scheduled, takesOver: () => Uint8Array.of(0, 1) };
    const problem = { env, expert, policy: mlp(env, { hidden: [8] }) };
    await expect(train(dagger, problem, { ...quick, gate: "expert", beta: [] })).rejects.toThrow(
      /episode 0, step 0: takesOver gave 2 answers, expected 0 or 1 for each of 1 states/,
    );
    await expect(train(dagger, { ...problem, expert: own }, { ...quick, gate: "expert" })).rejects.toThrow(
      /gate expert needs an expert that can take over/,
    );
  });
});

describe("the doubt of an ensemble decides what is labelled", () => {
  it("about the share of states that was wished for is, by the doubts of the round before", async () => {
    const problem = { env, expert: own, policy: nets(3) };
    const { records, trail } = await train(dagger, problem, {
      ...{ rounds: 6, states: 300, epochs: 5, gate: "doubt", handOver: false, share: 0.2, seed: 1 },
    } as const);
    const after = records[5].labels - 300;
    expect(after).toBeGreaterThan(0.05 * 1500);
    expect(after).toBeLessThan(0.45 * 1500);
    expect(records[5].expertSteps).toBe(300); // it only labels
    expect(total(trail.acted)).toBe(300);
    expect(trail.labelled.filter((how) => how === LABELLED.whenAsked)).toHaveLength(after);
  });

  it("handing over, the expert acts there and until the doubt is gone: every one of its steps is a label", async () => {
    const problem = { env, expert: own, policy: nets(3) };
    const result = await train(dagger, problem, { rounds: 4, states: 300, epochs: 5, gate: "doubt", share: 0.1, seed: 3 });
    const { records, trail } = result;
    expect(records[3].labels).toBe(total(trail.acted));
    expect(trail.labelled).toEqual(trail.acted);
    expect(records[3].interventions).toBeGreaterThan(0);
    expect(records[3].expertSteps).toBeGreaterThan(records[3].interventions);
  });

  it("an estimate of risk takes over too; one that says nothing changes nothing", async () => {
    const recordsWith = async (risk?: (s: Float32Array) => Float32Array) => {
      const problem = { env, expert: own, policy: nets(2), ...(risk ? { risk } : {}) };
      const { records } = await train(dagger, problem, {
        rounds: 3,
        states: 200,
        epochs: 5,
        gate: "doubt",
        share: 0.05,
        seed: 3,
      });
      return records;
    };
    const without = await recordsWith();
    expect(await recordsWith((s) => new Float32Array(s.length / 4))).toEqual(without);
    const leaning = await recordsWith((s) => Float32Array.from({ length: s.length / 4 }, (_, i) => Math.abs(s[4 * i + 2])));
    expect(leaning[2].expertSteps).toBeGreaterThan(without[2].expertSteps + 20);
  });

  it.each([
    ["none", {}],
    ["doubt", { share: 0.5 }],
    ["doubt", { share: 0.5, handOver: false }],
    ["expert", {}],
  ] as const)("a budget of labels is used up and never passed, gate %s %o", async (gate, more) => {
    const problem = {
      env,
      expert: gate === "expert" ? watchful(own, env) : own,
      policy: gate === "doubt" ? nets(2) : mlp(env, { hidden: [8] }),
    };
    const { records } = await train(dagger, problem, { rounds: 50, states: 100, epochs: 1, budget: 250, gate, ...more });
    const last = records[records.length - 1];
    expect(last.labels).toBe(250);
    expect(last.states).toBe(250);
    expect(records.length).toBeLessThan(50);
    expect(records[records.length - 2].labels).toBeLessThan(250);
  });

  it("needs members that can differ, and something that was learned", async () => {
    const rope = tightrope({ H: 8 });
    const tables = { env: rope, expert: planner(rope), policy: [tabular(rope), tabular(rope)] };
    await expect(train(dagger, tables, { gate: "doubt" })).rejects.toThrow(/gate doubt needs an ensemble .* found 2 tables/);
    const single = { env, expert: own, policy: mlp(env) };
    await expect(train(dagger, single, { gate: "doubt" })).rejects.toThrow(
      "found 1 model; give two networks or more, such as policy: Array.from({ length: 5 }, () => mlp(env))",
    );
    await expect(train(dagger, { ...single, policy: nets(2) }, { gate: "doubt", beta: [] })).rejects.toThrow(
      /gate doubt needs something to have been learned/,
    );
  });
});
