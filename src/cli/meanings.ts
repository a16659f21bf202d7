import { existsSync, readFileSync } from "node:fs";
import { languageRecipes } from "./algorithms/language.ts";

/** The build writes it from the docstrings of the options' interfaces: scripts/meanings.mjs. */
const file = new URL("../meanings.json", import.meta.url);
let known: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;

/** What a setting of an algorithm means, in a sentence or two; nothing where the program runs from its source, unbuilt. */
export function meaningOf(algorithm: string, setting: string): string {
  known ??= existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as NonNullable<typeof known>) : {};
  const [own, ofPolicy, ofLanguage] = [known[algorithm], known.policy, known.language];
  const found = Object.hasOwn(languageRecipes, algorithm)
    ? (ofLanguage?.[setting] ?? own?.[setting]) // `validation` is the data's, whichever algorithm it goes to
    : (own?.[setting] ?? ofPolicy?.[setting]);
  return found ?? "";
}
