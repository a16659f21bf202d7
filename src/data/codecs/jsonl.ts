import type { Env } from "../../mdp/env.ts";
import { describe, type Space, size } from "../../mdp/space.ts";
import { count, type Dataset, fromTrajectories, type GivenTrajectory, trajectoryAt } from "../dataset.ts";
import { FormatError } from "./format-error.ts";
import { type Header, headerOf, isHeader, readHeader } from "./header.ts";
import { fromJson, fromUtf8, isObject, shown, utf8 } from "./text.ts";

/**
 * A data set as JSON Lines: a header line with its spaces and origin, then one trajectory a line,
 * `{"observations": [[...], ...], "actions": [...], "rewards": [...], "terminated": true}` with T + 1 observations; without
 * `rewards` where they are not known.
 * Single-precision numbers are written with as few digits as give them back.
 */
export function encodeJsonl(data: Dataset): Uint8Array {
  const lines = [JSON.stringify(headerOf(data))];
  for (let i = 0; i < count(data); i++) {
    const { observations, actions, rewards, terminated } = trajectoryAt(data, i);
    const parts = [
      `"observations":${rows(observations, data.observationSpace)}`,
      `"actions":${rows(actions, data.actionSpace)}`,
      ...(Number.isNaN(rewards[0]) ? [] : [`"rewards":[${Array.from(rewards, double).join()}]`]),
      `"terminated":${terminated}`,
    ];
    lines.push(`{${parts.join()}}`);
  }
  return utf8(lines.join("\n") + "\n");
}

/**
 * The data set of such lines. Without a header the spaces are the environment's. Throws `FormatError` that names the line,
 * and says how many trajectories are missing if the header counts more than follow.
 */
export function decodeJsonl(bytes: Uint8Array, env?: Env): Dataset {
  let header: Header | undefined;
  const trajectories: GivenTrajectory[] = [];
  const places: number[] = [];
  let number = 0;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(10, start);
    const end = newline < 0 ? bytes.length : newline;
    number += 1;
    const text = fromUtf8(bytes.subarray(start, end), `line ${number}`).trim();
    start = end + 1;
    if (text === "") continue;
    const value = fromJson(text, `line ${number}`);
    if (!header) {
      if (isHeader(value)) {
        header = readHeader(value, bytes.length);
        continue;
      }
      if (!env) {
        throw new FormatError(
          `line ${number} is no header, which tells the spaces; expected {"format": "apprentice-dataset", ...}, or name the environment`,
        );
      }
      header = { observationSpace: env.observation, actionSpace: env.action, bytes: false, silent: true, metadata: {} };
    }
    trajectories.push(readTrajectory(value, header, number));
    places.push(number);
  }
  if (!header) throw new FormatError("the file has no lines");
  const K = size(header.actionSpace);
  const steps = trajectories.reduce((sum, tau) => sum + tau.actions.length / K, 0);
  for (const [what, stated, found] of [
    ["trajectories", header.trajectories, trajectories.length],
    ["steps", header.steps, steps],
  ] as const) {
    if (stated !== undefined && stated !== found) {
      throw new FormatError(`the header counts ${stated} ${what}, found ${found}; the file is cut`);
    }
  }
  try {
    return fromTrajectories(header.observationSpace, header.actionSpace, trajectories, header.metadata);
  } catch (error) {
    const i = /^trajectory (\d+)/.exec((error as Error).message)?.[1];
    throw new FormatError(i === undefined ? (error as Error).message : `line ${places[Number(i)]}: ${(error as Error).message}`);
  }
}

function readTrajectory(value: unknown, header: Header, line: number) {
  if (!isObject(value)) throw new FormatError(`line ${line} is no object, expected a trajectory`);
  const observations = flat(value.observations, header.observationSpace, `line ${line}: observations`);
  const actions = flat(value.actions, header.actionSpace, `line ${line}: actions`);
  if (value.rewards === undefined && !header.silent) {
    throw new FormatError(`line ${line}: rewards are missing; where they are not known the header says "rewards": false`);
  }
  const one: Space = { kind: "discrete", n: 1 };
  const rewards = value.rewards === undefined ? undefined : flat(value.rewards, one, `line ${line}: rewards`);
  if (typeof value.terminated !== "boolean") {
    throw new FormatError(`line ${line}: terminated is ${shown(value.terminated)}, expected true or false`);
  }
  const odd = header.bytes ? observations.findIndex((x) => !(Number.isInteger(x) && x >= 0 && x <= 255)) : -1;
  if (odd >= 0) throw new FormatError(`line ${line}: observations have ${observations[odd]} at ${odd}, expected bytes`);
  return {
    observations: header.bytes ? Uint8Array.from(observations) : Float32Array.from(observations),
    actions: Float64Array.from(actions),
    ...(rewards ? { rewards: Float64Array.from(rewards) } : {}),
    terminated: value.terminated,
  };
}

/** The numbers of rows, each a list as long as the space asks for (or, for one number, that number). */
function flat(value: unknown, space: Space, what: string): number[] {
  if (!Array.isArray(value)) throw new FormatError(`${what} are ${value === undefined ? "missing" : "no list"}, expected a list`);
  const width = size(space);
  const out: number[] = [];
  value.forEach((row: unknown, i) => {
    const list = Array.isArray(row) ? row : [row];
    if (list.length !== width)
      throw new FormatError(`${what} have ${list.length} numbers in row ${i}, expected ${width} for ${describe(space)}`);
    for (const x of list) {
      if (typeof x !== "number" || !Number.isFinite(x)) {
        throw new FormatError(`${what} have ${shown(x)} in row ${i}, expected a finite number`);
      }
      out.push(x);
    }
  });
  return out;
}

function rows(column: Float32Array | Int32Array | Uint8Array, space: Space): string {
  const format = column instanceof Float32Array ? single : String;
  const width = size(space);
  const listed = Array.from(column, format);
  if (space.kind === "discrete") return `[${listed.join()}]`;
  return `[${Array.from({ length: listed.length / width }, (_, i) => `[${listed.slice(i * width, (i + 1) * width).join()}]`).join()}]`;
}

function double(x: number): string {
  return Object.is(x, -0) ? "-0" : String(x);
}

/** The fewest digits, of 6 to 9, that give back the same single-precision number. */
function single(x: number): string {
  if (Number.isInteger(x)) return double(x);
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(x.toPrecision(digits));
    if (Math.fround(short) === x) return String(short);
  }
  return String(Number(x.toPrecision(9)));
}
