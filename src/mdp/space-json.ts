import { type Box, box, bytes, dict, discrete, multiDiscrete, type Space } from "./space.ts";

// A space as JSON text holds it: infinite bounds as "inf" and "-inf", equal bounds once.

/** A bound of a box. */
export type BoundJson = number | "inf" | "-inf";

/** A space as a plain JSON value. */
export type SpaceJson =
  | { kind: "discrete"; n: number }
  | { kind: "multi-discrete"; ns: number[] }
  | { kind: "box"; shape: number[]; low: BoundJson | BoundJson[]; high: BoundJson | BoundJson[] }
  | { kind: "bytes"; shape: number[] }
  | { kind: "dict"; spaces: { [name: string]: SpaceJson } };

/** The JSON value of a space; `spaceFromJson` gives the space back. */
export function spaceToJson(space: Space): SpaceJson {
  switch (space.kind) {
    case "discrete":
      return { kind: "discrete", n: space.n };
    case "multi-discrete":
      return { kind: "multi-discrete", ns: [...space.ns] };
    case "box":
      if (space.bytes) return { kind: "bytes", shape: [...space.shape] };
      return { kind: "box", shape: [...space.shape], low: boundsToJson(space.low), high: boundsToJson(space.high) };
    case "dict":
      return {
        kind: "dict",
        spaces: Object.fromEntries(Object.entries(space.spaces).map(([name, part]) => [name, spaceToJson(part)])),
      };
  }
}

/** The space that a JSON value describes. Throws, with the value, if it describes none. */
export function spaceFromJson(value: unknown): Space {
  const json = value as SpaceJson | null | undefined;
  switch (json?.kind) {
    case "discrete":
      return discrete(json.n);
    case "multi-discrete":
      return multiDiscrete(json.ns);
    case "box":
      return boxFromJson(json);
    case "bytes":
      return bytes(json.shape);
    case "dict":
      return dict(Object.fromEntries(Object.entries(json.spaces).map(([name, part]) => [name, spaceFromJson(part)])));
    default:
      throw new TypeError(
        `a space is written as {"kind": "discrete" | "multi-discrete" | "box" | "bytes" | "dict", ...}, found ${JSON.stringify(value)?.slice(0, 80)}`,
      );
  }
}

function boxFromJson(json: { shape: number[]; low: BoundJson | BoundJson[]; high: BoundJson | BoundJson[] }): Box {
  const read = (bound: BoundJson): number => (bound === "inf" ? Infinity : bound === "-inf" ? -Infinity : Number(bound));
  const bounds = (value: BoundJson | BoundJson[]) => (Array.isArray(value) ? value.map(read) : read(value));
  return box(json.shape, bounds(json.low), bounds(json.high));
}

function boundsToJson(bounds: Float64Array): BoundJson | BoundJson[] {
  const write = (bound: number): BoundJson => (bound === Infinity ? "inf" : bound === -Infinity ? "-inf" : bound);
  return bounds.every((bound) => bound === bounds[0]) ? write(bounds[0]) : Array.from(bounds, write);
}
