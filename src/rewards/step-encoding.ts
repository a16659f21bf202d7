import { cast, concat, constant, expandDims, input, mul, oneHot, slice, sub, type Tensor } from "../autodiff/index.ts";
import { type ActionSpace, type Box, type Space, type StepBatch, size } from "../mdp/index.ts";
import { featureCount, type Normaliser, observationFeatures, type Spaces } from "../policies/index.ts";

/** What a reward of steps depends on: the state; also the action; also where the step leads; also whether the world ended there. */
export type StepOver = "s" | "sa" | "sas" | "sasd";

/** Steps of which some may be in the absorbing state, where every episode that ended stays for good. */
export interface Steps extends StepBatch {
  /** `[N]`: 1 for steps from the absorbing state to itself; their other columns are not looked at. */
  readonly absorbing?: Uint8Array;
}

/**
 * How a step becomes a row of W numbers for a network: [s, a, s', ended], as far as they are needed. Choices become one-hot,
 * reals of s and s' are normalised, bounded actions are brought to -1 .. 1. Where there is an absorbing state, s and s' have one
 * number more, 1 in it and 0 elsewhere, their other numbers and the action's being 0 (Kostrikov et al. 2019).
 */
export interface StepEncoding {
  readonly observation: Space;
  readonly action: ActionSpace;
  readonly over: StepOver;
  readonly absorbing: boolean;
  /** Columns of each part, from and to; equal where the part is not needed. */
  readonly s: readonly [number, number];
  readonly a: readonly [number, number];
  readonly next: readonly [number, number];
  readonly ended: readonly [number, number];
  /** W */
  readonly width: number;
}

/**
 * The encoding of what a reward depends on; `both` includes s' and the end whatever that is, as shaping asks for. Throws a
 * RangeError if `over` is none of the four.
 */
export function stepEncoding(
  { observation, action }: Spaces,
  over: StepOver,
  { absorbing = false, both = false }: { readonly absorbing?: boolean; readonly both?: boolean } = {},
): StepEncoding {
  if (!["s", "sa", "sas", "sasd"].includes(over)) {
    throw new RangeError(`a reward of steps is over "s", "sa", "sas" or "sasd", found "${over}"`);
  }
  const F = featureCount(observation) + (absorbing ? 1 : 0);
  let at = 0;
  const part = (needed: boolean, width: number): [number, number] => {
    const from = at;
    if (needed) at += width;
    return [from, at];
  };
  const s = part(true, F);
  const a = part(over !== "s", featureCount(action));
  const next = part(both || over === "sas" || over === "sasd", F);
  const ended = part(both || over === "sasd", 1);
  return { observation, action, over, absorbing, s, a, next, ended, width: at };
}

/** Whether rows of an encoding need to know where steps lead. */
export function needsNext({ next, ended, absorbing }: StepEncoding): boolean {
  return next[1] > next[0] || ended[1] > ended[0] || absorbing;
}

/** Writes steps into rows of x `[*, W]` from row `at` on: all of them, or those of the numbers in `which`. */
export function encodeSteps(
  encoding: StepEncoding,
  steps: Steps,
  normal: Normaliser | undefined,
  x: Float32Array,
  at = 0,
  which?: ArrayLike<number>,
): void {
  const { observation, action, absorbing, s, a, next, ended, width } = encoding;
  const D = size(observation);
  const K = size(action);
  const N = which?.length ?? steps.terminated.length;
  const scale = action.kind === "box" ? halfRange(action) : undefined;
  const flag = absorbing ? 1 : 0;
  for (let k = 0; k < N; k++) {
    const row = which ? which[k] : k;
    const to = (at + k) * width;
    if (steps.absorbing?.[row] === 1) {
      encodeAbsorbing(encoding, x, at + k);
      continue;
    }
    encode(observation, steps.s, row * D, normal, 0, x, to + s[0]);
    if (absorbing) x[to + s[1] - 1] = 0;
    if (a[1] > a[0]) {
      if (scale) for (let j = 0; j < K; j++) x[to + a[0] + j] = (steps.a[row * K + j] - scale.mid[j]) / scale.half[j];
      else encode(action, steps.a, row * K, undefined, 0, x, to + a[0]);
    }
    const over = steps.terminated[row];
    if (next[1] > next[0]) {
      if (absorbing && over === 1) x.fill(0, to + next[0], to + next[1]);
      else encode(observation, steps.next, row * D, normal, 0, x, to + next[0]);
      if (absorbing) x[to + next[1] - 1] = over;
    }
    if (ended[1] > ended[0]) x[to + ended[0]] = over * (1 - flag);
  }
}

/** Writes the step from the absorbing state to itself into row `at` of x. Throws if the encoding has no such state. */
export function encodeAbsorbing({ absorbing, s, next, width }: StepEncoding, x: Float32Array, at: number): void {
  if (!absorbing) throw new TypeError("the reward has no absorbing state; make it with { absorbing: true }");
  x.fill(0, at * width, (at + 1) * width);
  x[at * width + s[1] - 1] = 1;
  if (next[1] > next[0]) x[at * width + next[1] - 1] = 1;
}

/** Writes the features of one element of a space, which begins at `from`; `d` is its place among the numbers of an observation. */
function encode(
  space: Space,
  values: ArrayLike<number>,
  from: number,
  normal: Normaliser | undefined,
  d: number,
  x: Float32Array,
  to: number,
): void {
  switch (space.kind) {
    case "discrete":
      x.fill(0, to, to + space.n);
      x[to + values[from]] = 1;
      return;
    case "multi-discrete":
      for (let i = 0, at = to; i < space.ns.length; at += space.ns[i++]) {
        x.fill(0, at, at + space.ns[i]);
        x[at + values[from + i]] = 1;
      }
      return;
    case "box":
      for (let i = 0; i < space.low.length; i++) {
        x[to + i] = normal ? (values[from + i] - normal.mean[d + i]) / normal.std[d + i] : values[from + i];
      }
      return;
    case "dict": {
      let [read, write] = [0, 0];
      for (const part of Object.values(space.spaces)) {
        encode(part, values, from + read, normal, d + read, x, to + write);
        read += size(part);
        write += featureCount(part);
      }
    }
  }
}

/** Middle and half width of a box's sides; 0 and 1 where a side has no bounds. */
function halfRange(space: Box): { mid: Float64Array; half: Float64Array } {
  const bounded = (i: number) => Number.isFinite(space.low[i]) && Number.isFinite(space.high[i]) && space.high[i] > space.low[i];
  return {
    mid: space.low.map((low, i) => (bounded(i) ? (low + space.high[i]) / 2 : 0)),
    half: space.low.map((low, i) => (bounded(i) ? (space.high[i] - low) / 2 : 1)),
  };
}

/** A batch of steps as inputs of a program, by the names of `Steps`; those that the encoding doesn't need are not read. */
export function stepInputs({ observation, action }: Spaces) {
  const D = size(observation);
  return {
    s: input("s", ["B", D]),
    a:
      action.kind === "box"
        ? input("a", ["B", size(action)])
        : input("a", action.kind === "discrete" ? ["B"] : ["B", action.ns.length], "int32"),
    next: input("next", ["B", D]),
    terminated: input("terminated", ["B"]),
    absorbing: input("absorbing", ["B"]),
  };
}

/** The rows that `encodeSteps` writes, as an expression of the inputs. */
export function encodedSteps(
  encoding: StepEncoding,
  inputs: ReturnType<typeof stepInputs>,
  normal: Normaliser | undefined,
): Tensor {
  const { observation, action, absorbing, a, next, ended } = encoding;
  const gone = expandDims(inputs.absorbing, 1);
  const over = expandDims(inputs.terminated, 1);
  const here = (values: Tensor, away: Tensor) => (absorbing ? mul(values, sub(1, away)) : values);
  const parts = [here(observationFeatures(observation, inputs.s, normal), gone)];
  if (absorbing) parts.push(gone);
  if (a[1] > a[0]) parts.push(here(actionRows(action, inputs.a), gone));
  if (next[1] > next[0]) {
    const away = absorbing ? sub(1, mul(sub(1, gone), sub(1, over))) : over;
    parts.push(here(observationFeatures(observation, inputs.next, normal), away));
    if (absorbing) parts.push(away);
  }
  if (ended[1] > ended[0]) parts.push(absorbing ? mul(over, 0) : over);
  return parts.length === 1 ? parts[0] : concat(parts, 1);
}

function actionRows(space: ActionSpace, a: Tensor): Tensor {
  if (space.kind === "discrete") return oneHot(a, space.n);
  if (space.kind === "multi-discrete") return observationFeatures(space, cast(a, "float32"));
  const { mid, half } = halfRange(space);
  return mul(sub(a, constant(mid)), constant(half.map((h) => 1 / h)));
}

/** Columns of encoded rows x `[B, W]`. */
export function columns(x: Tensor, [from, to]: readonly [number, number], width: number): Tensor {
  return from === 0 && to === width ? x : slice(x, 1, from, to);
}
