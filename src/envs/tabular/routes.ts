import { type TabularMdp, tabularMdp } from "../../mdp/tabular.ts";
import { fromTabular, type TabularEnv } from "./from-tabular.ts";
import type { GraphLayout } from "./layout.ts";
import { type RoadNetwork, roadNetwork, turnOf } from "./road-network.ts";

/** What a step is described by: the time on the next road by its kind, and the turn that leads there. */
const ROUTE_FEATURES = ["highway", "major", "local", "right", "left", "sharp"] as const;
const F = ROUTE_FEATURES.length;

export interface RoutesOptions {
  readonly network?: RoadNetwork;
  /** Crossings. By default from the upper left one to the lower right one. */
  readonly origin?: number;
  readonly destination?: number;
  /** What a unit of each feature costs the driver. */
  readonly weights?: readonly number[];
  /** By default four times the network's crossings a side. */
  readonly H?: number;
}

/** A route choice whose reward is linear in known features: r(s, a) = -weights . features(s, a). */
export interface RoutesEnv extends TabularEnv {
  readonly network: RoadNetwork;
  /** `[S, A, 6]`, the time on a highway, a major or a local road, and whether the turn is right, left or sharp; 0 for actions that are not available. */
  readonly features: Float64Array;
  readonly weights: Float64Array;
}

/**
 * A driver's route choice (Ziebart et al. 2008): the states are the directed roads of a network, an action is the road to turn
 * into next, and the costs are linear in features of that road and that turn. Drivers don't turn round except at a dead
 * end. State `roads` is the driver at the origin; the roads that lead to the destination are terminal. Throws a RangeError on
 * crossings that the town has not, a trip to where it begins, or a wrong number of weights.
 */
export function routes(options: RoutesOptions = {}): RoutesEnv {
  const { network = roadNetwork() } = options;
  const { crossings, from, to } = network;
  const {
    origin = 0,
    destination = crossings - 1,
    weights = [1, 1.4, 2, 0.3, 0.6, 3],
    H = 4 * Math.ceil(Math.sqrt(crossings)),
  } = options;
  for (const [name, crossing] of Object.entries({ origin, destination })) {
    if (!(Number.isInteger(crossing) && crossing >= 0 && crossing < crossings)) {
      throw new RangeError(`routes: ${name} is crossing ${crossing}, expected 0 to ${crossings - 1}`);
    }
  }
  if (origin === destination) throw new RangeError(`routes: origin and destination are both crossing ${origin}, expected two`);
  if (weights.length !== F)
    throw new RangeError(`routes: found ${weights.length} weights, expected ${F}: ${ROUTE_FEATURES.join(", ")}`);
  const roads = from.length;
  const outOf = Array.from({ length: crossings }, () => [] as number[]);
  from.forEach((crossing, road) => {
    outOf[crossing].push(road);
  });
  const choices = Array.from({ length: roads + 1 }, (_, s) => (s === roads ? outOf[origin] : onward(network, outOf, s)));
  const S = roads + 1;
  const A = Math.max(...choices.map((ways) => ways.length));
  const terminal = Array.from({ length: roads }, (_, s) => s).filter((s) => to[s] === destination);
  const features = new Float64Array(S * A * F);
  const rows = new Int32Array(S * A + 1);
  const next: number[] = [];
  for (let s = 0; s < S; s++) {
    const open = s === roads || to[s] !== destination;
    for (let a = 0; a < A; a++) {
      if (open && a < choices[s].length) {
        next.push(choices[s][a]);
        describe(network, s === roads ? undefined : s, choices[s][a], features.subarray((s * A + a) * F, (s * A + a + 1) * F));
      }
      rows[s * A + a + 1] = next.length;
    }
  }
  const r = Float64Array.from({ length: S * A }, (_, i) => -weights.reduce((sum, w, f) => sum + w * features[i * F + f], 0));
  const P = { rows, next: Int32Array.from(next), p: new Float64Array(next.length).fill(1) };
  const mdp = tabularMdp({ S, A, P, r: { sa: r }, rho: roads, terminal, H, allowUnavailable: true });
  const env = fromTabular(mdp, { id: "Routes-v1", layout: onTheMap(network, origin) });
  return { ...env, network, features, weights: Float64Array.from(weights) };
}

/** The roads that a driver on `road` can take next, not turning round unless there is no other way. */
function onward({ from, to }: RoadNetwork, outOf: readonly (readonly number[])[], road: number): readonly number[] {
  const ahead = outOf[to[road]].filter((next) => to[next] !== from[road]);
  return ahead.length > 0 ? ahead : outOf[to[road]];
}

function describe(network: RoadNetwork, road: number | undefined, next: number, out: Float64Array): void {
  out[network.kind[next]] = network.time[next];
  if (road === undefined) return;
  const turn = turnOf(network, road, next);
  if (turn === "right") out[3] = 1;
  if (turn === "left") out[4] = 1;
  if (turn === "sharp") out[5] = 1;
}

function onTheMap({ x, y, from, to }: RoadNetwork, origin: number): GraphLayout {
  const places = new Float64Array((from.length + 1) * 4);
  from.forEach((crossing, road) => {
    places.set([x[crossing], y[crossing], x[to[road]], y[to[road]]], road * 4);
  });
  places.set([x[origin], y[origin], x[origin], y[origin]], from.length * 4);
  return { kind: "graph", places, names: [...Array.from(from, () => ""), "from"] };
}

/**
 * Three ways from A to B that cost the same, two of which share their first half (the example of Ziebart et al. 2008 for
 * what a distribution over actions gets wrong). Maximum entropy over paths gives each way 1/3; a softmax at each crossing
 * of the paths' costs gives 1/2 to the direct one, and 1/4 to each of the others.
 */
export function threeRoutes(): TabularEnv {
  const [A, B, SHARED, UPPER, LOWER] = [0, 1, 2, 3, 4];
  const next = Int32Array.of(B, SHARED, UPPER, LOWER, B, B);
  // A: direct (0) or by the shared road (1); the shared road: 0 or 1; the two halves lead on to B.
  const rows = Int32Array.of(0, 1, 2, 2, 2, 3, 4, 5, 5, 6, 6);
  const r = Float64Array.of(-3, -1, 0, 0, -1, -1, -1, 0, -1, 0);
  const P = { rows, next, p: new Float64Array(6).fill(1) };
  const mdp: TabularMdp = tabularMdp({ S: 5, A: 2, P, r: { sa: r }, rho: A, terminal: [B], H: 3, allowUnavailable: true });
  const at = [0.1, 0.8, 0.9, 0.8, 0.38, 0.42, 0.66, 0.12, 0.66, 0.55];
  const places = Float64Array.from({ length: 20 }, (_, i) => at[Math.floor(i / 4) * 2 + (i % 2)]);
  return fromTabular(mdp, {
    id: "ThreeRoutes-v1",
    layout: { kind: "graph", places, names: ["A", "B", "m", String(UPPER), String(LOWER)] },
  });
}
