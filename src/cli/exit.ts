import { FormatError } from "../data/index.ts";
import { MissingPackageError } from "../envs/mujoco/engine.ts";
import { FolderTakenError, LockedError } from "../runs/index.ts";

/** What the command's exit code says. */
export const exit = { fine: 0, failed: 1, badInput: 2, interrupted: 130 } as const;

/** The caller asked for something that can't be: one line that says what was found, what was expected and what to do. */
export class BadInput extends Error {
  override readonly name = "BadInput";
}

/** The caller stopped the work; the message says how it goes on. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Errors by which the library refuses what it was given. */
const refusals = [RangeError, TypeError, FormatError, FolderTakenError, LockedError, MissingPackageError];

/** Runs something whose refusals are about what the caller gave: they become `BadInput`. */
export async function given<T>(action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (refusals.some((kind) => error instanceof kind)) throw new BadInput((error as Error).message, { cause: error });
    throw error;
  }
}
