import {
  compile,
  grad,
  input,
  logSoftmax,
  matmul,
  mul,
  type Program,
  param,
  type Rng,
  reshape,
  rng,
  slice,
  sum,
  takeAlongAxis,
  zeros,
} from "../../autodiff/index.ts";
import { bradleyTerryLoss, explicitReward, implicitReward, preferenceProbability } from "../../rewards/index.ts";
import { type Experiment, judged } from "../experiment.ts";
import { exponent, lineOf, type Repeated } from "../power-law.ts";
import { dot, explicitChange, implicitChange, logProb, type Path } from "./closed-forms.ts";
import expected from "./expected.json" with { type: "json" };

const D = 6;
const V = 10;
const T = 4;
const BETA = 0.5;
const ETAS = [1 / 256, 1 / 128, 1 / 64, 1 / 32, 1 / 16, 1 / 8];

/** One gradient step's change of a reward, against the closed forms. */
export const razin2025Dynamics: Experiment = {
  id: "razin2025-dynamics",
  title: "Explicit rewards spread by meaning, implicit ones by the tokens that answers share",
  source: "Razin et al. 2025, section 4.1",
  claims: expected,

  async run({ quick = false, seeds = quick ? 8 : 40, onProgress }) {
    const gradients = await compileGradients();
    const worst = { explicit: 0, implicit: 0 };
    const errors = ETAS.map((x) => ({ x, values: [] as number[] }));
    const changes = ETAS.map((x) => ({ x, values: [] as number[] }));
    for (let seed = 0; seed < seeds; seed++) {
      const found = await step(gradients, rng(seed).split("razin2025-dynamics"));
      worst.explicit = Math.max(worst.explicit, ...found.map(({ explicit }) => explicit));
      worst.implicit = Math.max(worst.implicit, found[0].implicit / found[0].change);
      found.forEach(({ implicit, change }, i) => {
        errors[i].values.push(implicit);
        changes[i].values.push(change);
      });
      onProgress?.({ done: seed + 1, total: seeds, unit: "worlds" });
    }
    await gradients.release();
    const slope = exponent(errors as Repeated[], { paired: true });
    return {
      rows: judged(expected, { ...worst, slope }),
      figures: [
        {
          kind: "lines",
          title: "What the closed form leaves over is of second order",
          caption: "Means over worlds of the largest value over 12 answers, with 95 % intervals.",
          x: "step length η",
          y: "implicit reward",
          logX: true,
          logY: true,
          series: [lineOf("its change in one step", changes), lineOf("error of the closed form", errors)],
        },
      ],
    };
  },
};

/** ∇L of both kinds for one comparison; the preferred answer is row 0, the other row 1. */
function compileGradients(): Promise<Program> {
  const U = param([V, D], zeros);
  const u = param([D], zeros);
  const h = input("h", [2, T, D]);
  const mask = input("mask", [2, T]);
  const logPi = takeAlongAxis(logSoftmax(matmul(reshape(h, [-1, D]), U, { transposeB: true })), input("y", [2 * T], "int32"));
  const implicit = implicitReward(sum(mul(reshape(logPi, [2, T]), mask), 1), input("reference", [2]), BETA);
  const explicit = explicitReward(u, input("last", [2, D]));
  const loss = (r: typeof explicit) => sum(bradleyTerryLoss(slice(r, 0, 0, 1), slice(r, 0, 1, 2)));
  const [gU] = grad(loss(implicit), [U]);
  const [gu] = grad(loss(explicit), [u]);
  return compile({ outputs: { gU, gu }, params: { U, u } });
}

/** One comparison, a step of each length, and the largest error over 12 answers, some of which share tokens with it. */
async function step(gradients: Program, random: Rng) {
  const vector = () => Float32Array.from({ length: D }, () => 0.6 * random.normal());
  const drawn = (): Path => {
    const y = Int32Array.from({ length: 1 + random.integer(T) }, () => random.integer(V));
    return { y, h: Array.from({ length: y.length + 1 }, vector) };
  };
  const [plus, minus] = [drawn(), drawn()];
  const others = [plus, minus, ...Array.from({ length: 10 }, drawn)];
  const U = Float32Array.from({ length: V * D }, () => random.normal());
  const reference = U.map((w) => w + 0.3 * random.normal());
  const u = vector();

  const feeds = {
    theta: Float32Array.from([...U, ...u]),
    h: new Float32Array(2 * T * D),
    mask: new Float32Array(2 * T),
    y: new Int32Array(2 * T),
    last: new Float32Array(2 * D),
    reference: Float32Array.of(logProb(reference, plus), logProb(reference, minus)),
  };
  [plus, minus].forEach(({ y, h }, row) => {
    feeds.mask.fill(1, row * T, row * T + y.length);
    feeds.y.set(y, row * T);
    for (let t = 0; t < y.length; t++) feeds.h.set(h[t], (row * T + t) * D);
    feeds.last.set(h[y.length], row * D);
  });
  const { gU, gu } = await gradients.run(feeds);

  const implicitOf = (at: Path, W: ArrayLike<number>) => BETA * (logProb(W, at) - logProb(reference, at));
  const explicitOf = (at: Path, w: ArrayLike<number>) => dot(w, at.h[at.y.length]);
  const gImplicit = preferenceProbability(implicitOf(minus, U), implicitOf(plus, U));
  const gExplicit = preferenceProbability(explicitOf(minus, u), explicitOf(plus, u));
  return ETAS.map((eta) => {
    const nextU = Float64Array.from(U, (w, i) => w - eta * gU[i]);
    const nextu = Float64Array.from(u, (w, i) => w - eta * gu[i]);
    let [explicit, explicitMost, implicit, change] = [0, 0, 0, 0];
    for (const at of others) {
      const byU = implicitOf(at, nextU) - implicitOf(at, U);
      const byu = explicitOf(at, nextu) - explicitOf(at, u);
      change = Math.max(change, Math.abs(byU));
      explicitMost = Math.max(explicitMost, Math.abs(byu));
      implicit = Math.max(implicit, Math.abs(byU - implicitChange(eta, gImplicit, BETA, U, at, plus, minus)));
      explicit = Math.max(explicit, Math.abs(byu - explicitChange(eta, gExplicit, at, plus, minus)));
    }
    return { explicit: explicit / explicitMost, implicit, change };
  });
}
