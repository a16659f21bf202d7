import { describe, type Space, size } from "./space.ts";

/** Where the picture stands in a flat observation: numbers `from .. from + channels * height * width`, plane by plane. */
export interface PicturePart {
  readonly from: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The picture of an observation: the space itself or the part of a dictionary that has three sides, `[channels, rows,
 * columns]`; the one called `name` if there are several. Throws if there is none, or none of that name.
 */
export function pictureIn(space: Space, name?: string): PicturePart {
  const found: [string, PicturePart][] = [];
  let from = 0;
  for (const [own, part] of space.kind === "dict" ? Object.entries(space.spaces) : ([["", space]] as const)) {
    if (part.kind === "box" && part.shape.length === 3) {
      const [channels, height, width] = part.shape;
      found.push([own, { from, channels, height, width }]);
    }
    from += size(part);
  }
  const wanted = name === undefined ? found : found.filter(([own]) => own === name);
  if (wanted.length === 1) return wanted[0][1];
  const names = found.map(([own]) => own).join(", ");
  throw new TypeError(
    found.length === 0
      ? `a picture has three sides [channels, rows, columns], found none in ${describe(space)}; use mlp`
      : `the observation ${describe(space)} has the pictures ${names}; name one of them${name === undefined ? "" : `, found "${name}"`}`,
  );
}
