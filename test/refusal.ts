import { expect } from "vitest";
import { FormatError } from "../src/data/codecs/format-error.ts";

/** The message of what decoding throws, which must be a `FormatError` in one line, in words of ours. */
export function refusal(decode: () => unknown): string {
  try {
    decode();
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    const { message } = error as Error;
    expect(message).not.toContain("\n");
    expect(message).not.toMatch(/Invalid (typed )?array|call stack|out of bounds|Cannot read|is not a function|is not iterable/);
    return message;
  }
  throw new Error("expected a refusal");
}
