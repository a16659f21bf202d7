import { type ClosedCurve, closedSpline, turned } from "./spline.ts";

/** Half the paved width, m: beyond it the car has fallen off the road. */
export const HALF_WIDTH = 2.3;

/** Metres between the samples of the centre line. */
const SPACING = 0.25;
/** The side of the cells that know their nearest sample, m. */
const CELL = 0.5;
/** How far from the centre line they do, m. */
const REACH = 12;

/** A closed road around its centre line, which a car drives along. */
export interface Road {
  readonly centre: ClosedCurve;
  /** The samples' directions of travel as cosine and sine, for loops over pixels. */
  readonly cos: Float64Array;
  readonly sin: Float64Array;
  /** The nearest sample by cells, row by row; -1 far from the road. */
  readonly near: Int16Array;
  readonly cells: { readonly x0: number; readonly y0: number; readonly columns: number; readonly rows: number };
  /** 1, or -1 for the mirror image of a road: its surroundings are mirrored too. */
  readonly hand: 1 | -1;
}

/** Where a place lies along a road. */
export interface Place {
  /** Arc length from the road's beginning, 0 to its length, m. */
  readonly s: number;
  /** Metres to the left of the centre line; negative to its right. */
  readonly d: number;
  /** The road's direction there, rad. */
  readonly heading: number;
  /** Its curvature there, 1/m, positive in a left turn. */
  readonly curvature: number;
}

/** The road around a closed spline through the neighbourhood of control points `[x, y]`, m. */
export function road(points: readonly (readonly [number, number])[]): Road {
  return around(closedSpline(points, SPACING), 1);
}

/** The road as a mirror along the x axis shows it: what turned left turns right. */
export function mirrored({ centre, hand }: Road): Road {
  const negated = (values: Float64Array) => values.map((value) => -value);
  const { y, heading, curvature } = centre;
  return around({ ...centre, y: negated(y), heading: negated(heading), curvature: negated(curvature) }, hand === 1 ? -1 : 1);
}

function around(centre: ClosedCurve, hand: 1 | -1): Road {
  const { x, y } = centre;
  if (x.length > 32_767)
    throw new RangeError(`a road is at most ${32_767 * SPACING} m round, found ${centre.length.toFixed(0)} m`);
  const low = (values: Float64Array) => Math.floor((values.reduce((a, b) => Math.min(a, b)) - REACH) / CELL) * CELL;
  const high = (values: Float64Array) => Math.ceil((values.reduce((a, b) => Math.max(a, b)) + REACH) / CELL) * CELL;
  const [x0, y0] = [low(x), low(y)];
  const columns = Math.round((high(x) - x0) / CELL);
  const rows = Math.round((high(y) - y0) / CELL);
  const near = new Int16Array(rows * columns).fill(-1);
  const distance = new Float64Array(rows * columns).fill(REACH * REACH);
  const around = Math.ceil(REACH / CELL);
  for (let i = 0; i < x.length; i++) {
    const column = Math.floor((x[i] - x0) / CELL);
    const row = Math.floor((y[i] - y0) / CELL);
    for (let r = Math.max(0, row - around); r <= Math.min(rows - 1, row + around); r++) {
      for (let c = Math.max(0, column - around); c <= Math.min(columns - 1, column + around); c++) {
        const squared = (x0 + (c + 0.5) * CELL - x[i]) ** 2 + (y0 + (r + 0.5) * CELL - y[i]) ** 2;
        if (squared >= distance[r * columns + c]) continue;
        distance[r * columns + c] = squared;
        near[r * columns + c] = i;
      }
    }
  }
  const cells = { x0, y0, columns, rows };
  return { centre, cos: centre.heading.map(Math.cos), sin: centre.heading.map(Math.sin), near, cells, hand };
}

/** The sample whose neighbourhood a place is in; -1 more than `REACH` metres off the road. */
export function sampleAt({ near, cells }: Road, x: number, y: number): number {
  const column = Math.floor((x - cells.x0) / CELL);
  const row = Math.floor((y - cells.y0) / CELL);
  return column < 0 || row < 0 || column >= cells.columns || row >= cells.rows ? -1 : near[row * cells.columns + column];
}

/** Where a place lies along the road, or `undefined` more than about 12 m off it. */
export function locate(road: Road, x: number, y: number): Place | undefined {
  const { centre, cos, sin } = road;
  const n = centre.x.length;
  let i = sampleAt(road, x, y);
  if (i < 0) return undefined;
  // A cell's nearest sample may be a few samples off for a place in its corner; two steps settle it.
  for (let step = 0; step < 2; step++) {
    const ahead = (x - centre.x[i]) * cos[i] + (y - centre.y[i]) * sin[i];
    i = (i + Math.round(ahead / centre.spacing) + n) % n;
  }
  const [dx, dy] = [x - centre.x[i], y - centre.y[i]];
  const [ahead, left] = [dx * cos[i] + dy * sin[i], dy * cos[i] - dx * sin[i]];
  const k = centre.curvature[i];
  const along = ahead / (1 - k * left); // on the centre line, where it bends towards or away from the place
  const s = i * centre.spacing + along;
  const d = left - (k * ahead * along) / 2;
  return { s: wrapped(s, centre.length), d, heading: centre.heading[i] + k * along, curvature: curvatureAt(road, s) };
}

/** The curvature of the centre line at an arc length, 1/m. */
export function curvatureAt({ centre }: Road, s: number): number {
  const at = wrapped(s, centre.length) / centre.spacing;
  const i = Math.floor(at);
  const n = centre.x.length;
  return centre.curvature[i % n] * (1 - at + i) + centre.curvature[(i + 1) % n] * (at - i);
}

/** The place of the centre line at an arc length: x, y in m, heading in rad. */
export function onCentre(road: Road, s: number): { x: number; y: number; heading: number } {
  const { centre, cos, sin } = road;
  const i = Math.round(wrapped(s, centre.length) / centre.spacing) % centre.x.length;
  const along = turnedWithin(s - i * centre.spacing, centre.length);
  const k = centre.curvature[i];
  const side = (k * along * along) / 2;
  return {
    x: centre.x[i] + along * cos[i] - side * sin[i],
    y: centre.y[i] + along * sin[i] + side * cos[i],
    heading: turned(centre.heading[i] + k * along),
  };
}

function wrapped(s: number, length: number): number {
  return s - length * Math.floor(s / length);
}

function turnedWithin(s: number, length: number): number {
  return s - length * Math.round(s / length);
}
