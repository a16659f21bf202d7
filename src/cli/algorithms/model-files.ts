import { type LanguageFamily, languageModel, type ResponsePolicy, writeAdapter } from "../../policies/index.ts";
import type { LanguageProblem } from "../language-problem.ts";

/**
 * The folders that a trained language model leaves: `model` in the Hugging Face layout, adapters merged into it, and `adapter` in
 * PEFT's layout where adapters were trained. `json` is the config.json of the model that it began with.
 */
export function modelFiles(
  { model, theta }: ResponsePolicy,
  json: Readonly<Record<string, unknown>> | undefined,
  problem: LanguageProblem,
): Map<string, Map<string, Uint8Array>> {
  const family = model as LanguageFamily;
  const folders = new Map([["model", languageModel(family, theta, json).files()]]);
  if ("lora" in family.description) {
    const base = typeof problem.model === "string" ? problem.model : problem.model.path;
    folders.set("adapter", writeAdapter(family, theta, base));
  }
  return folders;
}
