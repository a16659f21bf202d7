import { countedBySteps, dagger, mimicMd, train } from "../../algorithms/index.ts";
import { rollout } from "../../data/index.ts";
import { type RajaramanEnv, rajaraman } from "../../envs/index.ts";
import type { Observations } from "../../mdp/index.ts";
import { tableOf, tabular } from "../../policies/index.ts";
import { oneHot } from "../../solvers/index.ts";
import { valueGap } from "../../theory/index.ts";
import { type Experiment, judged, type Series } from "../experiment.ts";
import { exponent, lineOf, type Repeated, ratioInterval } from "../power-law.ts";
import expected from "./expected.json" with { type: "json" };
import { unsteady } from "./unsteady.ts";

/** The sizes of a world, and the number of demonstrations. */
interface Setting {
  readonly S: number;
  readonly H: number;
  readonly N: number;
}

/** |S| H² / N for behavior cloning, |S| H^1.5 / N for Mimic-MD, which knows the dynamics. */
export const rajaraman2020: Experiment = {
  id: "rajaraman2020",
  title: "What imitation can't do better than, and what known dynamics change",
  source: "Rajaraman, Yang, Jiao & Ramchandran 2020; Rajaraman, Han, Yang, Ramchandran & Jiao 2021",
  claims: expected,

  async run({ quick = false, seeds = quick ? 60 : 100, onProgress }) {
    const hard = (setting: Setting, seed: number) => rajaraman({ states: setting.S, H: setting.H, N: setting.N, seed });
    const over = <K extends keyof Setting>(of: Setting, name: K, values: number[]) =>
      values.map((value) => ({ ...of, [name]: value }));
    // Everywhere |S| H / N is small: beyond, the gap can't grow any more, and the rates are those of min(H, ...).
    const grids = {
      H: over({ S: 6, H: 0, N: 400 }, "H", quick ? [16, 64] : [16, 32, 64, 128]),
      S: over({ S: 0, H: 8, N: 2000 }, "S", quick ? [34, 130] : [34, 66, 130]),
      N: over({ S: 6, H: 12, N: 0 }, "N", quick ? [50, 400] : [50, 100, 200, 400, 800]),
      asking: over({ S: 6, H: 0, N: 400 }, "H", quick ? [16, 64] : [16, 32, 64, 128]),
      mimicHard: over({ S: 6, H: 0, N: 200 }, "H", quick ? [4, 16] : [8, 16, 32]),
      mimicUnsteady: over({ S: 6, H: 0, N: quick ? 200 : 400 }, "H", quick ? [4, 16] : [8, 16, 32]),
    };
    const repeats = {
      H: seeds,
      S: Math.ceil(seeds / 5),
      N: seeds,
      asking: seeds,
      mimicHard: Math.ceil(seeds / 2),
      mimicUnsteady: (quick ? 2 : 3) * seeds,
    };
    const total = Object.entries(grids).reduce((sum, [name, grid]) => sum + grid.length * repeats[name as keyof typeof grids], 0);
    let done = 0;
    const measure = async (
      name: keyof typeof grids,
      x: keyof Setting,
      gapIn: (setting: Setting, seed: number) => Promise<number>,
    ): Promise<Repeated[]> => {
      const points: Repeated[] = [];
      for (const setting of grids[name]) {
        const values: number[] = [];
        for (let seed = 0; seed < repeats[name]; seed++) {
          values.push(await gapIn(setting, seed));
          done += 1;
          onProgress?.({ done, total, unit: "data sets" });
        }
        points.push({ x: setting[x], values });
      }
      return points;
    };
    const cloned = async (setting: Setting, seed: number) => (await gaps(hard(setting, seed), setting.N, seed, false)).cloning;
    const byH = await measure("H", "H", cloned);
    const byS = await measure("S", "S", cloned);
    const byN = await measure("N", "N", cloned);
    const byAsking = await measure("asking", "H", (of, seed) => askingGap(hard(of, seed), of.N, seed));
    const onHard = await measure("mimicHard", "H", async (of, seed) => (await gaps(hard(of, seed), of.N, seed, true)).mimicking!);
    const clonedToo: number[] = [];
    const onUnsteady = await measure("mimicUnsteady", "H", async (of, seed) => {
      const { cloning, mimicking } = await gaps(unsteady(hard(of, seed)), of.N, seed, true);
      clonedToo.push(cloning);
      return mimicking!;
    });
    const clonedUnsteady = onUnsteady.map(({ x, values }, i) => ({
      x,
      values: clonedToo.slice(i * values.length, (i + 1) * values.length),
    }));
    const share = (grid: readonly Setting[], points: readonly Repeated[], power: number) =>
      points.map((point, i) => ratioInterval(point).mean / ((grid[i].S * grid[i].H ** power) / grid[i].N));
    return {
      rows: judged(expected, {
        cloningH: exponent(byH, { paired: true }),
        cloningS: exponent(byS),
        cloningN: exponent(byN),
        cloningBound: Math.max(...share(grids.H, byH, 2), ...share(grids.S, byS, 2), ...share(grids.N, byN, 2)),
        daggerH: exponent(byAsking, { paired: true }),
        mimicHard: exponent(onHard),
        mimicUnsteady: exponent(onUnsteady),
        mimicBound: Math.max(...share(grids.mimicHard, onHard, 1.5), ...share(grids.mimicUnsteady, onUnsteady, 1.5)),
      }),
      figures: [
        {
          kind: "lines",
          title: "The hard instance, without and with an expert to ask",
          caption: `Mean exact gap over ${seeds} data sets (|S| = 6, N = ${grids.H[0].N}) with 95 % intervals (mostly narrower than the marks), and the paper's |S| H² / N.`,
          x: "horizon H (steps, logarithmic)",
          y: "gap (units of reward, logarithmic)",
          logX: true,
          logY: true,
          series: [
            bound("|S| H² / N", grids.H, 2),
            lineOf("behavior cloning", byH),
            lineOf("DAgger, with as many labels", byAsking),
          ],
        },
        {
          kind: "lines",
          title: "Where the expert falls too",
          caption: `Mean exact gap over ${repeats.mimicUnsteady} data sets (|S| = 6, N = ${grids.mimicUnsteady[0].N}) with 95 % intervals (mostly narrower than the marks), and the paper's two rates.`,
          x: "horizon H (steps, logarithmic)",
          y: "gap (units of reward, logarithmic)",
          logX: true,
          logY: true,
          series: [
            bound("|S| H² / N", grids.mimicUnsteady, 2),
            lineOf("behavior cloning", clonedUnsteady),
            bound("|S| H^1.5 / N", grids.mimicUnsteady, 1.5),
            lineOf("Mimic-MD, dynamics known", onUnsteady),
          ],
        },
      ],
    };
  },
};

/** The exact gaps of both learners on one data set of N demonstrations. */
async function gaps(
  env: RajaramanEnv,
  N: number,
  seed: number,
  mimic: boolean,
): Promise<{ cloning: number; mimicking?: number }> {
  const expert = { label: (states: Observations) => Int32Array.from(states, (s) => env.expert[s]) };
  const demos = await rollout(env, expert, { episodes: N, seed, copies: N });
  const piStar = oneHot(env.mdp.A, env.expert);
  const gapOf = (piHat: Float64Array) => valueGap(env.mdp, { piStar, piHat });
  const cloning = gapOf(countedBySteps(demos, env.mdp));
  if (!mimic) return { cloning };
  const { pi } = await train(mimicMd, { demos, dynamics: env.mdp }, { seed, inner: 100, tolerance: 1e-4 });
  return { cloning, mimicking: gapOf(pi) };
}

/** DAgger's share of the labels in the expert's own states, which come first, is one in so many; each of its rounds has as many. */
const SHARES = 5;

/** The exact gap of DAgger with as many labels as N demonstrations have. A state knows its step, so that one table has a policy for each. */
async function askingGap(env: RajaramanEnv, N: number, seed: number): Promise<number> {
  const expert = { label: (states: Observations) => Int32Array.from(states, (s) => env.expert[s]) };
  const demos = await rollout(env, expert, { episodes: N / SHARES, seed, copies: N / SHARES });
  const options = { rounds: SHARES - 1, states: (N * env.mdp.H) / SHARES, beta: [], validationEpisodes: 0, seed };
  const { policy } = await train(dagger, { env, expert, policy: tabular(env), demos }, options);
  return valueGap(env.mdp, { piStar: oneHot(env.mdp.A, env.expert), piHat: await tableOf(policy) });
}

function bound(name: string, grid: readonly Setting[], power: number): Series {
  return { name, points: grid.map(({ S, H, N }) => ({ x: H, y: (S * H ** power) / N })) };
}
