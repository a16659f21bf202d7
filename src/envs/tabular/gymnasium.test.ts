import { describe, expect, it } from "vitest";
import reference from "../../../test/data/envs/tables.json" with { type: "json" };
import { rng } from "../../autodiff/random.ts";
import { effectiveHorizon } from "../../mdp/tabular.ts";
import { valueIteration } from "../../solvers/tabular/value-iteration.ts";
import { cliffWalking } from "./cliff-walking.ts";
import type { TabularEnv } from "./from-tabular.ts";
import { frozenLake } from "./frozen-lake.ts";
import { taxi } from "./taxi.ts";

/** Our spelling of Gymnasium's options. */
function world(id: string, given: Record<string, unknown>): TabularEnv {
  if (id.startsWith("Taxi"))
    return taxi({ rainy: given.is_rainy === true, rainyProbability: given.rainy_probability as number | undefined });
  if (id.startsWith("Cliff")) return cliffWalking({ slippery: id.includes("Slippery") });
  return frozenLake({
    map: (given.desc as string[]) ?? (id.includes("8x8") ? "8x8" : "4x4"),
    slippery: (given.is_slippery as boolean) ?? true,
    successRate: given.success_rate as number | undefined,
    rewards: given.reward_schedule as [number, number, number] | undefined,
  });
}

describe("the tables of Gymnasium 1.3, whole", () => {
  for (const wanted of reference.tables) {
    it(`${wanted.id} ${JSON.stringify(wanted.options)}`, () => {
      const env = world(wanted.id, wanted.options);
      const { rows, next, p, reward, ends } = env.table!;
      expect([env.id, env.observation.n, env.action.n]).toEqual([wanted.id, wanted.S, wanted.A]);
      expect(env.maxSteps).toBe(wanted.maxSteps ?? Infinity);
      expect([...rows].slice(1).map((row, i) => row - rows[i])).toEqual([...wanted.n].map(Number));
      expect([...next]).toEqual(wanted.next);
      expect([...ends].join("")).toBe(wanted.ends);
      const letter = (c: string) => c.charCodeAt(0) - "a".charCodeAt(0);
      [...wanted.p].forEach((c, k) => {
        expect(p[k]).toBeCloseTo(wanted.ps[letter(c)], 15);
      });
      expect([...reward]).toEqual([...wanted.r].map((c) => wanted.rs[letter(c)]));
      const starts = [...env.mdp.rho].flatMap((chance, s) => (chance > 0 ? [[s, chance]] : []));
      expect(starts).toEqual(wanted.rho);
    });
  }

  it("are those of the decision process, too, but for the rows of terminal states", () => {
    for (const { id, options } of reference.tables) {
      const { table, mdp } = world(id, options);
      for (let s = 0; s < mdp.S; s++) {
        for (let i = s * mdp.A; i < (s + 1) * mdp.A; i++) {
          const ours = [...mdp.P.next.subarray(mdp.P.rows[i], mdp.P.rows[i + 1])];
          if (mdp.terminal[s]) expect(ours).toEqual([s]);
          else expect(ours).toEqual([...table!.next.subarray(table!.rows[i], table!.rows[i + 1])]);
        }
      }
    }
  });

  it("hold for the fickle passenger, whom Gymnasium keeps outside of its table", () => {
    const { table, mdp } = taxi({ ficklePassenger: true });
    for (const { s, a, mind, outcomes } of reference.fickle) {
      const i = ((mind ? 500 : 0) + s) * 6 + a;
      const ours: [number, number, boolean, boolean][] = [];
      for (let k = table!.rows[i]; k < table!.rows[i + 1]; k++) {
        ours.push([table!.next[k] % 500, table!.reward[k], table!.ends[k] === 1, table!.next[k] >= 500]);
      }
      expect(new Set(ours.map(String))).toEqual(new Set(outcomes.map(String)));
    }
    expect(mdp.rho.subarray(500).reduce((sum, p) => sum + p, 0)).toBeCloseTo(0.3, 12);
    expect(taxi({ ficklePassenger: true }).observation.n).toBe(500);
  });
});

describe("worlds of Gymnasium", () => {
  it("have the optima that are known of them", () => {
    const best = (env: TabularEnv) => {
      const { V } = valueIteration(env.mdp);
      return env.mdp.rho.reduce((sum, p, s) => sum + p * V[s], 0);
    };
    expect(best(frozenLake({ slippery: false }))).toBe(1);
    expect(best(frozenLake())).toBeCloseTo(0.74, 2); // Gymnasium's "optimum = 0.74"
    expect(best(frozenLake({ H: Infinity, gamma: 1 - 1e-9 }))).toBeCloseTo(14 / 17, 6);
    expect(best(frozenLake({ map: "8x8" }))).toBeCloseTo(0.91, 2); // "optimum = 0.91"
    expect(best(cliffWalking({ H: 100 }))).toBe(-13);
    expect(best(taxi())).toBeCloseTo(7.93, 2);
  });

  it("step as their tables say, from any state and with any action", () => {
    for (const env of [frozenLake(), cliffWalking({ slippery: true }), taxi({ rainy: true })]) {
      const n = 64;
      const batch = env.vector(n, { autoreset: "disabled" });
      const random = rng(5);
      const { rows, next, reward, ends } = env.table!;
      for (let round = 0; round < 30; round++) {
        batch.reset(round);
        const saved = batch.state() as { world: Int32Array };
        const states = Int32Array.from({ length: n }, () => random.integer(env.mdp.S));
        batch.restore({ ...saved, world: states });
        const actions = Int32Array.from({ length: n }, () => random.integer(env.mdp.A));
        const { observations, rewards, terminated } = batch.step(actions);
        for (let i = 0; i < n; i++) {
          const row = states[i] * env.mdp.A + actions[i];
          const known = Array.from({ length: rows[row + 1] - rows[row] }, (_, k) => rows[row] + k);
          const found = known.some((k) => next[k] === observations[i] && reward[k] === rewards[i] && ends[k] === terminated[i]);
          expect(found).toBe(true);
        }
      }
    }
  });

  it("take slippery steps as often as their probabilities say", () => {
    const env = frozenLake({ successRate: 0.5 });
    const n = 40_000;
    const batch = env.vector(n, { autoreset: "disabled" });
    batch.reset(11);
    const { observations } = batch.step(new Int32Array(n).fill(2)); // right, from the upper left corner
    const counts = [0, 1, 4].map((s) => observations.filter((seen) => seen === s).length);
    expect(counts[0] + counts[1] + counts[2]).toBe(n);
    [0.25, 0.5, 0.25].forEach((p, i) => {
      expect(Math.abs(counts[i] - n * p)).toBeLessThan(4 * Math.sqrt(n * p * (1 - p)));
    });
  });

  it("start where rho says, as often as it says", () => {
    const env = taxi();
    const n = 60_000;
    const observations = env.vector(n).reset(3);
    const counts = new Float64Array(500);
    for (const s of observations) counts[s]++;
    const far = counts.reduce((most, count, s) => Math.max(most, Math.abs(count - n * env.mdp.rho[s])), 0);
    expect(counts.every((count, s) => count === 0 || env.mdp.rho[s] > 0)).toBe(true);
    expect(far).toBeLessThan(5 * Math.sqrt(n / 300));
  });

  it("refuse maps and chances that are none", () => {
    expect(() => frozenLake({ map: ["SF", "G"] })).toThrow(/row 1 of the map has 1 tiles, expected 2/);
    expect(() => frozenLake({ map: ["SQ", "FG"] })).toThrow(/tile "Q", expected S, F, H or G/);
    expect(() => frozenLake({ map: ["FF", "FG"] })).toThrow(/no S/);
    expect(() => frozenLake({ map: "5x5" as "4x4" })).toThrow(/map is "5x5", expected "4x4", "8x8"/);
    expect(() => frozenLake({ successRate: 1.5 })).toThrow(/successRate is 1.5, expected 0 to 1/);
    expect(() => taxi({ rainyProbability: -1 })).toThrow(/rainyProbability is -1/);
  });

  it("give their processes a horizon, or a discount where they have none", () => {
    expect([frozenLake(), frozenLake({ map: "8x8" }), taxi()].map(({ mdp }) => mdp.H)).toEqual([100, 200, 200]);
    expect(effectiveHorizon(cliffWalking().mdp)).toBeCloseTo(100, 9);
  });
});
