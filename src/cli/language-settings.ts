import { z } from "zod";
import { gpt2, llama, type TransformerConfig, type TransformerSizes } from "../policies/index.ts";
import { choice, positive, real, type Settings, settings, whole } from "./settings.ts";

/** Transformers that are trained from the start, by the names that `--model` takes. */
export const FRESH: Readonly<Record<string, (sizes: TransformerSizes) => TransformerConfig>> = {
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
export const SIZES = { width: 128, layers: 4, heads: 4, context: 128 };
export const KINDS = ["characters", "words"] as const;
/** Words in a vocabulary, where nothing else is said. */
export const WORDS = 4000;

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
