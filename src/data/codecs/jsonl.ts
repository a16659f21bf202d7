import type { Env } from "../../mdp/env.ts";
import { describe, type Space, size } from "../../mdp/space.ts";
import { count, type Dataset, fromTrajectories, type GivenTrajectory, trajectoryAt } from "../dataset.ts";
import { fromSteps, type Step } from "../steps.ts";
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
 * The data set of such lines, or of lines with one step each, `{"obs": [...], "action": 1, "reward": 1, "done": false}` (`docs/data.md`
 * has the other names). Without a header the spaces are the environment's. Throws `FormatError` that names the line,
 * and says how many trajectories are missing if the header counts more than follow.
 */
export function decodeJsonl(bytes: Uint8Array, env?: Env): Dataset {
  let header: Header | undefined;
  const trajectories: GivenTrajectory[] = [];
  const steps: Step[] = [];
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
      if (!env && isObject(value) && value.observations === undefined && value.actions === undefined && !isStep(value)) {
        throw new FormatError(
          `line ${number} has the fields ${shown(Object.keys(value).join(", "))}; expected those of preferences (prompt, chosen, rejected; or prompt, completion, label), of texts (text; messages; or prompt, completion), or of demonstrations (a header {"format": "apprentice-dataset", ...}; docs/data.md has the layouts)`,
        );
      }
      if (!env) {
        throw new FormatError(
          `line ${number} is no header, which tells the spaces; expected {"format": "apprentice-dataset", ...}, or name the environment; docs/data.md has the layouts`,
        );
      }
      header = { observationSpace: env.observation, actionSpace: env.action, bytes: false, silent: true, metadata: {} };
    }
    if (trajectories.length === 0 && isStep(value)) {
      if (steps.length === 0 || ends(steps[steps.length - 1])) places.push(number);
      steps.push(readStep(value, header, number));
      continue;
    }
    if (steps.length > 0) throw new FormatError(`line ${number} is no step, as those before it are`);
    trajectories.push(readTrajectory(value, header, number));
    places.push(number);
  }
  if (!header) throw new FormatError("the file has no lines");
  const K = size(header.actionSpace);
  const total = trajectories.reduce((sum, tau) => sum + tau.actions.length / K, 0);
  for (const [what, stated, found] of [
    ["trajectories", header.trajectories, places.length],
    ["steps", header.steps, steps.length > 0 ? steps.length : total],
  ] as const) {
    if (stated !== undefined && stated !== found) {
      throw new FormatError(`the header counts ${stated} ${what}, found ${found}; the file is cut`);
    }
  }
  try {
    if (steps.length > 0) return fromSteps(header.observationSpace, header.actionSpace, steps, header.metadata);
    return fromTrajectories(header.observationSpace, header.actionSpace, trajectories, header.metadata);
  } catch (error) {
    const i = /^trajectory (\d+)/.exec((error as Error).message)?.[1];
    throw new FormatError(i === undefined ? (error as Error).message : `line ${places[Number(i)]}: ${(error as Error).message}`);
  }
}

/** The names that programs give to the parts of a step. */
const NAMES = {
  observation: ["observation", "obs"],
  action: ["action", "act"],
  reward: ["reward", "rew"],
  terminated: ["terminated", "terminal", "done"],
  truncated: ["truncated", "timeout"],
  nextObservation: ["next_observation", "next_obs", "nextObservation"],
} as const;

type Line = Readonly<Record<string, unknown>>;

function part(line: Line, of: keyof typeof NAMES): unknown {
  const name = NAMES[of].find((known) => line[known] !== undefined);
  return name === undefined ? undefined : line[name];
}

function isStep(value: unknown): value is Line {
  return isObject(value) && value.observations === undefined && part(value, "observation") !== undefined;
}

function ends({ terminated, truncated }: Step): boolean {
  return terminated === true || truncated === true;
}

function readStep(line: Line, header: Header, number: number): Step {
  const numbersOf = (of: keyof typeof NAMES, space: Space): number[] =>
    flat([part(line, of)], space, `line ${number}: ${NAMES[of][0]}s`);
  const flag = (of: "terminated" | "truncated"): boolean => {
    const value = part(line, of) ?? false;
    if (value === 0 || value === 1) return value === 1;
    if (typeof value !== "boolean") throw new FormatError(`line ${number}: ${of} is ${shown(value)}, expected true or false`);
    return value;
  };
  if (part(line, "action") === undefined)
    throw new FormatError(`line ${number}: the action is missing; docs/data.md has the layouts`);
  const [terminated, truncated] = [flag("terminated"), flag("truncated")];
  return {
    observation: numbersOf("observation", header.observationSpace),
    action: numbersOf("action", header.actionSpace),
    terminated: terminated && !truncated,
    truncated,
    ...(part(line, "reward") === undefined ? {} : { reward: numbersOf("reward", ONE)[0] }),
    ...(part(line, "nextObservation") === undefined
      ? {}
      : { nextObservation: numbersOf("nextObservation", header.observationSpace) }),
  };
}

const ONE: Space = { kind: "discrete", n: 1 };

function readTrajectory(value: unknown, header: Header, line: number) {
  if (!isObject(value)) throw new FormatError(`line ${line} is no object, expected a trajectory`);
  const observations = flat(value.observations, header.observationSpace, `line ${line}: observations`);
  const actions = flat(value.actions, header.actionSpace, `line ${line}: actions`);
  if (value.rewards === undefined && !header.silent) {
    throw new FormatError(`line ${line}: rewards are missing; where they are not known the header says "rewards": false`);
  }
  const rewards = value.rewards === undefined ? undefined : flat(value.rewards, ONE, `line ${line}: rewards`);
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
  if (!Array.isArray(value))
    throw new FormatError(
      `${what} are ${value === undefined ? "missing" : "no list"}, expected a list; docs/data.md has the layouts`,
    );
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
