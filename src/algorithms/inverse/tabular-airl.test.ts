import { describe, expect, it } from "vitest";
import { rng } from "../../autodiff/index.ts";
import { fromTrajectories } from "../../data/index.ts";
import { discrete, type TabularMdp, tabularMdp, withObjective } from "../../mdp/index.ts";
import { softValueIteration } from "../../solvers/index.ts";
import { resume, start, train } from "../algorithm.ts";
import { tabularAirl } from "./tabular-airl.ts";

const [S, A, gamma] = [6, 3, 0.9];

/** Six states, three actions that lead to the next, the one after it and a third: every state is linked with every other. */
function world(stochastic = false) {
  const random = rng(7);
  const P = new Float64Array(S * A * S);
  for (let s = 0; s < S; s++) {
    [1, 2, 4].forEach((by, a) => {
      const row = (s * A + a) * S;
      P[row + ((s + by) % S)] = stochastic ? 0.7 : 1;
      if (stochastic) P[row + random.integer(S)] += 0.3;
    });
  }
  const r = { s: [0, 0, 1, 0, -0.5, 0] };
  return tabularMdp({ S, A, P, r, rho: new Float64Array(S).fill(1 / S), gamma });
}

/** Episodes of 100 steps of a policy. */
function driven(mdp: TabularMdp, pi: Float64Array, episodes: number) {
  const random = rng(1);
  const T = 100;
  return fromTrajectories(
    discrete(S),
    discrete(A),
    Array.from({ length: episodes }, () => {
      const observations = new Float32Array(T + 1);
      const actions = new Int32Array(T);
      observations[0] = random.integer(S);
      for (let t = 0; t < T; t++) {
        actions[t] = random.categorical(pi, observations[t] * A, A);
        observations[t + 1] = mdp.P.next[mdp.P.rows[observations[t] * A + actions[t]]];
      }
      return { observations, actions, rewards: new Float64Array(T), terminated: false };
    }),
  );
}

describe("exact adversarial inverse reinforcement learning", () => {
  it("finds, where steps are deterministic, the reward up to a constant, and beside it the soft values up to a constant", async () => {
    const mdp = world();
    const { pi, V } = softValueIteration(mdp);
    const { reward, shaping, policy } = await train(tabularAirl, { mdp, demos: { policy: pi } }, { rounds: 2000 });
    const g = (reward.table as { s: Float64Array }).s;
    const truth = [0, 0, 1, 0, -0.5, 0];
    for (let s = 1; s < S; s++) {
      expect(g[s] - g[0]).toBeCloseTo(truth[s] - truth[0], 4);
      expect(shaping![s] - shaping![0]).toBeCloseTo(V[s] - V[0], 4);
    }
    policy.forEach((p, i) => {
      expect(p).toBeCloseTo(pi[i], 5);
    });
  });

  it("with a reward over states and actions finds the advantage ln π(a|s) instead, whatever the reward was", async () => {
    const mdp = world(true);
    const { pi } = softValueIteration(mdp);
    const { reward, shaping } = await train(tabularAirl, { mdp, demos: { policy: pi } }, { over: "sa", rounds: 2000 });
    expect(shaping).toBeUndefined();
    (reward.table as { sa: Float64Array }).sa.forEach((f, i) => {
      expect(f).toBeCloseTo(Math.log(pi[i]), 4);
    });
  });

  it("of an expert with another temperature finds the reward in its units", async () => {
    const mdp = world();
    const { pi } = softValueIteration(mdp, { temperature: 0.5 });
    const { reward } = await train(tabularAirl, { mdp, demos: { policy: pi } }, { temperature: 0.5, rounds: 2000 });
    const g = (reward.table as { s: Float64Array }).s;
    expect(g[2] - g[0]).toBeCloseTo(1, 3);
    expect(g[4] - g[0]).toBeCloseTo(-0.5, 3);
  });

  it("learns from demonstrations too: the reward comes close as they grow more", async () => {
    const mdp = world();
    const { pi } = softValueIteration(mdp);
    const far: number[] = [];
    for (const episodes of [10, 1000]) {
      const demos = driven(mdp, pi, episodes);
      const { reward } = await train(tabularAirl, { mdp, demos }, { rounds: 1000 });
      const g = (reward.table as { s: Float64Array }).s;
      far.push(Math.abs(g[2] - g[0] - 1) + Math.abs(g[4] - g[0] + 0.5));
    }
    expect(far[1]).toBeLessThan(0.3);
    expect(far[1]).toBeLessThan(0.5 * far[0]);
  });

  it("resumed from a checkpoint it goes on bit for bit", async () => {
    const problem = { mdp: world(), demos: { policy: softValueIteration(world()).pi } };
    const run = start(tabularAirl, problem, { rounds: 40 });
    for (let k = 0; k < 15; k++) await run.next();
    const again = resume(tabularAirl, problem, run.checkpoint());
    for await (const _ of run);
    for await (const _ of again);
    expect(again.state).toEqual(run.state);
  });

  it("refuses a horizon, feature counts, and options out of range, in one line", async () => {
    const mdp = world();
    const demos = { policy: softValueIteration(mdp).pi };
    const refused = (problem: Parameters<typeof tabularAirl.init>[0], options = {}) => train(tabularAirl, problem, options);
    await expect(refused({ mdp: withObjective(mdp, { H: 5 }), demos })).rejects.toThrow(/horizon of 5 steps; give it a discount/);
    await expect(refused({ mdp, demos: { counts: new Float64Array(S * A) } })).rejects.toThrow(/feature counts/);
    await expect(refused({ mdp, demos }, { over: "x" })).rejects.toThrow(/over "s" or "sa", found "x"/);
    await expect(refused({ mdp, demos }, { learningRate: 0 })).rejects.toThrow(/learningRate is 0, expected a positive number/);
    await expect(refused({ mdp, demos }, { rounds: 1.5 })).rejects.toThrow(/rounds is 1.5, expected a whole number from 1 on/);
  });
});
