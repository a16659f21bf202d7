/** A response with the hidden vectors of its prefixes: `h[t]` is that of (x, y_1, ..., y_t), the one that y_{t+1} is chosen from. */
export interface Path {
  readonly y: Int32Array;
  /** `[T + 1]` vectors `[D]`. */
  readonly h: readonly Float32Array[];
}

/** η g ⟨h_{x'y'}, h_{xy+} - h_{xy-}⟩: how an explicit reward changes. */
export function explicitChange(eta: number, g: number, at: Path, plus: Path, minus: Path): number {
  const own = at.h[at.y.length];
  return eta * g * (dot(own, plus.h[plus.y.length]) - dot(own, minus.h[minus.y.length]));
}

/** η g β² Σ_k [Σ_l ρ_kl(y+) ⟨h_{x'y'<k}, h_{xy+<l}⟩ - ...]: how an implicit reward changes, to first order. */
export function implicitChange(
  eta: number,
  g: number,
  beta: number,
  U: ArrayLike<number>,
  at: Path,
  plus: Path,
  minus: Path,
): number {
  const weighed = (v: Path) => {
    let total = 0;
    for (let k = 0; k < at.y.length; k++) {
      const piAt = softmax(U, at.h[k]);
      for (let l = 0; l < v.y.length; l++) {
        const pi = softmax(U, v.h[l]);
        // ρ_kl(v) = 1[y'_k = v_l] - π(y'_k | x, v_<l) - π(v_l | x', y'_<k) + ⟨π(· | x', y'_<k), π(· | x, v_<l)⟩
        const rho = Number(at.y[k] === v.y[l]) - pi[at.y[k]] - piAt[v.y[l]] + dot(piAt, pi);
        total += rho * dot(at.h[k], v.h[l]);
      }
    }
    return total;
  };
  return eta * g * beta ** 2 * (weighed(plus) - weighed(minus));
}

/** Σ_t log π(y_t | x, y_<t), in double precision. */
export function logProb(U: ArrayLike<number>, { y, h }: Path): number {
  return Array.from(y).reduce((sum, token, t) => sum + Math.log(softmax(U, h[t])[token]), 0);
}

/** softmax(U h), U `[V, D]`. */
function softmax(U: ArrayLike<number>, h: Float32Array): Float64Array {
  const D = h.length;
  const z = Float64Array.from({ length: U.length / D }, (_, v) => {
    let own = 0;
    for (let k = 0; k < D; k++) own += U[v * D + k] * h[k];
    return own;
  });
  const top = Math.max(...z);
  const weight = z.map((own) => Math.exp(own - top));
  const total = weight.reduce((a, b) => a + b);
  return weight.map((w) => w / total);
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
