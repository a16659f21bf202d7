import { tabularAirl, train } from "../../algorithms/index.ts";
import { rng } from "../../autodiff/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { type TabularMdp, withRewardTable } from "../../mdp/index.ts";
import { type PolicyTable, policyEvaluation, softValueIteration, uniformPolicy, valueIteration } from "../../solvers/index.ts";
import { type Experiment, judged, type Series } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };
import { A, randomWorld, S } from "./worlds.ts";

/** What one learned reward comes to. */
interface Learned {
  /** g `[S]`, or g `[S, A]`. */
  readonly g: Float64Array;
  readonly correlation: number;
  readonly share: number;
  readonly difference: number;
}

/** A reward over states, told apart from its shaping, survives a change of the dynamics; one over states and actions doesn't. */
export const fu2018Tabular: Experiment = {
  id: "fu2018-tabular",
  title: "A reward that survives a change of the dynamics: adversarial inverse RL on 16 states",
  source: "Fu, Luo & Levine 2018",
  claims: expected,

  async run({ quick = false, seeds = quick ? 5 : 30, onProgress }) {
    const rounds = quick ? 1000 : 3000;
    const found: Record<"s" | "sa" | "stochastic", Learned[]> = { s: [], sa: [], stochastic: [] };
    let first: { truth: Float64Array; g: Float64Array } | undefined;
    for (let seed = 0; seed < seeds; seed++) {
      const random = rng(seed).split("fu2018");
      const goal = random.integer(S);
      for (const [kind, over, stochastic] of [
        ["s", "s", false],
        ["sa", "sa", false],
        ["stochastic", "s", true],
      ] as const) {
        const here = randomWorld(random.split(`here ${stochastic}`), goal, stochastic);
        const there = randomWorld(random.split(`there ${stochastic}`), goal, stochastic);
        const learned = await learn(here, there, over, rounds);
        found[kind].push(learned);
        if (kind === "s") first ??= { truth: here.r.filter((_, i) => i % A === 0), g: learned.g };
      }
      onProgress?.({ done: seed + 1, total: seeds, unit: "worlds" });
    }
    const over = (kind: keyof typeof found, of: (learned: Learned) => number) => meanInterval(found[kind].map(of));
    const share = ({ share }: Learned) => share;
    const correlation = ({ correlation }: Learned) => correlation;
    return {
      rows: judged(expected, {
        reward: over("s", correlation),
        transfer: over("s", share),
        "reward-sa": over("sa", correlation),
        "transfer-sa": over("sa", share),
        imitation: Math.max(...[...found.s, ...found.sa].map(({ difference }) => difference)),
        stochastic: over("stochastic", correlation),
      }),
      figures: [
        {
          kind: "intervals",
          title: "Retrained after the dynamics have changed",
          caption: `Share of the best return in new random dynamics, 0 being a random policy's; means over ${seeds} worlds with 95 % intervals.`,
          x: "share of the best return",
          rows: [
            { label: "reward over states", value: over("s", share) },
            { label: "reward over states and actions", value: over("sa", share) },
            { label: "reward over states, stochastic steps", value: over("stochastic", share) },
          ],
          reference: { label: "the true reward", value: 1 },
        },
        {
          kind: "lines",
          title: "The reward found, state by state",
          caption: "The first world, deterministic; the learned reward is shifted to the true one's mean.",
          x: "state",
          y: "reward",
          series: first ? [byState("true", first.truth), byState("learned", shiftedTo(first.truth, first.g))] : [],
        },
      ],
    };
  },
};

/** Learns from the soft-optimal expert of one world, then retrains in another, whose dynamics are others. */
async function learn(here: TabularMdp, there: TabularMdp, over: "s" | "sa", rounds: number): Promise<Learned> {
  const expert = softValueIteration(here).pi;
  const { reward, policy } = await train(tabularAirl, { mdp: here, demos: { policy: expert } }, { over, rounds });
  const retrained = valueIteration(withRewardTable(there, reward.table)).pi;
  const [best, random] = [valueIteration(there).pi, uniformPolicy(there)].map((pi) => returnOf(there, pi));
  const g = Float64Array.from("s" in reward.table ? reward.table.s : "sa" in reward.table ? reward.table.sa : []);
  return {
    g,
    correlation: correlated(g, over === "s" ? here.r.filter((_, i) => i % A === 0) : here.r),
    share: (returnOf(there, retrained) - random) / (best - random),
    difference: expert.reduce((most, p, i) => Math.max(most, Math.abs(p - policy[i])), 0),
  };
}

function returnOf(mdp: TabularMdp, pi: PolicyTable): number {
  const { V } = policyEvaluation(mdp, pi);
  return mdp.rho.reduce((sum, p, s) => sum + p * V[s], 0);
}

function correlated(x: Float64Array, y: Float64Array): number {
  const centred = (values: Float64Array) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    return values.map((value) => value - mean);
  };
  const [a, b] = [centred(x), centred(y)];
  const dot = (u: Float64Array, v: Float64Array) => u.reduce((sum, value, i) => sum + value * v[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function shiftedTo(truth: Float64Array, g: Float64Array): Float64Array {
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const by = mean(truth) - mean(g);
  return g.map((value) => value + by);
}

function byState(name: string, values: Float64Array): Series {
  return { name, points: Array.from(values, (y, x) => ({ x, y })) };
}
