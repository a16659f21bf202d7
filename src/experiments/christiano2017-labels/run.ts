import { type PreferenceRlOptions, preferenceRl, preferenceRlPresets, train } from "../../algorithms/index.ts";
import { staggered } from "../../algorithms/inverse/adversarial/staggered.ts";
import { episodeReturns } from "../../data/index.ts";
import { loadEnv } from "../../envs/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { fragmentJudge } from "../../experts/index.ts";
import type { Env, Policy } from "../../mdp/index.ts";
import { mlp } from "../../policies/index.ts";
import { type PpoOptions, ppo } from "../../solvers/index.ts";
import { type Experiment, type Figure, judged, type Measured, type Series, type Version } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

/** A world, and how often it is tried. */
interface Task {
  readonly id: string;
  /** Numbers of comparisons, the last of which is claimed about. */
  readonly labels: readonly number[];
  readonly seeds: number;
  /** Episodes that a policy is judged by. */
  readonly episodes: number;
  /** What differs from the settings that the library has for it. */
  readonly options?: Partial<PreferenceRlOptions>;
}

const FULL: readonly Task[] = [
  { id: "Pendulum-v1", labels: [25, 50, 200, 700], seeds: 8, episodes: 50 },
  { id: "HalfCheetah-v5", labels: [100, 700], seeds: 6, episodes: 5 },
];
/** The one that needs no robots, with as many labels as its own claim is about. */
const QUICK: readonly Task[] = [{ id: "Pendulum-v1", labels: [200], seeds: 2, episodes: 20 }];
/** The quick version's sizes: other claims than those of the whole one. */
function ofQuick({ id, labels, seeds }: Task): Version {
  return {
    here: { share: `${labels.join(", ")} comparisons, on ${id} alone, ${seeds} seeds`, pendulum: `${seeds} seeds` },
    undecided: ["share", "pendulum"],
  };
}
/** What the claim about Pendulum-v1 is about. */
const FEW = 200;

/** Comparisons instead of a reward: how many it takes. */
export const christiano2017Labels: Experiment = {
  id: "christiano2017-labels",
  title: "Comparisons instead of a reward: how many it takes",
  source: 'Christiano et al. 2017, figures 2 and 3; slides "IRL with Preference Feedback"',
  claims: expected,

  async run({ quick = false, seeds, onProgress }) {
    const tasks = (quick ? QUICK : FULL).map((task) => ({ ...task, seeds: seeds ?? task.seeds }));
    const total = tasks.reduce((sum, task) => sum + task.seeds * (1 + task.labels.length), 0);
    let done = 0;
    const tick = () => onProgress?.({ done: ++done, total, unit: "runs" });
    const results: Result[] = [];
    for (const task of tasks) results.push(await measured(task, tick));
    const [pendulum] = results;
    return {
      rows: judged(
        expected,
        {
          share: results.map(({ share }) => share.at(-1)!).reduce((a, b) => (b.low < a.low ? b : a)),
          pendulum: meanInterval(pendulum.returns[pendulum.task.labels.indexOf(FEW)]),
        },
        quick ? ofQuick(tasks[0]) : {},
      ),
      figures: [summary(results), ...results.map(curve)],
    };
  },
};

interface Result {
  readonly task: Task;
  /** Mean return of uniformly drawn actions, and of the solver under the true reward, seed by seed. */
  readonly chance: number;
  readonly told: readonly number[];
  /** Returns by number of labels, seed by seed; and as shares. */
  readonly returns: readonly (readonly number[])[];
  readonly share: readonly Measured[];
}

async function measured(task: Task, tick: () => void): Promise<Result> {
  const env = await loadEnv(task.id);
  const preset = preferenceRlPresets[task.id];
  const options = { ...preset.options, ...task.options };
  const policy = mlp(env, preset.policy);
  const returnOf = async (actor: Policy, seed: number) =>
    average((await episodeReturns(env, actor, { episodes: task.episodes, seed: 1000 + seed, deterministic: true })).returns);
  const chance = average((await episodeReturns(env, uniform(env), { episodes: task.episodes, seed: 999 })).returns);

  const told: number[] = [];
  const returns: number[][] = task.labels.map(() => []);
  for (let seed = 0; seed < task.seeds; seed++) {
    const { policy: best } = await train(ppo, { env: staggered(env), policy }, { ...solverOptions(options), seed });
    told.push(await returnOf(best, seed));
    tick();
    for (const [i, labels] of task.labels.entries()) {
      const sessions = Math.min(options.sessions ?? preferenceRl.defaults.sessions, labels);
      const learned = await train(
        preferenceRl,
        { env, expert: fragmentJudge({ seed }), policy },
        { ...options, labels, sessions, seed },
      );
      if (learned.labels !== labels) throw new Error(`${task.id}: ${learned.labels} labels were asked for, not ${labels}`);
      returns[i].push(await returnOf(learned.policy, seed));
      tick();
    }
  }
  const scale = average(told) - chance;
  return { task, chance, told, returns, share: returns.map((of) => meanInterval(of.map((r) => (r - chance) / scale))) };
}

/** The solver's options among those of the whole. */
function solverOptions(options: Partial<PreferenceRlOptions>): Partial<PpoOptions> {
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(ppo.defaults, name)));
}

/** Actions drawn evenly from their box. */
function uniform({ observation, action }: Env): Policy {
  if (action.kind !== "box") throw new TypeError(`expected real actions, found ${action.kind}`);
  const { low, high } = action;
  return {
    observation,
    action,
    act(observations, { rng } = {}) {
      if (!rng) throw new TypeError("uniform actions are drawn: give a generator");
      const n = observations.length / (observation.kind === "box" ? observation.low.length : 1);
      const of = (i: number) => ("length" in rng ? rng[i] : rng);
      return Float32Array.from({ length: n * low.length }, (_, k) =>
        of(Math.floor(k / low.length)).uniform(low[k % low.length], high[k % low.length]),
      );
    },
  };
}

function summary(results: readonly Result[]): Figure {
  return {
    kind: "intervals",
    title: "Return from comparisons, as a share of the return under the true reward",
    caption:
      "Means over seeds with 95 % intervals; 0 is chance, 1 the mean of the same solver under the true reward in as many steps.",
    x: "return (share)",
    rows: results.flatMap(({ task: { id, labels }, share }) =>
      labels.map((n, i) => ({ label: `${id}, ${n} labels`, value: share[i] })),
    ),
    reference: { label: "the true reward", value: 1 },
  };
}

function curve({ task: { id, labels, episodes }, chance, told, returns }: Result): Figure {
  const level = (name: string, { mean, low, high }: Measured): Series => ({
    name,
    points: labels.map((x) => ({ x, y: mean, low, high })),
  });
  return {
    kind: "lines",
    title: `${id}: return against labels`,
    caption: `Means over ${told.length} seeds of ${episodes} episodes each, with 95 % intervals. Chance returns ${Math.round(chance)}.`,
    x: "comparisons (logarithmic)",
    y: "return of an episode (the world's own rewards)",
    logX: true,
    series: [
      level("PPO under the true reward", meanInterval(told)),
      {
        name: "PPO under the reward from comparisons",
        points: labels.map((x, i) => {
          const { mean, low, high } = meanInterval(returns[i]);
          return { x, y: mean, low, high };
        }),
      },
    ],
  };
}

function average(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}
