import type { ActionSpace, Env } from "../../mdp/env.ts";
import { size } from "../../mdp/space.ts";
import { type Dataset, fitsEnv } from "../dataset.ts";
import { fromSteps, type Step } from "../steps.ts";
import { type NumericArray, numbers } from "./arrays.ts";
import { FormatError } from "./format-error.ts";
import { inferred } from "./inferred.ts";

/**
 * Transitions one after the other, as d3rlpy and D4RL name their arrays: `observations` and `actions` `[N, ...]`, `terminals` `[N]`, and
 * where they are there `rewards`, `timeouts` and `next_observations`. Throws `FormatError` if an array is missing or has another length.
 */
export function decodeTransitions(arrays: ReadonlyMap<string, NumericArray>, env?: Env): Dataset {
  const N = arrays.get("observations")?.shape[0];
  const find = (name: string): NumericArray | undefined => {
    const array = arrays.get(name);
    if (array && (array.shape.length === 0 || array.shape[0] !== N)) {
      throw new FormatError(`${name} has the shape [${array.shape.join(", ")}], expected ${N} rows as observations has`);
    }
    return array;
  };
  const get = (name: string): NumericArray => {
    const array = find(name);
    if (array) return array;
    throw new FormatError(
      `the archive has no array ${name}, expected observations, actions and terminals; found ${[...arrays.keys()].join(", ")}; docs/data.md has the layouts`,
    );
  };
  const [observations, actions, terminals] = [get("observations"), get("actions"), get("terminals")];
  const observationSpace = inferred(observations, env?.observation);
  const actionSpace = inferred(actions, env?.action) as ActionSpace;
  const rows = (array: NumericArray | undefined, width: number) => {
    const all = array && numbers(array);
    if (all && all.length !== N! * width) throw new FormatError(`an array has ${all.length} numbers in ${N} rows of ${width}`);
    return (i: number) => all?.subarray(i * width, (i + 1) * width);
  };
  const [s, a] = [rows(observations, size(observationSpace)), rows(actions, size(actionSpace))];
  const next = rows(find("next_observations"), size(observationSpace));
  const [r, over, cut] = [rows(find("rewards"), 1), rows(terminals, 1), rows(find("timeouts"), 1)];
  function* steps(): Generator<Step> {
    for (let i = 0; i < N!; i++) {
      const [reward, after] = [r(i)?.[0], next(i)];
      yield {
        observation: s(i)!,
        action: a(i)!,
        terminated: over(i)![0] !== 0,
        truncated: (cut(i)?.[0] ?? 0) !== 0 && over(i)![0] === 0,
        ...(reward === undefined ? {} : { reward }),
        ...(after ? { nextObservation: after } : {}),
      };
    }
  }
  const read = fromSteps(observationSpace, actionSpace, steps());
  return env ? fitsEnv(read, env) : read;
}
