import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { TEXT_ENDINGS } from "../runs/index.ts";
import { BadInput } from "./exit.ts";
import { noSuchFile } from "./files.ts";
import { FRESH, KINDS } from "./language-settings.ts";

const kept = z.object({ path: z.string(), sha256: z.string() });
const problemSchema = z.object({
  /** The name of a new model, or a folder. */
  model: z.union([z.string(), kept]),
  /** How a new tokenizer cuts texts, or whose tokenizer it is. */
  tokenizer: z.union([z.enum(KINDS), kept]).optional(),
  reference: kept.optional(),
  data: kept,
  /** Who is asked which of two responses is better. */
  expert: z.string().optional(),
  expertSha256: z.string().optional(),
  /** What responses are worth: an address, or the path of a file or folder with its hash. */
  reward: z.string().optional(),
  rewardSha256: z.string().optional(),
  language: z.record(z.string(), z.unknown()),
  seed: z.number().int(),
});
/** What a problem of texts is made of, as the configuration of a run keeps it. */
export type LanguageProblem = z.infer<typeof problemSchema>;

/** What the command line says of the language model and its data. */
export interface LanguageRequest {
  readonly model?: string;
  readonly tokenizer?: string;
  readonly reference?: string;
  readonly data?: string;
  readonly expert?: string;
  readonly reward?: string;
}

/** The problem that a request describes, every path whole and every file with its hash. Throws `BadInput` on what is missing. */
export function languageProblem(
  request: LanguageRequest,
  values: Readonly<Record<string, unknown>>,
  seed: number,
): LanguageProblem {
  const { model, tokenizer, reference, data, expert, reward } = request;
  const names = Object.keys(FRESH).join(", ");
  if (model === undefined)
    throw new BadInput(`no model was named; give --model with a folder in the Hugging Face layout, or one of ${names}`);
  if (data === undefined) throw new BadInput(`there are no texts; give --data FILE (${TEXT_ENDINGS.join(", ")})`);
  const fresh = Object.hasOwn(FRESH, model);
  if (!fresh && !existsSync(model))
    throw new BadInput(`${model}: there is no such folder; expected a model's folder, or one of ${names}`);
  const kind = KINDS.find((known) => known === tokenizer);
  return {
    model: fresh ? model : keptFolder(model),
    ...(kind ? { tokenizer: kind } : tokenizer === undefined ? {} : { tokenizer: keptFolder(tokenizer) }),
    ...(reference === undefined ? {} : { reference: keptFolder(reference) }),
    data: { path: resolve(data), sha256: hashOf([data]) },
    ...(expert === undefined ? {} : keptScorer(expert)),
    ...(reward === undefined ? {} : keptReward(reward)),
    language: values,
    seed,
  };
}

function keptScorer(expert: string): { expert: string; expertSha256?: string } {
  return existsSync(expert) ? { expert: resolve(expert), expertSha256: hashOf([expert]) } : { expert };
}

/** A reward's address, or its path with the hash of what it is read from. */
function keptReward(reward: string): { reward: string; rewardSha256?: string } {
  return existsSync(reward) ? { reward: resolve(reward), rewardSha256: rewardHash(reward) } : { reward };
}

function rewardHash(path: string): string {
  if (!statSync(path).isDirectory()) return hashOf([path]);
  const folder = existsSync(join(path, "reward", "reward.json")) ? join(path, "reward") : path;
  const files = readdirSync(folder).filter((name) => /\.(json|safetensors)$/.test(name));
  return hashOf(files.sort().map((name) => join(folder, name)));
}

/** The problem in a run's configuration. Throws `BadInput` if it is none, or if a file is not the one that the run began with. */
export function readLanguageProblem(value: unknown, where: string): LanguageProblem {
  const read = problemSchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new BadInput(
      `${where}: problem.${issue.path.join(".")}: ${issue.message}; restore the file, or train again with another --out`,
    );
  }
  const { model, tokenizer, reference, data, expert, expertSha256 } = read.data;
  const scorer = expert !== undefined && expertSha256 !== undefined ? { path: expert, sha256: expertSha256 } : undefined;
  for (const own of [model, tokenizer, reference, data, scorer]) {
    if (own === undefined || typeof own === "string") continue;
    const found = existsSync(own.path) && statSync(own.path).isDirectory() ? keptFolder(own.path).sha256 : hashOf([own.path]);
    if (found !== own.sha256) {
      throw new BadInput(
        `${own.path} is not what the run began with (sha256 ${found.slice(0, 12)}..., expected ${own.sha256.slice(0, 12)}...); put that back, or train again with another --out`,
      );
    }
  }
  const { reward, rewardSha256 } = read.data;
  if (reward !== undefined && rewardSha256 !== undefined && (!existsSync(reward) || rewardHash(reward) !== rewardSha256))
    throw new BadInput(`${reward} is not the reward that the run began with; put that back, or train again with another --out`);
  return read.data;
}

/** A folder's path with the hash of what a model is read from. */
function keptFolder(path: string): { path: string; sha256: string } {
  const folder = modelFolder(path);
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new BadInput(`${path}: there is no such folder, expected the folder of a model`);
  const files = readdirSync(folder)
    .filter((name) => /\.(json|safetensors|jinja)$/.test(name))
    .sort();
  return { path: resolve(path), sha256: hashOf(files.map((name) => join(folder, name))) };
}

function hashOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) {
    try {
      const fd = openSync(file, "r"); // piece by piece: a data set may be larger than memory
      const piece = new Uint8Array(1 << 20);
      try {
        for (let n = readSync(fd, piece); n > 0; n = readSync(fd, piece)) hash.update(piece.subarray(0, n));
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") throw noSuchFile(file);
      throw new BadInput(`${file}: ${code === "EISDIR" ? "it is a folder" : `it can't be read (${code})`}, expected a file`);
    }
  }
  return hash.digest("hex");
}

/** The folder in the Hugging Face layout that a path means: itself, or the one in a run's folder. */
export function modelFolder(path: string): string {
  return existsSync(join(path, "model", "config.json")) ? join(path, "model") : path;
}
