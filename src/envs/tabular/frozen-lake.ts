import { fromTabular, type TabularEnv } from "./from-tabular.ts";
import { cells } from "./layout.ts";
import { absorbing, type Outcome, tabulate } from "./table.ts";

const MAPS = {
  "4x4": ["SFFF", "FHFH", "FFFH", "HFFG"],
  "8x8": ["SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"],
} as const;

/** Left, down, right, up, as [right, down]. */
const MOVES = [
  [-1, 0],
  [0, 1],
  [1, 0],
  [0, -1],
] as const;

export interface FrozenLakeOptions {
  /** `4x4`, `8x8`, or rows of S (start), F (ice), H (hole), G (goal). */
  readonly map?: keyof typeof MAPS | readonly string[];
  readonly slippery?: boolean;
  /** The chance to move as intended on slippery ice; the rest is shared by the two directions beside it. */
  readonly successRate?: number;
  /** For reaching the goal, a hole, ice. */
  readonly rewards?: readonly [goal: number, hole: number, frozen: number];
  /** The horizon of `env.mdp`: 100 steps (200 for 8x8), as the episodes. Give `Infinity` and gamma < 1 for a discounted process. */
  readonly H?: number;
  readonly gamma?: number;
}

/**
 * FrozenLake-v1: across the ice to the goal, past the holes; on slippery ice a step goes where it should with chance 1/3.
 * Actions left, down, right, up; the observation is the cell, row by row. Table, rewards and limits are Gymnasium's.
 * Throws on a map that is not a rectangle of S, F, H, G, or has no S.
 */
export function frozenLake(options: FrozenLakeOptions = {}): TabularEnv {
  const { map = "4x4", slippery = true, successRate = 1 / 3, rewards = [1, 0, 0], gamma } = options;
  const tiles = typeof map === "string" ? MAPS[map] : map;
  if (!tiles) throw new RangeError(`FrozenLake-v1: map is "${map}", expected "4x4", "8x8" or rows of S, F, H and G`);
  if (!(successRate >= 0 && successRate <= 1))
    throw new RangeError(`FrozenLake-v1: successRate is ${successRate}, expected 0 to 1`);
  const letters = lettersOf(tiles);
  const [rows, columns] = [tiles.length, tiles[0].length];
  const aside = (1 - successRate) / 2;
  const table = tabulate(rows * columns, 4, (s, a) => {
    if (over(letters[s])) return [[1, s, 0, true]];
    if (!slippery) return [slide(s, a, 1)];
    return [slide(s, (a + 3) % 4, aside), slide(s, a, successRate), slide(s, (a + 1) % 4, aside)];
  });
  const starts = letters.filter((letter) => letter === "S").length;
  const maxSteps = map === "8x8" ? 200 : 100;
  const { H = maxSteps } = options;
  const mdp = absorbing(table, { rho: Float64Array.from(letters, (letter) => (letter === "S" ? 1 / starts : 0)), H, gamma });
  const id = map === "8x8" ? "FrozenLake8x8-v1" : "FrozenLake-v1";
  return fromTabular(mdp, { id, maxSteps, table, layout: cells(rows, columns, MOVES, (cell) => letters[cell].replace("F", "")) });

  function slide(s: number, a: number, p: number): Outcome {
    const x = Math.min(Math.max((s % columns) + MOVES[a][0], 0), columns - 1);
    const y = Math.min(Math.max(Math.floor(s / columns) + MOVES[a][1], 0), rows - 1);
    const letter = letters[y * columns + x];
    return [p, y * columns + x, rewards[letter === "G" ? 0 : letter === "H" ? 1 : 2], over(letter)];
  }
}

function over(letter: string): boolean {
  return letter === "H" || letter === "G";
}

function lettersOf(tiles: readonly string[]): string[] {
  const letters = tiles.join("").split("");
  tiles.forEach((row, y) => {
    if (row.length === 0 || row.length !== tiles[0].length) {
      throw new RangeError(
        `FrozenLake-v1: row ${y} of the map has ${row.length} tiles, expected ${tiles[0].length} as the first`,
      );
    }
  });
  const odd = letters.find((letter) => !"SFHG".includes(letter));
  if (odd !== undefined) throw new RangeError(`FrozenLake-v1: the map has a tile "${odd}", expected S, F, H or G`);
  if (!letters.includes("S")) throw new RangeError("FrozenLake-v1: the map has no S, expected at least one tile to start from");
  return letters;
}
