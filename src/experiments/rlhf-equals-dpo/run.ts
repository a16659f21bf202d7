import { dpo, rlhf, rlhfOptimum, start, train } from "../../algorithms/index.ts";
import { climb, startClimb } from "../../algorithms/inverse/climb.ts";
import { type Objective, residual } from "../../algorithms/inverse/concave.ts";
import { type Rng, rng } from "../../autodiff/index.ts";
import { meanInterval } from "../../evaluation/index.ts";
import { type Answer, discrete, type Preference } from "../../mdp/index.ts";
import { type ResponsePolicy, responsesOf, tabular } from "../../policies/index.ts";
import { preferenceProbability } from "../../rewards/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import { type Answers, answers, logSoftmaxRows } from "../rafailov2023-tabular/worlds.ts";
import expected from "./expected.json" with { type: "json" };

const BETAS = [0.5, 1, 2];

/** Comparisons of each two answers: some drawn by Bradley and Terry's model, and one each way so that a maximum exists. */
const DRAWN = 6;

/** DPO with all comparisons at once; its loss is flatter by β². */
const UPDATES = 400;
const RATE = 4;

/** What came of one world. */
interface Found {
  /** Largest differences of probabilities to DPO's: of RLHF's optimum under the fitted reward, and under the true one. */
  readonly policy: number;
  readonly truth: number;
  readonly reward: number;
  /** KL(DPO's ‖ trained by sampling), the mean of the contexts: they share a training. */
  readonly trained: number;
  readonly path: readonly { x: number; y: number }[];
}

/** Reward learning and policy training, one after the other, against the one step that replaces them. */
export const rlhfEqualsDpo: Experiment = {
  id: "rlhf-equals-dpo",
  title: "A reward of maximum likelihood and the policy it asks for are DPO's policy",
  source:
    'Rafailov et al. 2023, section 5.1 and Theorem 1; slides "IRL with Preference Feedback", "Inverse Reinforcement Learning (IRL)"',
  claims: expected,

  async run({ quick = false, seeds = quick ? 2 : 10, onProgress }) {
    const betas = quick ? [1] : BETAS;
    const found: Found[] = [];
    for (let seed = 0; seed < seeds; seed++) {
      for (const beta of betas) {
        found.push(await compared(rng(seed).split("rlhf-equals-dpo").split(BETAS.indexOf(beta)), beta, seed));
        onProgress?.({ done: found.length, total: seeds * betas.length, unit: "worlds" });
      }
    }
    const most = (of: (one: Found) => number) => Math.max(...found.map(of));
    return {
      rows: judged(expected, {
        policy: most(({ policy }) => policy),
        reward: most(({ reward }) => reward),
        truth: Math.min(...found.map(({ truth }) => truth)),
        trained: meanInterval(found.map(({ trained }) => trained)),
      }),
      figures: [
        {
          kind: "lines",
          title: "Policy training by sampling goes where DPO goes",
          caption: `The first world, β = ${betas[0]}: KL(DPO's policy ‖ π_θ), the mean of 3 contexts, while REINFORCE leave-one-out trains π_θ under the fitted reward.`,
          x: "rounds of 128 responses",
          y: "KL to DPO's policy (nats, logarithmic)",
          logY: true,
          series: [{ name: "policy training", points: found[0].path }],
        },
      ],
    };
  },
};

async function compared(random: Rng, beta: number, seed: number): Promise<Found> {
  const world = answers(random);
  const { X, Y, logRef } = world;
  const r = Float64Array.from(world.weight, Math.log);
  const preferences = comparisons(world, r, random.split("comparisons"));
  const model = responsesOf(tabular({ observation: discrete(X), action: discrete(Y) }));
  const policy: ResponsePolicy = { model, theta: Float32Array.from(logRef) };

  // A reward of maximum likelihood, then the policy that it asks for.
  const fitted = maximumLikelihood(X, Y, preferences);
  const optimum = rlhfOptimum(logRef, fitted, beta, Y);

  // The same in one step.
  const direct = await train(
    dpo,
    { policy, preferences },
    {
      ...{ beta, updates: UPDATES, batchSize: preferences.length, report: UPDATES, klSamples: 0 },
      ...{ optimizer: "sgd" as const, momentum: 0.9, learningRate: RATE / beta ** 2, schedule: "constant" as const, clipNorm: 0 },
    },
  );
  const logPi = logSoftmaxRows(Float64Array.from(direct.policy.theta), Y);

  // And by sampling, as with policies whose answers can't be listed.
  const path: { x: number; y: number }[] = [];
  const reward = (list: readonly Answer[]) => list.map(({ x, y }) => fitted[x[0] * Y + y.actions[0]]);
  const contexts = Array.from({ length: X }, (_, x) => Float32Array.of(x));
  const sampled = start(
    rlhf,
    { policy, contexts, reward },
    {
      ...{ method: "rloo" as const, beta, rounds: 100, prompts: 32, group: 4, batchSize: 128, epochs: 1 },
      ...{ learningRate: 0.08, clipNorm: 0, seed },
    },
  );
  const apart = () => {
    const all = divergences(logPi, logSoftmaxRows(Float64Array.from(sampled.state.learner.theta), Y), Y);
    return all.reduce((sum, kl) => sum + kl, 0) / X;
  };
  for await (const { round } of sampled) {
    if (round % 5 === 0) path.push({ x: round, y: Math.max(1e-9, apart()) });
  }
  return {
    policy: largest(logPi.map(Math.exp), optimum.map(Math.exp)),
    truth: largest(logPi.map(Math.exp), rlhfOptimum(logRef, r, beta, Y).map(Math.exp)),
    reward: Math.max(
      ...contexts.map(([x]) => {
        const row = (table: ArrayLike<number>) => Float64Array.from({ length: Y }, (_, y) => table[x * Y + y]);
        const implicit = row(logPi).map((value, y) => beta * (value - logRef[x * Y + y]));
        return largest(centred(implicit), centred(row(fitted)));
      }),
    ),
    trained: apart(),
    path,
  };
}

function comparisons({ X, Y }: Answers, r: Float64Array, random: Rng): Preference[] {
  const list: Preference[] = [];
  for (let x = 0; x < X; x++) {
    for (let a = 0; a < Y; a++) {
      for (let b = 0; b < a; b++) {
        const p = preferenceProbability(r[x * Y + a], r[x * Y + b]);
        const wins = [true, false, ...Array.from({ length: DRAWN }, () => random.float() < p)];
        for (const won of wins) {
          const [w, l] = won ? [a, b] : [b, a];
          list.push({ x: Float32Array.of(x), yw: { actions: Int32Array.of(w) }, yl: { actions: Int32Array.of(l) } });
        }
      }
    }
  }
  return list;
}

/** argmax_r Σ log σ(r(x, yw) − r(x, yl)), `[X, Y]`, in double precision. */
function maximumLikelihood(X: number, Y: number, preferences: readonly Preference[]): Float64Array {
  const objective: Objective = (r, gradient) => {
    gradient.fill(0);
    let value = 0;
    for (const { x, yw, yl } of preferences) {
      const [w, l] = [x[0] * Y + yw.actions[0], x[0] * Y + yl.actions[0]];
      const p = preferenceProbability(r[w], r[l]);
      value += Math.log(p);
      gradient[w] += 1 - p;
      gradient[l] -= 1 - p;
    }
    return value;
  };
  const options = { optimizer: "lbfgs", learningRate: 1, l1: 0, memory: 10 } as const;
  const search = startClimb(objective, new Float64Array(X * Y), options);
  while (!search.stalled && search.t < 500 && residual(search, 0) > 1e-12) climb(search, objective, options);
  return search.w;
}

/** KL(p ‖ q) of each row of log-probabilities. */
function divergences(p: Float64Array, q: Float64Array, Y: number): number[] {
  return Array.from({ length: p.length / Y }, (_, x) =>
    p.subarray(x * Y, (x + 1) * Y).reduce((kl, own, y) => kl + Math.exp(own) * (own - q[x * Y + y]), 0),
  );
}

function centred(list: Float64Array): Float64Array {
  const mean = list.reduce((sum, v) => sum + v, 0) / list.length;
  return list.map((v) => v - mean);
}

function largest(a: Float64Array, b: Float64Array): number {
  return a.reduce((far, v, i) => Math.max(far, Math.abs(v - b[i])), 0);
}
