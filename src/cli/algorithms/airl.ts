import { airl as algorithm } from "../../algorithms/index.ts";
import { adversarialRecipe } from "./adversarial.ts";

export const airl = adversarialRecipe(algorithm);
