import { behaviorCloning, dagger, deepSmile, start, train } from "../../algorithms/index.ts";
import { count, pairs, rollout, trajectoryAt, visitColumns } from "../../data/index.ts";
import { cameraOf, driving, HALF_WIDTH, trackCamera } from "../../envs/index.ts";
import { meanInterval, pairedDifference } from "../../evaluation/index.ts";
import { driver } from "../../experts/index.ts";
import { type Env, type Policy, size } from "../../mdp/index.ts";
import { cnn, type PolicyModel } from "../../policies/index.ts";
import { type Experiment, judged, type Measured, type Series, type Version } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

/** The sizes of a run. */
interface Sizes {
  /** Pictures that are labelled an iteration. */
  readonly states: number;
  readonly updates: number;
  readonly batchSize: number;
  /** The iterations whose policies are tried, the last two of them for the claims. */
  readonly tried: readonly number[];
  /** The drives that a policy is tried in, and the steps of a drive, a metre each: 450 are about a lap. */
  readonly drives: number;
  readonly steps: number;
}

const FULL: Sizes = { states: 2500, updates: 300, batchSize: 64, tried: [1, 2, 4, 7, 10, 15, 20], drives: 16, steps: 450 };
const QUICK: Sizes = { states: 800, updates: 150, batchSize: 32, tried: [5, 6], drives: 20, steps: 150 };

/** One driver of each kind says how it drives elsewhere, not how another would be trained. */
const SMALL: Version = {
  here: Object.fromEntries(Object.keys(expected).map((name) => [name, "iterations 5 and 6, one driver of each kind"])),
  undecided: ["supervisedLong"],
};

const METHODS = ["behavior cloning", "SMILe", "DAgger", "DAgger, streaming"] as const;
type Method = (typeof METHODS)[number];

/** The car is put back when it has fallen off the road. Its pictures are 19 x 25 pixels, as in the paper. */
function world({ steps }: Sizes): Env {
  return trackCamera({ camera: cameraOf(19, 25), putBackAt: HALF_WIDTH, maxSteps: steps });
}

/** Ross, Gordon & Bagnell 2011, section 5.1: a car that learns where its own mistakes lead it. */
export const ross2011Track: Experiment = {
  id: "ross2011-track",
  title: "Falls off the road: behavior cloning, SMILe, DAgger",
  source: 'Ross, Gordon & Bagnell 2011, section 5.1 and figure 2; slides "Dataset Aggregation"',
  claims: expected,

  async run({ quick = false, seeds = quick ? 1 : 4, onProgress }) {
    const sizes = quick ? QUICK : FULL;
    const falls = new Map<Method, number[][][]>(METHODS.map((method) => [method, []]));
    const patient: number[][] = [];
    let done = 0;
    const total = (METHODS.length + 1) * seeds;
    for (let seed = 0; seed < seeds; seed++) {
      patient.push(await clonedLong(sizes, seed));
      onProgress?.({ done: ++done, total, unit: "drivers" });
      for (const method of METHODS) {
        falls.get(method)!.push(await learnt(method, sizes, seed));
        onProgress?.({ done: ++done, total, unit: "drivers" });
      }
    }
    // Seeds are independent, drives of one driver are not; a single driver's drives say at least how it fares elsewhere.
    const at = (method: Method, k: number) => {
      const own = falls.get(method)!;
      return seeds > 1 ? own.map((tried) => average(tried[k])) : own[0][k];
    };
    const n = sizes.tried.length;
    const late = (method: Method) => at(method, n - 2).map((value, i) => (value + at(method, n - 1)[i]) / 2);
    const [supervised, smile, aggregated, streaming] = METHODS.map(late);
    return {
      rows: judged(
        expected,
        {
          supervised: meanInterval(supervised),
          supervisedLong: meanInterval(seeds > 1 ? patient.map(average) : patient[0]),
          dagger: meanInterval(aggregated),
          streaming: meanInterval(streaming),
          smileLess: pairedDifference(supervised, smile),
          smileMore: pairedDifference(smile, aggregated),
        },
        quick ? SMALL : {},
      ),
      figures: [
        {
          kind: "lines",
          title: "Falls a lap against the data seen",
          caption: `Means over ${seeds > 1 ? `${seeds} drivers` : "the drives of one driver"} with 95 % intervals, ${sizes.drives} drives each; every iteration adds ${sizes.states.toLocaleString("en-US")} labelled pictures.`,
          x: "iterations",
          y: "falls a lap",
          series: METHODS.map(
            (name): Series => ({
              name,
              points: sizes.tried.map((x, k) => point(x, meanInterval(at(name, k)))),
            }),
          ),
        },
      ],
    };
  },
};

/** The network: two small convolutions and a hidden layer. Its spread is so small that a draw steers as its mean does. */
function network(env: Env): PolicyModel {
  const convolutions = [
    { filters: 8, size: 5, stride: 2 },
    { filters: 16, size: 3, stride: 2 },
  ];
  return cnn(env, { scale: "constant", initialLogStd: -4, convolutions, hidden: [32] });
}

/** Falls a lap in each drive, by the iterations that are tried. */
function learnt(method: Method, sizes: Sizes, seed: number): Promise<number[][]> {
  if (method === "behavior cloning") return cloned(sizes, seed);
  if (method === "SMILe") return replaced(sizes, seed);
  return aggregating(sizes, seed, method === "DAgger" ? "refit" : "streaming");
}

const fitOf = ({ updates, batchSize }: Sizes, seed: number) => ({ updates, batchSize, learningRate: 2e-3, validation: 0, seed });

/** A network cloned from the expert's own drives, the more of them the later the iteration. */
async function cloned(sizes: Sizes, seed: number): Promise<number[][]> {
  const env = world(sizes);
  const most = sizes.tried[sizes.tried.length - 1] * sizes.states;
  const { states, actions } = await visitColumns(env, driver(env), { n: most, seed: 77 + seed });
  const D = size(env.observation);
  const policy = network(env);
  const falls: number[][] = [];
  for (const i of sizes.tried) {
    const n = i * sizes.states;
    const demos = pairs(env.observation, env.action, states.subarray(0, n * D), actions.subarray(0, n));
    falls.push(await tried((await train(behaviorCloning, { demos, policy }, fitOf(sizes, seed))).policy, sizes, seed));
  }
  return falls;
}

/** A network cloned from all of the expert's drives with as many minibatches as all of DAgger's fits have together. */
async function clonedLong(sizes: Sizes, seed: number): Promise<number[]> {
  const env = world(sizes);
  const rounds = sizes.tried[sizes.tried.length - 1];
  const { states, actions } = await visitColumns(env, driver(env), { n: rounds * sizes.states, seed: 77 + seed });
  const demos = pairs(env.observation, env.action, states, actions);
  const options = { ...fitOf(sizes, seed), updates: rounds * sizes.updates };
  return tried((await train(behaviorCloning, { demos, policy: network(env) }, options)).policy, sizes, seed);
}

/** DAgger, whose network is fitted anew in every iteration, or goes on from where the last one left it, as on the slide. */
async function aggregating(sizes: Sizes, seed: number, mode: "refit" | "streaming"): Promise<number[][]> {
  const env = world(sizes);
  const rounds = sizes.tried[sizes.tried.length - 1];
  const options = {
    ...fitOf(sizes, seed),
    ...{ rounds, states: sizes.states, deterministic: true, validationEpisodes: 0, mode },
  };
  const run = start(dagger, { env, expert: driver(env), policy: network(env) }, options);
  const falls: number[][] = [];
  for await (const { round } of run) {
    if (sizes.tried.includes(round)) falls.push(await tried((await run.result()).policy, sizes, seed));
  }
  return falls;
}

async function replaced(sizes: Sizes, seed: number): Promise<number[][]> {
  const env = world(sizes);
  const rounds = sizes.tried[sizes.tried.length - 1];
  const options = { ...fitOf(sizes, seed), rounds, states: sizes.states, alpha: 0.1 };
  const run = start(deepSmile, { env, expert: driver(env), policy: network(env) }, options);
  const falls: number[][] = [];
  for await (const { round } of run) {
    if (sizes.tried.includes(round)) falls.push(await tried((await run.result()).policy, sizes, seed, false));
  }
  return falls;
}

/** Falls a lap in each of the drives that a policy is tried in: the same roads, light and places for all methods. */
async function tried(policy: Policy, sizes: Sizes, seed: number, deterministic = true): Promise<number[]> {
  const env = world(sizes);
  const drives = await rollout(env, policy, { episodes: sizes.drives, seed: 5000 + seed, deterministic });
  return Array.from({ length: count(drives) }, (_, i) => driving(env.observation, [trajectoryAt(drives, i)]).perLap);
}

function point(x: number, { mean, low, high }: Measured) {
  return { x, y: mean, low, high };
}

function average(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
