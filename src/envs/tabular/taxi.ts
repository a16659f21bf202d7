import { fromTabular, type TabularEnv } from "./from-tabular.ts";
import type { GridLayout } from "./layout.ts";
import { absorbing, type Outcome, type OutcomeTable, tabulate } from "./table.ts";

const SIDE = 5;
const STATES = 500;
const IN_TAXI = 4;
/** Where passengers wait and go: red, green, yellow, blue; as cells. */
const STANDS = [0, 4, 20, 23];
/** South, north, east, west, as [right, down]. */
const MOVES = [
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
] as const;
/** The cells with a wall on their eastern side, inside of the city. */
const WALLS = [1, 6, 15, 17, 20, 22];
/** For each heading, where rain may drive the taxi: to its left, to its right. */
const DRIFT = [
  [2, 3],
  [3, 2],
  [1, 0],
  [0, 1],
] as const;

export interface TaxiOptions {
  /** Whether rain drives the taxi aside. */
  readonly rainy?: boolean;
  /** The chance to move as intended in the rain; the rest is shared by the two sides. */
  readonly rainyProbability?: number;
  /** Whether a passenger may change their mind about the destination on the first move after the pickup. */
  readonly ficklePassenger?: boolean;
  /** The chance that an episode's passenger will. */
  readonly fickleProbability?: number;
  /** The horizon of `env.mdp`: 200 steps, as the episodes. Give `Infinity` and gamma < 1 for a discounted process. */
  readonly H?: number;
  readonly gamma?: number;
}

/**
 * Taxi-v4: fetch a passenger and drop them at their destination (Dietterich 2000). Actions south, north, east, west, pick
 * up, drop off; the observation is ((row * 5 + column) * 5 + passenger) * 4 + destination, passenger 4 being in the taxi.
 * -1 a step, -10 for a pickup or drop-off where there is none to make, +20 at the destination. Table, rewards and limits
 * are Gymnasium's. With a fickle passenger the process has 1000 states, of which 500 .. 999 are those of an
 * episode whose passenger has yet to change their mind: the observation doesn't tell the two apart (`env.seen`). Throws a
 * RangeError on what is no probability.
 */
export function taxi(options: TaxiOptions = {}): TabularEnv {
  const { rainy = false, rainyProbability = 0.8, ficklePassenger = false, fickleProbability = 0.3, H = 200, gamma } = options;
  for (const [name, p] of Object.entries({ rainyProbability, fickleProbability })) {
    if (!(p >= 0 && p <= 1)) throw new RangeError(`Taxi-v4: ${name} is ${p}, expected 0 to 1`);
  }
  const steady = tabulate(STATES, 6, (s, a) => drive(s, a, rainy ? rainyProbability : undefined));
  const table = ficklePassenger ? fickle(steady) : steady;
  const rho = new Float64Array(table.S);
  for (let s = 0; s < table.S; s++) {
    const { passenger, destination } = decode(s % STATES);
    if (passenger === IN_TAXI || passenger === destination) continue;
    rho[s] = (ficklePassenger ? (s < STATES ? 1 - fickleProbability : fickleProbability) : 1) / 300;
  }
  return fromTabular(absorbing(table, { rho, H, gamma }), {
    id: "Taxi-v4",
    maxSteps: 200,
    table,
    seen: ficklePassenger ? Int32Array.from({ length: table.S }, (_, s) => s % STATES) : undefined,
    layout,
  });
}

function encode(cell: number, passenger: number, destination: number): number {
  return (cell * 5 + passenger) * 4 + destination;
}

function decode(s: number): { cell: number; passenger: number; destination: number } {
  return { cell: Math.floor(s / 20), passenger: Math.floor(s / 4) % 5, destination: s % 4 };
}

function drive(s: number, a: number, rain: number | undefined): Outcome[] {
  const { cell, passenger, destination } = decode(s);
  if (a < 4) {
    const ahead = move(cell, a);
    const to = (next: number, p: number): Outcome => [p, encode(next, passenger, destination), -1, false];
    if (rain === undefined) return [to(ahead, 1)];
    const aside = (1 - rain) / 2;
    // A taxi that can't move ahead isn't driven aside either.
    const [left, right] = DRIFT[a].map((way) => (ahead === cell ? cell : move(cell, way)));
    return [to(ahead, rain), to(left, aside), to(right, aside)];
  }
  if (a === 4) {
    return passenger !== IN_TAXI && cell === STANDS[passenger]
      ? [[1, encode(cell, IN_TAXI, destination), -1, false]]
      : [[1, s, -10, false]];
  }
  const stand = STANDS.indexOf(cell);
  if (passenger !== IN_TAXI || stand < 0) return [[1, s, -10, false]];
  return [[1, encode(cell, stand, destination), stand === destination ? 20 : -1, stand === destination]];
}

function move(cell: number, way: number): number {
  const x = (cell % SIDE) + MOVES[way][0];
  const y = Math.floor(cell / SIDE) + MOVES[way][1];
  const blocked =
    x < 0 || x >= SIDE || y < 0 || y >= SIDE || (way === 2 && WALLS.includes(cell)) || (way === 3 && WALLS.includes(cell - 1));
  return blocked ? cell : y * SIDE + x;
}

/** The table over (mind, s): in states 500 + s the first move with the passenger aboard leads to each other destination alike. */
function fickle(steady: OutcomeTable): OutcomeTable {
  return tabulate(2 * STATES, 6, (s, a) => {
    const [mind, base] = [Math.floor(s / STATES), s % STATES];
    const { cell, passenger, destination } = decode(base);
    const row: Outcome[] = [];
    for (let k = steady.rows[base * 6 + a]; k < steady.rows[base * 6 + a + 1]; k++) {
      const [p, next, reward, ends] = [steady.p[k], steady.next[k], steady.reward[k], steady.ends[k] === 1];
      const now = decode(next);
      if (mind === 0 || passenger !== IN_TAXI || now.cell === cell) {
        row.push([p, mind * STATES + next, reward, ends]);
        continue;
      }
      for (let other = 0; other < 4; other++) {
        if (other !== destination) row.push([p / 3, encode(now.cell, now.passenger, other), reward, ends]);
      }
    }
    return row;
  });
}

/** The city with the passenger and the destination of the present state (at first: from red to blue). */
const layout: GridLayout = {
  kind: "grid",
  rows: SIDE,
  columns: SIDE,
  stateOf: (cell, at) => {
    const { passenger, destination } = decode(at < 0 ? encode(0, 0, 3) : at % STATES);
    return encode(cell, passenger, destination) + (at >= STATES ? STATES : 0);
  },
  cellOf: (s) => decode(s % STATES).cell,
  actions: [...MOVES, "pick", "drop"],
  mark: (cell, at) => {
    const { passenger, destination } = decode(at < 0 ? encode(0, 0, 3) : at % STATES);
    const stand = STANDS.indexOf(cell);
    if (stand < 0) return "";
    return "RGYB"[stand] + (stand === passenger ? " P" : "") + (stand === destination ? " D" : "");
  },
  walls: WALLS.map((cell) => [(cell % SIDE) + 1, Math.floor(cell / SIDE), (cell % SIDE) + 1, Math.floor(cell / SIDE) + 1]),
};
