import { constant, div, matmul, mul, sqrt, square, stopGradient, sum, type Tensor } from "../autodiff/index.ts";

/** Rounds of the power method; the layers here are small and their first singular value stands out. */
const ROUNDS = 8;

/** A fixed direction to begin with, of n numbers of which none is 0. */
const start = (n: number) => Float32Array.from({ length: n }, (_, i) => Math.cos(1 + 2.4 * i) / Math.sqrt(n));

/**
 * W / σ(W), σ the largest singular value, so that a layer stretches nothing (Miyato et al. 2018, eq. 8):
 *
 *     u ← Wᵀ v / ‖Wᵀ v‖,  v ← W u / ‖W u‖  a few times from a fixed v;  σ = vᵀ W u
 *
 * u and v are taken as constants by the derivative. The method is begun anew each time, so nothing has to be kept between updates.
 * @formula spectral-normalisation
 */
export function spectral(W: Tensor): Tensor {
  const [rows] = W.shape as number[];
  const unit = (x: Tensor) => div(x, sqrt(sum(square(x))));
  const fixed = stopGradient(W);
  let v: Tensor = constant(start(rows), [rows, 1]);
  let u = v;
  for (let k = 0; k < ROUNDS; k++) {
    u = unit(matmul(fixed, v, { transposeA: true }));
    v = unit(matmul(fixed, u));
  }
  return div(W, sum(mul(v, matmul(W, u))));
}

/** The same on numbers, W `[rows, columns]`. */
export function spectralNumbers(W: Float32Array, rows: number): Float32Array {
  const n = W.length / rows;
  let v = Float64Array.from(start(rows));
  let u = new Float64Array(n);
  let sigma = 1;
  for (let k = 0; k < ROUNDS; k++) {
    u = unitVector(u.map((_, j) => v.reduce((total, x, i) => total + W[i * n + j] * x, 0)));
    const stretched = v.map((_, i) => u.reduce((total, x, j) => total + W[i * n + j] * x, 0));
    sigma = Math.hypot(...stretched);
    v = unitVector(stretched);
  }
  return W.map((w) => w / sigma);
}

function unitVector(x: Float64Array): Float64Array<ArrayBuffer> {
  const norm = Math.hypot(...x);
  return Float64Array.from(x, (value) => value / norm);
}
