import { nearest } from "../../envs/index.ts";
import { BadInput } from "../exit.ts";
import type { LanguageRecipe } from "../language-recipe.ts";
import { dpo } from "./dpo.ts";
import { rewardModelRecipe } from "./reward-model.ts";
import { rlhfRecipe } from "./rlhf.ts";
import { sft } from "./sft.ts";

/** Every algorithm for language models that `train` knows, by name. */
export const languageRecipes: Readonly<Record<string, LanguageRecipe>> = Object.fromEntries(
  [sft, dpo, rewardModelRecipe, rlhfRecipe].map((one) => [one.name, one]),
);

/** The recipe of a name. Throws `BadInput`, naming the nearest, if there is none. */
export function findLanguageRecipe(name: string): LanguageRecipe {
  if (Object.hasOwn(languageRecipes, name)) return languageRecipes[name];
  throw new BadInput(
    `unknown algorithm "${name}"; the nearest are ${nearest(name, Object.keys(languageRecipes)).join(", ")}; all of them: apprentice algorithms`,
  );
}
