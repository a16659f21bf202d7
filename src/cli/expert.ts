import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { learned, makeExpert, scriptedExperts } from "../experts/index.ts";
import type { Env, Expert, Policy } from "../mdp/index.ts";
import { BadInput, given } from "./exit.ts";
import { readBytes } from "./files.ts";

/** Who can be asked, and can act. */
export type AskedExpert = Policy & Expert;

/** The file of the policy that a run's folder, or an ONNX file, holds. Throws `BadInput` if the run has not got that far. */
export function policyFile(target: string): string {
  if (!existsSync(target) || !statSync(target).isDirectory()) return target;
  const file = join(target, "policy.onnx");
  if (existsSync(file)) return file;
  throw new BadInput(
    `${target} has no policy.onnx yet: the run is not finished; go on with: apprentice train --resume ${target}`,
  );
}

/** Whether `--expert` names a saved policy; an expert's own name is always that expert. */
function isSaved(expert: string): boolean {
  return (
    !Object.hasOwn(scriptedExperts, expert) &&
    expert !== "planner" &&
    !isSynthetic(expert) &&
    (existsSync(expert) || /[/\\]|\.onnx$/.test(expert))
  );
}

/** Whether `--expert` is one that compares by the world's own rewards, in place of a person: it can neither act nor show. */
export function isSynthetic(expert: string): boolean {
  return /^synthetic(:|$)/.test(expert);
}

/** The expert as a run's configuration keeps it: a name, or the whole path of a saved policy with the hash of its file. */
export function keptExpert(expert: string): { expert: string; expertSha256?: string } {
  if (!isSaved(expert)) return { expert };
  return { expert: resolve(expert), expertSha256: hash(readBytes(policyFile(expert))) };
}

/** The expert as tables show it. */
export function expertLabel(expert: string): string {
  return isSaved(expert) ? basename(expert) : expert;
}

/**
 * The expert of a name, of a run's folder or of an ONNX file. Throws `BadInput` if there is none, if it doesn't fit the
 * environment, or if the file is not the one of the hash.
 */
export async function findExpert(expert: string, env: Env, sha256?: string): Promise<AskedExpert> {
  if (!isSaved(expert)) return given(() => makeExpert(expert, env));
  const file = policyFile(expert);
  const bytes = readBytes(file);
  if (sha256 !== undefined && hash(bytes) !== sha256) {
    throw new BadInput(
      `${file} is not the policy that the run began with (sha256 ${hash(bytes).slice(0, 12)}..., expected ${sha256.slice(0, 12)}...); put that one back, or train again with another --out`,
    );
  }
  try {
    return await given(() => learned(bytes, env));
  } catch (error) {
    throw new BadInput(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
