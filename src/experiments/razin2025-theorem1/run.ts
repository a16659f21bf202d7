import { type Rng, rng } from "../../autodiff/index.ts";
import { wilson } from "../../evaluation/index.ts";
import { type Answer, discrete } from "../../mdp/index.ts";
import { answerScores, type ResponsePolicy, responsesOf, tabular } from "../../policies/index.ts";
import { implicitRewardOf } from "../../rewards/index.ts";
import { type Experiment, judged, type Series } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

const X = 20;
const Y = 50;
/** π_ref(correct | x), about. */
const RARE = 1e-7;
const DIALS = [0.5, 1].flatMap((delta) => [0.1, 0.5, 1].map((beta) => ({ delta, beta })));
const DRAWS = 50;

/** A policy that verifies perfectly and generates nothing correct. */
export const razin2025Theorem1: Experiment = {
  id: "razin2025-theorem1",
  title: "An implicit reward model verifies without being able to generate",
  source: "Razin et al. 2025, Theorem 1",
  claims: expected,

  async run({ quick = false, seeds = quick ? 2 : 10, onProgress }) {
    const worst = { accuracy: 1, margin: 0, bound: -Infinity };
    let [correct, drawn] = [0, 0];
    for (let seed = 0; seed < seeds; seed++) {
      const random = rng(seed).split("razin2025-theorem1");
      const world = worldOf(random);
      for (const dials of DIALS) {
        const found = await verdict(world, dials.delta, dials.beta);
        worst.accuracy = Math.min(worst.accuracy, found.accuracy);
        worst.margin = Math.max(worst.margin, found.margin);
        worst.bound = Math.max(worst.bound, found.bound);
        const { policy } = built(world, dials.delta, dials.beta);
        const contexts = Array.from({ length: X }, (_, x) => Float32Array.of(x));
        const name = `${dials.delta} ${dials.beta}`;
        const responses = await policy.model.respond(policy.theta, contexts, { random: random.split(name), n: DRAWS });
        responses.forEach((own, x) => {
          for (const { actions } of own) correct += Number(world.correct[x].has(actions[0]));
          drawn += own.length;
        });
      }
      onProgress?.({ done: seed + 1, total: seeds + 1, unit: "worlds" });
    }
    const series = await curves(worldOf(rng(0).split("razin2025-theorem1")));
    onProgress?.({ done: seeds + 1, total: seeds + 1, unit: "worlds" });
    return {
      rows: judged(expected, { ...worst, generated: wilson(correct, drawn) }),
      figures: [
        {
          kind: "lines",
          title: "A perfect verifier that generates hardly anything correct",
          caption:
            "One world, means over its 20 contexts; β = 0.1. To verify takes no more than δ > 0; to generate takes e^{δ/β}.",
          x: "margin δ that the implicit reward keeps",
          y: "share (log scale)",
          logY: true,
          series,
        },
      ],
    };
  },
};

interface World {
  readonly model: ReturnType<typeof responsesOf>;
  /** `[X, Y]`: log π_ref, up to a constant for each context. */
  readonly logRef: Float32Array;
  readonly correct: readonly ReadonlySet<number>[];
}

function worldOf(random: Rng): World {
  const logRef = Float32Array.from({ length: X * Y }, () => 2 * random.normal());
  const correct = Array.from({ length: X }, (_, x) => {
    const own = new Set(random.permutation(Y).subarray(0, 1 + random.integer(3)));
    let others = 0;
    for (let y = 0; y < Y; y++) if (!own.has(y)) others += Math.exp(logRef[x * Y + y]);
    for (const y of own) logRef[x * Y + y] = Math.log((others * RARE) / own.size);
    return own;
  });
  return { model: responsesOf(tabular({ observation: discrete(X), action: discrete(Y) })), logRef, correct };
}

/** The proof's policy: π ∝ π_ref e^{δ/β 1[correct]}. */
function built({ model, logRef, correct }: World, delta: number, beta: number) {
  const theta = logRef.map((z, i) => z + (correct[Math.floor(i / Y)].has(i % Y) ? delta / beta : 0));
  const policy: ResponsePolicy = { model, theta };
  return { policy, reference: { model, theta: logRef } };
}

const answers: Answer[] = Array.from({ length: X * Y }, (_, i) => ({
  x: Float32Array.of(Math.floor(i / Y)),
  y: { actions: Int32Array.of(i % Y) },
}));

async function verdict(world: World, delta: number, beta: number) {
  const { policy, reference } = built(world, delta, beta);
  const r = await implicitRewardOf(policy, reference, beta)(answers);
  const [pi, piRef] = [await shares(world, policy), await shares(world, reference)];
  let [right, pairs, margin, bound] = [0, 0, 0, -Infinity];
  world.correct.forEach((own, x) => {
    for (const yw of own) {
      for (let yl = 0; yl < Y; yl++) {
        if (own.has(yl)) continue;
        const difference = r[x * Y + yw] - r[x * Y + yl];
        right += 0.5 * (1 + Math.sign(difference));
        pairs += 1;
        margin = Math.max(margin, Math.abs(difference - delta) / delta);
      }
    }
    bound = Math.max(bound, Math.log(pi[x] / piRef[x]) - delta / beta);
  });
  const mean = (p: readonly number[]) => p.reduce((sum, v) => sum + v / X, 0);
  return { accuracy: right / pairs, margin, bound, pi: mean(pi), piRef: mean(piRef) };
}

/** π(correct | x) of each context. */
async function shares({ correct }: World, policy: ResponsePolicy): Promise<number[]> {
  const { logProb } = await answerScores(policy, answers);
  return correct.map((own, x) => [...own].reduce((sum, y) => sum + Math.exp(logProb[x * Y + y]), 0));
}

async function curves(world: World): Promise<Series[]> {
  const deltas = [0.01, 0.25, 0.5, 0.75, 1, 1.25, 1.5];
  const found = await Promise.all(deltas.map((delta) => verdict(world, delta, 0.1)));
  const line = (name: string, of: (i: number) => number): Series => ({
    name,
    points: deltas.map((x, i) => ({ x, y: of(i) })),
  });
  return [
    line("accuracy of the implicit reward", (i) => found[i].accuracy),
    line("π(correct | x)", (i) => found[i].pi),
    line("the bound π_ref(correct | x) e^{δ/β}", (i) => Math.min(1, found[i].piRef * Math.exp(deltas[i] / 0.1))),
    line("π_ref(correct | x)", (i) => found[i].piRef),
  ];
}
