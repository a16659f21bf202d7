import { behaviorCloning, dagger, start, train } from "../../algorithms/index.ts";
import { episodeReturns, type Pairs, pairs, visitActing } from "../../data/index.ts";
import { meanInterval, meanOfMeans, pairedDifference } from "../../evaluation/index.ts";
import type { LearnedExpert } from "../../experts/index.ts";
import type { Env, Policy } from "../../mdp/index.ts";
import { type MlpOptions, mlp } from "../../policies/index.ts";
import { type Experiment, type Figure, judged, type Measured, type Series, type Version } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };
import { type Kept, withExpert } from "./expert.ts";
import halfCheetah from "./half-cheetah.json" with { type: "json" };
import hopper from "./hopper.json" with { type: "json" };

/** A robot, its expert, and how much is done with the two. */
interface Task {
  readonly id: string;
  readonly kept: Kept;
  /** The learner's network: narrower than the expert's, 64 and 64, so that no learner can be the expert. */
  readonly hidden: readonly number[];
  /** Episodes that policies are judged by, and as many others that DAgger chooses the best of its own by. */
  readonly episodes: number;
  /** Labels of a round, and rounds: the first is the expert's. */
  readonly labels: number;
  readonly rounds: number;
  /** After so many rounds, or with as many labels, returns are measured. */
  readonly measured: readonly number[];
  /** Minibatches of a fit. */
  readonly updates: number;
}

const WHOLE = { episodes: 5, labels: 1000, rounds: 8, measured: [1, 2, 4, 8], updates: 6000 };
const HOPPER: Task = { id: "Hopper-v5", kept: hopper, hidden: [16, 16], ...WHOLE };
const FULL: readonly Task[] = [HOPPER, { id: "HalfCheetah-v5", kept: halfCheetah, hidden: [32, 32], ...WHOLE }];
/** One robot, fewer labels. */
const QUICK: readonly Task[] = [{ ...HOPPER, episodes: 2, rounds: 2, measured: [2], updates: 4000 }];

/** Everybody's fit: squared error. */
const FIT = { batchSize: 64, learningRate: 3e-3, validation: 0 };
const SQUARED: MlpOptions = { distribution: "gaussian", scale: "constant" };

/** Robots: DAgger is as good as its expert, beside behavior cloning with as many labels. */
export const daggerRobots: Experiment = {
  id: "dagger-robots",
  title: "Robots: asking where the learner goes, against watching the expert",
  source: 'Ross, Gordon & Bagnell 2011; figures of HumanCompatibleAI/imitation; slides "Dataset Aggregation"',
  claims: expected,

  async run({ quick = false, seeds = quick ? 2 : 5, onProgress }) {
    const tasks = quick ? QUICK : FULL;
    let done = 0;
    const results: Result[] = [];
    for (const task of tasks) {
      const { env, expert } = await withExpert(task.id, task.kept);
      const { returns } = await episodeReturns(env, expert, { episodes: quick ? 3 : 50, seed: 2000 });
      const runs: Run[] = [];
      for (let seed = 0; seed < seeds; seed++) {
        runs.push(await once(env, expert, task, seed));
        onProgress?.({ done: ++done, total: tasks.length * seeds, unit: "runs" });
      }
      await expert.release();
      const [asked, shown] = [runs.map((run) => run.dagger.at(-1)!), runs.map((run) => run.cloning.at(-1)!)];
      results.push({
        task,
        runs,
        expert: meanInterval(returns),
        dagger: meanInterval(asked),
        cloning: meanInterval(shown),
        gain: pairedDifference(asked, shown),
      });
    }
    const least = (of: (result: Result) => Measured) => results.map(of).reduce((a, b) => (b.low < a.low ? b : a));
    return {
      rows: judged(
        expected,
        {
          expert: least(({ expert }) => expert),
          dagger: least(({ dagger }) => dagger),
          cloning: meanOfMeans(results.map(({ runs }) => runs.map((run) => run.cloning.at(-1)!))),
          gain: least(({ gain }) => gain),
        },
        quick ? ofQuick(seeds) : {},
      ),
      figures: [summary(results), ...results.map(curves)],
    };
  },
};

/** The quick version's sizes: two clones of a robot that falls or doesn't tell nothing of a mean. */
function ofQuick(seeds: number): Version {
  const [{ id, labels, rounds }] = QUICK;
  const learners = `${id} alone, ${count(labels * rounds)} labels, ${seeds} seeds`;
  return {
    here: { expert: `${id} alone, 3 episodes`, dagger: learners, cloning: learners, gain: learners },
    undecided: ["dagger", "cloning", "gain"],
  };
}

/** One repetition: mean returns as shares of the expert's, at each of the `measured` numbers of labels. */
interface Run {
  readonly cloning: readonly number[];
  readonly dagger: readonly number[];
}

interface Result extends Readonly<Record<"expert" | "dagger" | "cloning" | "gain", Measured>> {
  readonly task: Task;
  readonly runs: readonly Run[];
}

/**
 * Behavior cloning on the expert's first states, and DAgger, which begins with the same ones of the first round and asks for
 * the labels of as many states of its own in each further round. All play the same episodes, and
 * every fit is anew, with as many minibatches.
 */
async function once(env: Env, expert: LearnedExpert, task: Task, seed: number): Promise<Run> {
  const { hidden, episodes, labels, rounds, measured, updates } = task;
  const policy = mlp(env, { ...SQUARED, hidden });
  const fit = { ...FIT, updates, seed };
  const returnOf = async (actor: Policy) =>
    average((await episodeReturns(env, actor, { episodes, seed: 1000 + seed, deterministic: true })).returns);
  const best = await returnOf(expert);

  const N = labels * rounds;
  const shown = await visitActing(env, expert, { n: N, seed });
  const [D, K] = [shown.states.length / N, shown.actions.length / N];
  const first = (n: number): Pairs =>
    pairs(env.observation, env.action, shown.states.subarray(0, n * D), shown.actions.subarray(0, n * K));
  const cloning: number[] = [];
  for (const k of measured) {
    const clone = await train(behaviorCloning, { demos: first(k * labels), policy }, fit);
    cloning.push((await returnOf(clone.policy)) / best);
  }

  const asked = measured[0] === 1 ? [cloning[0]] : [];
  const run = start(
    dagger,
    { env, expert, policy, demos: first(labels) },
    { ...fit, rounds: rounds - 1, states: labels, beta: [], deterministic: true, keep: "best", validationEpisodes: episodes },
  );
  for await (const { round } of run) {
    if (measured.includes(round + 1)) asked.push((await returnOf((await run.result()).policy)) / best);
  }
  return { cloning, dagger: asked };
}

function summary(results: readonly Result[]): Figure {
  const { length: seeds } = results[0].runs;
  return {
    kind: "intervals",
    title: "Return as a share of the expert's",
    caption: `Means over ${seeds} seeds with 95 % intervals; the labels are as many: ${results.map(({ task: { id, labels, rounds } }) => `${count(labels * rounds)} for ${id}`).join(", ")}.`,
    x: "return (share of the expert's)",
    rows: results.flatMap(({ task: { id }, dagger, cloning }) => [
      { label: `DAgger, ${id}`, value: dagger },
      { label: `behavior cloning, ${id}`, value: cloning },
    ]),
    reference: { label: "expert", value: 1 },
  };
}

function curves({ task: { id, labels, measured, episodes }, runs, expert }: Result): Figure {
  const line = (name: string, of: (run: Run) => readonly number[]): Series => ({
    name,
    points: measured.map((k, i) => {
      const { mean, low, high } = meanInterval(runs.map((run) => of(run)[i]));
      return { x: k * labels, y: mean, low, high };
    }),
  });
  return {
    kind: "lines",
    title: `${id}: return against labels`,
    caption: `Means over ${runs.length} seeds of ${episodes} episodes, with 95 % intervals. Both begin with ${count(labels)} states of the expert (mean return ${count(Math.round(expert.mean))}); behavior cloning is shown more of them, DAgger asks about its own.`,
    x: "labels (logarithmic)",
    y: "return (share of the expert's)",
    logX: true,
    series: [
      { name: "expert", points: measured.map((k) => ({ x: k * labels, y: 1 })) },
      line("DAgger", (run) => run.dagger),
      line("behavior cloning", (run) => run.cloning),
    ],
  };
}

function count(n: number): string {
  return n.toLocaleString("en-US");
}

function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
