import { meanOf } from "../data/index.ts";
import { preferenceProbability } from "./bradley-terry.ts";

/** How well rewards agree with comparisons yw ≻ yl. */
export interface RewardJudgement {
  readonly comparisons: number;
  /** The share of comparisons whose preferred response has the larger reward. */
  readonly accuracy: number;
  /** The share in which both have the same. */
  readonly tieRate: number;
  /** mean |r(x, yw) - r(x, yl)| / std of all rewards. */
  readonly margin: number;
  /** The mean of -log σ(r(x, yw) - r(x, yl)), in nats a comparison. */
  readonly loss: number;
  readonly calibration: Calibration;
}

/** Whether the chances that rewards give are the shares that come true. */
export interface Calibration {
  /** Σ_b n_b / N |accuracy_b - confidence_b| */
  readonly error: number;
  /** Bins of the confidence, from ½ to 1; those without comparisons are left out. */
  readonly bins: readonly { readonly confidence: number; readonly accuracy: number; readonly comparisons: number }[];
}

/**
 * Judges rewards `[P]` of preferred and other responses. Two rewards that differ by at most `tie` are the same.
 *
 * Throws without a comparison, and on rewards that are no numbers.
 */
export function judgeRewards(
  rw: ArrayLike<number>,
  rl: ArrayLike<number>,
  { tie = 0, bins = 10 }: { readonly tie?: number; readonly bins?: number } = {},
): RewardJudgement {
  const P = rw.length;
  if (P === 0 || rl.length !== P) {
    throw new RangeError(
      `found ${P} rewards of preferred and ${rl.length} of other responses, expected one of each for a comparison`,
    );
  }
  const all = [...Array.from(rw), ...Array.from(rl)];
  const odd = all.findIndex((r) => !Number.isFinite(r));
  if (odd >= 0)
    throw new RangeError(
      `the reward of ${odd < P ? "the preferred" : "the other"} response ${odd % P} is ${all[odd]}, expected a number`,
    );
  const differences = Array.from({ length: P }, (_, i) => (Math.abs(rw[i] - rl[i]) <= tie ? 0 : rw[i] - rl[i]));
  return {
    comparisons: P,
    accuracy: meanOf(differences.map(rankedRight)),
    tieRate: meanOf(differences.map((d) => Number(d === 0))),
    margin: relativeMargin(differences, all),
    loss: meanOf(differences.map((d) => Math.max(0, -d) + Math.log1p(Math.exp(-Math.abs(d))))), // -log σ(d), however small
    calibration: calibrationOf(differences, bins),
  };
}

/**
 * Whether a comparison is ranked right; a tie counts one half:
 *
 *     1{rw > rl} + ½ 1{rw = rl}
 *
 * @formula reward-accuracy
 */
export function rankedRight(difference: number): number {
  return 0.5 * (1 + Math.sign(difference));
}

/**
 * How far apart compared responses are, on the scale of the rewards (Razin et al. 2025, section 5):
 *
 *     mean |r(x, yw) - r(x, yl)| / std(all rewards)
 *
 * 0 where all rewards are the same.
 * @formula reward-margin
 */
export function relativeMargin(differences: readonly number[], all: readonly number[]): number {
  const mean = meanOf(all);
  const std = Math.sqrt(meanOf(all.map((r) => (r - mean) ** 2)));
  return std === 0 ? 0 : meanOf(differences.map(Math.abs)) / std;
}

/**
 * Expected calibration error (Guo et al. 2017) of the chances that Bradley-Terry gives to the response with the larger reward:
 *
 *     Σ_b n_b / N |accuracy_b - confidence_b|,  confidence = σ(|rw - rl|)
 *
 * over bins b of equal width between ½ and 1.
 * @formula reward-calibration
 */
export function calibrationOf(differences: readonly number[], count = 10): Calibration {
  const sums = Array.from({ length: count }, () => ({ confidence: 0, accuracy: 0, comparisons: 0 }));
  for (const d of differences) {
    const confidence = preferenceProbability(Math.abs(d), 0);
    const own = sums[Math.min(count - 1, Math.floor((confidence - 0.5) * 2 * count))];
    own.confidence += confidence;
    own.accuracy += rankedRight(d);
    own.comparisons += 1;
  }
  const bins = sums
    .filter(({ comparisons: n }) => n > 0)
    .map(({ confidence, accuracy, comparisons: n }) => ({ confidence: confidence / n, accuracy: accuracy / n, comparisons: n }));
  const error = bins.reduce(
    (total, { confidence, accuracy, comparisons: n }) => total + (n / differences.length) * Math.abs(accuracy - confidence),
    0,
  );
  return { error, bins };
}
