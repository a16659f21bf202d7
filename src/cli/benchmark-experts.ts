import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileOf, type Kept } from "../experiments/dagger-robots/expert.ts";
import halfCheetah from "../experiments/dagger-robots/half-cheetah.json" with { type: "json" };
import hopper from "../experiments/dagger-robots/hopper.json" with { type: "json" };
import { writeWhole } from "../runs/index.ts";
import type { Job } from "./benchmark-cell.ts";
import { settled } from "./train.ts";

/** What trains an expert where there is none that is kept. */
export const TRAINER = "ppo";

/** The experts of an experiment, trained by `TRAINER` with its settings for the robot: nobody has to wait for them. */
const kept: Readonly<Record<string, Kept>> = { "Hopper-v5": hopper, "HalfCheetah-v5": halfCheetah };

/** An expert that was learned: its policy's file, and either the bytes that go there or the job that makes it. */
export interface LearnedExpert {
  readonly name: string;
  /** Tells it from every other expert, wherever the file is. */
  readonly id: string;
  readonly file: string;
  readonly bytes?: Uint8Array;
  readonly job?: Job;
}

/** The expert of an environment that has no scripted one: the kept one or, if there is none or `set` asks for another, to be trained. */
export async function learnedExpert(env: string, out: string, set: readonly string[]): Promise<LearnedExpert> {
  const at = (id: string) => ({ name: `expert of ${env}`, id, file: resolve(join(out, "experts", `${env}-${id}.onnx`)) });
  if (Object.hasOwn(kept, env) && set.length === 0) {
    const bytes = fileOf(kept[env]);
    return { ...at(createHash("sha256").update(bytes).digest("hex").slice(0, 12)), bytes };
  }
  const { options, problem } = await settled({ algorithm: TRAINER, env, seed: 0, judgeEpisodes: 1, set });
  const id = createHash("sha256").update(JSON.stringify({ options, problem })).digest("hex").slice(0, 12);
  const place = at(id);
  return { ...place, job: { kind: "expert", env, algorithm: TRAINER, file: place.file, options, problem } };
}

/** Puts a kept expert where the runs look for it. */
export function putInPlace({ file, bytes }: LearnedExpert): void {
  if (bytes === undefined || existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true });
  writeWhole(file, bytes);
}
