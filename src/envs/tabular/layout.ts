/** How a world lies on paper, so that anything known about its states can be drawn. */
export type Layout = GridLayout | GraphLayout;

/** Cells in rows and columns. */
export interface GridLayout {
  readonly kind: "grid";
  readonly rows: number;
  readonly columns: number;
  /** The state that a cell stands for while the world is in state `at` (a world may have many states a cell), -1 for none. */
  stateOf(cell: number, at: number): number;
  cellOf(state: number): number;
  /** For each action, where its arrow points, [right, down], or a letter for one that points nowhere. */
  readonly actions: readonly (readonly [number, number] | string)[];
  /** A word of a letter or two about a cell; `"#"` fills it. */
  mark?(cell: number, at: number): string;
  /** Lines between cells, in cells from the upper left corner. */
  readonly walls?: readonly (readonly [x1: number, y1: number, x2: number, y2: number])[];
}

/** States as discs, or as strokes between two points (roads); steps as arrows. */
export interface GraphLayout {
  readonly kind: "graph";
  /** `[S, 4]`: x1, y1, x2, y2 of every state in the unit square; a disc where the two points are one. */
  readonly places: Float64Array;
  /** A short name for each state; its index where there is none. */
  readonly names?: readonly string[];
}

/** What to draw over a world's layout. Tables are those of its decision process. */
export interface Show {
  /** V, `[S]` or `[H + 1, S]` (whose first step is drawn), as colour. */
  readonly values?: ArrayLike<number>;
  /** d, `[S]` or `[H, S]` (whose mean over the steps is drawn), as colour. */
  readonly occupancy?: ArrayLike<number>;
  /** r, `[S]` or `[S, A]` (whose mean over the available actions is drawn), as colour. */
  readonly rewards?: ArrayLike<number>;
  /** pi, `[S, A]` or `[H, S, A]` (whose first step is drawn), as arrows. */
  readonly policy?: ArrayLike<number>;
  /** The state the world is in, as a ring. */
  readonly at?: number;
  readonly title?: string;
}

/** The moves of grids whose actions are up, right, down, left. */
export const COMPASS = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
] as const;

/** A grid whose states are its cells, in rows. */
export function cells(
  rows: number,
  columns: number,
  actions: GridLayout["actions"],
  mark?: (cell: number) => string,
  walls?: GridLayout["walls"],
): GridLayout {
  return { kind: "grid", rows, columns, stateOf: (cell) => cell, cellOf: (state) => state, actions, mark, walls };
}

/** States on a circle. */
export function circle(S: number): GraphLayout {
  const places = new Float64Array(S * 4);
  for (let s = 0; s < S; s++) {
    const angle = (2 * Math.PI * s) / S - Math.PI / 2;
    const [x, y] = [0.5 + 0.42 * Math.cos(angle), 0.5 + 0.42 * Math.sin(angle)];
    places.set([x, y, x, y], s * 4);
  }
  return { kind: "graph", places };
}
