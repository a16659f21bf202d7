import type { Car } from "./car.ts";
import { HALF_WIDTH, type Road } from "./road.ts";
import { SIDE, scenery } from "./scenery.ts";

/** A pinhole camera that looks level along the car. Lengths in m, places in the picture in pixels. */
export interface Camera {
  readonly width: number;
  readonly height: number;
  readonly focal: number;
  /** The row (from the top) at which the ground meets the sky. */
  readonly horizon: number;
  /** Above the ground. */
  readonly above: number;
  /** In front of the rear axle. */
  readonly ahead: number;
  /** To the left of the car's middle; the side cameras are `SIDE_MOUNT` away from it. */
  readonly left: number;
}

/** The picture of the 2016 paper, 66 rows by 200 columns, through a lens that sees 70 degrees. */
export const dashboardCamera: Camera = { width: 200, height: 66, focal: 143, horizon: 22, above: 1.4, ahead: 1.6, left: 0 };

/**
 * The same lens on a picture of a different size, its pixels square: the sky keeps its third. Throws a RangeError on sides that
 * are no positive whole numbers.
 */
export function cameraOf(height: number, width: number): Camera {
  for (const [side, value] of Object.entries({ height, width })) {
    if (!(Number.isInteger(value) && value > 0))
      throw new RangeError(`the ${side} of a picture is a positive whole number of pixels, found ${value}`);
  }
  return {
    ...dashboardCamera,
    width,
    height,
    focal: (dashboardCamera.focal * width) / dashboardCamera.width,
    horizon: Math.round(height / 3),
  };
}

/** How far the left and right cameras are from the middle one, m. */
export const SIDE_MOUNT = 0.6;

/** How a picture looks apart from what it shows. Plain numbers, an episode's or a frame's. */
export interface Look {
  /** Brightness, 1 in plain daylight. */
  readonly light: number;
  /** The deviation of the camera's noise, of 255. */
  readonly noise: number;
  /** The share of the ground in shadow, and how much light the shadow takes, 0 to 1. */
  readonly shade: number;
  readonly shadow: number;
  /** Where the shadows lie, m. */
  readonly shadowX: number;
  readonly shadowY: number;
  /** A whole number below 2³²: this frame's noise. */
  readonly frame: number;
}

/** Plain daylight without noise or shadows. */
export const plainLook: Look = { light: 1, noise: 0, shade: 0, shadow: 0, shadowX: 0, shadowY: 0, frame: 0 };

/** Colours as Y, U − 128, V − 128 (BT.601, full range). */
const SKY = [205, 14, -12];
const HAZE = [222, 4, -3];
const HILL = [112, 4, -10];
const GRASS = [98, -22, -10];
const VERGE = [132, -12, 9];
const ASPHALT = [92, 2, -1];
const PAINT = [226, -2, 1];

/** Middles and half widths of the painted lines, m off the centre; dashes of the middle line, m. */
const EDGE_LINE = 1.95;
const HALF_LINE = 0.075;
const DASH = 3;
const PERIOD = 6;
const VERGE_WIDTH = 1;
/** Cells a metre of the ground's grain and of the shadows. */
const GRAIN = 5;
const PATCH = 2;
/** How high the highest hill stands over the horizon, in shares of the focal length. */
const HILL_HEIGHT = 0.09;

/** Where a car is, m, and its direction, radians. */
export type CarPose = Pick<Car, "x" | "y" | "heading">;

/** A picture that is being taken. */
interface Shot {
  readonly camera: Camera;
  readonly road: Road;
  readonly look: Look;
  readonly out: Float32Array | Uint8Array;
  readonly from: number;
  /** The direction, and where the eye is. */
  readonly cos: number;
  readonly sin: number;
  readonly eyeX: number;
  readonly eyeY: number;
  /** The shares of a row's pixels that are on the verge or the road, on the road, and painted; filled again for each row. */
  readonly verge: Float64Array;
  readonly asphalt: Float64Array;
  readonly paint: Float64Array;
}

/**
 * Takes the picture that a car in a pose sees: three planes Y, U, V of `height` rows of `width` pixels, whole numbers from 0
 * to 255, into `out[from ..]`. A pixel `r` rows below the horizon shows the ground Z = f h / r metres ahead, and
 * (u₀ − u) Z / f metres to the left. Lines fade in by the share of a pixel that they cover, so they stay in proportion far
 * away. The same arguments give the same picture.
 */
export function takePicture(
  camera: Camera,
  road: Road,
  look: Look,
  { x, y, heading }: CarPose,
  out: Float32Array | Uint8Array,
  from = 0,
): void {
  const { width, height, horizon, ahead, left } = camera;
  const [cos, sin] = [Math.cos(heading), Math.sin(heading)];
  const [eyeX, eyeY] = [x + ahead * cos - left * sin, y + ahead * sin + left * cos];
  const [verge, asphalt, paint] = [new Float64Array(width), new Float64Array(width), new Float64Array(width)];
  const shot: Shot = { camera, road, look, out, from, cos, sin, eyeX, eyeY, verge, asphalt, paint };
  const tops = skyline(camera, heading, road.hand);
  for (let row = 0; row < height; row++) {
    if (row + 0.5 <= horizon) skyRow(shot, row, tops);
    else groundRow(shot, row);
  }
  if (look.noise > 0) addNoise(shot);
}

/** A row of sky, and of the hills whose tops stand `tops` pixels over the horizon. */
function skyRow({ camera: { width, height, horizon }, look: { light }, out, from }: Shot, row: number, tops: Float64Array): void {
  const pixels = width * height;
  const below = row + 0.5 - horizon;
  const at = from + row * width;
  const fade = Math.min(1, -below / horizon);
  const Y = HAZE[0] + fade * (SKY[0] - HAZE[0]);
  const U = HAZE[1] + fade * (SKY[1] - HAZE[1]);
  const V = HAZE[2] + fade * (SKY[2] - HAZE[2]);
  const sky = byte(Y * light);
  const skyU = byte(U * light + 128);
  const skyV = byte(V * light + 128);
  for (let column = 0; column < width; column++) {
    const hill = share(tops[column] + below);
    const p = at + column;
    if (hill === 0) {
      out[p] = sky;
      out[p + pixels] = skyU;
      out[p + 2 * pixels] = skyV;
    } else {
      out[p] = byte((Y + hill * (HILL[0] - Y)) * light);
      out[p + pixels] = byte((U + hill * (HILL[1] - U)) * light + 128);
      out[p + 2 * pixels] = byte((V + hill * (HILL[2] - V)) * light + 128);
    }
  }
}

/** A row of the ground: grass, verge, asphalt and paint with their grain, shadows and haze. */
function groundRow(shot: Shot, row: number): void {
  const { camera, road, look, out, from, cos, sin, eyeX, eyeY, verge, asphalt, paint } = shot;
  const { width, height, focal, horizon, above } = camera;
  const { light, shadow } = look;
  const { hand } = road;
  const { grain, patches } = scenery();
  const pixels = width * height;
  const below = row + 0.5 - horizon;
  const at = from + row * width;
  const Z = (focal * above) / below;
  const across = Z / focal; // metres of ground a pixel is wide,
  const along = Z / below; // and long
  coverRow(shot, Z, across, along);
  const roughness = Math.min(1, 0.35 / along);
  const dark = shadow * Math.min(1, 4 / along); // far shadows are many and small: they run into one another
  const haze = 1 - Math.exp(-Z / 260);
  const lit = 1 - look.shade;
  const shaded = shadow > 0 && look.shade > 0;
  const first = (width / 2 - 0.5) * across;
  let bright = light;
  const halfX = 0.5 * across * sin;
  const halfY = 0.5 * across * cos;
  let px = eyeX + Z * cos - first * sin;
  let py = eyeY + Z * sin + first * cos;
  for (let column = 0; column < width; column++, px += across * sin, py -= across * cos) {
    let Y = GRASS[0];
    let U = GRASS[1];
    let V = GRASS[2];
    let rough = 17;
    const onVerge = verge[column];
    if (onVerge > 0) {
      const onRoad = asphalt[column];
      const painted = paint[column];
      Y += onVerge * (VERGE[0] - Y);
      U += onVerge * (VERGE[1] - U);
      V += onVerge * (VERGE[2] - V);
      Y += onRoad * (ASPHALT[0] - Y);
      U += onRoad * (ASPHALT[1] - U);
      V += onRoad * (ASPHALT[2] - V);
      rough += onVerge * (12 - rough);
      rough += onRoad * (6 - rough);
      Y += painted * (PAINT[0] - Y);
      U += painted * (PAINT[1] - U);
      V += painted * (PAINT[2] - V);
    }
    const gx = Math.floor(px * GRAIN);
    const gy = Math.floor(hand * py * GRAIN);
    Y += rough * roughness * grain[(gx & (SIDE - 1)) + (gy & (SIDE - 1)) * SIDE];
    // The edges of shadows are soft: what is true between two pixels is true of both.
    if (shaded && (column & 1) === 0) {
      const mx = px + halfX + look.shadowX;
      const my = hand * (py - halfY) + look.shadowY;
      const patch = smoothly(patches, mx * PATCH, my * PATCH);
      bright = light * (1 - dark * share((patch - lit) * 12));
    }
    Y += haze * (HAZE[0] - Y);
    U += haze * (HAZE[1] - U);
    V += haze * (HAZE[2] - V);
    const p = at + column;
    out[p] = byte(Y * bright);
    out[p + pixels] = byte(U * bright + 128);
    out[p + 2 * pixels] = byte(V * bright + 128);
  }
}

/** Finds what verge, road and paint cover of the pixels of a row Z metres ahead, each `across` metres wide and `along` long. */
function coverRow(shot: Shot, Z: number, across: number, along: number): void {
  const { camera, road, cos, sin, eyeX, eyeY, verge, asphalt, paint } = shot;
  const { width } = camera;
  const { near, cells, cos: scos, sin: ssin } = road;
  const { x: sx, y: sy, curvature, spacing, length } = road.centre;
  const dashes = Math.round(length / PERIOD) / length; // a whole number of them a round
  const beside = HALF_WIDTH + VERGE_WIDTH + (across + along) / 2 + 0.5; // farther from the road it is grass, surely
  const first = (width / 2 - 0.5) * across;
  let px = eyeX + Z * cos - first * sin;
  let py = eyeY + Z * sin + first * cos;
  verge.fill(0);
  for (let column = 0; column < width; column++, px += across * sin, py -= across * cos) {
    const c = Math.floor((px - cells.x0) * 2);
    const r = Math.floor((py - cells.y0) * 2);
    const i = c < 0 || r < 0 || c >= cells.columns || r >= cells.rows ? -1 : near[r * cells.columns + c];
    if (i < 0) continue;
    const dx = px - sx[i];
    const dy = py - sy[i];
    const left = dy * scos[i] - dx * ssin[i];
    if (!(left > -beside && left < beside)) continue;
    const k = curvature[i];
    const ahead = dx * scos[i] + dy * ssin[i];
    const by = ahead / (1 - k * left);
    const off = Math.abs(left - (k * ahead * by) / 2);
    // A pixel is longer than wide: how much of the road's width it spans depends on how the road lies in it.
    const wide = across * Math.abs(scos[i] * cos + ssin[i] * sin) + along * Math.abs(ssin[i] * cos - scos[i] * sin);
    const onVerge = share((HALF_WIDTH + VERGE_WIDTH - off) / wide);
    if (!(onVerge > 0)) continue;
    verge[column] = onVerge;
    const onRoad = share((HALF_WIDTH - off) / wide);
    asphalt[column] = onRoad;
    paint[column] = onRoad > 0 ? covered(off - EDGE_LINE, wide) : 0;
    if (!(onRoad > 0 && off < HALF_LINE + wide)) continue;
    const phase = (i * spacing + by) * dashes;
    const inPeriod = (phase - Math.floor(phase)) * PERIOD - DASH / 2;
    const dash = share((DASH / 2 - Math.min(Math.abs(inPeriod), PERIOD - Math.abs(inPeriod))) / along);
    paint[column] += dash * covered(off, wide);
  }
}

/** The camera's noise on the brightness: this frame's walk through a table of normal numbers. */
function addNoise({ camera: { width, height }, look: { noise, frame }, out, from }: Shot): void {
  const { normals } = scenery();
  const mask = normals.length - 1;
  const pixels = width * height;
  const first = (Math.imul(frame, 0x9e3779b1) >>> 0) % normals.length;
  const step = 2 * ((Math.imul(frame ^ 0x5bd1e995, 0x85ebca6b) >>> 12) % 4096) + 1;
  for (let p = 0, k = first; p < pixels; p++, k = (k + step) & mask) {
    out[from + p] = byte(out[from + p] + noise * normals[k]);
  }
}

/** How many pixels the hills stand over the horizon, by column. They stay where they are as the car turns. */
function skyline({ width, focal }: Camera, heading: number, hand: number): Float64Array {
  const { hills } = scenery();
  const n = hills.length;
  const tops = new Float64Array(width);
  for (let column = 0; column < width; column++) {
    const direction = hand * (heading + Math.atan((width / 2 - 0.5 - column) / focal));
    const around = (direction / (2 * Math.PI)) * n;
    const i = Math.floor(around);
    tops[column] = HILL_HEIGHT * focal * (hills[i & (n - 1)] * (1 - around + i) + hills[(i + 1) & (n - 1)] * (around - i));
  }
  return tops;
}

/** The share of a pixel that lies inside an edge, from how many pixels inside its middle is. */
function share(inside: number): number {
  return inside >= 0.5 ? 1 : inside <= -0.5 ? 0 : inside + 0.5;
}

/** The share of a pixel `wide` metres wide that a painted line covers, its middle `off` metres from the line's. */
function covered(off: number, wide: number): number {
  const from = Math.max(off - wide / 2, -HALF_LINE);
  const to = Math.min(off + wide / 2, HALF_LINE);
  return to > from ? (to - from) / wide : 0;
}

/** A pattern's value between its cells. */
function smoothly(pattern: Float32Array, x: number, y: number): number {
  const i = Math.floor(x);
  const j = Math.floor(y);
  const u = x - i;
  const v = y - j;
  const above = (j & (SIDE - 1)) * SIDE;
  const below = ((j + 1) & (SIDE - 1)) * SIDE;
  const left = i & (SIDE - 1);
  const right = (i + 1) & (SIDE - 1);
  return (
    (1 - v) * ((1 - u) * pattern[above + left] + u * pattern[above + right]) +
    v * ((1 - u) * pattern[below + left] + u * pattern[below + right])
  );
}

function byte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : (value + 0.5) | 0;
}
