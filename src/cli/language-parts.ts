import { existsSync } from "node:fs";
import { join } from "node:path";
import { characters, type Tokenizer, words } from "../data/index.ts";
import {
  checkVocabulary,
  firstTheta,
  type LanguageModel,
  languageFamily,
  languageModel,
  loraFamily,
  readTokenizer,
} from "../policies/index.ts";
import { filesIn, loadPretrained, readConfig, readVerdict } from "../runs/index.ts";
import { BadInput, given } from "./exit.ts";
import { type LanguageProblem, modelFolder } from "./language-problem.ts";
import { FRESH, KINDS, type LanguageValues, SIZES, WORDS } from "./language-settings.ts";
import { counted, say, short } from "./terminal.ts";

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
    const { context } = loaded.model.config;
    if (values.context > context)
      throw new BadInput(
        `--set context=${values.context}: ${from.path} reads at most ${context} tokens; leave it out, or begin with one of ${Object.keys(FRESH).join(", ")}`,
      );
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

/** Says what is about to be trained. */
export function describeModel({ model, context, reference }: LanguageParts): void {
  const { config } = model.model;
  const trained = model.theta.length;
  say(
    `model: ${counted(config.layers, "layer")} of width ${config.width}, ${short(trained)} parameters to train, ${config.vocabulary.toLocaleString("en-US")} tokens, sequences of at most ${context}${reference ? "; a reference of its own" : ""}`,
  );
}
