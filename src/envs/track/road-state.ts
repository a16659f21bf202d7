import { type Car, curvatureOf, LOCK } from "./car.ts";
import { curvatureAt, type Place, type Road } from "./road.ts";
import { turned } from "./spline.ts";

/** How far ahead the road's curvature is told, m. */
export const PREVIEW: readonly number[] = [1, 5, 10, 15, 20];

/**
 * What is true of a car on a road, row by row `[n, 9]`:
 * 0 metres left of the centre line; 1 direction, rad left of the road's; 2 inverse radius that the wheels stand at, 1/m;
 * 3 .. 7 the road's curvature 1, 5, 10, 15 and 20 m ahead, 1/m; 8 the share of the lap, 0 to 1.
 */
export const STATE_SIZE = 9;

/** The least and greatest values of the entries, and so what a byte pair of the hidden state counts in. */
export const STATE_LOW: readonly number[] = [-4, -Math.PI, -LOCK, -0.25, -0.25, -0.25, -0.25, -0.25, 0];
export const STATE_HIGH: readonly number[] = [4, Math.PI, LOCK, 0.25, 0.25, 0.25, 0.25, 0.25, 1];

/** Writes the state of a car at a place of a road. */
export function writeState(road: Road, place: Place, car: Car, out: { [i: number]: number }, from: number): void {
  out[from] = place.d;
  out[from + 1] = turned(car.heading - place.heading);
  out[from + 2] = curvatureOf(car.wheels);
  PREVIEW.forEach((ahead, k) => {
    out[from + 3 + k] = curvatureAt(road, place.s + ahead);
  });
  out[from + 8] = place.s / road.centre.length;
}

const LEVELS = 65535;

/** The states `[n, 9]` as bytes `[n, 18]`, two for each number, the high one first. */
export function stateToBytes(state: ArrayLike<number>, stateFrom: number, out: { [i: number]: number }, from: number): void {
  for (let k = 0; k < STATE_SIZE; k++) {
    const share = (state[stateFrom + k] - STATE_LOW[k]) / (STATE_HIGH[k] - STATE_LOW[k]);
    const level = Math.round(Math.min(1, Math.max(0, share)) * LEVELS);
    out[from + 2 * k] = level >> 8;
    out[from + 2 * k + 1] = level & 255;
  }
}

/** One state back from its 18 bytes, to a part in 65535 of its range (0.1 mm of offset, 4e-6 of curvature). */
export function stateFromBytes(bytes: ArrayLike<number>, from: number, out: { [i: number]: number }, at: number): void {
  for (let k = 0; k < STATE_SIZE; k++) {
    const level = bytes[from + 2 * k] * 256 + bytes[from + 2 * k + 1];
    out[at + k] = STATE_LOW[k] + (level / LEVELS) * (STATE_HIGH[k] - STATE_LOW[k]);
  }
}
