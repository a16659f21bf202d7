import type { PicturePart } from "../mdp/picture.ts";
import type { Augment } from "./augment.ts";

// Changes of pictures that stand in an observation plane by plane, whole numbers or reals from 0 to 255.

/** The picture from left to right, and the sign of the actions turned, all of them or as `signs` says, `[K]`. */
export function mirror(part: PicturePart, signs?: readonly number[]): Augment {
  const { from, channels, height, width } = part;
  return (s, a) => {
    for (let row = 0; row < channels * height; row++) s.subarray(from + row * width, from + (row + 1) * width).reverse();
    for (let k = 0; k < a.length; k++) a[k] *= signs ? signs[k] : -1;
  };
}

export interface LightOptions {
  /** Least and greatest factor; draws are uniform in its logarithm. */
  readonly range?: readonly [number, number];
  /** What stands for no light in each plane: 0, but 128 for differences of colours (U and V). */
  readonly dark?: readonly number[];
}

/** Brighter or darker: every plane x becomes dark + g (x − dark). */
export function light(part: PicturePart, options: LightOptions = {}): Augment {
  const { range = [0.6, 1.6], dark = [] } = options;
  return (s, _a, random) => {
    const gain = Math.exp(random.uniform(Math.log(range[0]), Math.log(range[1])));
    lighten(s, part, dark, gain, () => [0, part.width]);
  };
}

/** One side of a random line across the picture in shadow, its light multiplied by a factor between the two of `range`. */
export function shadow(part: PicturePart, options: LightOptions = {}): Augment {
  const { range = [0.4, 0.9], dark = [] } = options;
  const { width, height } = part;
  return (s, _a, random) => {
    const gain = random.uniform(range[0], range[1]);
    const [top, bottom] = [random.float() * width, random.float() * width];
    const left = random.float() < 0.5;
    lighten(s, part, dark, gain, (row) => {
      const edge = Math.round(top + ((bottom - top) * row) / height);
      return left ? [0, edge] : [edge, width];
    });
  };
}

function lighten(
  s: Float32Array,
  { from, channels, height, width }: PicturePart,
  dark: readonly number[],
  gain: number,
  columns: (row: number) => readonly [number, number],
): void {
  for (let channel = 0; channel < channels; channel++) {
    const base = dark[channel] ?? 0;
    for (let row = 0; row < height; row++) {
      const at = from + (channel * height + row) * width;
      const [first, end] = columns(row);
      for (let p = at + first; p < at + end; p++) s[p] = Math.min(255, Math.max(0, base + gain * (s[p] - base)));
    }
  }
}

/** A camera that looks level over flat ground. Lengths in m, places in the picture in pixels. */
export interface GroundCamera {
  readonly focal: number;
  /** The row (from the top) at which the ground meets the sky. */
  readonly horizon: number;
  /** Above the ground. */
  readonly above: number;
  /** In front of the point about which the camera turns. */
  readonly ahead: number;
}

export interface ViewpointOptions {
  /** Shifts are uniform between minus and plus this, m to the left. */
  readonly shift?: number;
  /** Turns are uniform between minus and plus this, rad to the left. */
  readonly turn?: number;
  /**
   * What the first action gains for a view from `offset` metres further left, turned `angle` radians to the left: what
   * brings the camera back.
   */
  readonly correction: (offset: number, angle: number) => number;
  /** The bounds that the action is kept in. */
  readonly low: number;
  readonly high: number;
}

/**
 * What the camera would see from a place shifted to the side and turned, as if all that is below the horizon were flat ground
 * and all above it infinitely far (Bojarski et al. 2016); the action is corrected so that it leads back. For a pixel with its
 * ray at ground (Z, Y) ahead and to the left of the shifted camera,
 *   Z′ = a (cos ψ − 1) + Z cos ψ − Y sin ψ,  Y′ = e + a sin ψ + Z sin ψ + Y cos ψ
 * is where the camera saw it. What it didn't see is continued from its edge.
 */
export function viewpoint(part: PicturePart, camera: GroundCamera, options: ViewpointOptions): Augment {
  const { shift = 0, turn = 0, correction, low, high } = options;
  const source = new Float32Array(part.channels * part.height * part.width);
  return (s, a, random) => {
    const [offset, angle] = [random.uniform(-shift, shift), random.uniform(-turn, turn)];
    source.set(s.subarray(part.from, part.from + source.length));
    reproject(source, part, camera, offset, angle, s);
    a[0] = Math.min(high, Math.max(low, a[0] + correction(offset, angle)));
  };
}

/** Writes the view from `offset` metres to the left, turned `angle` radians to the left, of a picture into `out[part.from ..]`. */
export function reproject(
  source: Float32Array,
  part: PicturePart,
  camera: GroundCamera,
  offset: number,
  angle: number,
  out: Float32Array,
): void {
  const { channels, height, width } = part;
  const { focal: f, horizon, above, ahead } = camera;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const [forward, aside] = [ahead * (cos - 1), offset + ahead * sin];
  const middle = (width - 1) / 2;
  const plane = height * width;
  for (let row = 0; row < height; row++) {
    const below = row + 0.5 - horizon;
    const Z = below > 0 ? (f * above) / below : 0;
    for (let column = 0; column < width; column++) {
      const across = (middle - column) / f;
      // The direction, or the place on the ground, as the camera saw it.
      const ground = Z > 0;
      const ahead = ground ? forward + Z * cos - Z * across * sin : cos - across * sin;
      const left = ground ? aside + Z * sin + Z * across * cos : sin + across * cos;
      const u = middle - (f * left) / ahead;
      // Above the horizon, what is infinitely far keeps its height over it, seen under another angle.
      const v = ground ? horizon - 0.5 + (f * above) / ahead : horizon - 0.5 + below / ahead;
      const x = Math.min(width - 1.001, Math.max(0, u));
      const y = Math.min(height - 1.001, Math.max(0, v));
      const [i, j] = [x | 0, y | 0];
      const [p, q] = [x - i, y - j];
      let at = j * width + i;
      let to = part.from + row * width + column;
      for (let channel = 0; channel < channels; channel++, at += plane, to += plane) {
        out[to] =
          (1 - q) * ((1 - p) * source[at] + p * source[at + 1]) + q * ((1 - p) * source[at + width] + p * source[at + width + 1]);
      }
    }
  }
}
