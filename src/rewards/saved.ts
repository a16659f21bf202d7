import { decodeInitialisers, decodeSignature, layout } from "../autodiff/index.ts";
import { type ActionSpace, spaceFromJson } from "../mdp/index.ts";
import { type StepNetworkOptions, stepNetwork } from "./step-network.ts";
import { REWARD_FORMAT, REWARD_KEY, type StepReward, type StepRewardOptions, stepReward } from "./step-reward.ts";

/** A reward read from a file. */
export interface SavedReward extends StepReward {
  /** What was said of it when it was saved: the environment's id, the algorithm. */
  readonly about: Readonly<Record<string, unknown>>;
}

interface Description {
  format: number;
  observation: unknown;
  action: unknown;
  network: StepNetworkOptions;
  reward: StepRewardOptions;
  normaliser: { mean: number[]; std: number[] } | null;
  about: Record<string, unknown>;
}

/** A reward from the bytes of an ONNX file that its `toOnnx` made. Throws, naming what was found, if they are no such file. */
export function loadReward(bytes: Uint8Array): SavedReward {
  const { inputs, outputs, metadata } = decodeSignature(bytes);
  const text = metadata[REWARD_KEY];
  if (text === undefined || !outputs.some(({ name }) => name === "reward")) {
    const names = (values: readonly { name: string }[]) => values.map(({ name }) => name).join(", ") || "none";
    throw new RangeError(
      `the ONNX file is not a reward: found inputs ${names(inputs)} and outputs ${names(outputs)}${text === undefined ? " and no description" : ""}; ` +
        "expected the output reward, as a learned reward's toOnnx() writes it",
    );
  }
  const { format, observation, action, network: options, reward, normaliser, about } = JSON.parse(text) as Description;
  if (format !== REWARD_FORMAT)
    throw new RangeError(`the reward file has format ${format}, expected ${REWARD_FORMAT}; save it again with this version`);
  const spaces = { observation: spaceFromJson(observation), action: spaceFromJson(action) as ActionSpace };
  const network = stepNetwork(spaces, options);
  const { names, sizes, offsets, size } = layout(network.params);
  const theta = new Float32Array(size);
  const stored = decodeInitialisers(bytes);
  names.forEach((name, i) => {
    if (stored[name]?.length !== sizes[i]) {
      throw new RangeError(
        `the reward file has ${stored[name]?.length ?? "no"} numbers of ${name}, expected ${sizes[i]}; save it again`,
      );
    }
    theta.set(stored[name], offsets[i]);
  });
  const normal = normaliser ? { mean: Float32Array.from(normaliser.mean), std: Float32Array.from(normaliser.std) } : undefined;
  return Object.assign(stepReward(network, theta, { ...reward, normaliser: normal }), { about });
}
