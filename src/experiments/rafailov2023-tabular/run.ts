import { dpo, start } from "../../algorithms/index.ts";
import { type Rng, rng } from "../../autodiff/index.ts";
import { discrete, type Preference, type Response, withRewardTable } from "../../mdp/index.ts";
import { responsesOf, tabular } from "../../policies/index.ts";
import { softValueIteration } from "../../solvers/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };
import { answers, episodes, exactPreferences, logSoftmaxRows, steps } from "./worlds.ts";

const BETAS = [0.5, 1, 2];

/** Updates with all preferences at once, and the rate at β = 1: the loss is flatter by β². */
const UPDATES = 320;
const RATE = 4;

/** How far DPO's policy is from the optimum of the reward behind the preferences. */
interface Errors {
  probability: number;
  reward: number;
}

/** Direct preference optimisation where everything is known: the policy that it ends at is the one that RLHF looks for. */
export const rafailov2023Tabular: Experiment = {
  id: "rafailov2023-tabular",
  title: "DPO on exact preferences finds the optimum of the reward behind them",
  source: 'Rafailov et al. 2023, section 4 and Theorem 1; slides "Imitation with Preference Feedback"',
  claims: expected,

  async run({ quick = false, seeds = quick ? 1 : 10, onProgress }) {
    const found: { answers: Errors[]; episodes: Errors[] } = { answers: [], episodes: [] };
    const betas = quick ? [1] : BETAS;
    const path: { x: number; y: number }[] = [];
    const total = 2 * seeds * betas.length;
    let done = 0;
    const next = () => onProgress?.({ done: ++done, total, unit: "worlds" });
    for (let seed = 0; seed < seeds; seed++) {
      for (const beta of betas) {
        const random = rng(seed).split("rafailov2023-tabular").split(BETAS.indexOf(beta));
        found.answers.push(await overAnswers(random, beta, seed === 0 && beta === 1 ? path : undefined));
        next();
        found.episodes.push(await overEpisodes(random, beta));
        next();
      }
    }
    const worst = (list: readonly Errors[], name: keyof Errors) => Math.max(...list.map((errors) => errors[name]));
    return {
      rows: judged(expected, {
        answers: worst(found.answers, "probability"),
        episodes: worst(found.episodes, "probability"),
        reward: Math.max(worst(found.answers, "reward"), worst(found.episodes, "reward")),
      }),
      figures: [
        {
          kind: "lines",
          title: "To the optimum, to the precision of the numbers",
          caption: "One world of 3 contexts with 4 answers, β = 1: the largest error of a probability after each 20 updates.",
          x: "updates",
          y: "largest error of a probability (logarithmic)",
          logY: true,
          series: [{ name: "DPO", points: path }],
        },
      ],
    };
  },
};

/** Contexts with answers: π* = π_ref e^{r/β} / Z in closed form. */
async function overAnswers(random: Rng, beta: number, path?: { x: number; y: number }[]): Promise<Errors> {
  const world = answers(random);
  const { X, Y, weight, logRef } = world;
  const preferences = Array.from({ length: X }, (_, x) =>
    exactPreferences(
      Float32Array.of(x),
      Array.from({ length: Y }, (_, y) => ({ y: { actions: Int32Array.of(y) }, m: weight[x * Y + y] })),
    ),
  ).flat();
  const r = Float64Array.from(weight, Math.log);
  const optimum = logSoftmaxRows(
    r.map((value, i) => logRef[i] + value / beta),
    Y,
  );
  const errorAt = (theta: Float32Array) =>
    largest(logSoftmaxRows(Float64Array.from(theta), Y).map(Math.exp), optimum.map(Math.exp));
  const onUpdate = (t: number, theta: Float32Array) => path?.push({ x: t, y: Math.max(errorAt(theta), 1e-9) });
  const logPi = logSoftmaxRows(Float64Array.from(await fitted(X, Y, logRef, preferences, beta, onUpdate)), Y);
  return errorsOf(logPi, optimum, logRef, r, Y, beta);
}

/** Episodes of a decision process: the optimum by soft value iteration, with β log π_ref as a part of the reward. */
async function overEpisodes(random: Rng, beta: number): Promise<Errors> {
  const world = steps(random);
  const { mdp, logRef } = world;
  const { S, A, H } = mdp;
  const preferences = exactPreferences(Float32Array.of(0), episodes(world));
  const optimum = new Float64Array(H * S * A);
  // Backwards in the step, because π_ref depends on it: what is left of the episode is a process of fewer steps.
  let V = new Float64Array(S);
  for (let h = H - 1; h >= 0; h--) {
    const sa = mdp.r.map((value, i) => value + beta * logRef[h * S * A + i] + V[world.next[i]]);
    const solved = softValueIteration({ ...withRewardTable(mdp, { sa }), H: 1 }, { temperature: beta });
    optimum.set(
      solved.Q.map((q, i) => (q - solved.V[Math.floor(i / A)]) / beta),
      h * S * A,
    );
    V = Float64Array.from(solved.V.subarray(0, S));
  }
  const theta = await fitted(H * S, A, logRef, preferences, beta);
  const logPi = logSoftmaxRows(Float64Array.from(theta), A);
  const reached = new Set(preferences.flatMap(({ yw, yl }) => [...yw.states!, ...yl.states!]));
  const rows = [...reached].flatMap((state) => Array.from({ length: A }, (_, a) => state * A + a));
  const probability = largest(
    rows.map((i) => Math.exp(logPi[i])),
    rows.map((i) => Math.exp(optimum[i])),
  );
  // Rewards of whole episodes, against their mean.
  const all = episodes(world);
  const sumOver = (table: Float64Array, { actions, states }: Response) =>
    Array.from(actions).reduce((total, a, h) => total + table[states![h] * A + a], 0);
  const implicit = all.map(({ y }) => beta * (sumOver(logPi, y) - sumOver(logRef, y)));
  const reward = centred(
    implicit,
    all.map(({ m }) => Math.log(m)),
  );
  return { probability, reward };
}

/** θ of DPO on all preferences at once, from π_ref on. */
async function fitted(
  rows: number,
  choices: number,
  logRef: Float64Array,
  preferences: readonly Preference[],
  beta: number,
  onUpdate?: (t: number, theta: Float32Array) => void,
): Promise<Float32Array> {
  const model = responsesOf(tabular({ observation: discrete(rows), action: discrete(choices) }));
  const policy = { model, theta: Float32Array.from(logRef) };
  const problem = { policy, preferences };
  const options = {
    ...{ beta, updates: UPDATES, batchSize: preferences.length, report: 20, klSamples: 0 },
    ...{ optimizer: "sgd" as const, momentum: 0.9, learningRate: RATE / beta ** 2, schedule: "constant" as const, clipNorm: 0 },
  };
  const run = start(dpo, problem, options);
  for await (const { updates } of run) onUpdate?.(updates, run.state.learner.theta);
  return (await run.result()).policy.theta;
}

function errorsOf(
  logPi: Float64Array,
  optimum: Float64Array,
  logRef: Float64Array,
  r: Float64Array,
  Y: number,
  beta: number,
): Errors {
  let reward = 0;
  for (let from = 0; from < r.length; from += Y) {
    const implicit = Array.from({ length: Y }, (_, y) => beta * (logPi[from + y] - logRef[from + y]));
    reward = Math.max(reward, centred(implicit, r.subarray(from, from + Y)));
  }
  return { probability: largest(logPi.map(Math.exp), optimum.map(Math.exp)), reward };
}

/** The largest difference of two lists that may be shifted against each other. */
function centred(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (list: ArrayLike<number>) => Array.from(list).reduce((sum, v) => sum + v, 0) / list.length;
  const [ma, mb] = [mean(a), mean(b)];
  return largest(
    Array.from(a, (v) => v - ma),
    Array.from(b, (v) => v - mb),
  );
}

function largest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Array.from(a).reduce((far, v, i) => Math.max(far, Math.abs(v - b[i])), 0);
}
