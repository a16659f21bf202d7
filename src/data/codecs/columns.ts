import { size } from "../../mdp/space.ts";
import { count, type Dataset, dataset } from "../dataset.ts";
import { type NumericArray, numericArray } from "./arrays.ts";
import { FormatError } from "./format-error.ts";
import { headerOf, readHeader } from "./header.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import { fromJson } from "./text.ts";

const KEY = "apprentice.dataset";

/** A data set as safetensors bytes, column by column, with a content hash. */
export function encodeColumns(data: Dataset): Uint8Array {
  const n = count(data);
  const steps = data.rewards.length;
  const [D, K] = [size(data.observationSpace), size(data.actionSpace)];
  const { observations, actions } = data;
  const arrays = new Map<string, NumericArray>([
    [
      "observations",
      observations instanceof Uint8Array
        ? numericArray("uint8", [steps + n, D], observations)
        : numericArray("float32", [steps + n, D], observations),
    ],
    [
      "actions",
      actions instanceof Int32Array ? numericArray("int32", [steps, K], actions) : numericArray("float32", [steps, K], actions),
    ],
    ["rewards", numericArray("float64", [steps], data.rewards)],
    ["offsets", numericArray("uint32", [n + 1], data.offsets)],
    ["terminated", numericArray("bool", [n], data.terminated)],
  ]);
  return encodeSafetensors(arrays, new Map([[KEY, JSON.stringify(headerOf(data))]]));
}

/** The data set of such bytes. Throws `FormatError` if they are damaged or hold something else. */
export function decodeColumns(bytes: Uint8Array): Dataset {
  const { arrays, metadata, hash } = decodeSafetensors(bytes);
  const text = metadata.get(KEY);
  if (text === undefined || hash !== "verified") {
    throw new FormatError(
      `the safetensors file holds ${[...arrays.keys()].slice(0, 5).join(", ") || "nothing"}, expected a data set written by this program`,
    );
  }
  const { observationSpace, actionSpace, metadata: origin } = readHeader(fromJson(text, "the header"), bytes.length);
  const get = <T extends NumericArray["dtype"]>(name: string, ...types: T[]) => {
    const array = arrays.get(name);
    if (!array || !(types as string[]).includes(array.dtype)) {
      throw new FormatError(`the data set has ${name} of type ${array?.dtype ?? "none"}, expected ${types.join(" or ")}`);
    }
    return array.data as Extract<NumericArray, { dtype: T }>["data"];
  };
  return dataset({
    observationSpace,
    actionSpace,
    observations: get("observations", "float32", "uint8"),
    actions: get("actions", "int32", "float32"),
    rewards: get("rewards", "float64"),
    offsets: get("offsets", "uint32"),
    terminated: get("terminated", "bool"),
    metadata: origin,
  });
}
