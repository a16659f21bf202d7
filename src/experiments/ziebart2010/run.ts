import { maxentIrl, train } from "../../algorithms/index.ts";
import { type Rng, rng } from "../../autodiff/index.ts";
import { garnet, windyCliff } from "../../envs/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { type TabularMdp, withRewardTable } from "../../mdp/index.ts";
import { features, indicators, type LinearReward, linearReward } from "../../rewards/index.ts";
import { softValueIteration } from "../../solvers/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

/** Errors of exactly 0 have no logarithm: they are drawn here. */
const FLOOR = 1e-9;
const WINDS = [0, 0.1, 0.2, 0.3, 0.4, 0.5];

/** Feature matching under random dynamics: by causal entropy, and by entropy over paths. */
export const ziebart2010: Experiment = {
  id: "ziebart2010",
  title: "Under random dynamics only causal entropy matches features",
  source: "Ziebart, Bagnell & Dey 2010",
  claims: expected,

  async run({ quick = false, seeds = quick ? 20 : 100, onProgress }) {
    const total = 2 * seeds + WINDS.length;
    let done = 0;
    const tick = () => onProgress?.({ done: ++done, total, unit: "worlds" });
    const errors = { causal: [] as number[], trajectory: [] as number[] };
    const still = { causal: [] as number[], trajectory: [] as number[] };
    for (const [branching, into] of [
      [3, errors],
      [1, still],
    ] as const) {
      for (let seed = 0; seed < seeds; seed++) {
        const random = rng(seed).split("ziebart2010");
        const { mdp } = garnet({ S: 12, A: 3, branching, seed, H: 10 });
        const found = await both(mdp, randomFeatures(mdp, random), random);
        into.causal.push(found.causal);
        into.trajectory.push(found.trajectory);
        tick();
      }
    }
    const wind: { x: number; causal: number; trajectory: number }[] = [];
    for (const x of WINDS) {
      const { mdp } = windyCliff({ wind: x });
      const reward = linearReward(indicators(mdp));
      wind.push({ x: 100 * x, ...(await matched(mdp, reward, softValueIteration(mdp).pi)) });
      tick();
    }
    return {
      rows: judged(expected, {
        causal: Math.max(...errors.causal),
        trajectory: meanInterval(errors.trajectory),
        deterministic: Math.max(...still.causal, ...still.trajectory),
        "cliff-causal": Math.max(...wind.map(({ causal }) => causal)),
        "cliff-trajectory": wind.find(({ x }) => x === 30)!.trajectory,
      }),
      figures: [
        {
          kind: "lines",
          title: "The cliff in the wind",
          caption:
            "The expert is soft-optimal, known exactly; 28 features, one a state. Without wind the two methods are one; in the wind entropy over paths hopes for good luck.",
          x: "chance of a gust (%)",
          y: "largest error in visits (logarithmic)",
          logY: true,
          series: [
            { name: "maximum causal entropy", points: wind.map(({ x, causal }) => ({ x, y: Math.max(FLOOR, causal) })) },
            {
              name: "maximum entropy over paths",
              points: wind.map(({ x, trajectory }) => ({ x, y: Math.max(FLOOR, trajectory) })),
            },
          ],
        },
        {
          kind: "lines",
          title: "Random worlds",
          caption: `Feature errors in ${seeds} Garnets (12 states, 3 actions, 3 next states each, horizon 10, 4 random features), from the smallest to the largest.`,
          x: "share of the worlds (%)",
          y: "largest feature error (logarithmic)",
          logY: true,
          series: [sorted("maximum causal entropy", errors.causal), sorted("maximum entropy over paths", errors.trajectory)],
        },
      ],
    };
  },
};

function randomFeatures(mdp: TabularMdp, random: Rng): LinearReward {
  return linearReward(
    features(
      mdp,
      "s",
      Float64Array.from({ length: mdp.S * 4 }, () => random.normal()),
    ),
  );
}

/** An expert that is soft-optimal for a random reward, linear in the features or not, and what each method makes of it. */
async function both(mdp: TabularMdp, reward: LinearReward, random: Rng) {
  const s = Float64Array.from({ length: mdp.S }, () => random.normal());
  return matched(mdp, reward, softValueIteration(withRewardTable(mdp, { s })).pi);
}

/** The largest difference between the expert's feature counts and the learned policy's, when it acts in the world. */
async function matched(mdp: TabularMdp, reward: LinearReward, policy: Float64Array) {
  const problem = { mdp, reward, demos: { policy } };
  const causal = await train(maxentIrl, problem, { model: "causal" });
  const trajectory = await train(maxentIrl, problem, { model: "trajectory" });
  return { causal: causal.featureError, trajectory: trajectory.featureError };
}

function sorted(name: string, errors: readonly number[]) {
  const rising = Float64Array.from(errors).sort();
  const points = Array.from({ length: 21 }, (_, k) => ({
    x: 5 * k,
    y: Math.max(FLOOR, rising[Math.round((k / 20) * (rising.length - 1))]),
  }));
  return { name, points };
}
