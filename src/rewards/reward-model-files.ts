import { layout, named } from "../autodiff/index.ts";
import { FormatError } from "../data/codecs/format-error.ts";
import { fromJson, fromUtf8, isObject, shown, utf8 } from "../data/codecs/text.ts";
import { contentHash, decodeSafetensors, encodeSafetensors, numbers, realArray, type Tokenizer } from "../data/index.ts";
import {
  type LanguageFamily,
  type LanguageModel,
  languageFamily,
  languageModel,
  mergeAdapter,
  type ReadFile,
  type ResponsePolicy,
  readCheckpoint,
} from "../policies/index.ts";
import { explicitRewardModel } from "./explicit.ts";
import { generativeRewardModel, verification } from "./generative.ts";
import { implicitRewardModel } from "./implicit.ts";
import type { LearnedRewardModel, RewardModel } from "./reward-model.ts";

/** Which reward models of texts are meant. */
export interface RewardModelChoice {
  /** What the reward is: a head on hidden states, β log π_θ/π_ref, or how likely the model finds a "Yes". */
  readonly kind: "explicit" | "implicit" | "generative";
  /** Explicit: which hidden state is read, that of the answer's last token, or the mean over the response's. */
  readonly pooling: "last" | "mean";
  /** Explicit: whether the network below the head is trained too. */
  readonly backbone: "trained" | "frozen";
  /** Explicit and implicit: divide by the number of the response's tokens. */
  readonly lengthNormalised: boolean;
  /** Implicit: β, the weight of the log-ratio. */
  readonly beta: number;
}

/** The reward models of a choice on a language model, warm from it. Throws where a generative one has no tokenizer to ask with. */
export function rewardModelOn(
  policy: ResponsePolicy & { readonly model: LanguageFamily },
  choice: RewardModelChoice,
  reference?: ResponsePolicy,
): RewardModel {
  const { kind, pooling, backbone, lengthNormalised, beta } = choice;
  if (kind === "explicit") return explicitRewardModel(policy, { pooling, backbone, lengthNormalised });
  if (kind === "implicit") return implicitRewardModel(policy, { beta, lengthNormalised, ...(reference ? { reference } : {}) });
  if (!policy.model.tokenizer)
    throw new TypeError("a generative reward model asks in words; give a language model with a tokenizer");
  return generativeRewardModel(policy, verification(policy.model.tokenizer));
}

/** A reward model of texts as it is kept: what was chosen, what it reads texts with, and its members. */
export interface TextRewardModel extends LearnedRewardModel {
  readonly choice: RewardModelChoice;
  /** The language model that it was trained from. */
  readonly policy: LanguageModel;
  readonly reference?: LanguageModel;
  readonly tokenizer: Tokenizer;
}

const FORMAT = 1;
const DESCRIPTION = "reward.json";
const MEMBERS = "reward.safetensors";
/** What a reference's files begin with. */
const REFERENCE = "reference.";

/**
 * The files of a reward model: the language model it began with in the Hugging Face layout, `reward.json`, and the trained parameters of
 * each member under their names in `reward.safetensors`. Adapters are merged into the weights. Throws a TypeError if the
 * language model has no tokenizer.
 */
export function rewardModelFiles(
  policy: ResponsePolicy & { readonly model: LanguageFamily },
  choice: RewardModelChoice,
  members: readonly Float32Array[],
  reference?: ResponsePolicy & { readonly model: LanguageFamily },
): Map<string, Uint8Array> {
  const { config, tokenizer } = policy.model;
  if (!tokenizer)
    throw new TypeError("the language model has no tokenizer, which a reward model of texts keeps; give one that has");
  const size = layout(policy.model.params).size;
  const plain = (theta: Float32Array) => mergeAdapter(policy.model, theta);
  const base = languageModel(languageFamily(config, tokenizer), plain(policy.theta));
  const kept = rewardModelOn(base, choice);
  const arrays = new Map(
    members.flatMap((phi, m) => {
      const adapted = choice.kind !== "explicit" || choice.backbone === "trained";
      const whole = adapted ? Float32Array.from([...plain(phi.slice(0, size)), ...phi.subarray(size)]) : phi;
      return Object.entries(named(kept.params, whole)).map(
        ([name, { shape, data }]) => [`${m}.${name}`, realArray("float32", shape, data)] as const,
      );
    }),
  );
  const description = { format: FORMAT, ...choice, members: members.length, tokenizer: tokenizerHash(tokenizer) };
  const files = new Map([...base.files(), [MEMBERS, encodeSafetensors(arrays)], [DESCRIPTION, json(description)]]);
  if (choice.kind === "implicit") {
    const { model, theta } = reference ?? policy;
    const own = languageModel(languageFamily(model.config, tokenizer), mergeAdapter(model, theta));
    for (const [name, bytes] of own.files()) files.set(REFERENCE + name, bytes);
  }
  return files;
}

/**
 * A reward model from its files. Throws `FormatError`, naming the file, where there is none, where one is damaged, and where the
 * tokenizer beside it is not the one that it was trained with.
 */
export async function readRewardModel(read: ReadFile): Promise<TextRewardModel> {
  const bytes = await read(DESCRIPTION);
  if (!bytes)
    throw new FormatError(`${DESCRIPTION} is missing; expected the folder of a reward model, as train reward-model makes it`);
  const description = fromJson(fromUtf8(bytes, DESCRIPTION), DESCRIPTION);
  const choice = choiceOf(description);
  const { members: count, tokenizer: hash } = description as { members: number; tokenizer: string };
  const { config, theta, tokenizer } = await readCheckpoint(read);
  if (!tokenizer) throw new FormatError("the reward model has no tokenizer file; put back the one that it was trained with");
  if (tokenizerHash(tokenizer) !== hash) {
    throw new FormatError(
      `${DESCRIPTION}: the tokenizer in this folder is not the one that the reward model was trained with; put that one back`,
    );
  }
  const policy = languageModel(languageFamily(config, tokenizer), theta);
  let reference: LanguageModel | undefined;
  if (choice.kind === "implicit") {
    const own = await readCheckpoint((name) => read(REFERENCE + name));
    reference = languageModel(languageFamily(own.config, tokenizer), own.theta);
  }
  const model = rewardModelOn(policy, choice, reference);
  const stored = decodeSafetensors((await read(MEMBERS)) ?? missing(MEMBERS)).arrays;
  const { names, sizes, offsets, size } = layout(model.params);
  const members = Array.from({ length: count }, (_, m) => {
    const phi = new Float32Array(size);
    names.forEach((name, i) => {
      const array = stored.get(`${m}.${name}`);
      const values = array && numbers(array);
      if (values?.length !== sizes[i]) {
        throw new FormatError(`${MEMBERS}: ${m}.${name} has ${values?.length ?? "no"} numbers, expected ${sizes[i]}`);
      }
      phi.set(values, offsets[i]);
    });
    return phi;
  });
  return { model, members, choice, policy, tokenizer, ...(reference ? { reference } : {}) };
}

/** Throws unless a policy's texts are read with the tokenizer that a reward model knows: ids of one mean nothing to another. */
export function mustShareTokenizer(reward: Tokenizer, policy: Tokenizer): void {
  if (tokenizerHash(reward) === tokenizerHash(policy)) return;
  throw new RangeError(
    `the reward model reads another tokenizer's ids (${reward.size} tokens, the policy's has ${policy.size}); train it from a model with the policy's tokenizer, or score texts instead of ids`,
  );
}

function tokenizerHash(tokenizer: Tokenizer): string {
  return contentHash({ ...tokenizer.files() });
}

function choiceOf(value: unknown): RewardModelChoice {
  if (!isObject(value) || value.format !== FORMAT) {
    throw new FormatError(`${DESCRIPTION} has format ${shown(isObject(value) ? value.format : value)}, expected ${FORMAT}`);
  }
  const { kind, pooling, backbone, lengthNormalised, beta, members } = value;
  const known =
    ["explicit", "implicit", "generative"].includes(kind as string) &&
    ["last", "mean"].includes(pooling as string) &&
    ["trained", "frozen"].includes(backbone as string) &&
    typeof lengthNormalised === "boolean" &&
    typeof beta === "number" &&
    Number.isInteger(members);
  if (!known) throw new FormatError(`${DESCRIPTION} describes no reward model; restore the file, or train again`);
  return { kind, pooling, backbone, lengthNormalised, beta } as RewardModelChoice;
}

function missing(name: string): never {
  throw new FormatError(`${name} is missing; expected the folder of a reward model`);
}

function json(value: object): Uint8Array {
  return utf8(`${JSON.stringify(value, null, 2)}\n`);
}
