import { add, div, mean, mul, type Tensor } from "../../../autodiff/index.ts";
import { type Dials, type LossName, losses, type Pairs } from "./losses.ts";

/** Losses with their weights: `{ sigmoid: 0.8, sft: 0.2 }`. */
export type Mixture = Readonly<Partial<Record<LossName, number>>>;

/** One loss by its name, or a weighted sum: as an object, or written out, `"0.8 sigmoid + 0.2 sft"`. */
export type Loss = LossName | Mixture | (string & {});

/** The options of the loss. */
export interface LossOptions {
  /** Which loss of the margin, or a weighted sum of several. */
  loss: Loss;
  /** β: how much reward a nat of divergence from π_ref is worth. */
  beta: number;
  /** ε: the share of comparisons that are taken to be the wrong way round, for the losses that ask for it. */
  labelSmoothing: number;
  /** Divide every log-probability by its response's length. */
  lengthNormalised: boolean;
  /** Leave π_ref out: the implicit reward is β log π_θ(y | x). */
  referenceFree: boolean;
  /** τ of `discopop`: how sharply it goes over from −log σ(z) to e^−z as the margin z changes sign. */
  discopopTau: number;
}

export const lossDefaults: LossOptions = {
  loss: "sigmoid",
  beta: 0.1,
  labelSmoothing: 0,
  lengthNormalised: false,
  referenceFree: false,
  discopopTau: 0.05,
};

const SMOOTHED: readonly LossName[] = ["sigmoid", "sigmoid_norm", "exo_pair", "robust", "aot", "aot_unpaired"];
/** Losses in which a chosen response is not compared with its own rejected one. */
const UNPAIRED: readonly LossName[] = ["bco_pair", "nca_pair", "sppo_hard", "apo_zero", "aot_unpaired", "sft"];

/** The losses with their weights. Throws on a name or number that can't be, naming those that can. */
export function mixtureOf(loss: Loss): [LossName, number][] {
  const parts = typeof loss === "string" ? written(loss) : Object.entries(loss);
  if (parts.length === 0) throw new RangeError("the loss is empty; expected a name, or names with weights");
  return parts.map(([name, weight]) => {
    if (!Object.hasOwn(losses, name)) {
      throw new RangeError(
        `there is no loss "${name}"; there are ${Object.keys(losses).join(", ")}, and sums such as "sigmoid + 0.2 sft"`,
      );
    }
    if (!(typeof weight === "number" && Number.isFinite(weight) && weight > 0)) {
      throw new RangeError(`the weight of the loss ${name} is ${weight}, expected a positive number`);
    }
    return [name as LossName, weight];
  });
}

function written(text: string): [string, number][] {
  return text.split("+").map((term) => {
    const [weight, name] = /^\s*(?:(-?[\d.]+(?:e-?\d+)?)\s*[*·]?\s*(?=[^\s\d.]))?(\S*)\s*$/.exec(term)?.slice(1) ?? [
      undefined,
      term.trim(),
    ];
    return [name ?? "", weight === undefined ? 1 : Number(weight)];
  });
}

/** Throws on dials that can't be, or that no part of the loss reads. */
export function checkLoss(options: LossOptions, unpaired = false): void {
  const { beta, labelSmoothing: epsilon, discopopTau } = options;
  const names = mixtureOf(options.loss).map(([name]) => name);
  if (!(beta > 0 && Number.isFinite(beta))) throw new RangeError(`beta is ${beta}, expected a positive number, often 0.1`);
  if (!(epsilon >= 0 && epsilon < 0.5)) throw new RangeError(`labelSmoothing is ${epsilon}, expected 0 to below 0.5`);
  if (!(discopopTau > 0)) throw new RangeError(`discopopTau is ${discopopTau}, expected a positive number, often 0.05`);
  if (names.includes("exo_pair") && epsilon === 0) {
    throw new RangeError("the loss exo_pair needs labelSmoothing > 0 (it is the divergence from it); its paper takes 0.001");
  }
  if (epsilon > 0 && !names.some((name) => SMOOTHED.includes(name))) {
    throw new RangeError(`labelSmoothing ${epsilon} is not read by ${names.join(" + ")}; it is by ${SMOOTHED.join(", ")}`);
  }
  const paired = unpaired ? names.find((name) => !UNPAIRED.includes(name)) : undefined;
  if (paired)
    throw new RangeError(
      `the loss ${paired} compares two responses to one context, found ratings of single ones; use ${UNPAIRED.join(", ")}`,
    );
}

/** Losses that sort the comparisons of a minibatch, which they therefore need at once. */
const SORTED: readonly LossName[] = ["aot", "aot_unpaired"];

/** Throws where a loss can't be added up over parts of a minibatch. */
export function checkParts(loss: Loss): void {
  const sorted = mixtureOf(loss).find(([name]) => SORTED.includes(name));
  if (sorted) throw new RangeError(`the loss ${sorted[0]} sorts a whole minibatch, found microBatch; leave microBatch out`);
}

/** The loss of P comparisons, a scalar: Σ_k weight_k mean_i loss_k(i). Without reference refW and refL are given as zeros. */
export function lossOf(pairs: Pairs, options: LossOptions): Tensor {
  const own = options.lengthNormalised ? normalised(pairs) : pairs;
  const dials: Dials = options;
  const terms = mixtureOf(options.loss).map(([name, weight]) => {
    const each = losses[name](own, dials);
    const term = each.shape.length === 0 ? each : mean(each);
    return weight === 1 ? term : mul(weight, term);
  });
  return terms.reduce((a, b) => add(a, b));
}

/** Log-probabilities for each token, of responses that count as one token each. */
function normalised({ w, l, refW, refL, lengthW, lengthL }: Pairs): Pairs {
  const one = (length: Tensor) => div(length, length);
  return {
    w: div(w, lengthW),
    l: div(l, lengthL),
    refW: div(refW, lengthW),
    refL: div(refL, lengthL),
    lengthW: one(lengthW),
    lengthL: one(lengthL),
  };
}
