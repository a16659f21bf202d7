import { rng } from "../../autodiff/random.ts";

const HIGHWAY = 0;
const MAJOR = 1;
const LOCAL = 2;

/** Crossings in the plane, and directed roads between them; most roads come in pairs, one each way. */
export interface RoadNetwork {
  readonly crossings: number;
  /** `[crossings]`, in the unit square, y downwards. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** `[roads]`: the crossings that a road leads from and to. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** `[roads]`: 0 highway, 1 major, 2 local. */
  readonly kind: Uint8Array;
  /** `[roads]`: what it takes to drive it. */
  readonly time: Float64Array;
}

export interface RoadNetworkOptions {
  readonly rows?: number;
  readonly columns?: number;
  /** The share of road pairs that are missing from the full grid, as far as every crossing remains within reach. */
  readonly missing?: number;
  readonly seed?: number;
}

/**
 * A town: a crooked grid of local roads with gaps, every third street a major one, and a highway across. Throws a RangeError on
 * fewer than two rows or columns, or a share of gaps outside 0 to 1.
 */
export function roadNetwork({ rows = 5, columns = 5, missing = 0.2, seed = 0 }: RoadNetworkOptions = {}): RoadNetwork {
  for (const [name, value] of Object.entries({ rows, columns })) {
    if (!(Number.isInteger(value) && value >= 2))
      throw new RangeError(`roadNetwork: ${name} is ${value}, expected a whole number from 2 on`);
  }
  if (!(missing >= 0 && missing <= 1)) throw new RangeError(`roadNetwork: missing is ${missing}, expected 0 to 1`);
  const random = rng(seed);
  const crossings = rows * columns;
  const x = new Float64Array(crossings);
  const y = new Float64Array(crossings);
  for (let c = 0; c < crossings; c++) {
    x[c] = ((c % columns) + 0.5 + random.uniform(-0.22, 0.22)) / columns;
    y[c] = (Math.floor(c / columns) + 0.5 + random.uniform(-0.22, 0.22)) / rows;
  }
  const pairs: [number, number][] = [];
  for (let c = 0; c < crossings; c++) {
    if ((c % columns) + 1 < columns) pairs.push([c, c + 1]);
    if (c + columns < crossings) pairs.push([c, c + columns]);
  }
  const kept = thinned(crossings, pairs, Math.round(missing * pairs.length), random.permutation(pairs.length));
  const roads = kept.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]);
  const kind = Uint8Array.from(roads, ([a, b]) => kindOf(a, b, rows, columns));
  const scale = Math.max(rows, columns);
  return {
    crossings,
    x,
    y,
    from: Int32Array.from(roads, ([a]) => a),
    to: Int32Array.from(roads, ([, b]) => b),
    kind,
    time: Float64Array.from(roads, ([a, b], road) => (Math.hypot(x[a] - x[b], y[a] - y[b]) * scale) / [3, 1.6, 1][kind[road]]),
  };
}

/** Which way a driver turns from one road into the next: sharp beyond 120 degrees, straight on within 40. */
export function turnOf({ x, y, from, to }: RoadNetwork, road: number, next: number): "straight" | "right" | "left" | "sharp" {
  const angle = (r: number) => Math.atan2(y[to[r]] - y[from[r]], x[to[r]] - x[from[r]]);
  let change = angle(next) - angle(road);
  if (change > Math.PI) change -= 2 * Math.PI;
  if (change < -Math.PI) change += 2 * Math.PI;
  const degrees = (change * 180) / Math.PI; // y points down, so clockwise is positive
  if (Math.abs(degrees) > 120) return "sharp";
  return Math.abs(degrees) <= 40 ? "straight" : degrees > 0 ? "right" : "left";
}

function kindOf(a: number, b: number, rows: number, columns: number): number {
  const across = Math.abs(a - b) === 1;
  const street = across ? Math.floor(a / columns) : a % columns;
  if (across && street === Math.floor(rows / 2)) return HIGHWAY;
  return street % 3 === 1 ? MAJOR : LOCAL;
}

/** The pairs without the first `without` of `order` whose loss leaves every crossing within reach. */
function thinned(crossings: number, pairs: readonly [number, number][], without: number, order: Uint32Array): [number, number][] {
  const kept = new Set(pairs);
  for (const i of order) {
    if (pairs.length - kept.size >= without) break;
    kept.delete(pairs[i]);
    if (!connected(crossings, [...kept])) kept.add(pairs[i]);
  }
  return pairs.filter((pair) => kept.has(pair));
}

function connected(crossings: number, pairs: readonly (readonly [number, number])[]): boolean {
  const reached = new Set([0]);
  for (let before = 0; before < reached.size; ) {
    before = reached.size;
    for (const [a, b] of pairs) {
      if (reached.has(a)) reached.add(b);
      else if (reached.has(b)) reached.add(a);
    }
  }
  return reached.size === crossings;
}
