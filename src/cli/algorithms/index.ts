import { nearest } from "../../envs/index.ts";
import { BadInput } from "../exit.ts";
import type { Recipe } from "../recipe.ts";
import { airl } from "./airl.ts";
import { bc } from "./bc.ts";
import { dagger } from "./dagger.ts";
import { gail } from "./gail.ts";
import { iqLearn } from "./iq-learn.ts";
import { languageRecipes } from "./language.ts";
import { ppo } from "./ppo.ts";
import { preferenceRl } from "./preference-rl.ts";
import { red } from "./red.ts";
import { sqil } from "./sqil.ts";

/** Every algorithm that `train` knows, by name. */
export const recipes: Readonly<Record<string, Recipe>> = Object.fromEntries(
  [bc, dagger, gail, airl, iqLearn, sqil, red, preferenceRl, ppo].map((one) => [one.name, one]),
);

/** The recipe of a name. Throws `BadInput`, naming the nearest, if there is none. */
export function findRecipe(name: string): Recipe {
  if (Object.hasOwn(recipes, name)) return recipes[name];
  throw unknownAlgorithm(name);
}

/** The refusal of a name that no algorithm has, with the nearest that one has. */
export function unknownAlgorithm(name: string): BadInput {
  return new BadInput(
    `unknown algorithm "${name}"; the nearest are ${nearest(name, [...Object.keys(recipes), ...Object.keys(languageRecipes)]).join(", ")}; all of them: apprentice algorithms`,
  );
}
