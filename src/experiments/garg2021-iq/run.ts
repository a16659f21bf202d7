import { type IqLearnOptions, iqLearn, start, train } from "../../algorithms/index.ts";
import { type Dataset, episodeReturns, fromTrajectories, lengths, rollout, trajectoryAt } from "../../data/index.ts";
import { cartPole } from "../../envs/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { mlp } from "../../policies/index.ts";
import { ppo } from "../../solvers/index.ts";
import { type Experiment, judged, type Series } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

const UPDATES = 3000;
/** A mean return that counts as balancing. */
const REACHED = 475;

/** Chosen on demonstrations of other experts. The rest is the authors': χ² with β = 0.5 over the expert's states, γ = 0.99. */
const SETTINGS: Partial<IqLearnOptions> = {
  subsample: 20,
  updates: UPDATES,
  batchSize: 32,
  learningRate: 3e-3,
  normalise: false,
};

/** Experts whose demonstrations are not judged, for comparison. */
const OTHERS = 100;

/** One run: mean returns of its policies, of which the first has learned nothing. */
type Curve = readonly { readonly updates: number; readonly score: number }[];

/** CartPole from 25 pairs of one demonstration, without a step of one's own. */
export const garg2021Iq: Experiment = {
  id: "garg2021-iq",
  title: "Balancing from 25 pairs: inverse soft-Q learning offline",
  source: "Garg, Chakraborty, Cundy, Song & Ermon 2021",
  claims: expected,

  async run({ quick = false, seeds = quick ? 3 : 20, onProgress }) {
    const plan = quick ? { every: 300, episodes: 10 } : { every: 100, episodes: 20 };
    const total = quick ? seeds : 2 * seeds;
    const curves: Curve[] = [];
    const others: Curve[] = [];
    const { demos } = await widest(0);
    for (let seed = 0; seed < seeds; seed++) {
      curves.push(await learned(demos, seed, plan));
      onProgress?.({ done: seed + 1, total, unit: "runs" });
    }
    for (let seed = 0, from = OTHERS; seed < total - seeds; seed++) {
      const other = await widest(from);
      from = other.expert + 1;
      others.push(await learned(other.demos, seed, plan));
      onProgress?.({ done: seeds + seed + 1, total, unit: "runs" });
    }
    const best = curves.map((curve) => Math.max(...curve.map(({ score }) => score)));
    const reached = curves.map((curve) => curve.find(({ score }) => score >= REACHED)?.updates ?? 2 * UPDATES);
    return {
      rows: judged(expected, {
        best: meanInterval(best),
        reached: Math.max(...reached),
        last: meanInterval(curves.map((curve) => curve[curve.length - 1].score)),
      }),
      figures: [
        {
          kind: "lines",
          title: "CartPole from 25 pairs of one demonstration",
          caption: `Offline; most likely actions, ${plan.episodes} episodes every ${plan.every} updates. Means over ${seeds} runs on one demonstration, beside as many on a demonstration each, with 95 % intervals; the first and the last run by themselves.`,
          x: "updates",
          y: "return (at most 500)",
          series: [
            mean("the demonstration", curves),
            ...(others.length > 0 ? [mean("others", others)] : []),
            ...[0, seeds - 1].map((seed) => ({
              name: `run ${seed + 1}`,
              points: curves[seed].map(({ updates: x, score: y }) => ({ x, y })),
            })),
          ],
        },
      ],
    };
  },
};

function mean(name: string, curves: readonly Curve[]): Series {
  const points = curves[0].map(({ updates: x }, i) => {
    const { mean: y, low, high } = meanInterval(curves.map((curve) => curve[i].score));
    return { x, y, low, high };
  });
  return { name, points };
}

/** Learns from 25 pairs of the demonstration, and judges the policy on the way. */
async function learned(demos: Dataset, seed: number, { every, episodes }: { every: number; episodes: number }): Promise<Curve> {
  const env = cartPole();
  const policy = mlp(env, { hidden: [64, 64] });
  const run = start(iqLearn, { demos, policy }, { ...SETTINGS, updatesPerRound: every, seed });
  const curve: { updates: number; score: number }[] = [];
  const judge = async () => {
    const { policy } = await run.result();
    const { returns } = await episodeReturns(env, policy, { episodes, seed: 1000 + seed, deterministic: true });
    curve.push({ updates: run.progress().done, score: returns.reduce((sum, value) => sum + value, 0) / episodes });
  };
  await judge();
  for await (const _ of run) await judge();
  return curve;
}

/** Episodes of an expert to choose from, and experts to try. */
const SHOWN = 20;
const TRIES = 30;

/**
 * One demonstration by a rule that knows nothing of learners: of the first expert from a seed on (PPO, which draws its actions) whose
 * episodes all last to the end, the one in which the pole's angle varies most. Throws if there is no such expert.
 */
async function widest(from: number): Promise<{ demos: Dataset; expert: number }> {
  const env = cartPole();
  for (let expert = from; expert < from + TRIES; expert++) {
    const model = mlp(env, { hidden: [64, 64] });
    const { policy } = await train(ppo, { env, policy: model }, { steps: 30_000, entropyBonus: 0.05, seed: expert });
    const shown = await rollout(env, policy, { episodes: SHOWN, seed: expert });
    if (lengths(shown).some((length) => length < env.maxSteps)) continue;
    const spreads = Array.from({ length: SHOWN }, (_, i) => angleVariance(trajectoryAt(shown, i).observations));
    const chosen = trajectoryAt(shown, spreads.indexOf(Math.max(...spreads)));
    const demos = fromTrajectories(env.observation, env.action, [chosen], { env: env.id, expert: "ppo", seed: expert });
    return { demos, expert };
  }
  throw new Error(`none of ${TRIES} experts from seed ${from} on balances in all ${SHOWN} episodes; train them for longer`);
}

function angleVariance(observations: ArrayLike<number>): number {
  const n = observations.length / 4;
  const angles = Array.from({ length: n }, (_, t) => observations[4 * t + 2]);
  const middle = angles.reduce((sum, angle) => sum + angle, 0) / n;
  return angles.reduce((sum, angle) => sum + (angle - middle) ** 2, 0) / n;
}
