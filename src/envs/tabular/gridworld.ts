import { tabularMdp } from "../../mdp/tabular.ts";
import { fromTabular, type TabularEnv } from "./from-tabular.ts";
import { COMPASS, cells } from "./layout.ts";

export interface GridworldOptions {
  /** Rows of `.` (free), `S` (start), `G` (goal), `X` (pit), `#` (wall). */
  readonly map?: readonly string[];
  /** Without a map: an empty grid from the upper left corner to the lower right one. */
  readonly rows?: number;
  readonly columns?: number;
  /** The chance that a step goes to one of the two sides instead, shared by them. */
  readonly slip?: number;
  /** For a step, in addition for reaching a goal, in addition for falling into a pit. */
  readonly rewards?: readonly [step: number, goal: number, pit: number];
  readonly H?: number;
  /** Without a horizon, the discount: 0.99. */
  readonly gamma?: number;
}

/**
 * A gridworld: up, right, down, left; a step slips to either side with chance slip / 2; walls and borders hold. Goals and
 * pits end the episode. States are the cells, row by row (walls are states that nothing leads to). Built in compressed
 * rows: a thousand by a thousand cells take less than a second. Throws on a map that is not a rectangle of these tiles, or
 * has no start.
 */
export function gridworld(options: GridworldOptions = {}): TabularEnv {
  const { slip = 0.1, rewards = [-0.04, 1, -1], H, gamma = H === undefined ? 0.99 : 1 } = options;
  if (!(slip >= 0 && slip <= 1)) throw new RangeError(`gridworld: slip is ${slip}, expected 0 to 1`);
  const { rows, columns, tiles } = tilesOf(options);
  const S = rows * columns;
  const ways = slip > 0 ? 3 : 1;
  const starts = new Int32Array(S * 4 + 1);
  const next = new Int32Array(S * 4 * ways);
  const p = new Float64Array(S * 4 * ways);
  const sas = new Float64Array(S * 4 * ways);
  let k = 0;
  for (let s = 0; s < S; s++) {
    const closed = tiles[s] === GOAL || tiles[s] === PIT || tiles[s] === WALL;
    const [x, y] = [s % columns, Math.floor(s / columns)];
    for (let a = 0; a < 4; a++) {
      for (let w = 0; w < ways && !closed; w++, k++) {
        const way = COMPASS[(a + [0, 1, 3][w]) % 4];
        const [toX, toY] = [x + way[0], y + way[1]];
        const held = toX < 0 || toX >= columns || toY < 0 || toY >= rows || tiles[toY * columns + toX] === WALL;
        const to = held ? s : toY * columns + toX;
        next[k] = to;
        p[k] = w === 0 ? 1 - slip : slip / 2;
        sas[k] = rewards[0] + (tiles[to] === GOAL ? rewards[1] : tiles[to] === PIT ? rewards[2] : 0);
      }
      starts[s * 4 + a + 1] = k;
    }
  }
  const P = { rows: starts, next: next.subarray(0, k), p: p.subarray(0, k) };
  const terminal: number[] = [];
  let first = 0;
  tiles.forEach((tile, s) => {
    if (tile === GOAL || tile === PIT || tile === WALL) terminal.push(s);
    if (tile === START) first++;
  });
  const rho = new Float64Array(S);
  tiles.forEach((tile, s) => {
    if (tile === START) rho[s] = 1 / first;
  });
  const mdp = tabularMdp({ S, A: 4, P, r: { sas: sas.subarray(0, k) }, rho, terminal, H, gamma });
  const mark = (cell: number) => [".", "S", "G", "X", "#"][tiles[cell]].replace(".", "");
  return fromTabular(mdp, {
    id: "Gridworld-v1",
    maxSteps: H ?? 10 * (rows + columns),
    layout: cells(rows, columns, COMPASS, mark),
  });
}

const START = 1;
const GOAL = 2;
const PIT = 3;
const WALL = 4;

function tilesOf({ map, rows = 5, columns = 5 }: GridworldOptions): { rows: number; columns: number; tiles: Uint8Array } {
  if (!map) {
    if (!(Number.isInteger(rows) && Number.isInteger(columns) && rows * columns >= 2 && rows >= 1)) {
      throw new RangeError(
        `gridworld: ${rows} rows and ${columns} columns, expected whole numbers from 1 on and at least two cells`,
      );
    }
    const tiles = new Uint8Array(rows * columns);
    tiles[0] = START;
    tiles[rows * columns - 1] = GOAL;
    return { rows, columns, tiles };
  }
  const letters = map.join("");
  map.forEach((row, y) => {
    if (row.length === 0 || row.length !== map[0].length) {
      throw new RangeError(`gridworld: row ${y} of the map has ${row.length} tiles, expected ${map[0].length} as the first`);
    }
  });
  const tiles = Uint8Array.from(letters, (letter) => ".SGX#".indexOf(letter));
  const odd = tiles.indexOf(255);
  if (odd >= 0) throw new RangeError(`gridworld: the map has a tile "${letters[odd]}", expected . S G X or #`);
  if (!tiles.includes(START)) throw new RangeError("gridworld: the map has no S, expected at least one tile to start from");
  return { rows: map.length, columns: map[0].length, tiles };
}
