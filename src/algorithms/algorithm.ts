import { decodeTree, encodeTree } from "../data/index.ts";
import type { Algorithm, Plain, Progress } from "../mdp/index.ts";
import { type Fingerprint, fingerprint, mustBeSameProblem } from "./fingerprint.ts";
import { type Growth, joined, parted } from "./growth.ts";
import { mustHaveParts } from "./problem.ts";

export type { Algorithm, Progress } from "../mdp/index.ts";

/** What a caller may leave out. `seed` is part of every algorithm's options. */
export type Given<Options> = Partial<Options>;

/** A run under way: its records come one a round, and it can be saved between any two. */
export interface Run<State, Row, Result> extends AsyncIterable<Row> {
  readonly state: State;
  /** Makes one round; `undefined` when there is nothing left to do. */
  next(): Promise<Row | undefined>;
  progress(): Progress;
  /** The state as bytes, for `resume`. */
  checkpoint(): Uint8Array;
  /** The same for whoever keeps what only grows in files of its own, to which the new is added. */
  snapshot(): Snapshot;
  /** What the round under way waits for outside, if it does. A run that has this can be saved in the middle of a round. */
  waiting?(): string | undefined;
  result(): Promise<Result>;
}

/** A state in parts. */
export interface Snapshot {
  /** The state but for its growing columns, as bytes. */
  readonly bytes: Uint8Array;
  /** Those columns, by their paths: views, which later rounds don't change. */
  readonly growth: Growth;
}

/** Starts an algorithm. Throws on an option that it does not have, naming those it has, and on a problem that lacks a part. */
export function start<Problem, Options extends object, State extends object, Row extends object, Result>(
  algorithm: Algorithm<Problem, Options, State, Row, Result>,
  problem: Problem,
  options: Given<Options> = {},
): PendingRun<State, Row, Result> {
  return pending(algorithm, problem, () => {
    mustHaveParts(algorithm, problem);
    return algorithm.init(problem, resolveOptions(algorithm, options));
  });
}

/**
 * Goes on from a checkpoint, bit for bit as if it had never stopped. Throws if it is another algorithm's, or of a run with another world,
 * policy or demonstrations.
 */
export function resume<Problem, Options extends object, State extends object, Row extends object, Result>(
  algorithm: Algorithm<Problem, Options, State, Row, Result>,
  problem: Problem,
  checkpoint: Uint8Array | Snapshot,
): PendingRun<State, Row, Result> {
  return pending(algorithm, problem, async () => {
    mustHaveParts(algorithm, problem);
    const { bytes, growth } = checkpoint instanceof Uint8Array ? { bytes: checkpoint, growth: {} } : checkpoint;
    const { algorithm: name, state, problem: was = {} } = decodeTree(bytes) as unknown as Checkpoint;
    if (name !== algorithm.name)
      throw new RangeError(`the checkpoint is of "${name}", not of "${algorithm.name}"; resume it with ${name}`);
    mustBeSameProblem(was, fingerprint(problem as object));
    return joined(state, growth) as unknown as State;
  });
}

/** What the bytes of a checkpoint hold. */
interface Checkpoint {
  readonly algorithm: string;
  readonly state: Plain;
  /** Absent in those of earlier versions. */
  readonly problem?: Fingerprint;
}

/** Runs an algorithm to its end and gives what it learned, with all its records. */
export async function train<Problem, Options extends object, State extends object, Row extends object, Result extends object>(
  algorithm: Algorithm<Problem, Options, State, Row, Result>,
  problem: Problem,
  options: Given<Options> = {},
): Promise<Result & { records: Row[] }> {
  const run = start(algorithm, problem, options);
  const records: Row[] = [];
  for await (const record of run) records.push(record);
  return { ...(await run.result()), records };
}

/** The defaults with the given options in their places. Throws on a name that is not among them. */
function resolveOptions<Options extends object>(
  algorithm: { readonly name: string; readonly defaults: Options },
  options: Given<Options>,
): Options {
  for (const name of Object.keys(options)) {
    if (!(name in algorithm.defaults)) {
      throw new RangeError(`${algorithm.name} has no option "${name}"; it has ${Object.keys(algorithm.defaults).join(", ")}`);
    }
  }
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...algorithm.defaults, ...Object.fromEntries(given) };
}

/** A run whose state may still be on its way: everything but the synchronous parts works at once. */
export interface PendingRun<State, Row, Result> extends Run<State, Row, Result> {
  /** Resolves when the first round can start; rejects with what `init` threw. */
  readonly ready: Promise<void>;
}

function pending<Problem, Options extends object, State extends object, Row extends object, Result>(
  algorithm: Algorithm<Problem, Options, State, Row, Result>,
  problem: Problem,
  begin: () => Promise<State>,
): PendingRun<State, Row, Result> {
  let state: State | undefined;
  let print: Fingerprint = {};
  const ready = begin().then((made) => {
    print = fingerprint(problem as object);
    state = made;
  });
  ready.catch(() => {}); // whoever awaits next() or ready gets the error; an unawaited run must not end the process
  const current = () => {
    if (!state) throw new Error("the run has not begun; await run.ready, or make its first round, before asking for its state");
    return state;
  };
  const packed = (held: Plain) => encodeTree({ algorithm: algorithm.name, state: held, problem: print });
  const next = async () => {
    await ready;
    return algorithm.done(current()) ? undefined : algorithm.iterate(current(), problem);
  };
  return {
    ready,
    get state() {
      return current();
    },
    next,
    progress: () => algorithm.progress(current()),
    checkpoint: () => packed(current() as unknown as Plain),
    snapshot() {
      const { rest, growth } = parted(current() as unknown as Plain, algorithm.grows ?? []);
      return { bytes: packed(rest), growth };
    },
    ...(algorithm.waiting ? { waiting: () => (state ? algorithm.waiting?.(state) : undefined) } : {}),
    async result() {
      await ready;
      return algorithm.result(current(), problem);
    },
    async *[Symbol.asyncIterator]() {
      for (let row = await next(); row !== undefined; row = await next()) yield row;
    },
  };
}
