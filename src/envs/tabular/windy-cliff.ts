import { tabularMdp } from "../../mdp/tabular.ts";
import { fromTabular, type TabularEnv } from "./from-tabular.ts";
import { cells } from "./layout.ts";

/** The four diagonals, as [right, down]. */
const DIAGONALS = [
  [-1, -1],
  [1, -1],
  [-1, 1],
  [1, 1],
] as const;

export interface WindyCliffOptions {
  readonly width?: number;
  readonly height?: number;
  readonly H?: number;
  /** The chance to be blown one cell further up. */
  readonly wind?: number;
}

/**
 * A cliff in the wind: moves are diagonal (up-left, up-right, down-left, down-right), and with chance 0.3 the wind blows one
 * cell further up, towards the cliff between the start and the goal in the upper row. The reward depends on the state:
 * -10 on the cliff, 10 at the goal, -1 elsewhere, and nothing ends before the horizon. It is the world "CliffWorld" with
 * which inverse reinforcement learning is often compared. Throws a RangeError on fewer than 3 by 2 cells or a wind that is no
 * probability.
 */
export function windyCliff({ width = 7, height = 4, H = 40, wind = 0.3 }: WindyCliffOptions = {}): TabularEnv {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width >= 3 && height >= 2)) {
    throw new RangeError(`windyCliff: ${width} by ${height} cells, expected a width from 3 on and a height from 2 on`);
  }
  if (!(wind >= 0 && wind <= 1)) throw new RangeError(`windyCliff: wind is ${wind}, expected 0 to 1`);
  const S = width * height;
  const P = new Float64Array(S * 4 * S);
  const r = new Float64Array(S);
  const inside = (value: number, size: number) => Math.min(Math.max(value, 0), size - 1);
  for (let s = 0; s < S; s++) {
    const [x, y] = [s % width, Math.floor(s / width)];
    r[s] = s === width - 1 ? 10 : s > 0 && s < width - 1 ? -10 : -1;
    DIAGONALS.forEach(([dx, dy], a) => {
      const column = inside(x + dx, width);
      P[(s * 4 + a) * S + inside(y + dy, height) * width + column] += 1 - wind;
      P[(s * 4 + a) * S + inside(y + dy - 1, height) * width + column] += wind;
    });
  }
  const mark = (cell: number) => (cell === 0 ? "S" : cell === width - 1 ? "G" : cell < width - 1 ? "X" : "");
  const mdp = tabularMdp({ S, A: 4, P, r: { s: r }, rho: 0, H });
  return fromTabular(mdp, { id: "WindyCliff-v1", layout: cells(height, width, DIAGONALS, mark) });
}
