import { nearest } from "../nearest.ts";
import { type Road, road } from "./road.ts";

type Points = readonly (readonly [number, number])[];

/**
 * Closed roads by their ids: control points in metres, drawn once at random, with turns to both sides, no radius below 15 m,
 * stretches that keep their distance, 400 to 480 m round.
 */
const points: Readonly<Record<string, Points>> = {
  alder: [
    [93, -1],
    [44, 23],
    [21, 57],
    [8, 84],
    [-50, 60],
    [-43, 28],
    [-40, 1],
    [-82, -58],
    [-43, -78],
    [-3, -49],
    [30, -44],
    [73, -42],
  ],
  birch: [
    [79, 2],
    [64, 36],
    [43, 48],
    [16, 43],
    [-13, 52],
    [-50, 71],
    [-81, 39],
    [-49, 0],
    [-40, -23],
    [-48, -62],
    [-12, -79],
    [14, -48],
    [31, -39],
    [68, -30],
  ],
  cedar: [
    [87, -2],
    [84, 29],
    [26, 37],
    [15, 73],
    [-14, 72],
    [-44, 49],
    [-78, 37],
    [-78, 10],
    [-64, -31],
    [-43, -55],
    [-10, -46],
    [21, -77],
    [52, -68],
    [51, -30],
  ],
  elm: [
    [24, 1],
    [70, 49],
    [35, 87],
    [-3, 50],
    [-25, 28],
    [-81, 20],
    [-80, -16],
    [-23, -26],
    [-19, -72],
    [36, -62],
    [39, -14],
  ],
  fir: [
    [85, 2],
    [50, 24],
    [53, 63],
    [20, 78],
    [-12, 51],
    [-42, 55],
    [-68, 36],
    [-86, -9],
    [-74, -30],
    [-39, -40],
    [-18, -81],
    [20, -64],
    [26, -38],
    [85, -36],
  ],
  hazel: [
    [45, 1],
    [61, 55],
    [28, 77],
    [-10, 70],
    [-26, 23],
    [-87, 24],
    [-75, -36],
    [-35, -44],
    [-8, -44],
    [41, -75],
    [73, -43],
  ],
  larch: [
    [86, 0],
    [55, 19],
    [21, 27],
    [16, 60],
    [-22, 80],
    [-46, 59],
    [-54, 28],
    [-45, -3],
    [-49, -24],
    [-52, -52],
    [-15, -72],
    [10, -44],
    [34, -39],
    [62, -40],
  ],
  oak: [
    [77, -7],
    [70, 34],
    [37, 42],
    [22, 76],
    [-17, 77],
    [-36, 35],
    [-62, 29],
    [-80, -3],
    [-49, -27],
    [-35, -39],
    [-20, -85],
    [32, -73],
    [32, -43],
    [38, -17],
  ],
  rowan: [
    [52, 2],
    [65, 23],
    [39, 67],
    [0, 44],
    [-41, 61],
    [-57, 27],
    [-47, -2],
    [-73, -42],
    [-41, -71],
    [0, -42],
    [26, -54],
    [61, -36],
  ],
};

/** Ids of the tracks to learn on. */
export const trainingTracks: readonly string[] = ["alder", "birch", "cedar", "elm", "fir", "hazel"];

/** Ids of the tracks that are kept for the test. */
export const heldOutTracks: readonly string[] = ["larch", "oak", "rowan"];

const made = new Map<string, Road>();

/**
 * The road of a track, counterclockwise, or clockwise with the id's name turned round: `alder` and `alder/back`. Throws, naming the
 * nearest ids, if there is none.
 */
export function track(id: string): Road {
  let own = made.get(id);
  if (own) return own;
  const [name, way] = id.split("/");
  if (!Object.hasOwn(points, name) || (way !== undefined && way !== "back")) {
    throw new RangeError(`unknown track "${id}"; the nearest are ${nearest(id, Object.keys(points)).join(", ")}`);
  }
  own = road(way === "back" ? points[name].toReversed() : points[name]);
  made.set(id, own);
  return own;
}
