import { rng } from "../autodiff/index.ts";
import type { FragmentChoice, FragmentComparison, FragmentExpert, Trajectory } from "../mdp/index.ts";

export interface FragmentJudgeOptions {
  /** T: how much return a nat of certainty is worth; 0 for an expert who never errs on its own. */
  readonly temperature?: number;
  /** The chance that an answer is the wrong way round. */
  readonly error?: number;
  /** γ of the returns that are compared. */
  readonly discount?: number;
  /** Returns that differ by no more than this are as good as one another. */
  readonly tie?: number;
  readonly seed?: number;
}

/**
 * An expert who compares fragments by the world's own rewards, in place of a person (Christiano et al. 2017, section 3.1):
 *
 *     p(σ₁ ≻ σ₂) = σ((R(σ₁) − R(σ₂)) / T),   R(σ) = Σ_t γ^t r_t
 *
 * and turns its answer round now and then. An answer follows from the fragments and the question's number alone, so that the same
 * question has the same answer in a run that was resumed. Throws on options that can't be.
 * @formula fragment-judge
 */
export function fragmentJudge(options: FragmentJudgeOptions = {}): FragmentExpert {
  const { temperature = 0, error = 0, discount = 1, tie = 0, seed = 0 } = options;
  for (const [name, value, most] of [
    ["temperature", temperature, Infinity],
    ["error", error, 1],
    ["discount", discount, 1],
    ["tie", tie, Infinity],
  ] as const) {
    if (!(value >= 0 && value <= most))
      throw new RangeError(
        `${name} is ${value}, expected a number from 0${most === Infinity ? "" : ` to ${most}`}; correct the expert`,
      );
  }
  const stream = rng(seed).split("fragment judge");
  const answer = ({ number, first, second }: FragmentComparison): FragmentChoice => {
    const better = discounted(first, discount) - discounted(second, discount);
    if (Math.abs(better) <= tie) return 0.5;
    const random = stream.split(number);
    const likely = temperature > 0 ? random.float() < 1 / (1 + Math.exp(-better / temperature)) : better > 0;
    return likely !== random.float() < error ? 1 : 0;
  };
  return { compare: (comparisons) => comparisons.map(answer) };
}

function discounted({ rewards }: Trajectory, gamma: number): number {
  let sum = 0;
  for (let t = rewards.length - 1; t >= 0; t--) sum = rewards[t] + gamma * sum;
  return sum;
}
