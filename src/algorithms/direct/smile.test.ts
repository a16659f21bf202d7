import { describe, expect, it } from "vitest";
import { rollout } from "../../data/index.ts";
import { gridworld, tightrope } from "../../envs/index.ts";
import { planner } from "../../experts/index.ts";
import { valueGap } from "../../theory/index.ts";
import { countedBySteps, resume, smile, start, train } from "../index.ts";

const env = gridworld({ rows: 3, columns: 3, slip: 0.3, H: 12 });
const expert = planner(env);
const { A } = env.mdp;

const rowSums = (pi: Float64Array) =>
  Array.from({ length: pi.length / A }, (_, i) => pi.subarray(i * A, (i + 1) * A).reduce((a, b) => a + b));

describe("SMILe", () => {
  it("mixes its policies with the weights alpha (1-alpha)^(j-1), the expert keeping (1-alpha)^i", async () => {
    const alpha = 0.3;
    const run = start(smile, { env, expert }, { rounds: 4, episodes: 50, alpha });
    await run.ready;
    let before = new Float64Array(run.state.learned.length);
    const policies: Float64Array[] = [];
    for (let i = 1; i <= 4; i++) {
      const record = await run.next();
      expect(record?.expertShare).toBeCloseTo((1 - alpha) ** i, 14);
      const { learned } = run.state;
      for (const sum of rowSums(learned)) expect(sum + (1 - alpha) ** i).toBeCloseTo(1, 12);
      // What was added is a policy by counting: every probability is 0, 1 or uniform for a deterministic expert.
      const added = learned.map((p, k) => (p - before[k]) / (alpha * (1 - alpha) ** (i - 1)));
      for (const p of added) expect(Math.min(Math.abs(p), Math.abs(p - 1), Math.abs(p - 1 / A))).toBeLessThan(1e-12);
      policies.push(added);
      before = learned.slice();
    }
    const { pi } = await run.result();
    const mass = 1 - (1 - alpha) ** 4;
    pi.forEach((p, k) => {
      const mixed = policies.reduce((sum, piHat, j) => sum + alpha * (1 - alpha) ** j * piHat[k], 0) / mass;
      expect(p).toBeCloseTo(mixed, 12);
    });
    for (const sum of rowSums(pi)) expect(sum).toBeCloseTo(1, 12);
  });

  it("with alpha = 1 is behavior cloning after one round: all of the expert is replaced at once", async () => {
    const { pi, records } = await train(smile, { env, expert }, { rounds: 1, episodes: 40, alpha: 1, seed: 5 });
    expect(records[0].expertShare).toBe(0);
    const demos = await rollout(env, expert, { episodes: 5000, seed: 0 });
    const clone = countedBySteps(demos, env.mdp);
    pi.forEach((p, k) => {
      if (p === 1) expect(clone[k]).toBe(1); // wherever the few episodes came, the many came too and say the same
    });
    expect(pi.filter((p) => p === 1).length).toBeGreaterThan(40);
  });

  it("asks for a label in every state that the mixture visits", async () => {
    const rope = tightrope({ H: 12, length: 4, recovery: true });
    const { records } = await train(smile, { env: rope, expert: planner(rope) }, { rounds: 3, episodes: 20 });
    expect(records.map(({ labels }) => labels)).toEqual([240, 480, 720]);
  });

  it("falls short of the expert by less, the more each of its policies has seen", async () => {
    const gaps: number[] = [];
    for (const episodes of [3, 30, 300]) {
      const { pi } = await train(smile, { env, expert }, { rounds: 10, episodes, alpha: 0.2, seed: 1 });
      gaps.push(valueGap(env.mdp, { piStar: expert.pi, piHat: pi }));
    }
    expect(gaps[1]).toBeLessThan(gaps[0] / 2);
    expect(gaps[2]).toBeLessThan(gaps[1] / 2);
    expect(gaps[2]).toBeGreaterThan(-1e-12);
  });

  it("one policy for all steps learns from all steps together", async () => {
    const { pi } = await train(smile, { env, expert }, { rounds: 2, episodes: 5, stationary: true });
    const perStep = env.mdp.S * A;
    for (let h = 1; h < env.mdp.H; h++) expect(pi.subarray(h * perStep, (h + 1) * perStep)).toEqual(pi.subarray(0, perStep));
  });

  it("stopped after any round and resumed, it is the same bit for bit", async () => {
    const options = { rounds: 3, episodes: 10, seed: 9 };
    const whole = await train(smile, { env, expert }, options);
    const first = start(smile, { env, expert }, options);
    await first.next();
    const second = resume(smile, { env, expert }, first.checkpoint());
    for await (const _ of second);
    expect((await second.result()).pi).toEqual(whole.pi);
  });

  it("refuses a share that is none", async () => {
    await expect(train(smile, { env, expert }, { alpha: 0 })).rejects.toThrow(/alpha is 0, expected a share above 0/);
    await expect(train(smile, { env, expert }, { rounds: 1.5 })).rejects.toThrow(
      /rounds is 1\.5, expected a whole number from 1 on/,
    );
    const run = start(smile, { env, expert }, {});
    await expect(run.result()).rejects.toThrow(/learned nothing before its first round/);
  });
});
