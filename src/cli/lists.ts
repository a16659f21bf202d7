import { environments, makeEnv } from "../envs/index.ts";
import { expertsFor } from "../experts/index.ts";
import { describe } from "../mdp/index.ts";
import { findRecipe, recipes } from "./algorithms/index.ts";
import { languageRecipes } from "./algorithms/language.ts";
import { explained, settingsTable } from "./settings-table.ts";
import { print, printJson, table } from "./terminal.ts";
import { settingsOf } from "./train.ts";

/** The environments with their spaces, and the experts that fit each. */
export function listEnvs(json?: boolean): void {
  const all = Object.entries(environments).map(([id, { about }]) => {
    const env = makeEnv(id);
    return {
      id,
      observation: describe(env.observation),
      action: describe(env.action),
      maxSteps: env.maxSteps,
      experts: expertsFor(env),
      about,
    };
  });
  if (json) {
    printJson(all);
    return;
  }
  print(
    table(
      all.map(({ id, observation, action, experts, about }) => [id, observation, action, experts.join(", "), about]),
      ["environment", "observation", "action", "experts", "about"],
    ),
  );
}

/** The algorithms, or one of them with all its settings, as they are by default in an environment. */
export function listAlgorithms(name: string | undefined, { env, json }: { env?: string; json?: boolean } = {}): void {
  if (name === undefined) {
    const all = [...Object.values(recipes), ...Object.values(languageRecipes)].map(({ name, about }) => ({ name, about }));
    if (json) {
      printJson(all);
      return;
    }
    print(
      table(
        all.map(({ name, about }) => [name, about]),
        ["algorithm", "about"],
      ),
    );
    print("\nThe settings of one of them: apprentice algorithms bc");
    return;
  }
  const known = Object.hasOwn(languageRecipes, name) ? languageRecipes[name] : undefined;
  const recipe = known ?? findRecipe(name);
  const rows = explained(name, known ? known.settings : settingsOf(findRecipe(name), env));
  if (json) {
    printJson({ name, about: recipe.about, settings: rows });
    return;
  }
  print(`${name}: ${recipe.about}\n`);
  print(settingsTable(rows));
}
