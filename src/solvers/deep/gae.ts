/** T steps of n copies side by side, step by step: row t holds step t of every copy, `[T, n]`. */
export interface ValuedSteps {
  /** r_t */
  readonly rewards: ArrayLike<number>;
  /** V(s_t) */
  readonly values: ArrayLike<number>;
  /** V(s'_t), s'_t being what the step itself led to: where the episode was cut, its last observation. */
  readonly nextValues: ArrayLike<number>;
  /** 1 where the world ended the episode: nothing follows, whatever `nextValues` says. */
  readonly terminated: Uint8Array;
  /** 1 where the time limit cut it: s'_t still has a value, but the next row is of another episode. */
  readonly truncated: Uint8Array;
}

export interface Advantages {
  /** A_t, `[T, n]` */
  readonly advantages: Float64Array;
  /** A_t + V(s_t), what the value is regressed on, `[T, n]` */
  readonly returns: Float64Array;
}

/**
 * Generalised advantage estimates (Schulman et al. 2016, eq. 16), backwards through time:
 *
 *     δ_t = r_t + γ (1 − terminated_t) V(s'_t) − V(s_t)
 *     A_t = δ_t + γ λ (1 − done_t) A_{t+1},   done_t = terminated_t or truncated_t,   A_{T+1} = 0
 *
 * An episode that is cut is bootstrapped from the value of its last observation, one that ends is not (Pardo et al. 2018).
 * Throws if the columns are not of one length, a multiple of n.
 * @formula gae
 */
export function gae(steps: ValuedSteps, n: number, gamma: number, lambda: number): Advantages {
  const { rewards, values, nextValues, terminated, truncated } = steps;
  const N = rewards.length;
  const lengths = [N, values.length, nextValues.length, terminated.length, truncated.length];
  if (lengths.some((length) => length !== N) || !(Number.isInteger(n) && n > 0 && N % n === 0)) {
    throw new RangeError(
      `gae takes rewards, values, nextValues, terminated and truncated of T x ${n} entries each, found ${lengths.join(", ")}`,
    );
  }
  const advantages = new Float64Array(N);
  const returns = new Float64Array(N);
  for (let k = N - 1; k >= 0; k--) {
    const future = terminated[k] === 1 ? 0 : nextValues[k];
    const delta = rewards[k] + gamma * future - values[k];
    const done = (terminated[k] | truncated[k]) === 1 || k + n >= N;
    advantages[k] = done ? delta : delta + gamma * lambda * advantages[k + n];
    returns[k] = advantages[k] + values[k];
  }
  return { advantages, returns };
}
