import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { adam, layout, type TrainState } from "../../autodiff/index.ts";
import { type ActionSpace, box, discrete, multiDiscrete } from "../../mdp/index.ts";
import { mlp } from "../../policies/index.ts";
import { actorCritic, compileObjective } from "./clipped-objective.ts";
import { mlpCritic } from "./critic.ts";

type Kind = "discrete" | "multi-discrete" | "box";
const reference = JSON.parse(readFileSync(new URL("../../../test/data/solvers/ppo.json", import.meta.url), "utf8")).objective as {
  kind: Kind;
  valueClip: number;
  theta: number[];
  s: number[];
  x: number[];
  logPi: number[];
  A: number[];
  R: number[];
  V: number[];
  reports: Record<string, number>[];
  after: number[];
}[];

const spaces: Record<Kind, ActionSpace> = {
  discrete: discrete(3),
  "multi-discrete": multiDiscrete([2, 3]),
  box: box([2], [-2, -1], [2, 3]),
};
const objective = { clipRange: 0.2, valueWeight: 0.5, entropyBonus: 0.01, clipNorm: 0.5, batchSize: 16 };

async function compiled(kind: Kind, valueClip: number) {
  const policy = mlp({ observation: box([3]), action: spaces[kind] }, { hidden: [8], distribution: "gaussian" });
  const critic = mlpCritic(policy);
  const update = await compileObjective(policy, critic, { ...objective, valueClip }, adam({ learningRate: 3e-3, epsilon: 1e-5 }));
  return { update, size: layout(actorCritic(policy, critic)).size };
}

describe("the clipped surrogate objective", () => {
  it.each(reference.map((each) => [each.kind, each.valueClip, each] as const))(
    "three updates equal PyTorch's, part by part (%s actions, value clip %s)",
    async (kind, valueClip, { reports, after, theta, x, ...rest }) => {
      const { update, size } = await compiled(kind, valueClip);
      expect(theta.length).toBe(size);
      const state: TrainState = {
        theta: Float32Array.from(theta),
        slots: [new Float32Array(size), new Float32Array(size)],
        t: 0,
      };
      const feeds = {
        s: Float32Array.from(rest.s),
        x: kind === "box" ? Float32Array.from(x) : Int32Array.from(x),
        logPi: Float32Array.from(rest.logPi),
        A: Float32Array.from(rest.A),
        R: Float32Array.from(rest.R),
        V: Float32Array.from(rest.V),
      };
      for (const report of reports) {
        const found = await update.run(state, feeds);
        for (const [name, value] of Object.entries(report)) {
          expect(Math.abs(found[name][0] - value), `${name}: ${found[name][0]} against ${value}`).toBeLessThan(
            2e-5 * Math.max(1, Math.abs(value)),
          );
        }
      }
      after.forEach((value, i) => {
        expect(Math.abs(state.theta[i] - value)).toBeLessThan(2e-5);
      });
      await update.release();
    },
  );

  it("a row whose ratio has left the clip range in the direction of its advantage no longer moves the policy", async () => {
    const policy = mlp({ observation: box([1]), action: discrete(2) }, { hidden: [] });
    const critic = mlpCritic(policy, []);
    const options = { ...objective, valueWeight: 0, entropyBonus: 0, valueClip: 0, clipNorm: 0, batchSize: 1 };
    const update = await compileObjective(policy, critic, options, adam());
    const size = layout(actorCritic(policy, critic)).size;
    // The policy gives both actions 1/2; what it was before is said by logPi.
    const gradient = async (ratio: number, A: number) => {
      const state = { theta: new Float32Array(size), slots: [new Float32Array(size), new Float32Array(size)], t: 0 };
      const logPi = Float32Array.of(Math.log(0.5 / ratio));
      const feeds = { s: Float32Array.of(1), x: Int32Array.of(0), logPi, A: Float32Array.of(A), R: Float32Array.of(0) };
      return (await update.run(state, feeds)).gradNorm[0];
    };
    expect(await gradient(1.3, 1)).toBe(0);
    expect(await gradient(0.7, -1)).toBe(0);
    expect(await gradient(1.1, 1)).toBeGreaterThan(0);
    expect(await gradient(0.7, 1)).toBeGreaterThan(0); // it may always come back
    expect(await gradient(1.3, -1)).toBeGreaterThan(0);
  });
});
