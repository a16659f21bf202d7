import { fromTabular, type TabularEnv } from "./from-tabular.ts";
import { COMPASS, cells } from "./layout.ts";
import { absorbing, type Outcome, tabulate } from "./table.ts";

const ROWS = 4;
const COLUMNS = 12;
const START = 36;
const GOAL = 47;

export interface CliffWalkingOptions {
  /** Whether a step goes as intended only with chance 1/3, and to one of the two sides otherwise. */
  readonly slippery?: boolean;
  /** The horizon of `env.mdp`; without one, its discount: 0.99. The episodes themselves have no limit, as in Gymnasium. */
  readonly H?: number;
  readonly gamma?: number;
}

/**
 * CliffWalking-v1 (CliffWalkingSlippery-v1): along a cliff to the goal, -1 a step; over the edge costs 100 and leads back to
 * the start (Sutton & Barto 2018, example 6.6). Actions up, right, down, left; the observation is the cell, row by row.
 * Table and rewards are Gymnasium's.
 */
export function cliffWalking({ slippery = false, H, gamma }: CliffWalkingOptions = {}): TabularEnv {
  const table = tabulate(ROWS * COLUMNS, 4, (s, a) => {
    const ways = slippery ? [(a + 3) % 4, a, (a + 1) % 4] : [a];
    return ways.map((way) => walk(s, way, 1 / ways.length));
  });
  const mdp = absorbing(table, { rho: START, H, gamma: gamma ?? (H === undefined ? 0.99 : 1) });
  const mark = (cell: number) => (cell === START ? "S" : cell === GOAL ? "G" : onCliff(cell) ? "#" : "");
  return fromTabular(mdp, {
    id: slippery ? "CliffWalkingSlippery-v1" : "CliffWalking-v1",
    maxSteps: Infinity,
    table,
    layout: cells(ROWS, COLUMNS, COMPASS, mark),
  });
}

function walk(s: number, way: number, p: number): Outcome {
  const x = Math.min(Math.max((s % COLUMNS) + COMPASS[way][0], 0), COLUMNS - 1);
  const y = Math.min(Math.max(Math.floor(s / COLUMNS) + COMPASS[way][1], 0), ROWS - 1);
  const next = y * COLUMNS + x;
  return onCliff(next) ? [p, START, -100, false] : [p, next, -1, next === GOAL];
}

function onCliff(cell: number): boolean {
  return cell > START && cell < GOAL;
}
