import { dpoLoss } from "../../algorithms/direct/dpo/losses.ts";
import { lossDefaults, lossOf } from "../../algorithms/direct/dpo/mixture.ts";
import {
  compile,
  concat,
  constant,
  grad,
  initialise,
  input,
  layout,
  type Rng,
  reshape,
  rng,
  slice,
  sum,
} from "../../autodiff/index.ts";
import { type Answer, box, discrete } from "../../mdp/index.ts";
import { answerScores, linearPolicy, mlp, type PolicyModel, responsesOf } from "../../policies/index.ts";
import { preferenceProbability } from "../../rewards/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

const SPACES = { observation: box([3]), action: discrete(4) };
const P = 8;
const BETAS = [0.1, 1];

/** The closed form of DPO's gradient against the computed one. */
export const rafailov2023Gradient: Experiment = {
  id: "rafailov2023-gradient",
  title: "The gradient of DPO weighs each comparison by how wrongly it is ranked",
  source: 'Rafailov et al. 2023, section 4, "What does the DPO update do?"',
  claims: expected,

  async run({ quick = false, seeds = quick ? 4 : 20, onProgress }) {
    const errors = { linear: 0, perceptron: 0 };
    const [linear, perceptron] = [linearPolicy(SPACES), mlp(SPACES, { hidden: [8] })];
    for (let seed = 0; seed < seeds; seed++) {
      const random = rng(seed).split("rafailov2023-gradient");
      for (const beta of BETAS) {
        const own = drawn(linear, random, beta);
        errors.linear = Math.max(errors.linear, far(await computed(own), byHand(own, await weights(own))));
        const other = drawn(perceptron, random, beta);
        errors.perceptron = Math.max(errors.perceptron, far(await computed(other), await byParts(other, await weights(other))));
      }
      onProgress?.({ done: seed + 1, total: seeds + 1, unit: "policies" });
    }
    const curve = await weightCurve();
    onProgress?.({ done: seeds + 1, total: seeds + 1, unit: "policies" });
    const weight = curve.reduce((most, { found, wanted }) => Math.max(most, Math.abs(found - wanted)), 0);
    return {
      rows: judged(expected, { ...errors, weight }),
      figures: [
        {
          kind: "lines",
          title: "A comparison weighs as much as it is ranked wrongly",
          caption: "The loss's derivative with respect to log π(yw), β = 1: computed, and in closed form.",
          x: "margin of the implicit reward, r̂(yw) − r̂(yl)",
          y: "weight of the comparison",
          series: [
            { name: "computed", points: curve.map(({ margin, found }) => ({ x: margin, y: found })) },
            { name: "σ(r̂(yl) − r̂(yw))", points: curve.map(({ margin, wanted }) => ({ x: margin, y: wanted })) },
          ],
        },
      ],
    };
  },
};

/** Comparisons, a policy and its reference. */
interface Draw {
  readonly model: PolicyModel;
  readonly theta: Float32Array;
  readonly thetaRef: Float32Array;
  readonly chosen: readonly Answer[];
  readonly rejected: readonly Answer[];
  readonly beta: number;
}

function drawn(model: PolicyModel, random: Rng, beta: number): Draw {
  const own = random.split(`${model.description.kind} ${beta}`);
  const near = (scale: number) => initialise(model.params, own.split("theta")).map((w) => w + scale * own.normal());
  const pairs = Array.from({ length: P }, () => {
    const x = Float32Array.from({ length: 3 }, () => own.normal());
    const w = own.integer(4);
    const l = (w + 1 + own.integer(3)) % 4;
    const answer = (a: number): Answer => ({ x, y: { actions: Int32Array.of(a) } });
    return { w: answer(w), l: answer(l) };
  });
  return {
    ...{ model, theta: near(0.7), thetaRef: near(0.7), beta },
    chosen: pairs.map(({ w }) => w),
    rejected: pairs.map(({ l }) => l),
  };
}

/** ∇L as the library computes it from the loss. */
async function computed({ model, theta, thetaRef, chosen, rejected, beta }: Draw): Promise<Float64Array> {
  const responses = responsesOf(model);
  const { logProbs } = responses.expressions({ rows: 2 * P });
  const logPi = sum(logProbs, 1);
  const ref = (await answerScores({ model: responses, theta: thetaRef }, [...chosen, ...rejected])).logProb;
  const one = constant(new Float32Array(P).fill(1));
  const pairs = {
    ...{ w: slice(logPi, 0, 0, P), l: slice(logPi, 0, P, 2 * P), lengthW: one, lengthL: one },
    ...{ refW: constant(ref.subarray(0, P)), refL: constant(ref.subarray(P)) },
  };
  return gradientOf(model, lossOf(pairs, { ...lossDefaults, beta }), { ...responses.feeds([...chosen, ...rejected]), theta });
}

/** σ(r̂(x, yl) − r̂(x, yw)) of each comparison. */
async function weights({ model, theta, thetaRef, chosen, rejected, beta }: Draw): Promise<number[]> {
  const responses = responsesOf(model);
  const of = async (at: Float32Array, answers: readonly Answer[]) =>
    (await answerScores({ model: responses, theta: at }, answers)).logProb;
  const [w, l, refW, refL] = [
    await of(theta, chosen),
    await of(theta, rejected),
    await of(thetaRef, chosen),
    await of(thetaRef, rejected),
  ];
  return Array.from(w, (_, i) => preferenceProbability(beta * (l[i] - refL[i]), beta * (w[i] - refW[i])));
}

/** The closed form where π(a | s) = softmax(s W + b): ∇ log π(a | s) = (1[a] − π) (s, 1)ᵀ. */
function byHand({ theta, chosen, rejected, beta }: Draw, weight: readonly number[]): Float64Array {
  const g = new Float64Array(theta.length);
  chosen.forEach(({ x, y }, i) => {
    // log π(yw) − log π(yl): the normalising sums cancel, (1[w] − 1[l]) (s, 1)ᵀ is left
    for (const [a, sign] of [
      [y.actions[0], 1],
      [rejected[i].y.actions[0], -1],
    ]) {
      for (let d = 0; d < 3; d++) g[d * 4 + a] -= ((beta * weight[i]) / P) * sign * x[d];
      g[12 + a] -= ((beta * weight[i]) / P) * sign;
    }
  });
  return g;
}

/** The closed form with ∇ log π(y | x) of one answer at a time, each from a program that knows nothing of the loss. */
async function byParts({ model, theta, chosen, rejected, beta }: Draw, weight: readonly number[]): Promise<Float64Array> {
  const responses = responsesOf(model);
  const { logProbs } = responses.expressions({ rows: 1 });
  const g = new Float64Array(theta.length);
  const program = await gradientProgram(model, sum(logProbs));
  for (const [answers, sign] of [
    [chosen, 1],
    [rejected, -1],
  ] as const) {
    for (const [i, answer] of answers.entries()) {
      const { g: own } = await program.run({ ...responses.feeds([answer]), theta });
      for (let k = 0; k < g.length; k++) g[k] -= ((beta * weight[i]) / P) * sign * own[k];
    }
  }
  await program.release();
  return g;
}

type Feeds = Parameters<Awaited<ReturnType<typeof compile>>["run"]>[0];

function gradientProgram(model: PolicyModel, scalar: ReturnType<typeof sum>) {
  const { params, sizes } = layout(model.params);
  const g = concat(
    grad(scalar, params).map((part, i) => reshape(part, [sizes[i]])),
    0,
  );
  return compile({ outputs: { g }, params: model.params });
}

async function gradientOf(model: PolicyModel, loss: ReturnType<typeof sum>, feeds: Feeds): Promise<Float64Array> {
  const program = await gradientProgram(model, loss);
  const { g } = await program.run(feeds);
  await program.release();
  return Float64Array.from(g);
}

/** The derivative of −loss with respect to log π(yw) at margins from −8 to 8, beside σ(−margin). */
async function weightCurve(): Promise<{ margin: number; found: number; wanted: number }[]> {
  const margins = Float32Array.from({ length: 65 }, (_, i) => -8 + i / 4);
  const w = input("w", [margins.length]);
  const zero = constant(new Float32Array(margins.length));
  const pairs = { w, l: zero, refW: zero, refL: zero, lengthW: zero, lengthL: zero };
  const [g] = grad(sum(dpoLoss(pairs, { ...lossDefaults, beta: 1 })), [w]);
  const program = await compile({ outputs: { g } });
  const out = await program.run({ w: margins });
  await program.release();
  return Array.from(margins, (margin, i) => ({ margin, found: -out.g[i], wanted: preferenceProbability(0, margin) }));
}

/** The largest difference of two gradients, relative to the norm of the second. */
function far(a: Float64Array, b: Float64Array): number {
  const norm = Math.hypot(...b);
  return a.reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]) / norm), 0);
}
