import type { Initializer } from "./tensor.ts";

/** Inputs and outputs of a weight: `[in, out]` for a matrix, `[out, in, h, w]` for filters. */
function fans(shape: readonly number[]): [number, number] {
  if (shape.length < 2)
    throw new RangeError(`an initialiser that scales with fan-in needs a matrix or filters, found the shape [${shape}]`);
  if (shape.length === 2) return [shape[0], shape[1]];
  const window = shape.slice(2).reduce((n, side) => n * side, 1);
  return [shape[1] * window, shape[0] * window];
}

const count = (shape: readonly number[]) => shape.reduce((n, side) => n * side, 1);

export const zeros: Initializer = (shape) => new Float32Array(count(shape));

/** Every entry the same number. */
export const filled =
  (value: number): Initializer =>
  (shape) =>
    new Float32Array(count(shape)).fill(value);

/** Normal draws of a standard deviation. */
export const normal =
  (deviation: number): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: count(shape) }, () => deviation * random.normal());

/** Uniform draws between -bound and bound. */
export const uniform =
  (bound: number): Initializer =>
  (shape, random) =>
    Float32Array.from({ length: count(shape) }, () => random.uniform(-bound, bound));

/** U(-a, a), a = gain √(6 / (in + out)) (Glorot & Bengio 2010, eq. 16). */
export const glorot =
  (gain = 1): Initializer =>
  (shape, random) => {
    const [fanIn, fanOut] = fans(shape);
    return uniform(gain * Math.sqrt(6 / (fanIn + fanOut)))(shape, random);
  };

/** N(0, gain² / in), gain √2 for relu (He et al. 2015, eq. 10). */
export const kaiming =
  (gain = Math.SQRT2): Initializer =>
  (shape, random) =>
    normal(gain / Math.sqrt(fans(shape)[0]))(shape, random);

/** gain times a matrix with orthonormal rows or columns, whichever are fewer (Saxe et al. 2014), by Gram-Schmidt in float64, twice for accuracy. */
export const orthogonal =
  (gain = 1): Initializer =>
  (shape, random) => {
    const rows = shape[0];
    const columns = count(shape) / rows;
    const tall = rows >= columns;
    const [n, length] = tall ? [columns, rows] : [rows, columns];
    const basis: Float64Array[] = [];
    for (let i = 0; i < n; i++) {
      const v = Float64Array.from({ length }, () => random.normal());
      for (let pass = 0; pass < 2; pass++) {
        for (const u of basis) {
          let dot = 0;
          for (let k = 0; k < length; k++) dot += u[k] * v[k];
          for (let k = 0; k < length; k++) v[k] -= dot * u[k];
        }
      }
      let norm = 0;
      for (let k = 0; k < length; k++) norm += v[k] * v[k];
      norm = Math.sqrt(norm);
      for (let k = 0; k < length; k++) v[k] /= norm;
      basis.push(v);
    }
    const out = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) out[r * columns + c] = gain * (tall ? basis[c][r] : basis[r][c]);
    }
    return out;
  };
