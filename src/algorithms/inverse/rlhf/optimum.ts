import type { Answer, Context, Response } from "../../../mdp/index.ts";
import type { RespondOptions, ResponsePolicy } from "../../../policies/index.ts";
import type { ResponseReward } from "../../../rewards/index.ts";

/**
 * What RLHF looks for, where all answers can be listed (Rafailov et al. 2023, eq. 4; slides "IRL with Preference Feedback", policy
 * training): the maximiser of E_π[r(x, y)] − β KL(π ‖ π_ref),
 *
 *     π*(y | x) = π_ref(y | x) exp(r(x, y)/β) / Z(x),   Z(x) = Σ_y π_ref(y | x) exp(r(x, y)/β)
 *
 * `logPiRef` and `r` are `[X, Y]`; gives log π* `[X, Y]`. Throws if β is not positive or the tables don't fit.
 *
 * @formula rlhf-optimum
 */
export function rlhfOptimum(logPiRef: ArrayLike<number>, r: ArrayLike<number>, beta: number, Y: number): Float64Array {
  if (!(beta > 0)) throw new RangeError(`beta is ${beta}, expected a positive number; at 0 the optimum is the best answer alone`);
  fits(logPiRef, r, Y);
  const z = Float64Array.from(logPiRef, (own, i) => own + r[i] / beta);
  for (let from = 0; from < z.length; from += Y) {
    const row = z.subarray(from, from + Y);
    const top = row.reduce((most, value) => Math.max(most, value), -Infinity);
    const logZ = top + Math.log(row.reduce((sum, value) => sum + Math.exp(value - top), 0));
    for (let y = 0; y < Y; y++) row[y] -= logZ;
  }
  return z;
}

/**
 * The best of n answers of π_ref, as a policy, where all answers can be listed: with F(y) the chance that an answer of π_ref is worth
 * r(x, y) or less, F⁻(y) less,
 *
 *     π_n(y | x) = [F(y)^n − F⁻(y)^n] π_ref(y | x) / (F(y) − F⁻(y))
 *
 * (of equal answers the one drawn first is taken). Tables `[X, Y]`; gives π_n `[X, Y]`.
 *
 * @formula best-of-n
 */
export function bestOfNPolicy(logPiRef: ArrayLike<number>, r: ArrayLike<number>, n: number, Y: number): Float64Array {
  fits(logPiRef, r, Y);
  const pi = new Float64Array(logPiRef.length);
  for (let from = 0; from < pi.length; from += Y) {
    for (let y = 0; y < Y; y++) {
      let [below, equal] = [0, 0];
      for (let other = 0; other < Y; other++) {
        const p = Math.exp(logPiRef[from + other]);
        if (r[from + other] < r[from + y]) below += p;
        else if (r[from + other] === r[from + y]) equal += p;
      }
      const own = Math.exp(logPiRef[from + y]);
      pi[from + y] = equal > 0 ? (((below + equal) ** n - below ** n) * own) / equal : 0;
    }
  }
  return pi;
}

/**
 * KL(π_n ‖ π_ref) of the best of n in nats (Stiennon et al. 2020, appendix G.3): exact where no two answers are worth the same, an
 * upper bound otherwise (Beirami et al. 2024),
 *
 *     log n − (n − 1)/n
 *
 * @formula best-of-n-kl
 */
export function bestOfNKl(n: number): number {
  return Math.log(n) - (n - 1) / n;
}

/** The best of n drawn responses to each context, by the reward. Nothing is trained. Throws if the reward gives no numbers. */
export async function bestOfN(
  { model, theta }: ResponsePolicy,
  contexts: readonly Context[],
  reward: ResponseReward,
  options: RespondOptions & { readonly n: number },
): Promise<{ responses: Response[]; rewards: Float64Array }> {
  const { n } = options;
  const drawn = await model.respond(theta, contexts, options);
  const answers = contexts.flatMap((x, i): Answer[] => drawn[i].map((y) => ({ x, y })));
  const r = await reward(answers);
  if (r.length !== answers.length || !Array.from(r).every(Number.isFinite)) {
    throw new RangeError(`the reward gave ${r.length} numbers for ${answers.length} answers, expected one finite number each`);
  }
  const best = contexts.map((_, i) => bestIn(r, i * n, n));
  return { responses: best.map((k) => answers[k].y), rewards: Float64Array.from(best, (k) => r[k]) };
}

/** The number of the largest of n entries from `from` on, the first of equal ones. */
export function bestIn(r: ArrayLike<number>, from: number, n: number): number {
  let best = from;
  for (let k = from + 1; k < from + n; k++) if (r[k] > r[best]) best = k;
  return best;
}

/**
 * The mean score of the best of n of N drawn answers, for every n ≤ N at once and without bias (Nakano et al. 2021, appendix I, as used by Gao et al. 2023): sorted by
 * the reward, the k-th answer from below is the best of n drawn without return with chance C(k − 1, n − 1)/C(N, n),
 *
 *     Σ_{k = n}^{N} C(k − 1, n − 1)/C(N, n) score_(k)
 *
 * Throws a RangeError unless n is from 1 to N.
 *
 * @formula best-of-n-mean
 */
export function bestOfNMean(r: ArrayLike<number>, score: ArrayLike<number>, n: number): number {
  const N = r.length;
  if (!(n >= 1 && n <= N)) throw new RangeError(`the best of ${n} of ${N} answers; expected n from 1 to ${N}`);
  const order = Array.from({ length: N }, (_, i) => i).sort((a, b) => r[a] - r[b] || b - a);
  let weight = n / N; // of the largest: C(N − 1, n − 1)/C(N, n)
  let mean = 0;
  for (let k = N; k >= n; k--) {
    mean += weight * score[order[k - 1]];
    weight *= (k - n) / (k - 1);
  }
  return mean;
}

function fits(logPiRef: ArrayLike<number>, r: ArrayLike<number>, Y: number): void {
  if (logPiRef.length !== r.length || r.length % Y !== 0 || r.length === 0) {
    throw new RangeError(`found ${logPiRef.length} log-probabilities and ${r.length} rewards, expected [X, ${Y}] of both`);
  }
}
