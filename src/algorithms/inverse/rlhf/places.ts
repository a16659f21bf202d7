import type { ResponseFeeds } from "../../../policies/index.ts";

/** Where each row's actions stand in a grid `[R, T]`: where its mask is 1. */
export function placesOf({ mask }: ResponseFeeds, rows: number): number[][] {
  const T = mask.length / rows;
  return Array.from({ length: rows }, (_, row) => {
    const places: number[] = [];
    for (let at = row * T; at < (row + 1) * T; at++) if (mask[at] === 1) places.push(at);
    return places;
  });
}

/** Lists `[T]`, one for each row, in a grid `[R, T]` with zeros elsewhere. */
export function gridOf(feeds: ResponseFeeds, lists: readonly Float32Array[]): Float32Array {
  const grid = new Float32Array(feeds.mask.length);
  placesOf(feeds, lists.length).forEach((places, row) => {
    places.forEach((at, t) => {
      grid[at] = lists[row][t];
    });
  });
  return grid;
}
