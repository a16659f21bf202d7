import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { BadInput } from "./exit.ts";

/** The refusal of a file that isn't there: what was expected, and where it was looked for if its name doesn't say that. */
export function noSuchFile(file: string, expected = "", what = "file"): BadInput {
  const where = isAbsolute(file) ? "" : `; looked for ${resolve(file)}`;
  return new BadInput(`${file}: there is no such ${what}${expected === "" ? "" : `, expected ${expected}`}${where}`);
}

/** The bytes of a file that the caller named. Throws `BadInput` if it can't be read. */
export function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw noSuchFile(file);
    const found = code === "EISDIR" ? "it is a folder" : `it can't be read (${code})`;
    throw new BadInput(`${file}: ${found}, expected a file`);
  }
}

/** The first line of a file of texts that isn't blank, as far as its first 64 kB go. */
export function firstLine(file: string): string {
  const fd = openSync(file, "r");
  try {
    const head = Buffer.alloc(1 << 16);
    const text = head.toString("utf8", 0, readSync(fd, head, 0, head.length, 0));
    return text.split(/\r?\n/).find((line) => line.trim() !== "") ?? "";
  } finally {
    closeSync(fd);
  }
}
