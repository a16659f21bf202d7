import { gail as algorithm } from "../../algorithms/index.ts";
import { adversarialRecipe } from "./adversarial.ts";

export const gail = adversarialRecipe(algorithm);
