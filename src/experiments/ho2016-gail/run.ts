import {
  type AdversarialOptions,
  type BehaviorCloningOptions,
  behaviorCloning,
  gail,
  start,
  train,
} from "../../algorithms/index.ts";
import { rng } from "../../autodiff/index.ts";
import { episodeReturns, type Pairs, rollout, subsample } from "../../data/index.ts";
import { acrobot, cartPole, mountainCar } from "../../envs/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import type { Env, Policy } from "../../mdp/index.ts";
import { mlp } from "../../policies/index.ts";
import { ppo, ppoPresets } from "../../solvers/index.ts";
import { type Experiment, type Figure, judged, type Measured } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

/** A task, the expert that is trained for it, and GAIL's settings. */
interface Task {
  readonly id: string;
  readonly env: Env;
  /** Each k-th pair of the trajectory is shown. */
  readonly every: number;
  /** Steps that GAIL makes in the world. */
  readonly steps: number;
  /** Steps that the expert is trained for, if not as many as are known to work. */
  readonly expertSteps?: number;
  /** Repetitions of behavior cloning, which differ far more than GAIL's and cost far less, and its minibatches. */
  readonly clones: number;
  readonly batch: number;
  readonly settings: Partial<AdversarialOptions>;
}

/** Rounds of 4096 steps, discount and λ nearly or wholly as the authors have them; few updates of D. */
const ROUNDS: Partial<AdversarialOptions> = { rolloutSteps: 128, memory: 1, gamma: 0.995, lambda: 0.97, epochs: 10 };
const LASTING: Partial<AdversarialOptions> = { ...ROUNDS, rewardUpdates: 4 };
/** Where a task is to come to an end their reward is never above 0. */
const ENDING: Partial<AdversarialOptions> = {
  ...ROUNDS,
  ...{ rewardForm: "negative", rewardUpdates: 2, rewardRate: 3e-3, rewardEntropy: 0.001 },
};
const CLIMBING: Partial<AdversarialOptions> = { ...ENDING, gradientPenalty: 0, entropyBonus: 0.005 };
const SWINGING: Partial<AdversarialOptions> = { ...ENDING, gradientPenalty: 0.1 };

const CLONES = { clones: 60, batch: 128 };
const POLE = { id: "CartPole-v1", env: cartPole({ maxSteps: 200 }), every: 10, settings: LASTING, ...CLONES };
const SWING = { id: "Acrobot-v1", env: acrobot(), every: 5, settings: SWINGING, ...CLONES };
const HILL = { id: "MountainCar-v0", env: mountainCar(), every: 5, settings: CLIMBING, ...CLONES };

const FULL: readonly Task[] = [
  { ...POLE, steps: 200_000 },
  { ...SWING, steps: 200_000 },
  { ...HILL, steps: 500_000 },
];
/** Shorter rounds where there are few steps. */
const SHORT: Partial<AdversarialOptions> = { rolloutSteps: 64, memory: 2 };
/** Two tasks, experts that are trained for less long. */
const QUICK: readonly Task[] = [
  { ...POLE, settings: SHORT, steps: 30_000, expertSteps: 40_000, clones: 28, batch: 16 },
  { ...SWING, steps: 30_000, expertSteps: 40_000, clones: 2, batch: 16 },
];

interface Result {
  readonly task: Task;
  readonly expert: Measured;
  readonly cloning: Measured;
  readonly gail: Measured;
  /** GAIL's return less the expert's. */
  readonly gain: Measured;
}

/** A few pairs of one trajectory: telling apart against cloning. */
export const ho2016Gail: Experiment = {
  id: "ho2016-gail",
  title: "From a few pairs of one trajectory: GAIL against behavior cloning",
  source: "Ho & Ermon 2016, figure 1 and the authors' result files",
  claims: expected,

  async run({ quick = false, seeds = quick ? 2 : 12, onProgress }) {
    const tasks = quick ? QUICK : FULL;
    const results: Result[] = [];
    let done = 0;
    for (const task of tasks) {
      const expert = await trained(task);
      const { returns } = await episodeReturns(task.env, expert, { episodes: quick ? 100 : 500, seed: 3000 });
      const its = meanInterval(returns);
      const [clones, learners]: number[][] = [[], []];
      for (let seed = 0; seed < Math.max(seeds, task.clones); seed++) {
        const shown = subsample(await rollout(task.env, expert, { episodes: 1, seed }), { every: task.every, seed });
        if (seed < task.clones) clones.push(await judge(task, await cloned(task, shown, seed), seed));
        if (seed >= seeds) continue;
        learners.push(await judge(task, await told(task, shown, seed), seed));
        onProgress?.({ done: ++done, total: tasks.length * seeds, unit: "runs" });
      }
      results.push({
        task,
        expert: its,
        cloning: meanInterval(clones),
        gail: meanInterval(learners),
        gain: meanInterval(learners.map((value) => value - its.mean)),
      });
    }
    const [balancing, ...goals] = results;
    return {
      rows: judged(
        expected,
        {
          cloning: balancing.cloning,
          gail: balancing.gail,
          goals: goals.map(({ gain }) => gain).reduce((a, b) => (b.low < a.low ? b : a)),
        },
        quick ? { here: { gail: `${seeds} seeds`, goals: `Acrobot alone, ${seeds} seeds` }, undecided: ["goals"] } : {},
      ),
      figures: results.map((result) => figure(result, seeds)),
    };
  },
};

/** An expert by policy gradients; it draws its actions. */
async function trained({ id, env, expertSteps }: Task): Promise<Policy> {
  const { options, policy } = ppoPresets[id];
  const more = expertSteps === undefined ? {} : { steps: expertSteps };
  return (await train(ppo, { env, policy: mlp(env, policy) }, { ...options, ...more, seed: 0 })).policy;
}

/** The mean return of a policy's most likely actions. */
async function judge({ env }: Task, policy: Policy, seed: number): Promise<number> {
  const { returns } = await episodeReturns(env, policy, { episodes: 50, seed: 1000 + seed, deterministic: true });
  return returns.reduce((sum, value) => sum + value, 0) / returns.length;
}

async function told({ env, steps, settings }: Task, shown: Pairs, seed: number): Promise<Policy> {
  const policy = mlp(env, { hidden: [64, 64] });
  return (await train(gail, { env, demos: shown, policy }, { ...settings, steps, seed })).policy;
}

/** As the authors clone: on 70 % of the pairs, and of the policies after 100, 200, ... updates the first that is best on the others. */
const CLONING: Partial<BehaviorCloningOptions> = { updates: 1000, learningRate: 1e-3 };
const SHARE = 0.7;
/** Updates between two looks at the pairs that are held out. */
const LOOK = 100;

async function cloned({ env, batch }: Task, shown: Pairs, seed: number): Promise<Policy> {
  const [training, held] = parted(shown, seed);
  // The few pairs again and again, so that an epoch, at whose end the held-out ones are asked about, has 100 updates.
  const again = (column: Uint32Array) => Uint32Array.from({ length: LOOK * batch }, (_, k) => column[k % column.length]);
  const demos = { ...training, rows: again(training.rows), steps: again(training.steps) };
  const policy = mlp(env, { hidden: [100, 100] });
  const run = start(behaviorCloning, { demos, policy, validation: held }, { ...CLONING, batchSize: batch, seed });
  let best: { readonly policy: Policy; readonly accuracy: number } | undefined;
  for await (const { validationAccuracy: accuracy = 0 } of run) {
    if (!best || accuracy > best.accuracy) best = { policy: (await run.result()).policy, accuracy };
  }
  if (!best) throw new RangeError("no policy was kept");
  return best.policy;
}

/** Pairs that stand in the columns of a trajectory. */
type View = Pairs & { readonly rows: Uint32Array; readonly steps: Uint32Array };

/** The pairs in an order by chance, in two parts. */
function parted(shown: Pairs, seed: number): [View, View] {
  const { rows, steps } = shown;
  if (!rows || !steps) throw new TypeError("expected pairs that are views of a trajectory");
  const order = rng(seed).split("parts").permutation(rows.length);
  const part = (which: Uint32Array): View => ({
    ...shown,
    rows: which.map((k) => rows[k]),
    steps: which.map((k) => steps[k]),
  });
  const first = Math.floor(SHARE * rows.length);
  return [part(order.subarray(0, first)), part(order.subarray(first))];
}

function figure({ task: { env, every, clones }, expert, cloning, gail }: Result, seeds: number): Figure {
  return {
    kind: "intervals",
    title: `${env.id}, ${env.maxSteps} steps: return`,
    caption: `One trajectory, of which each ${every}th pair is shown. Means over ${seeds} runs of GAIL and ${clones} of behavior cloning, with 95 % intervals.`,
    x: "return (sum of rewards in an episode)",
    rows: [
      { label: "GAIL", value: gail },
      { label: "behavior cloning", value: cloning },
    ],
    reference: { label: "expert", value: expert.mean },
  };
}
