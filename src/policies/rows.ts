import type { Actions, Observations } from "../mdp/index.ts";

/** Some rows `[n, D]` of a batch, copied. */
export function takeRows(batch: Observations, rows: readonly number[], D: number): Observations {
  const out = new Float32Array(rows.length * D);
  rows.forEach((row, k) => {
    out.set(batch.subarray(row * D, (row + 1) * D), k * D);
  });
  return out;
}

/** Puts answers `[n, K]` into the rows of a batch of actions that they were given for. */
export function putRows(into: Actions, rows: readonly number[], answers: Actions, K: number): void {
  rows.forEach((row, k) => {
    for (let j = 0; j < K; j++) into[row * K + j] = answers[k * K + j];
  });
}

/** The numbers of the rows of which `is` holds, in their order. */
export function rowsWhere(n: number, is: (row: number) => boolean): number[] {
  const rows: number[] = [];
  for (let row = 0; row < n; row++) if (is(row)) rows.push(row);
  return rows;
}
