import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FormatError } from "../data/index.ts";
import {
  type LanguageFamily,
  type LanguageModel,
  languageModel,
  pretrained,
  type ReadFile,
  readAdapter,
} from "../policies/index.ts";

/** The files of a folder. */
export function filesIn(folder: string): ReadFile {
  return async (name) => {
    try {
      return new Uint8Array(await readFile(join(folder, name)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  };
}

/**
 * A language model from a folder in the Hugging Face layout. Throws `FormatError`, which names the folder and the file, where there
 * is none or it cannot be read.
 */
export async function loadPretrained(folder: string): Promise<LanguageModel> {
  if (!existsSync(folder))
    throw new FormatError(`${folder}: there is no such folder; expected one with config.json and model.safetensors`);
  return named(folder, () => pretrained(filesIn(folder)));
}

/** An adapter in PEFT's layout over a language model. Throws as `loadPretrained` does. */
export async function loadAdapter(model: LanguageModel, folder: string): Promise<LanguageModel> {
  if (!existsSync(folder)) throw new FormatError(`${folder}: there is no such folder; expected one with adapter_config.json`);
  return named(folder, async () => {
    const { family, theta } = await readAdapter(model.model as LanguageFamily, model.theta, filesIn(folder));
    return languageModel(family, theta);
  });
}

/** Files (of a model, of an adapter) as a folder, which appears whole or not at all. Throws if there is a folder of that name already. */
export async function saveFolder(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const target = resolve(folder);
  if (existsSync(target))
    throw new FormatError(`${folder}: there is such a folder already; name another one, or remove it first`);
  const partial = `${target}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(dirname(target), { recursive: true });
  await mkdir(partial);
  try {
    for (const [name, bytes] of files) await writeFile(join(partial, name), bytes);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function named<T>(folder: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof FormatError || error instanceof RangeError || error instanceof TypeError)
      throw new FormatError(`${folder}: ${error.message}`);
    throw error;
  }
}
