import { box, discrete, multiDiscrete, type Space, size } from "../../mdp/space.ts";
import { type NumericArray, numbers } from "./arrays.ts";
import { FormatError } from "./format-error.ts";

/** The environment's space if elements are as large, else one that the numbers suggest. */
export function inferred(array: NumericArray, hint: Space | undefined): Space {
  const sides = array.shape.slice(1);
  const each = sides.reduce((product, side) => product * side, 1);
  if (hint && size(hint) === each) return hint;
  if (sides.includes(0)) throw new FormatError(`an array of shape [${array.shape.join(", ")}] has no numbers in a row`);
  const values = numbers(array);
  if (/float/.test(array.dtype)) return box(sides);
  if (array.dtype === "uint8" && sides.length > 1) return box(sides, 0, 255);
  const most = new Array<number>(each).fill(0);
  for (let i = 0; i < values.length; i++) most[i % each] = Math.max(most[i % each], values[i]);
  return each === 1 ? discrete(most[0] + 1) : multiDiscrete(most.map((top) => top + 1));
}
