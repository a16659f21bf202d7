import type { Rng } from "../../autodiff/index.ts";
import { type Dataset, fromTrajectories } from "../../data/index.ts";
import { type RoadNetwork, type RoutesEnv, routes } from "../../envs/index.ts";
import { discrete, type TabularMdp, tabularMdp } from "../../mdp/index.ts";
import { type Features, features } from "../../rewards/index.ts";
import { softmaxPolicy, softValueIteration, valueIteration } from "../../solvers/index.ts";

/**
 * How drivers choose. `perceived`: each takes the cheapest way by costs that it perceives, every road's cost misjudged by a
 * lognormal factor of its own (Daganzo & Sheffi 1977); `paths`: by maximum entropy over paths; `actions`: at each crossing
 * by the softmax of the optimal values. The first is none of the models that are compared, the others are one each.
 */
export type Driver = "perceived" | "paths" | "actions";

/** The deviation of the log of a perceived cost. */
const MISJUDGEMENT = 0.4;

/** The score of not arriving. */
const NEVER = -1e9;

/** Every way through a town to some destinations, as one decision process of one part a destination. */
export interface Town {
  /** Its reward is what a driver pays. It starts at each origin of each destination alike. */
  readonly mdp: TabularMdp;
  /** What a driver sees of a turn into a road, over "sa". */
  readonly phi: Features;
  /** `[S]`: the length of the road that a state is; 0 where a trip begins. */
  readonly length: Float64Array;
  /** `[S, A]`: the time that the next road takes. */
  readonly time: Float64Array;
  /** `[destinations + 1]`: where each destination's states begin. */
  readonly parts: readonly number[];
}

/** A town's ways to `count` destinations, from all crossings that are at least three blocks away. */
export function townOf(network: RoadNetwork, count: number, random: Rng): Town {
  const { crossings, x, y } = network;
  const far = 3 / Math.sqrt(crossings);
  const A = 4;
  const rows = [0];
  const next: number[] = [];
  const pairs: (Float64Array | undefined)[] = [];
  const r: number[] = [];
  const length: number[] = [];
  const time: number[] = [];
  const starts: number[] = [];
  const terminal: number[] = [];
  const parts = [0];
  let H = 0;
  for (const destination of random.permutation(crossings).subarray(0, count)) {
    const first = length.length;
    const origins = Array.from({ length: crossings }, (_, c) => c).filter(
      (c) => Math.hypot(x[c] - x[destination], y[c] - y[destination]) >= far,
    );
    const worlds = origins.map((origin) => routes({ network, origin, destination, H: Math.ceil(3 * Math.sqrt(crossings)) }));
    const roads = network.from.length;
    const add = ({ mdp, features: phi, weights }: RoutesEnv, s: number, kilometres: number) => {
      ({ H } = mdp);
      if (mdp.terminal[s] === 1) terminal.push(length.length);
      length.push(kilometres);
      for (let a = 0; a < A; a++) {
        const i = s * mdp.A + a;
        const way = a < mdp.A && mdp.terminal[s] === 0 && mdp.P.rows[i] < mdp.P.rows[i + 1];
        const to = way ? mdp.P.next[mdp.P.rows[i]] : -1;
        if (way) next.push(first + to);
        pairs.push(way ? phi.subarray(i * weights.length, (i + 1) * weights.length) : undefined);
        time.push(way ? network.time[to] : 0);
        r.push(way ? mdp.r[i] : 0);
        rows.push(next.length);
      }
    };
    for (let s = 0; s < roads; s++) add(worlds[0], s, lengthOf(network, s));
    for (const world of worlds) {
      starts.push(length.length);
      add(world, roads, 0);
    }
    parts.push(length.length);
  }
  const S = length.length;
  const F = pairs.find((row) => row)!.length;
  const phi = new Float64Array(S * A * F);
  pairs.forEach((row, i) => {
    if (row) phi.set(row, i * F);
  });
  const rho = new Float64Array(S);
  for (const s of starts) rho[s] = 1 / starts.length;
  const P = { rows: Int32Array.from(rows), next: Int32Array.from(next), p: new Float64Array(next.length).fill(1) };
  const mdp = tabularMdp({ S, A, P, r: { sa: r }, rho, terminal, H, allowUnavailable: true });
  return { mdp, phi: features(mdp, "sa", phi), length: Float64Array.from(length), time: Float64Array.from(time), parts };
}

interface Route {
  readonly states: number[];
  readonly actions: number[];
}

/** `count` trips of as many drivers, from origins drawn at random. */
export function drive(town: Town, count: number, driver: Driver, random: Rng): Dataset {
  const starts = Array.from({ length: count }, () => random.categorical(town.mdp.rho));
  return asDataset(
    town,
    starts.map((begin) => driverOf(town, driver, random)(begin)),
  );
}

/** From every origin once, to its destination, as many times as there are `drivers`. */
export function driveAll(town: Town, drivers: number, driver: Driver, random: Rng): Dataset {
  const starts = Array.from({ length: town.mdp.S }, (_, s) => s).filter((s) => town.mdp.rho[s] > 0);
  return asDataset(town, Array.from({ length: drivers }, () => starts.map(driverOf(town, driver, random))).flat());
}

/** Somebody who drives from wherever they are put, and always arrives: drawn ways that don't are drawn again. */
function driverOf(town: Town, driver: Driver, random: Rng): (begin: number) => Route {
  const { mdp } = town;
  const { S, A, P, terminal } = mdp;
  if (driver === "perceived") {
    const factor = Float64Array.from({ length: S }, () => Math.exp(MISJUDGEMENT * random.normal()));
    const cost = mdp.r.map((r, i) => (P.rows[i] < P.rows[i + 1] ? r * factor[P.next[P.rows[i]]] : r));
    const ways = town.parts.map(() => undefined as ((h: number, s: number) => number) | undefined);
    return (begin) => {
      const part = town.parts.findIndex((first) => first > begin) - 1;
      ways[part] ??= cheapest(mdp, cost, town.parts[part], town.parts[part + 1]);
      return followed(mdp, ways[part], begin);
    };
  }
  let pi = policies.get(town)?.[driver];
  if (!pi) {
    pi = driver === "actions" ? softmaxPolicy(A, valueIteration(mdp).Q) : softValueIteration(mdp).pi;
    policies.set(town, { ...policies.get(town), [driver]: pi });
  }
  const choices = pi;
  return (begin) => {
    for (;;) {
      const drawn = followed(mdp, (h, s) => random.categorical(choices, (h * S + s) * A, A), begin);
      if (terminal[drawn.states[drawn.actions.length]] === 1) return drawn;
    }
  };
}

const policies = new WeakMap<Town, { [driver in Driver]?: Float64Array }>();

function asDataset({ mdp }: Town, trips: readonly Route[]): Dataset {
  const { S, A } = mdp;
  return fromTrajectories(
    discrete(S),
    discrete(A),
    trips.map(({ states, actions }) => ({
      observations: Float32Array.from(states),
      actions: Int32Array.from(actions),
      rewards: Float64Array.from(actions, (a, h) => mdp.r[states[h] * A + a]),
      terminated: true,
    })),
  );
}

/**
 * For each trip the share of its length that is predicted, too: by the route with the largest sum of `score [H, S, A]` or
 * `[S, A]` among those that arrive. Of log π_h(a|s) that is the most probable route, of rewards the best one.
 */
export function matching({ mdp, length }: Town, trips: Dataset, score: Float64Array): Float64Array {
  const choice = best(mdp, score);
  const routes = new Map<number, Set<number>>();
  return Float64Array.from(trips.terminated, (_, i) => {
    const driven = trips.observations.subarray(trips.offsets[i] + i, trips.offsets[i + 1] + i + 1);
    const predicted = routes.get(driven[0]) ?? new Set(followed(mdp, choice, driven[0]).states);
    routes.set(driven[0], predicted);
    let all = 0;
    let shared = 0;
    for (const s of driven) {
      all += length[s];
      if (predicted.has(s)) shared += length[s];
    }
    return shared / all;
  });
}

/** The choices of the cheapest routes through the states `from .. to`, where every step costs something: as many sweeps as it takes. */
function cheapest({ A, P, terminal }: TabularMdp, r: Float64Array, from: number, to: number): (h: number, s: number) => number {
  const V = Float64Array.from({ length: to - from }, (_, s) => (terminal[from + s] ? 0 : -Infinity));
  const choices = new Int32Array(to - from);
  for (let changed = true; changed; ) {
    changed = false;
    for (let s = from; s < to; s++) {
      if (terminal[s] === 1) continue;
      for (let i = s * A; i < (s + 1) * A; i++) {
        if (P.rows[i] === P.rows[i + 1]) continue;
        const value = r[i] + V[P.next[P.rows[i]] - from];
        if (!(value > V[s - from])) continue;
        V[s - from] = value;
        choices[s - from] = i - s * A;
        changed = true;
      }
    }
  }
  return (_, s) => choices[s - from];
}

/** Where choices lead from `begin`, until the destination or the horizon. */
function followed({ A, H, P, terminal }: TabularMdp, choice: (h: number, s: number) => number, begin: number): Route {
  const states = [begin];
  const actions: number[] = [];
  for (let h = 0; h < H && terminal[states[h]] === 0; h++) {
    actions.push(choice(h, states[h]));
    states.push(P.next[P.rows[states[h] * A + actions[h]]]);
  }
  return { states, actions };
}

/** The choices of the route with the largest sum of scores among those that arrive. */
function best({ S, A, H, P, terminal }: TabularMdp, score: Float64Array): (h: number, s: number) => number {
  const step = score.length > S * A ? S * A : 0;
  const choices = new Int32Array(H * S);
  let V = Float64Array.from(terminal, (ends) => (ends ? 0 : NEVER));
  for (let h = H - 1; h >= 0; h--) {
    const own = new Float64Array(S);
    for (let s = 0; s < S; s++) {
      if (terminal[s] === 1) continue;
      own[s] = -Infinity;
      for (let i = s * A; i < (s + 1) * A; i++) {
        if (P.rows[i] === P.rows[i + 1]) continue;
        const value = score[h * step + i] + V[P.next[P.rows[i]]];
        if (!(value > own[s])) continue;
        own[s] = value;
        choices[h * S + s] = i - s * A;
      }
    }
    V = own;
  }
  return (h, s) => choices[h * S + s];
}

function lengthOf({ x, y, from, to }: RoadNetwork, road: number): number {
  return Math.hypot(x[from[road]] - x[to[road]], y[from[road]] - y[to[road]]);
}
