/** The expert did not answer as it should. What it did answer is kept: the round goes on when it is made again. */
export class ExpertError extends Error {
  /** The questions of the round (states, comparisons) that have no answer because of it; none where it was at the wheel. */
  readonly states: readonly number[];
  constructor(message: string, states: readonly number[], cause?: unknown) {
    super(message, { cause });
    this.name = "ExpertError";
    this.states = states;
  }
}

/** A promise with a limit of time; 0 for none. */
export async function within<T>(promise: Promise<T>, seconds: number, what: string): Promise<T> {
  if (seconds <= 0) return promise;
  const { setTimeout, clearTimeout } = globalThis as unknown as Timers;
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new RangeError(`the expert ${what} within ${seconds} s`)), seconds * 1000);
  });
  promise.catch(() => {}); // should it fail after the limit, nobody is left to hear it
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What every platform has, and neither of the two sets of types below `src/runs` names. */
interface Timers {
  setTimeout(call: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
}
