import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { BadInput } from "./exit.ts";

/** The bytes of a file that the caller named. Throws `BadInput` if it can't be read. */
export function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const found =
      code === "ENOENT" ? "there is no such file" : code === "EISDIR" ? "it is a folder" : `it can't be read (${code})`;
    throw new BadInput(`${file}: ${found}, expected a file; looked for ${resolve(file)}`);
  }
}
