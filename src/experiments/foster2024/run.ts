import { behaviorCloning, countedBySteps, train } from "../../algorithms/index.ts";
import { rollout } from "../../data/index.ts";
import { rajaraman } from "../../envs/index.ts";
import { planner } from "../../experts/index.ts";
import type { Observations } from "../../mdp/index.ts";
import { tableOf, tabular } from "../../policies/index.ts";
import { oneHot } from "../../solvers/index.ts";
import { valueGap } from "../../theory/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import { exponent, lineOf, type Repeated } from "../power-law.ts";
import { corridors } from "./corridors.ts";
import expected from "./expected.json" with { type: "json" };

const K = 32;
const DELTA = 0.05;

/** The regret of log-loss behavior cloning with one policy for all steps does not grow with the horizon. */
export const foster2024: Experiment = {
  id: "foster2024",
  title: "With one policy for all steps, behavior cloning does not mind the horizon",
  source: "Foster, Block & Misra 2024",
  claims: expected,

  async run({ quick = false, seeds = quick ? 60 : 100, onProgress }) {
    const horizons = quick ? [8, 512] : [8, 16, 32, 64, 128, 256, 512];
    const sizes = quick ? [40, 320] : [40, 80, 160, 320, 640];
    const timedHorizons = quick ? [16, 64] : [16, 32, 64, 128];
    const few = Math.ceil(seeds / 5); // regrets in corridors vary little
    const total = horizons.length * few + (sizes.length + timedHorizons.length) * seeds;
    const n = 64;
    let done = 0;
    let largestShare = 0;
    const repeated = async (x: number, times: number, regret: (seed: number) => Promise<number>): Promise<Repeated> => {
      const values: number[] = [];
      for (let seed = 0; seed < times; seed++) {
        values.push(await regret(seed));
        done += 1;
        onProgress?.({ done, total, unit: "data sets" });
      }
      return { x, values };
    };
    const stationary = async (n: number, H: number, seed: number) => {
      const regret = await regretInCorridors(n, H, seed);
      largestShare = Math.max(largestShare, regret / bound(n, K));
      return regret;
    };
    const byH: Repeated[] = [];
    const byN: Repeated[] = [];
    const timed: Repeated[] = [];
    for (const H of horizons) byH.push(await repeated(H, few, (seed) => stationary(n, H, seed)));
    for (const size of sizes) byN.push(await repeated(size, seeds, (seed) => stationary(size, 16, seed)));
    for (const H of timedHorizons) timed.push(await repeated(H, seeds, (seed) => regretByStep(400, H, seed)));
    return {
      rows: judged(expected, {
        flat: exponent(byH),
        rate: exponent(byN),
        bound: largestShare,
        timed: exponent(timed, { paired: true }),
      }),
      figures: [
        {
          kind: "lines",
          title: "Regret of behavior cloning, the total reward being 1",
          caption: `Means over ${few} data sets of ${n} demonstrations (one policy for all steps, ${K} corridors) and over ${seeds} of 400 (one for each step, the hard instance of 6 states), with 95 % intervals (mostly narrower than the marks).`,
          x: "horizon H (steps, logarithmic)",
          y: "regret (share of the total reward, logarithmic)",
          logX: true,
          logY: true,
          series: [
            { name: "bound 2 log(|Π|/δ)/n, one policy", points: horizons.map((x) => ({ x, y: bound(n, K) })) },
            lineOf("one policy for all steps", byH),
            lineOf("a policy of its own for every step", timed),
          ],
        },
        {
          kind: "lines",
          title: "... and it falls like 1/n",
          caption: `One policy for all steps, horizon 16, means over ${seeds} data sets with 95 % intervals (narrower than the marks); the world is the hard one for each n.`,
          x: "demonstrations n (logarithmic)",
          y: "regret (share of the total reward, logarithmic)",
          logX: true,
          logY: true,
          series: [
            { name: "bound 2 log(|Π|/δ)/n", points: sizes.map((x) => ({ x, y: bound(x, K) })) },
            lineOf("behavior cloning", byN),
          ],
        },
      ],
    };
  },
};

/** 2 R log(|Π|/δ) / n with R = 1 and 3^K policies: in each of K corridors one of two actions, or either by chance where none was shown. */
function bound(n: number, corridorCount: number): number {
  return (2 * (corridorCount * Math.log(3) + Math.log(1 / DELTA))) / n;
}

/** The exact regret of a clone that has one table for all steps. */
async function regretInCorridors(n: number, H: number, seed: number): Promise<number> {
  const env = corridors({ corridors: K, n, H, seed });
  const expert = planner(env);
  const demos = await rollout(env, expert, { episodes: n, seed, copies: n });
  const { policy } = await train(behaviorCloning, { demos, policy: tabular(env) }, { validation: 0 });
  return valueGap(env.mdp, { piStar: expert.pi, piHat: await tableOf(policy) });
}

/** The exact regret, as a share of the total reward H, where the right action has to be learned for every step anew. */
async function regretByStep(n: number, H: number, seed: number): Promise<number> {
  const env = rajaraman({ states: 6, H, N: n, seed });
  const expert = { label: (states: Observations) => Int32Array.from(states, (s) => env.expert[s]) };
  const demos = await rollout(env, expert, { episodes: n, seed, copies: n });
  return valueGap(env.mdp, { piStar: oneHot(2, env.expert), piHat: countedBySteps(demos, env.mdp) }) / H;
}
