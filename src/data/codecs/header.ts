import type { ActionSpace } from "../../mdp/env.ts";
import type { Space } from "../../mdp/space.ts";
import { spaceFromJson, spaceToJson } from "../../mdp/space-json.ts";
import { count, type Dataset, type Metadata, rewardsKnown } from "../dataset.ts";
import { FormatError } from "./format-error.ts";
import { isObject, shown } from "./text.ts";

/** What a data set's columns don't say of themselves, as JSON; every format of ours carries it. */
export interface Header {
  readonly observationSpace: Space;
  readonly actionSpace: ActionSpace;
  /** Whether observations are bytes. */
  readonly bytes: boolean;
  /** Whether trajectories may stand there without rewards: only where it says so, so that a damaged name is not taken for none. */
  readonly silent: boolean;
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
    ...(rewardsKnown(data) ? {} : { rewards: false }),
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
    throw new FormatError(`the header has version ${shown(value.version)}, this program reads 1; use a later one`);
  const observationSpace = readSpace(value.observation, "observation", room);
  const actionSpace = readSpace(value.action, "action", room);
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
      throw new FormatError(`the header's metadata.${key} is ${shown(said[key])}, expected a ${type}`);
    metadata[key] = said[key];
  }
  if (metadata.autoreset !== undefined && !["next-step", "same-step", "disabled"].includes(metadata.autoreset as string)) {
    throw new FormatError(
      `the header's metadata.autoreset is ${shown(metadata.autoreset)}, expected "next-step", "same-step" or "disabled"`,
    );
  }
  const whole = (key: string) => {
    const number = value[key];
    if (number === undefined) return {};
    if (!Number.isSafeInteger(number)) throw new FormatError(`the header's ${key} is ${shown(number)}, expected a whole number`);
    return { [key]: number as number };
  };
  return {
    observationSpace,
    actionSpace,
    bytes: value.bytes === true,
    silent: value.rewards === false,
    ...whole("trajectories"),
    ...whole("steps"),
    metadata: metadata as Metadata,
  };
}

/** A space from JSON, once it is known that it is no larger than the file could fill. */
function readSpace(value: unknown, where: string, room: number): Space {
  const found = oversized(value, room, 0);
  if (found) throw new FormatError(`the header's ${where} space ${found}`);
  try {
    return spaceFromJson(value);
  } catch (error) {
    throw new FormatError(`the header's ${where} space is wrong: ${(error as Error).message}`);
  }
}

function oversized(value: unknown, room: number, depth: number): string | undefined {
  if (!isObject(value)) return "is not described by an object";
  if (value.kind === "box") {
    const { shape } = value;
    if (!Array.isArray(shape) || !shape.every((side) => Number.isSafeInteger(side) && side > 0)) {
      return `has shape ${shown(shape)}, expected positive whole numbers`;
    }
    const entries = shape.reduce((product: number, side: number) => product * side, 1);
    return entries > room ? `has ${entries} entries, more than the file has numbers` : undefined;
  }
  if (value.kind === "multi-discrete") return Array.isArray(value.ns) ? undefined : "has no list ns";
  if (value.kind !== "dict") return undefined;
  if (!isObject(value.spaces) || depth > 8) return "is a dict without readable spaces";
  return Object.values(value.spaces)
    .map((part) => oversized(part, room, depth + 1))
    .find((found) => found !== undefined);
}
