import { strFromU8, strToU8 } from "fflate";
import { FormatError } from "./format-error.ts";

/** A text as UTF-8. */
export function utf8(text: string): Uint8Array {
  return strToU8(text);
}

/**
 * The text of UTF-8 bytes, without the mark that some programs on Windows begin a file with. Throws where they are not UTF-8, instead of
 * putting a replacement there.
 */
export function fromUtf8(file: Uint8Array, what: string): string {
  const marked = file[0] === 0xef && file[1] === 0xbb && file[2] === 0xbf;
  const bytes = marked ? file.subarray(3) : file;
  const text = strFromU8(bytes);
  const again = strToU8(text);
  const first = again.findIndex((byte, i) => byte !== bytes[i]);
  if (first >= 0 || again.length !== bytes.length) {
    throw new FormatError(`${what} is not UTF-8 text${first >= 0 ? ` (byte ${first + (marked ? 3 : 0)})` : ""}`);
  }
  return text;
}

/** Numbers that JSON has no words for, as some programs write them all the same; `shown` gives them back as they stood. */
const ODD = /(?<=[[,:\s])-?(?:NaN|Infinity)(?=[\],}\s])/g;

/** The value of a JSON text. Throws with what the text is for, and what is wrong with it. NaN and Infinity are read as these words. */
export function fromJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    try {
      if (/NaN|Infinity/.test(text)) return JSON.parse(text.replace(ODD, '"$&"')); // whoever wants a number there says which it was
    } catch {
      // It is no JSON for another reason, too.
    }
    throw new FormatError(`${what} is not JSON: ${(error as Error).message.replaceAll("\n", " ")}`);
  }
}

/** Whether a JSON value is an object with keys. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A JSON value in a message: short, on one line. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  if (/^"-?(NaN|Infinity)"$/.test(text)) return text.slice(1, -1);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
