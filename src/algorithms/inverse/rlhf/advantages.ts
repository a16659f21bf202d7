import { gae } from "../../../solvers/index.ts";

/**
 * REINFORCE's advantages with the other responses to the same context as the baseline (Kool et al. 2019; Ahmadian et al. 2024,
 * section 2.2), groups of n side by side:
 *
 *     A_i = R_i − 1/(n − 1) Σ_{j ≠ i} R_j
 *
 * @formula leave-one-out
 */
export function leaveOneOut(R: Float64Array, n: number): Float64Array {
  const sums = groupSums(R, n);
  return R.map((own, i) => own - (sums[Math.floor(i / n)] - own) / (n - 1));
}

/** c: keeps the advantages of a group whose rewards are all the same finite. */
const TINY = 1e-4;

/**
 * Group-relative advantages (Shao et al. 2024, section 4.1.2), groups of n side by side:
 *
 *     A_i = (R_i − mean_j R_j) / (std_j R_j + c),   std_j R_j = √(Σ_j (R_j − mean R)² / (n − 1))
 *
 * Without `scale` they are not divided (Liu et al. 2025).
 *
 * @formula group-relative
 */
export function groupRelative(R: Float64Array, n: number, scale: boolean): Float64Array {
  const means = groupSums(R, n).map((sum) => sum / n);
  const A = R.map((own, i) => own - means[Math.floor(i / n)]);
  if (!scale) return A;
  const squares = groupSums(
    A.map((a) => a * a),
    n,
  );
  return A.map((a, i) => a / (Math.sqrt(squares[Math.floor(i / n)] / (n - 1)) + TINY));
}

function groupSums(R: Float64Array, n: number): Float64Array {
  const sums = new Float64Array(R.length / n);
  R.forEach((own, i) => {
    sums[Math.floor(i / n)] += own;
  });
  return sums;
}

/** What is known of a response, token by token `[T]`. */
export interface Tokens {
  /** log π_old(a_t | x, a_1, ..., a_{t-1}) */
  readonly logPi: Float32Array;
  /** log π_ref of the same. */
  readonly logPiRef: Float32Array;
  /** V(x, a_1, ..., a_{t-1}), where there is a critic. */
  readonly values?: Float32Array;
}

/**
 * The reward of each token under a divergence penalty (Ziegler et al. 2019, section 2; Ouyang et al. 2022): the score stands at the
 * response's end,
 *
 *     r_t = −β log π_old(a_t | ...)/π_ref(a_t | ...) + 1{t = T} r(x, y)
 *
 * so that E[Σ_t r_t] = E[r(x, y)] − β KL(π_old ‖ π_ref).
 *
 * @formula token-reward
 */
export function tokenRewards({ logPi, logPiRef }: Tokens, r: number, beta: number): Float64Array {
  const rewards = Float64Array.from(logPi, (own, t) => -beta * (own - logPiRef[t]));
  rewards[rewards.length - 1] += r;
  return rewards;
}

/** Generalised advantages and returns of the tokens of each response; a response's end is the end of its episode. */
export function tokenAdvantages(
  responses: readonly Tokens[],
  rewards: readonly Float64Array[],
  { gamma, lambda, normaliseAdvantages }: { gamma: number; lambda: number; normaliseAdvantages: boolean },
): { advantages: Float32Array[]; returns: Float32Array[] } {
  const advantages: Float64Array[] = [];
  const returns: Float32Array[] = [];
  responses.forEach(({ values }, i) => {
    const T = rewards[i].length;
    const terminated = new Uint8Array(T);
    terminated[T - 1] = 1;
    const nextValues = Float32Array.from({ length: T }, (_, t) => (t + 1 < T ? values![t + 1] : 0));
    const steps = { rewards: rewards[i], values: values!, nextValues, terminated, truncated: new Uint8Array(T) };
    const own = gae(steps, 1, gamma, lambda);
    advantages.push(own.advantages);
    returns.push(Float32Array.from(own.returns));
  });
  return { advantages: (normaliseAdvantages ? normalised(advantages) : advantages).map((A) => Float32Array.from(A)), returns };
}

/** Mean 0 and deviation 1 over all tokens of all responses. */
function normalised(lists: readonly Float64Array[]): Float64Array[] {
  let [n, sum, squares] = [0, 0, 0];
  for (const A of lists) for (const a of A) [n, sum] = [n + 1, sum + a];
  const mean = sum / n;
  for (const A of lists) for (const a of A) squares += (a - mean) ** 2;
  const std = Math.sqrt(squares / n) + 1e-8;
  return lists.map((A) => A.map((a) => (a - mean) / std));
}
