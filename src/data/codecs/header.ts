import type { ActionSpace } from "../../mdp/env.ts";
import { box, dict, discrete, multiDiscrete, type Space } from "../../mdp/space.ts";
import { count, type Dataset, type Metadata } from "../dataset.ts";
import { FormatError } from "./format-error.ts";
import { isObject } from "./text.ts";

/** What a data set's columns don't say of themselves, as JSON; every format of ours carries it. */
export interface Header {
  readonly observationSpace: Space;
  readonly actionSpace: ActionSpace;
  /** Whether observations are bytes. */
  readonly bytes: boolean;
  readonly trajectories?: number;
  readonly steps?: number;
  readonly metadata: Metadata;
}

const FORMAT = "apprentice-dataset";

export function headerOf(data: Dataset): object {
  return {
    format: FORMAT,
    version: 1,
    observation: spaceToJson(data.observationSpace),
    action: spaceToJson(data.actionSpace),
    bytes: data.observations instanceof Uint8Array,
    trajectories: count(data),
    steps: data.rewards.length,
    metadata: data.metadata,
  };
}

/** Whether a JSON value calls itself such a header. */
export function isHeader(value: unknown): value is Readonly<Record<string, unknown>> {
  return isObject(value) && value.format === FORMAT;
}

/** A header from JSON. `room` is the most numbers that an observation could have in a file of that size. Throws `FormatError`. */
export function readHeader(value: unknown, room: number): Header {
  if (!isHeader(value)) throw new FormatError(`the header is not one of format "${FORMAT}"`);
  if (value.version !== 1)
    throw new FormatError(`the header has version ${value.version}, this program reads 1; use a later one`);
  const observationSpace = spaceFromJson(value.observation, "observation", room);
  const actionSpace = spaceFromJson(value.action, "action", room);
  if (actionSpace.kind === "dict")
    throw new FormatError("the header's action space is a dict, expected discrete, multi-discrete or box");
  const metadata: Record<string, unknown> = {};
  const said = isObject(value.metadata) ? value.metadata : {};
  for (const [key, type] of [
    ["env", "string"],
    ["expert", "string"],
    ["seed", "number"],
    ["autoreset", "string"],
  ]) {
    if (!Object.hasOwn(said, key)) continue;
    if (typeof said[key] !== type)
      throw new FormatError(`the header's metadata.${key} is ${JSON.stringify(said[key])}, expected a ${type}`);
    metadata[key] = said[key];
  }
  const whole = (key: string) => {
    const number = value[key];
    if (number === undefined) return {};
    if (!Number.isSafeInteger(number))
      throw new FormatError(`the header's ${key} is ${JSON.stringify(number)}, expected a whole number`);
    return { [key]: number as number };
  };
  return {
    observationSpace,
    actionSpace,
    bytes: value.bytes === true,
    ...whole("trajectories"),
    ...whole("steps"),
    metadata: metadata as Metadata,
  };
}

function spaceToJson(space: Space): object {
  switch (space.kind) {
    case "discrete":
      return { kind: "discrete", n: space.n };
    case "multi-discrete":
      return { kind: "multi-discrete", ns: space.ns };
    case "box":
      return { kind: "box", shape: space.shape, low: boundsToJson(space.low), high: boundsToJson(space.high) };
    case "dict":
      return {
        kind: "dict",
        spaces: Object.fromEntries(Object.entries(space.spaces).map(([name, part]) => [name, spaceToJson(part)])),
      };
  }
}

/** One number where all are the same, else one for each entry; infinities by name, which JSON has no numbers for. */
function boundsToJson(bounds: Float64Array): unknown {
  const number = (x: number) => (Number.isFinite(x) ? x : String(x));
  return bounds.every((bound) => Object.is(bound, bounds[0])) ? number(bounds[0]) : Array.from(bounds, number);
}

function spaceFromJson(value: unknown, where: string, room: number, depth = 0): Space {
  const refuse = (why: string) => new FormatError(`the header's ${where} space ${why}`);
  if (!isObject(value) || depth > 8) throw refuse("is not a space");
  const wholes = (list: unknown): list is number[] => Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n > 0);
  switch (value.kind) {
    case "discrete":
      if (!wholes([value.n])) throw refuse(`has n = ${JSON.stringify(value.n)}, expected a positive whole number`);
      return discrete(value.n as number);
    case "multi-discrete":
      if (!wholes(value.ns) || value.ns.length === 0) throw refuse("has no list of positive whole numbers ns");
      return multiDiscrete(value.ns);
    case "box": {
      if (!wholes(value.shape)) throw refuse(`has shape ${JSON.stringify(value.shape)}, expected positive whole numbers`);
      const size = value.shape.reduce((product, side) => product * side, 1);
      if (size > room) throw refuse(`has ${size} entries, more than the file has numbers`);
      try {
        return box(value.shape, boundsFromJson(value.low), boundsFromJson(value.high));
      } catch (error) {
        throw refuse(`is wrong: ${(error as Error).message}`);
      }
    }
    case "dict": {
      if (!isObject(value.spaces) || Object.keys(value.spaces).length === 0) throw refuse("is a dict without spaces");
      const parts = Object.entries(value.spaces);
      return dict(
        Object.fromEntries(parts.map(([name, part]) => [name, spaceFromJson(part, `${where}.${name}`, room, depth + 1)])),
      );
    }
    default:
      throw refuse(`has kind ${JSON.stringify(value.kind)}, expected discrete, multi-discrete, box or dict`);
  }
}

function boundsFromJson(value: unknown): number | number[] {
  const number = (x: unknown) => {
    if (x === "Infinity" || x === "-Infinity") return Number(x);
    if (typeof x === "number") return x;
    throw new RangeError(`a bound is ${JSON.stringify(x)}, expected a number, "Infinity" or "-Infinity"`);
  };
  return Array.isArray(value) ? value.map(number) : number(value);
}
