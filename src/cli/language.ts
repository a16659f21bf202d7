import { createHash } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { characters, type Tokenizer, words } from "../data/index.ts";
import {
  checkVocabulary,
  firstTheta,
  gpt2,
  type LanguageModel,
  languageFamily,
  languageModel,
  llama,
  loraFamily,
  readTokenizer,
  type TransformerConfig,
  type TransformerSizes,
} from "../policies/index.ts";
import { filesIn, loadPretrained, readConfig, readVerdict, TEXT_ENDINGS } from "../runs/index.ts";
import { BadInput, given } from "./exit.ts";
import { noSuchFile } from "./files.ts";
import { choice, positive, real, type Settings, settings, whole } from "./settings.ts";
import { counted, say, short } from "./terminal.ts";

/** Transformers that are trained from the start, by the names that `--model` takes. */
const FRESH: Readonly<Record<string, (sizes: TransformerSizes) => TransformerConfig>> = {
  "tiny-gpt2": gpt2,
  "tiny-llama": (sizes) => llama({ keyValueHeads: sizes.heads % 2 === 0 ? sizes.heads / 2 : sizes.heads, ...sizes }),
  "tiny-qwen2": (sizes) => llama({ biases: { qkv: true, out: false, hidden: false }, tied: true, ...sizes }),
  "tiny-pythia": (sizes) =>
    gpt2({
      positions: { base: 10_000, width: Math.max(2, 2 * Math.round(sizes.width / sizes.heads / 8)) },
      parallel: true,
      activation: "gelu",
      tied: false,
      ...sizes,
    }),
};
const SIZES = { width: 128, layers: 4, heads: 4, context: 128 };
const KINDS = ["characters", "words"] as const;
/** Words in a vocabulary, where nothing else is said. */
const WORDS = 4000;

/** What `--set` can say of a language model and its texts. */
export const languageSettings: Settings = settings(
  {
    width: 0,
    layers: 0,
    heads: 0,
    context: 0,
    vocabulary: 0,
    "lora.rank": 0,
    "lora.alpha": 16,
    "lora.targets": "usual",
    validation: 0.1,
    unusable: "refuse",
    paged: false,
    samples: 3,
  },
  {
    width: { ...whole(), expected: `a whole number, 0 for the model's own (${SIZES.width} for a new one)` },
    layers: { ...whole(), expected: `a whole number, 0 for the model's own (${SIZES.layers} for a new one)` },
    heads: { ...whole(), expected: `a whole number, 0 for the model's own (${SIZES.heads} for a new one)` },
    context: { ...whole(), expected: `a whole number, 0 for the model's own (${SIZES.context} for a new one)` },
    vocabulary: { ...whole(), expected: `a whole number, 0 for all characters or ${WORDS} words` },
    "lora.rank": { ...whole(), expected: "a whole number, 0 to train the weights themselves" },
    "lora.alpha": positive(),
    "lora.targets": { expected: "modules with commas between them, or usual", schema: z.string().min(1) },
    validation: real(0, 0.99),
    unusable: choice("refuse", "leave-out"),
    samples: whole(),
  },
);

export interface LanguageValues {
  /** Of a new model: numbers that stand for a token inside of it. */
  readonly width: number;
  /** Of a new model: its layers. */
  readonly layers: number;
  /** Of a new model: heads of attention in each layer. */
  readonly heads: number;
  /** Tokens that the model reads at most; longer sequences are cut. */
  readonly context: number;
  /** Of a new model with a vocabulary of its own: the most tokens in it, the commonest of the data. */
  readonly vocabulary: number;
  /** The rank of adapters (LoRA) that are trained instead of the weights. */
  readonly "lora.rank": number;
  /** α of adapters: what they add is multiplied by α over the rank. */
  readonly "lora.alpha": number;
  /** The modules that get adapters, such as q_proj. */
  readonly "lora.targets": string;
  /** The share of the data that is held out, which the verdict is reached on. */
  readonly validation: number;
  /** What is done with records that can't teach anything, such as an empty response: the file is refused, or they are left out. */
  readonly unusable: "refuse" | "leave-out";
  /** Whether JSON Lines are read a page at a time, as those beyond 256 MB are anyway. */
  readonly paged: boolean;
  /** Held-out prompts that are answered before and after, to be looked at. */
  readonly samples: number;
}

const kept = z.object({ path: z.string(), sha256: z.string() });
const problemSchema = z.object({
  /** The name of a new model, or a folder. */
  model: z.union([z.string(), kept]),
  /** How a new tokenizer cuts texts, or whose tokenizer it is. */
  tokenizer: z.union([z.enum(KINDS), kept]).optional(),
  reference: kept.optional(),
  data: kept,
  /** Who is asked which of two responses is better. */
  expert: z.string().optional(),
  expertSha256: z.string().optional(),
  /** What responses are worth: an address, or the path of a file or folder with its hash. */
  reward: z.string().optional(),
  rewardSha256: z.string().optional(),
  language: z.record(z.string(), z.unknown()),
  seed: z.number().int(),
});
/** What a problem of texts is made of, as the configuration of a run keeps it. */
export type LanguageProblem = z.infer<typeof problemSchema>;

/** What the command line says of the language model and its data. */
export interface LanguageRequest {
  readonly model?: string;
  readonly tokenizer?: string;
  readonly reference?: string;
  readonly data?: string;
  readonly expert?: string;
  readonly reward?: string;
}

/** The problem that a request describes, every path whole and every file with its hash. Throws `BadInput` on what is missing. */
export function languageProblem(
  request: LanguageRequest,
  values: Readonly<Record<string, unknown>>,
  seed: number,
): LanguageProblem {
  const { model, tokenizer, reference, data, expert, reward } = request;
  const names = Object.keys(FRESH).join(", ");
  if (model === undefined)
    throw new BadInput(`no model was named; give --model with a folder in the Hugging Face layout, or one of ${names}`);
  if (data === undefined) throw new BadInput(`there are no texts; give --data FILE (${TEXT_ENDINGS.join(", ")})`);
  const fresh = Object.hasOwn(FRESH, model);
  if (!fresh && !existsSync(model))
    throw new BadInput(`${model}: there is no such folder; expected a model's folder, or one of ${names}`);
  const kind = KINDS.find((known) => known === tokenizer);
  return {
    model: fresh ? model : keptFolder(model),
    ...(kind ? { tokenizer: kind } : tokenizer === undefined ? {} : { tokenizer: keptFolder(tokenizer) }),
    ...(reference === undefined ? {} : { reference: keptFolder(reference) }),
    data: { path: resolve(data), sha256: hashOf([data]) },
    ...(expert === undefined ? {} : keptScorer(expert)),
    ...(reward === undefined ? {} : keptReward(reward)),
    language: values,
    seed,
  };
}

function keptScorer(expert: string): { expert: string; expertSha256?: string } {
  return existsSync(expert) ? { expert: resolve(expert), expertSha256: hashOf([expert]) } : { expert };
}

/** A reward's address, or its path with the hash of what it is read from. */
function keptReward(reward: string): { reward: string; rewardSha256?: string } {
  return existsSync(reward) ? { reward: resolve(reward), rewardSha256: rewardHash(reward) } : { reward };
}

function rewardHash(path: string): string {
  if (!statSync(path).isDirectory()) return hashOf([path]);
  const folder = existsSync(join(path, "reward", "reward.json")) ? join(path, "reward") : path;
  const files = readdirSync(folder).filter((name) => /\.(json|safetensors)$/.test(name));
  return hashOf(files.sort().map((name) => join(folder, name)));
}

/** The problem in a run's configuration. Throws `BadInput` if it is none, or if a file is not the one that the run began with. */
export function readLanguageProblem(value: unknown, where: string): LanguageProblem {
  const read = problemSchema.safeParse(value);
  if (!read.success) {
    const [issue] = read.error.issues;
    throw new BadInput(
      `${where}: problem.${issue.path.join(".")}: ${issue.message}; restore the file, or train again with another --out`,
    );
  }
  const { model, tokenizer, reference, data, expert, expertSha256 } = read.data;
  const scorer = expert !== undefined && expertSha256 !== undefined ? { path: expert, sha256: expertSha256 } : undefined;
  for (const own of [model, tokenizer, reference, data, scorer]) {
    if (own === undefined || typeof own === "string") continue;
    const found = existsSync(own.path) && statSync(own.path).isDirectory() ? keptFolder(own.path).sha256 : hashOf([own.path]);
    if (found !== own.sha256) {
      throw new BadInput(
        `${own.path} is not what the run began with (sha256 ${found.slice(0, 12)}..., expected ${own.sha256.slice(0, 12)}...); put that back, or train again with another --out`,
      );
    }
  }
  const { reward, rewardSha256 } = read.data;
  if (reward !== undefined && rewardSha256 !== undefined && (!existsSync(reward) || rewardHash(reward) !== rewardSha256))
    throw new BadInput(`${reward} is not the reward that the run began with; put that back, or train again with another --out`);
  return read.data;
}

/** The language model of `--model` and all that goes with it. */
export interface LanguageParts {
  /** π_θ before the first update: with new adapters, if they are what is trained. */
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** The model of `--reference`. */
  readonly reference?: LanguageModel;
  /** Tokens of a sequence at most. */
  readonly context: number;
  readonly values: LanguageValues;
}

/**
 * Makes or loads what a problem names; `texts` are read where a vocabulary has to be made of them. The same every time. Throws
 * `BadInput`, in a line, on a folder that can't be read and on settings that are not the model's.
 */
export async function languageParts(problem: LanguageProblem, texts: () => Promise<Iterable<string>>): Promise<LanguageParts> {
  const values = problem.language as unknown as LanguageValues;
  const { model: from, tokenizer: asked, seed } = problem;
  const other = asked === undefined || typeof asked === "string" ? undefined : await loadTokenizer(asked.path);
  let base: LanguageModel;
  if (typeof from === "string") {
    const tokenizer = other ?? (await given(async () => made(asked as "words" | undefined, values, await texts())));
    const own = (name: keyof typeof SIZES) => values[name] || SIZES[name];
    const sizes = { width: own("width"), layers: own("layers"), heads: own("heads"), context: own("context") };
    if (sizes.width % sizes.heads !== 0)
      throw new BadInput(
        `a width of ${sizes.width} is not ${sizes.heads} heads of equal width; choose one that ${sizes.heads} divides`,
      );
    const family = await given(() => languageFamily(FRESH[from]({ vocabulary: tokenizer.size, ...sizes }), tokenizer));
    base = languageModel(family, firstTheta(family, seed));
  } else {
    const sized = (["width", "layers", "heads", "vocabulary"] as const).filter((name) => values[name] !== 0);
    if (sized.length > 0)
      throw new BadInput(
        `--set ${sized.join(", ")}: ${from.path} has its own; leave it out, or begin with one of ${Object.keys(FRESH).join(", ")}`,
      );
    if (typeof asked === "string")
      throw new BadInput(
        `--tokenizer ${asked} makes a new vocabulary, ${from.path} has learned its own; leave it out, or give the folder of its tokenizer`,
      );
    const loaded = await loadModel(from.path);
    base = other ? await given(() => withTokenizer(loaded, other)) : loaded;
  }
  const { tokenizer, config } = base.model;
  if (!tokenizer)
    throw new BadInput(`${(from as { path: string }).path} has no tokenizer.json; give --tokenizer with a folder that has it`);
  const model = values["lora.rank"] > 0 ? await given(() => adapted(base, values, seed)) : base;
  const reference = problem.reference ? await loadModel(problem.reference.path) : undefined;
  if (reference && reference.model.config.vocabulary !== config.vocabulary) {
    throw new BadInput(
      `${problem.reference?.path}: the reference has a vocabulary of ${reference.model.config.vocabulary} tokens, the model one of ${config.vocabulary}; give one with the same tokenizer`,
    );
  }
  const context = Math.min(config.context, reference?.model.config.context ?? Infinity, values.context || Infinity);
  return { model, tokenizer, ...(reference ? { reference } : {}), context, values };
}

function made(kind: "characters" | "words" | undefined, { vocabulary }: LanguageValues, texts: Iterable<string>): Tokenizer {
  if (kind === "characters") return characters(texts, vocabulary > 0 ? { most: vocabulary } : {});
  return words(texts, { most: vocabulary || WORDS });
}

function adapted(base: LanguageModel, values: LanguageValues, seed: number): LanguageModel {
  const targets = values["lora.targets"] === "usual" ? {} : { targets: values["lora.targets"].split(",") };
  const family = loraFamily(base.model, base.theta, { rank: values["lora.rank"], alpha: values["lora.alpha"], ...targets });
  return languageModel(family, firstTheta(family, seed), base.json);
}

function withTokenizer({ model, theta, json }: LanguageModel, tokenizer: Tokenizer): LanguageModel {
  checkVocabulary(tokenizer, model.config);
  return languageModel(languageFamily(model.config, tokenizer), theta, json);
}

/** The folder in the Hugging Face layout that a path means: itself, or the one in a run's folder. */
export function modelFolder(path: string): string {
  return existsSync(join(path, "model", "config.json")) ? join(path, "model") : path;
}

/** The language model in a folder, or in the folder of a run. Throws `BadInput`. */
export async function loadModel(path: string): Promise<LanguageModel> {
  const folder = modelFolder(path);
  if (folder === path && (existsSync(join(path, "reward", "reward.json")) || existsSync(join(path, "reward.json"))))
    throw new BadInput(`${path} is a reward model, expected a language model; its rewards: apprentice score ${path} --data FILE`);
  if (folder === path && readVerdict(path))
    throw new BadInput(`${path} is a run of ${readConfig(path).algorithm}, which learns no language model; give another folder`);
  if (folder === path && existsSync(join(path, "checkpoint")))
    throw new BadInput(`${path} has no model yet: the run is not finished; go on with: apprentice train --resume ${path}`);
  return given(() => loadPretrained(folder));
}

/** The tokenizer in a folder: of a checkpoint, of one's own models, or of a run. Throws `BadInput`. */
export async function loadTokenizer(path: string): Promise<Tokenizer> {
  const read = filesIn(modelFolder(path));
  const found = await given(async () => {
    const config = await read("config.json");
    return readTokenizer(read, config ? (JSON.parse(new TextDecoder().decode(config)) as Record<string, unknown>) : {});
  });
  if (!found)
    throw new BadInput(
      `${path} has no tokenizer.json and no vocabulary.json, expected the folder of a model, or one of ${KINDS.join(", ")}`,
    );
  return found;
}

/** A folder's path with the hash of what a model is read from. */
function keptFolder(path: string): { path: string; sha256: string } {
  const folder = modelFolder(path);
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new BadInput(`${path}: there is no such folder, expected the folder of a model`);
  const files = readdirSync(folder)
    .filter((name) => /\.(json|safetensors|jinja)$/.test(name))
    .sort();
  return { path: resolve(path), sha256: hashOf(files.map((name) => join(folder, name))) };
}

function hashOf(files: readonly string[]): string {
  const hash = createHash("sha256");
  for (const file of files) {
    try {
      const fd = openSync(file, "r"); // piece by piece: a data set may be larger than memory
      const piece = new Uint8Array(1 << 20);
      try {
        for (let n = readSync(fd, piece); n > 0; n = readSync(fd, piece)) hash.update(piece.subarray(0, n));
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") throw noSuchFile(file);
      throw new BadInput(`${file}: ${code === "EISDIR" ? "it is a folder" : `it can't be read (${code})`}, expected a file`);
    }
  }
  return hash.digest("hex");
}

/** Says what is about to be trained. */
export function describeModel({ model, context, reference }: LanguageParts): void {
  const { config } = model.model;
  const trained = model.theta.length;
  say(
    `model: ${counted(config.layers, "layer")} of width ${config.width}, ${short(trained)} parameters to train, ${config.vocabulary.toLocaleString("en-US")} tokens, sequences of at most ${context}${reference ? "; a reference of its own" : ""}`,
  );
}
