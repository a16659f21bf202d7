import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BadInput } from "./exit.ts";

/** `shared/data` beside the checkout, wherever the command is given. */
const BESIDE = fileURLToPath(new URL("../../../shared/data/", import.meta.url));

/**
 * Where data lie that were made elsewhere and are no part of this package (CONTRIBUTING.md lists them): the folder that the
 * environment variable APPRENTICE_DATA names, or else `shared/data` beside the checkout. Throws `BadInput` if the variable names
 * no folder.
 */
export function dataFolder(): string {
  const named = process.env.APPRENTICE_DATA;
  if (named === undefined || named === "") return BESIDE;
  if (statSync(named, { throwIfNoEntry: false })?.isDirectory()) return named;
  throw new BadInput(`APPRENTICE_DATA is "${named}", expected an existing folder; name one, or unset the variable`);
}

/** The path of a file there; `undefined` where it is not. */
export function dataFile(name: string): string | undefined {
  const path = join(dataFolder(), name);
  return existsSync(path) ? path : undefined;
}

/** A text file there; `undefined` where it is not. */
export async function readData(name: string): Promise<string | undefined> {
  const path = dataFile(name);
  return path === undefined ? undefined : readFile(path, "utf8");
}
