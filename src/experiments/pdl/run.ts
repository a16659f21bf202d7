import { type Rng, rng } from "../../autodiff/index.ts";
import { garnet } from "../../envs/index.ts";
import type { TabularMdp } from "../../mdp/index.ts";
import { differenceUnderExpert, differenceUnderLearner, valueGap } from "../../theory/index.ts";
import { type Experiment, judged, type Series } from "../experiment.ts";
import expected from "./expected.json" with { type: "json" };

/** Errors of exactly 0 have no logarithm: they are drawn here. */
const FLOOR = 1e-17;

/** The performance-difference lemma in both of its forms, on random decision processes and random policies. */
export const pdl: Experiment = {
  id: "pdl",
  title: "The performance-difference lemma, both ways round",
  source: 'Kakade & Langford 2002, Lemma 6.1; slides "Behavior Cloning: Reduction to Classification" and "Analysis" (of DAgger)',
  claims: expected,

  async run({ quick = false, seeds = quick ? 200 : 1000, onProgress }) {
    const errors = { expert: new Float64Array(seeds), learner: new Float64Array(seeds) };
    for (let i = 0; i < seeds; i++) {
      const random = rng(i).split("pdl");
      const mdp = world(random, i);
      const pair = { piStar: policy(random, mdp), piHat: policy(random, mdp) };
      const gap = valueGap(mdp, pair);
      errors.expert[i] = Math.abs(differenceUnderExpert(mdp, pair) - gap);
      errors.learner[i] = Math.abs(differenceUnderLearner(mdp, pair) - gap);
      onProgress?.({ done: i + 1, total: seeds, unit: "processes" });
    }
    return {
      rows: judged(expected, { expert: Math.max(...errors.expert), learner: Math.max(...errors.learner) }),
      figures: [
        {
          kind: "lines",
          title: "The lemma's error is rounding",
          caption: `Each form against the gap itself, over ${seeds} random processes, from the smallest error to the largest. An error of 0 is drawn at 1e-17.`,
          x: "share of the processes (%)",
          y: "error (units of reward, logarithmic)",
          logY: true,
          series: [
            sorted("expectation under the expert's states", errors.expert),
            sorted("expectation under the learner's states", errors.learner),
          ],
        },
      ],
    };
  },
};

/** A Garnet of random size with a horizon, a discount, or both. */
function world(random: Rng, seed: number): TabularMdp {
  const S = 2 + random.integer(19);
  const A = 2 + random.integer(4);
  const branching = 1 + random.integer(Math.min(S, 5));
  const H = 1 + random.integer(30);
  const gamma = random.uniform(0.5, 0.98);
  const objective = [{ H }, { gamma }, { H, gamma }][random.integer(3)];
  return garnet({ S, A, branching, seed, ...objective }).mdp;
}

/** A random policy: stationary or by the step, drawn from all distributions or deterministic. */
function policy(random: Rng, { S, A, H }: TabularMdp): Float64Array {
  const steps = H !== Infinity && random.integer(2) === 1 ? H : 1;
  const deterministic = random.integer(3) === 0;
  const pi = new Float64Array(steps * S * A);
  for (let first = 0; first < pi.length; first += A) {
    if (deterministic) {
      pi[first + random.integer(A)] = 1;
      continue;
    }
    let sum = 0;
    for (let i = first; i < first + A; i++) sum += pi[i] = -Math.log(1 - random.float());
    for (let i = first; i < first + A; i++) pi[i] /= sum;
  }
  return pi;
}

function sorted(name: string, errors: Float64Array): Series {
  const rising = errors.slice().sort();
  const points = Array.from({ length: 101 }, (_, percent) => ({
    x: percent,
    y: Math.max(FLOOR, rising[Math.round((percent / 100) * (rising.length - 1))]),
  }));
  return { name, points };
}
