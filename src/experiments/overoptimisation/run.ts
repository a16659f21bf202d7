import { bestOfNKl, bestOfNMean, rewardModel, rlhf, train } from "../../algorithms/index.ts";
import { meanInterval, pairedDifference } from "../../evaluation/index.ts";
import type { Answer } from "../../mdp/index.ts";
import { linearRewardModel, rewardOfAnswers } from "../../rewards/index.ts";
import { type Experiment, judged, type Series } from "../experiment.ts";
import { along, type Bend, bends, explained, type Point } from "./curves.ts";
import expected from "./expected.json" with { type: "json" };
import { comparisons, D, drawn, streamOf, type World, worldOf } from "./world.ts";

/** Comparisons that a proxy is fitted from. */
const FEW = 32;
const MANY = 256;
/** n of best-of-n: powers of 2 up to 2^12, from so many answers of the reference. */
const DOUBLINGS = 12;
const POOL = 16_384;
/** Points of a curve. */
const GRID = 24;

/** One proxy: what becomes of the gold score where it is made large. */
interface Pursuit {
  readonly best: readonly Point[];
  readonly trained: readonly Point[];
}

/** A proxy of a reward, optimised by best-of-n and by policy training: first the gold score gains, then it loses. */
export const overoptimisation: Experiment = {
  id: "overoptimisation",
  title: "The more a proxy is optimised, the less it is worth",
  source: 'Gao, Schulman & Hilton 2023, figure 1 and section 3; slides "IRL with Preference Feedback" (policy training)',
  claims: expected,

  async run({ quick = false, seeds = quick ? 6 : 20, onProgress }) {
    const rounds = quick ? 30 : 60;
    const found: { few: Pursuit; many: Pursuit }[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      found.push({ few: await pursued(seed, FEW, rounds), many: await pursued(seed, MANY, rounds) });
      onProgress?.({ done: seed + 1, total: seeds, unit: "seeds" });
    }
    const best = found.map(({ few }) => few.best);
    const trained = onOneGrid(found.map(({ few }) => few.trained));
    const more = onOneGrid(found.map(({ many }) => many.trained));
    const [bestBends, bent] = [bends(best), bends(trained)];
    const mean = (list: readonly Bend[], name: keyof Bend) => meanInterval(list.map((bend) => bend[name]));
    return {
      rows: judged(expected, {
        bestRise: mean(bestBends, "rise"),
        bestFall: mean(bestBends, "fall"),
        bestProxy: mean(bestBends, "proxy"),
        rlRise: mean(bent, "rise"),
        rlFall: mean(bent, "fall"),
        rlProxy: mean(bent, "proxy"),
        data: pairedDifference(
          bends(more).map(({ peak }) => peak),
          bent.map(({ peak }) => peak),
        ),
        shape: meanInterval(best.map(explained)),
      }),
      figures: [
        {
          kind: "lines",
          title: "Best of n by a proxy",
          caption: `n = 1, 2, 4, ..., ${2 ** DOUBLINGS}; proxies from ${FEW} comparisons each; means over ${seeds} seeds with 95 % intervals. Both scores are 0 at the reference and in standard deviations of its answers.`,
          x: "d = √KL to the reference (√nats)",
          y: "score (standard deviations of the reference's)",
          series: [series("gold score", best, "gold"), series("proxy", best, "proxy")],
        },
        {
          kind: "lines",
          title: "Policy training under a proxy",
          caption: `REINFORCE leave-one-out, ${rounds} rounds of 128 answers; proxies from ${FEW} comparisons, for the gold score from ${MANY} too; means over ${seeds} seeds with 95 % intervals.`,
          x: "d = √KL to the reference (√nats)",
          y: "score (standard deviations of the reference's)",
          series: [
            series("gold score", trained, "gold"),
            series("proxy", trained, "proxy"),
            series(`gold score, ${MANY} comparisons`, more, "gold"),
          ],
        },
      ],
    };
  },
};

async function pursued(seed: number, n: number, rounds: number): Promise<Pursuit> {
  const random = streamOf(seed);
  const world = worldOf(random.split("world"));
  const proxy = await fitted(world, n, seed);
  const pool = await drawn(world, POOL, random.split("pool"));
  const scale = { proxy: momentsOf(await proxy(pool)), gold: momentsOf(world.gold(pool)) };
  const standard = (name: "proxy" | "gold", value: number) => (value - scale[name].mean) / scale[name].std;

  const r = Float64Array.from(await proxy(pool), (value) => standard("proxy", value));
  const gold = world.gold(pool).map((value) => standard("gold", value));
  const best = Array.from({ length: DOUBLINGS + 1 }, (_, k): Point => {
    const of = (score: Float64Array) => bestOfNMean(r, score, 2 ** k);
    return { d: Math.sqrt(bestOfNKl(2 ** k)), proxy: of(r), gold: of(gold) };
  });

  const problem = { policy: world.reference, contexts: [world.context], reward: proxy, gold: world.gold };
  const { records } = await train(rlhf, problem, {
    ...{ method: "rloo" as const, beta: 0.01, rounds, prompts: 32, group: 4, batchSize: 128, epochs: 1, seed },
    ...{ learningRate: 1.8 / rounds, schedule: "constant" as const, clipNorm: 0 },
  });
  const trained = records.map((record) => ({
    d: Math.sqrt(Math.max(0, record.kl)),
    proxy: standard("proxy", record.reward),
    gold: standard("gold", record.gold!),
  }));
  return { best, trained };
}

/** A reward linear in the traits, of maximum likelihood on n comparisons (with a little decay: few of them can be told apart wholly). */
async function fitted(world: World, n: number, seed: number): Promise<(answers: readonly Answer[]) => Promise<Float64Array>> {
  const preferences = await comparisons(world, n, streamOf(seed).split("comparisons").split(n));
  const traits = async (answers: readonly Answer[]) => {
    const h = new Float32Array(answers.length * D);
    answers.forEach(({ y }, i) => {
      h.set(y.actions, i * D);
    });
    return h;
  };
  const options = { batchSize: n, updates: 100, learningRate: 0.05, weightDecay: 0.1, report: 100, seed };
  const { reward } = await train(rewardModel, { reward: linearRewardModel(D, traits), preferences }, options);
  return rewardOfAnswers(reward);
}

function momentsOf(values: Float64Array): { mean: number; std: number } {
  const mean = values.reduce((sum, x) => sum + x / values.length, 0);
  return { mean, std: Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2 / values.length, 0)) };
}

/** Curves of different points at the same d, as far as all of them go. */
function onOneGrid(curves: readonly (readonly Point[])[]): Point[][] {
  const reach = 0.95 * Math.min(...curves.map((points) => Math.max(...points.map(({ d }) => d)))); // where smoothing still sees both sides
  const ds = Array.from({ length: GRID }, (_, i) => (reach * i) / (GRID - 1));
  return curves.map((points) => along(points, ds, true));
}

function series(name: string, curves: readonly (readonly Point[])[], of: "proxy" | "gold"): Series {
  return {
    name,
    points: curves[0].map(({ d: x }, i) => {
      const { mean: y, low, high } = meanInterval(curves.map((points) => points[i][of]));
      return { x, y, low, high };
    }),
  };
}
