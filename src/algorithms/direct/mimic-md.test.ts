import { describe, expect, it } from "vitest";
import reference from "../../../test/data/algorithms/mimic-md.json" with { type: "json" };
import { type Dataset, rollout, take } from "../../data/index.ts";
import { gridworld, rajaraman, tightrope } from "../../envs/index.ts";
import { pairedDifference } from "../../evaluation/index.ts";
import { planner } from "../../experts/index.ts";
import { tabularMdp, withRewardTable } from "../../mdp/index.ts";
import { valueGap } from "../../theory/index.ts";
import { countedBySteps, mimicMd, resume, start, train } from "../index.ts";
import { escapeDistance, escapeFlow, escapeLowerBound, flowOf, flowPolicy, improveFlow } from "./escape-flow.ts";

describe("the convex programme of Mimic-MD", () => {
  it("has the optimum that SciPy's linear programming finds", () => {
    for (const { S, A, H, P, rho, known, target, optimum } of reference) {
      const mdp = tabularMdp({ S, A, P, r: { s: new Float64Array(S) }, rho, H });
      const program = escapeFlow(mdp, Int32Array.from(known), Float64Array.from(target));
      const flow = flowOf(program);
      expect(escapeDistance(program, flowPolicy(program, flow))).toBeGreaterThan(optimum + 1e-3);
      improveFlow(program, flow, 20_000);
      expect(escapeDistance(program, flowPolicy(program, flow))).toBeCloseTo(optimum, 6);
      expect(escapeLowerBound(program, flow)).toBeCloseTo(optimum, 6);
    }
  });

  it("is never below its lower bound, whatever the prices", () => {
    for (const { S, A, H, P, rho, known, target, optimum } of reference) {
      const mdp = tabularMdp({ S, A, P, r: { s: new Float64Array(S) }, rho, H });
      const program = escapeFlow(mdp, Int32Array.from(known), Float64Array.from(target));
      const flow = flowOf(program);
      for (let round = 0; round < 20; round++) {
        for (const state of [flow, improveFlow(program, flow, 7)]) {
          expect(escapeLowerBound(program, state)).toBeLessThanOrEqual(optimum + 1e-9);
          expect(escapeDistance(program, flowPolicy(program, state))).toBeGreaterThanOrEqual(optimum - 1e-9);
        }
      }
    }
  });
});

describe("Mimic-MD", () => {
  it("loses less than behavior cloning where guessing leaves the expert's path, because it knows where actions lead", async () => {
    const gaps = { cloning: [] as number[], mimicking: [] as number[] };
    for (let seed = 0; seed < 12; seed++) {
      const env = rajaraman({ states: 6, H: 16, N: 50, seed });
      const expert = planner(env);
      const demos = await rollout(env, expert, { episodes: 50, seed });
      const { pi, records } = await train(mimicMd, { demos, dynamics: env.mdp }, { seed });
      const { distance, lowest } = records[records.length - 1];
      expect(distance - lowest).toBeLessThanOrEqual(1e-3);
      gaps.mimicking.push(valueGap(env.mdp, { piStar: expert.pi, piHat: pi }));
      gaps.cloning.push(valueGap(env.mdp, { piStar: expert.pi, piHat: countedBySteps(demos, env.mdp) }));
    }
    expect(pairedDifference(gaps.cloning, gaps.mimicking).low).toBeGreaterThan(0.5);
  });

  it("does what the expert does wherever the copied demonstrations have been", async () => {
    const env = gridworld({ rows: 3, columns: 3, slip: 0.3, H: 12 });
    const expert = planner(env);
    const demos = await rollout(env, expert, { episodes: 60, seed: 1 });
    const run = start(mimicMd, { demos, dynamics: env.mdp }, { share: 0.7 });
    await run.next();
    const { pi } = await run.result();
    const { known } = run.state;
    expect(known.filter((a) => a >= 0).length).toBeGreaterThan(40);
    known.forEach((a, at) => {
      if (a >= 0) expect(pi[at * 4 + a]).toBe(1);
    });
    for (let first = 0; first < pi.length; first += 4)
      expect(pi.subarray(first, first + 4).reduce((x, y) => x + y)).toBeCloseTo(1, 12);
  });

  it("with demonstrations of everything it is the expert", async () => {
    const env = gridworld({ rows: 2, columns: 3, slip: 0.3, H: 8 });
    const expert = planner(env);
    const demos = await rollout(env, expert, { episodes: 4000, seed: 1 });
    const { pi } = await train(mimicMd, { demos, dynamics: env.mdp });
    expect(Math.abs(valueGap(env.mdp, { piStar: expert.pi, piHat: pi }))).toBeLessThan(1e-3);
  });

  it("does not look at rewards", async () => {
    const env = rajaraman({ states: 5, H: 8, N: 20, seed: 4 });
    const demos = await rollout(env, planner(env), { episodes: 20, seed: 2 });
    const blind = withRewardTable(env.mdp, { s: new Float64Array(env.mdp.S) });
    const other = { ...demos, rewards: demos.rewards.map((r) => -7 * r) };
    const { pi } = await train(mimicMd, { demos, dynamics: env.mdp });
    expect((await train(mimicMd, { demos: other, dynamics: blind })).pi).toEqual(pi);
  });

  it("stopped after any round and resumed, it is the same bit for bit", async () => {
    const env = rajaraman({ states: 6, H: 20, N: 60, seed: 1 });
    const problem = { demos: await rollout(env, planner(env), { episodes: 60, seed: 2 }), dynamics: env.mdp };
    const options = { inner: 40, iterations: 400, tolerance: 0 };
    const whole = await train(mimicMd, problem, options);
    const first = start(mimicMd, problem, options);
    for (let k = 0; k < 4; k++) await first.next();
    const second = resume(mimicMd, problem, first.checkpoint());
    const records = [];
    for await (const record of second) records.push(record);
    expect(records).toEqual(whole.records.slice(4));
    expect((await second.result()).pi).toEqual(whole.pi);
  });
});

describe("what Mimic-MD can't learn from is refused", async () => {
  const env = tightrope({ H: 4, length: 3 });
  const expert = planner(env);
  const demos = await rollout(env, expert, { episodes: 4, seed: 0 });
  const changed = (change: Partial<Dataset>): Dataset => ({ ...demos, ...change });
  const other = demos.actions.slice();
  other[demos.offsets[2]] = 1;
  const jump = demos.observations.slice();
  jump[1] = 2;

  it.each([
    ["one demonstration", take(demos, 1), /found only one; record at least 2/],
    [
      "two answers to one question",
      changed({ actions: other }),
      /trajectory 2 .*Mimic-MD is for deterministic experts|the dynamics don't allow it/,
    ],
    ["a step that can't be", changed({ observations: jump }), /trajectory 0 goes from state 0 by action 0 to state 2 at step 1/],
    [
      "a start where nobody starts",
      changed({ observations: demos.observations.map((s) => (s === 0 ? 1 : s)) }),
      /trajectory 0 starts in state 1, where none starts/,
    ],
  ])("%s", async (_what, given, message) => {
    await expect(train(mimicMd, { demos: given, dynamics: env.mdp })).rejects.toThrow(message);
  });

  it("another world's dynamics, and no share", async () => {
    const wide = tightrope({ H: 4, length: 3, actions: 3 });
    await expect(train(mimicMd, { demos, dynamics: wide.mdp })).rejects.toThrow(/have 6 states and 3 actions/);
    await expect(train(mimicMd, { demos, dynamics: { ...env.mdp, H: 3 } })).rejects.toThrow(
      /has 4 steps, expected at most H = 3/,
    );
    await expect(train(mimicMd, { demos, dynamics: { ...env.mdp, H: Infinity } })).rejects.toThrow(/needs a finite horizon/);
    await expect(train(mimicMd, { demos, dynamics: env.mdp }, { share: 1 })).rejects.toThrow(/share is 1/);
  });
});
