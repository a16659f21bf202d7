import { rng } from "../../autodiff/random.ts";

// What the world looks like apart from the road: patterns that repeat, drawn once from a fixed seed. They are the same in every
// episode; an episode only moves the shadows and changes the light.

/** The side of the square patterns, a power of two. */
export const SIDE = 256;

/** The patterns. */
export interface Scenery {
  /** Fine grain of the ground, -1 to 1, `[SIDE, SIDE]`. */
  readonly grain: Float32Array;
  /** Smooth patches, 0 to 1 with every value equally common, `[SIDE, SIDE]`: shadows are where they are above a threshold. */
  readonly patches: Float32Array;
  /** Heights of the hills round the horizon, 0 to 1, in equal steps of direction. */
  readonly hills: Float32Array;
  /** Standard normal draws, for the camera's noise. */
  readonly normals: Float32Array;
}

let drawn: Scenery | undefined;

/** The patterns, drawn with the first picture: it takes a tenth of a second, and most programs never take one. */
export function scenery(): Scenery {
  drawn ??= {
    grain: pattern("grain", [1, 2, 5], [0.5, 0.3, 0.2]),
    patches: ranked(pattern("patches", [16, 32], [0.7, 0.3])),
    hills: skyline(1024),
    normals: Float32Array.from({ length: 1 << 14 }, draws("noise")),
  };
  return drawn;
}

function draws(name: string): () => number {
  const random = rng(2016).split(name);
  return () => random.normal();
}

/** A sum of smooth noises of given wavelengths (in cells) and weights, that repeats after SIDE cells both ways. */
function pattern(name: string, wavelengths: readonly number[], weights: readonly number[]): Float32Array {
  const random = rng(2016).split(name);
  const out = new Float32Array(SIDE * SIDE);
  wavelengths.forEach((wavelength, k) => {
    const n = Math.max(1, Math.round(SIDE / wavelength));
    const knots = Float64Array.from({ length: n * n }, () => random.uniform(-1, 1));
    for (let r = 0; r < SIDE; r++) {
      for (let c = 0; c < SIDE; c++) out[r * SIDE + c] += weights[k] * blended(knots, n, (r * n) / SIDE, (c * n) / SIDE);
    }
  });
  return out;
}

/** A smooth blend of the four knots around a place. */
function blended(knots: Float64Array, n: number, row: number, column: number): number {
  const [r, c] = [Math.floor(row), Math.floor(column)];
  const ease = (t: number) => t * t * (3 - 2 * t);
  const [u, v] = [ease(row - r), ease(column - c)];
  const at = (i: number, j: number) => knots[(i % n) * n + (j % n)];
  return (1 - u) * ((1 - v) * at(r, c) + v * at(r, c + 1)) + u * ((1 - v) * at(r + 1, c) + v * at(r + 1, c + 1));
}

/** Every value replaced by the share of values below it. */
function ranked(values: Float32Array): Float32Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const out = new Float32Array(values.length);
  order.forEach((place, rank) => {
    out[place] = rank / values.length;
  });
  return out;
}

function skyline(n: number): Float32Array {
  const random = rng(2016).split("hills");
  const waves = Array.from({ length: 24 }, (_, k) => ({
    turns: 2 + k,
    height: random.uniform(0.3, 1) / (2 + k) ** 0.8,
    phase: random.uniform(0, 2 * Math.PI),
  }));
  const out = Float32Array.from({ length: n }, (_, i) =>
    waves.reduce((sum, { turns, height, phase }) => sum + height * Math.cos((2 * Math.PI * turns * i) / n + phase), 0),
  );
  const [low, high] = [Math.min(...out), Math.max(...out)];
  return out.map((h) => (h - low) / (high - low));
}
