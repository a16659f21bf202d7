import { createHash } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { learned, makeExpert, scriptedExperts } from "../experts/index.ts";
import type { Env, Expert, Policy, Reward } from "../mdp/index.ts";
import { loadReward } from "../rewards/index.ts";
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

/** The file of the reward that a run's folder holds, or the file itself. Throws `BadInput` if the run has learned none that is one file. */
export function rewardFile(target: string): string {
  if (!existsSync(target) || !statSync(target).isDirectory()) return target;
  const file = join(target, "reward.onnx");
  if (existsSync(file)) return file;
  throw new BadInput(
    `${target} has no reward.onnx; expected a finished run of gail, airl or preference-rl (the rewards of red, iq-learn and sqil are not one file)`,
  );
}

/** The reward as a run's configuration keeps it: the whole path of its file, and its hash. */
export function keptReward(target: string): { reward: string; rewardSha256: string } {
  const file = rewardFile(target);
  return { reward: resolve(file), rewardSha256: hash(readBytes(file)) };
}

/** A learned reward from its file. Throws `BadInput` if it is none, or not the one of the hash. */
export async function findReward(file: string, sha256?: string): Promise<Reward> {
  const bytes = readBytes(file);
  mustBe(file, bytes, sha256, "reward");
  try {
    return await given(() => loadReward(bytes));
  } catch (error) {
    throw new BadInput(`${file}: ${(error as Error).message}`, { cause: error });
  }
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
  mustBe(file, bytes, sha256, "policy");
  try {
    return await given(() => learned(bytes, env));
  } catch (error) {
    throw new BadInput(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

function mustBe(file: string, bytes: Uint8Array, sha256: string | undefined, what: string): void {
  const found = hash(bytes);
  if (sha256 === undefined || found === sha256) return;
  throw new BadInput(
    `${file} is not the ${what} that the run began with (sha256 ${found.slice(0, 12)}..., expected ${sha256.slice(0, 12)}...); put that one back, or train again with another --out`,
  );
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
