import { loadEnv } from "../../envs/index.ts";
import { type LearnedExpert, learned } from "../../experts/index.ts";
import type { Env } from "../../mdp/index.ts";

/** A saved policy as text: the bytes of its ONNX file, two hexadecimal digits each, in lines. */
export interface Kept {
  readonly onnx: readonly string[];
}

/** A robot and its expert. Throws `MissingPackageError`, with the command that installs it, without MuJoCo. */
export async function withExpert(id: string, kept: Kept): Promise<{ env: Env; expert: LearnedExpert }> {
  const env = await loadEnv(id);
  return { env, expert: await learned(fileOf(kept), env) };
}

/** The bytes of the ONNX file. */
export function fileOf({ onnx }: Kept): Uint8Array {
  const digits = onnx.join("");
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16));
}
