import { initialise, layout, type ParamTree, param, rng, type Tensor, uniform, zeros } from "../../autodiff/index.ts";
import { FormatError } from "../../data/codecs/format-error.ts";
import { fromJson, fromUtf8, isObject, shown, utf8 } from "../../data/codecs/text.ts";
import { encodeSafetensors, type NumericArray, numericArray } from "../../data/index.ts";
import { type BlockWeights, type LowRank, sections, transformerParams } from "../transformer.ts";
import type { TransformerConfig } from "../transformer-config.ts";
import { type ReadFile, tensorsOf } from "./checkpoint.ts";
import { type FamilyName, writeConfig } from "./families.ts";
import { familyOf, type LanguageFamily, plain } from "./family.ts";
import { interleaved, LAYERS } from "./tensors.ts";
import { held } from "./weights.ts";

/** Changes of low rank to linear layers: W + (alpha / r) A B, A `[in, r]`, B `[r, out]` (Hu et al. 2022). */
export interface LoraOptions {
  /** r */
  readonly rank: number;
  readonly alpha: number;
  /** The modules that are changed, by the names they have in the family's files, such as `q_proj`, `c_attn`, `query_key_value`. */
  readonly targets?: readonly string[];
}

/** PEFT's choices. */
const USUAL: Readonly<Record<FamilyName, readonly string[]>> = {
  gpt2: ["c_attn"],
  llama: ["q_proj", "v_proj"],
  gpt_neox: ["query_key_value"],
};

/** One changed module: where it is in the tree and what it is called in PEFT's files. */
interface Target {
  readonly layer: number;
  readonly half: "attention" | "forward";
  readonly linear: "qkv" | "out" | "up" | "down";
  /** A section of the linear layer's outputs, or `all`. */
  readonly part: string;
  readonly module: string;
  readonly in: number;
  readonly out: number;
  /** The first of its columns. */
  readonly from: number;
}

/** What a family of adapters carries beside its parameters. */
interface Adapter {
  readonly base: Float32Array;
  readonly family: FamilyName;
  readonly targets: readonly Target[];
  readonly options: Required<LoraOptions>;
}

const adapters = new WeakMap<LanguageFamily, Adapter>();

/**
 * The family of all changes of low rank to a model: its parameters are A and B alone, the model's own weights are inputs that
 * stay as they are. A begins uniform in ±1/√in, B at 0, so that at first nothing is changed. Throws on a rank that is not a
 * positive whole number and on a target that the family does not have.
 */
export function loraFamily(model: LanguageFamily, theta: Float32Array, options: LoraOptions): LanguageFamily {
  const { config, tokenizer } = model;
  if (adapters.has(model)) throw new RangeError("the model is a family of adapters already; merge them first");
  const { family } = writeConfig(config);
  const { rank: r, alpha, targets: names = USUAL[family] } = options;
  if (!(Number.isInteger(r) && r > 0)) throw new RangeError(`rank is a positive whole number, found ${r}`);
  const targets = targetsOf(family, config, names);
  const own = transformerParams(config);
  const frozen = held(own, own, "base");
  const params: Record<string, Record<string, { A: Tensor; B: Tensor }>> = {};
  const blocks: Record<string, BlockWeights> = { ...frozen.weights.blocks };
  for (const target of targets) {
    const { layer, half, linear, part } = target;
    const change = { A: param([target.in, r], uniform(1 / Math.sqrt(target.in))), B: param([r, target.out], zeros) };
    params[layer] = { ...params[layer], [`${linear}_${part}`]: change };
    const block = blocks[layer];
    const halfWeights = block[half] as unknown as Record<string, { lora?: Record<string, LowRank> }>;
    const weights = halfWeights[linear];
    const lora = { ...weights.lora, [part]: { ...change, scale: alpha / r } };
    blocks[layer] = { ...block, [half]: { ...halfWeights, [linear]: { ...weights, lora } } } as BlockWeights;
  }
  const adapted = familyOf({
    config,
    tokenizer,
    params: params as ParamTree,
    weights: { ...frozen.weights, blocks },
    frozen: frozen.feeds(theta),
    description: { kind: "transformer", ...plain(config), lora: { rank: r, alpha, targets: [...names] } },
  });
  adapters.set(adapted, { base: theta, family, targets, options: { rank: r, alpha, targets: names } });
  return adapted;
}

/** The first values of a family's parameters. */
export function firstTheta(family: LanguageFamily, seed: number): Float32Array {
  return initialise(family.params, rng(seed).split("theta"));
}

/** The whole model's parameters with the changes added to its weights; those of a family without adapters are theta itself. */
export function mergeAdapter(family: LanguageFamily, theta: Float32Array): Float32Array {
  const adapter = adapters.get(family);
  if (!adapter) return theta;
  const { base, targets, options } = adapter;
  const merged = base.slice();
  const whole = layout(transformerParams(family.config));
  const scale = options.alpha / options.rank;
  for (const target of targets) {
    const at = whole.names.indexOf(`blocks.${target.layer}.${target.half}.${target.linear}.W`);
    const [rows, columns] = whole.shapes[at];
    const W = merged.subarray(whole.offsets[at], whole.offsets[at] + rows * columns);
    const { A, B } = changeOf(family, theta, target);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < target.out; j++) {
        let sum = 0;
        for (let k = 0; k < options.rank; k++) sum += A[i * options.rank + k] * B[k * target.out + j];
        W[i * columns + target.from + j] += scale * sum;
      }
    }
  }
  return merged;
}

/** The files of an adapter in PEFT's layout. `base` is the name or path of the model that it changes. Throws without one. */
export function writeAdapter(family: LanguageFamily, theta: Float32Array, base = ""): Map<string, Uint8Array> {
  const adapter = adapters.get(family);
  if (!adapter) throw new TypeError("the model has no adapter to write; make one with loraFamily, or save the whole model");
  const { rank: r, alpha, targets: names } = adapter.options;
  const arrays = new Map<string, NumericArray>();
  for (const target of adapter.targets) {
    const { A, B } = changeOf(family, theta, target);
    const order = fileOrder(adapter.family, family.config, target);
    const Bt = turned(B, r, target.out);
    arrays.set(`${target.module}.lora_A.weight`, numericArray("float32", [r, target.in], turned(A, target.in, r)));
    arrays.set(`${target.module}.lora_B.weight`, numericArray("float32", [target.out, r], order ? rowsTo(Bt, r, order) : Bt));
  }
  const json = {
    peft_type: "LORA",
    task_type: "CAUSAL_LM",
    base_model_name_or_path: base,
    r,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: "none",
    fan_in_fan_out: adapter.family === "gpt2",
    target_modules: [...names],
    inference_mode: true,
  };
  return new Map([
    ["adapter_config.json", utf8(`${JSON.stringify(json, null, 2)}\n`)],
    ["adapter_model.safetensors", encodeSafetensors(arrays, new Map([["format", "pt"]]))],
  ]);
}

/**
 * An adapter from PEFT's files, as a family over a model and its parameters. Throws `FormatError`, naming the file, on one that is
 * missing, of a kind that is not supported, or of other shapes.
 */
export async function readAdapter(
  model: LanguageFamily,
  base: Float32Array,
  read: ReadFile,
): Promise<{ family: LanguageFamily; theta: Float32Array }> {
  const [config, weights] = ["adapter_config.json", "adapter_model.safetensors"];
  const bytes = await read(config);
  const json = bytes && fromJson(fromUtf8(bytes, config), config);
  if (!isObject(json)) throw new FormatError(`${config} is missing or not an object; expected a folder in PEFT's layout`);
  for (const [name, wanted] of Object.entries({ peft_type: "LORA", bias: "none", use_dora: false, use_rslora: false })) {
    if ((json[name] ?? wanted) !== wanted)
      throw new FormatError(`${config}: ${name} is ${shown(json[name])}, only ${shown(wanted)} is supported`);
  }
  const { r, lora_alpha: alpha, target_modules: targets } = json;
  if (
    typeof r !== "number" ||
    typeof alpha !== "number" ||
    !Array.isArray(targets) ||
    !targets.every((name) => typeof name === "string")
  )
    throw new FormatError(`${config}: expected numbers at r and lora_alpha, and a list of names at target_modules`);
  const family = loraFamily(model, base, { rank: r, alpha, targets: targets as string[] });
  const adapter = adapters.get(family)!;
  const file = await read(weights);
  if (!file) throw new FormatError(`${weights} is missing; expected it beside ${config}`);
  const tensors = tensorsOf(weights, file);
  const { names, offsets, size } = layout(family.params);
  const theta = new Float32Array(size);
  for (const target of adapter.targets) {
    for (const [leaf, rows, columns] of [
      ["A", r, target.in],
      ["B", target.out, r],
    ] as const) {
      const name = `${target.module}.lora_${leaf}.weight`;
      const own = tensors.get(name);
      const wanted = `[${rows}, ${columns}]`;
      if (!own) throw new FormatError(`${weights}: ${name} ${wanted} is missing`);
      if (own.shape.join() !== `${rows},${columns}`)
        throw new FormatError(`${weights}: ${name} has the shape [${own.shape.join(", ")}], expected ${wanted}`);
      const order = leaf === "B" ? fileOrder(adapter.family, model.config, target) : undefined;
      const values = order ? rowsFrom(own.data, r, order) : own.data;
      theta.set(turned(values, rows, columns), offsets[names.indexOf(`${target.layer}.${target.linear}_${target.part}.${leaf}`)]);
    }
  }
  return { family, theta };
}

function targetsOf(family: FamilyName, config: TransformerConfig, names: readonly string[]): Target[] {
  const sides = sections(config);
  const { width: D, heads: H, headWidth: d, hidden: F, layers } = config;
  const inputs = { qkv: D, out: H * d, up: D, down: F };
  const prefix = { gpt2: "transformer.h.", llama: "model.layers.", gpt_neox: "gpt_neox.layers." }[family];
  const found: Target[] = [];
  const used = new Set<string>();
  for (let layer = 0; layer < layers; layer++) {
    for (const linear of ["qkv", "out", "up", "down"] as const) {
      const modules = LAYERS[family][linear];
      const parts = modules.length === 1 ? { all: Object.values(sides[linear]).reduce((a, b) => a + b, 0) } : sides[linear];
      let from = 0;
      Object.entries(parts).forEach(([part, out], k) => {
        const name = names.find((own) => modules[k] === own || modules[k].endsWith(`.${own}`));
        if (name !== undefined) {
          used.add(name);
          const half = linear === "qkv" || linear === "out" ? "attention" : "forward";
          found.push({
            layer,
            half,
            linear,
            part,
            module: `base_model.model.${prefix}${layer}.${modules[k]}`,
            in: inputs[linear],
            out,
            from,
          });
        }
        from += out;
      });
    }
  }
  const odd = names.filter((name) => !used.has(name));
  if (odd.length > 0 || found.length === 0) {
    // GPT-2 gives one name to two modules of a layer; it stands for both.
    const known = new Set(Object.values(LAYERS[family]).flatMap((modules) => modules.map((name) => name.split(".")[1])));
    throw new RangeError(`${family} has no module ${odd.join(", ") || "to change"}; it has ${[...known].join(", ")}`);
  }
  return found;
}

function changeOf(family: LanguageFamily, theta: Float32Array, target: Target): { A: Float32Array; B: Float32Array } {
  const { names, offsets, sizes } = layout(family.params);
  const at = (leaf: string) => {
    const i = names.indexOf(`${target.layer}.${target.linear}_${target.part}.${leaf}`);
    return theta.subarray(offsets[i], offsets[i] + sizes[i]);
  };
  return { A: at("A"), B: at("B") };
}

/** `[rows, columns]` to `[columns, rows]`. */
function turned(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c];
  return out;
}

/** Outputs that the family's files keep in another order. */
function fileOrder(family: FamilyName, config: TransformerConfig, target: Target): Int32Array | undefined {
  return family === "gpt_neox" && target.linear === "qkv" ? interleaved(config.heads, config.headWidth) : undefined;
}

/** Our row j becomes the file's row order[j]. */
function rowsTo(values: Float32Array, width: number, order: Int32Array): Float32Array {
  const out = new Float32Array(values.length);
  order.forEach((row, j) => {
    out.set(values.subarray(j * width, (j + 1) * width), row * width);
  });
  return out;
}

function rowsFrom(values: Float32Array, width: number, order: Int32Array): Float32Array {
  const out = new Float32Array(values.length);
  order.forEach((row, j) => {
    out.set(values.subarray(row * width, (row + 1) * width), j * width);
  });
  return out;
}
