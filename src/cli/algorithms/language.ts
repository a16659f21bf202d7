import type { LanguageRecipe } from "../language-recipe.ts";
import { dpo } from "./dpo.ts";
import { rewardModelRecipe } from "./reward-model.ts";
import { rlhfRecipe } from "./rlhf.ts";
import { sft } from "./sft.ts";

/** Every algorithm for language models that `train` knows, by name. */
export const languageRecipes: Readonly<Record<string, LanguageRecipe>> = Object.fromEntries(
  [sft, dpo, rewardModelRecipe, rlhfRecipe].map((one) => [one.name, one]),
);

/** The recipe of a name. Throws if there is none: whoever calls has looked. */
export function findLanguageRecipe(name: string): LanguageRecipe {
  if (Object.hasOwn(languageRecipes, name)) return languageRecipes[name];
  throw new RangeError(`"${name}" is no algorithm for language models`);
}
