import type { Rng } from "../../autodiff/index.ts";
import { type TabularMdp, tabularMdp } from "../../mdp/index.ts";

/** Cells of a side. */
export const N = 6;
export const S = N * N;
/** Up, right, down, left, stay. */
export const A = 5;
const WAYS = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, 0],
] as const;
const GAMMA = 0.9;

/** A square maze of two rooms: a wall below row `wall` lets through at column `gap` only. The goal is in the upper room. */
export interface Maze {
  readonly wall: number;
  readonly gap: number;
  readonly goal: { readonly x: number; readonly y: number };
}

/** Two mazes that differ in the gap alone: at one end of the wall, then at the other. */
export function drawMazes(random: Rng): { here: Maze; there: Maze } {
  const wall = 1 + random.integer(N - 3);
  const goal = { x: random.integer(N), y: random.integer(wall + 1) };
  const gap = (N - 1) * random.integer(2);
  return { here: { wall, gap, goal }, there: { wall, gap: N - 1 - gap, goal } };
}

/**
 * The maze as a process. A step leads one cell on, or nowhere where a border or the wall is; nothing ever ends. The reward is of the
 * state alone, as the paper's: minus the distance to the goal, in sides. The walls are between cells, so that both mazes have the
 * same states, and every state leads to itself, so that all hang together (Fu et al. 2018, definition 5.1). Episodes begin
 * anywhere, or (`below`) in the room without the goal.
 */
export function mazeMdp({ wall, gap, goal }: Maze, { below }: { readonly below: boolean }): TabularMdp {
  const P = new Float64Array(S * A * S);
  const r = new Float64Array(S);
  for (let s = 0; s < S; s++) {
    const [x, y] = [s % N, Math.floor(s / N)];
    r[s] = -(Math.abs(x - goal.x) + Math.abs(y - goal.y)) / N;
    for (let a = 0; a < A; a++) {
      const [toX, toY] = [x + WAYS[a][0], y + WAYS[a][1]];
      const held = toX < 0 || toX >= N || toY < 0 || toY >= N || (Math.min(y, toY) === wall && y !== toY && x !== gap);
      P[(s * A + a) * S + (held ? s : toY * N + toX)] = 1;
    }
  }
  const first = below ? (wall + 1) * N : 0;
  const rho = Float64Array.from({ length: S }, (_, s) => (s >= first ? 1 / (S - first) : 0));
  return tabularMdp({ S, A, P, r: { s: r }, rho, gamma: GAMMA });
}
