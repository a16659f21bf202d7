import { layout } from "../../autodiff/index.ts";
import { transformerParams } from "../transformer.ts";
import type { TransformerConfig } from "../transformer-config.ts";
import type { FamilyName } from "./families.ts";

/** An array of a checkpoint, row-major. */
export interface CheckpointTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Where a parameter of ours is found in a checkpoint: arrays side by side along their outputs. */
interface Source {
  readonly names: readonly string[];
  /** Outputs of each. */
  readonly sides: readonly number[];
  /** Kept `[out, in]` in the file, `[in, out]` here. */
  readonly turned: boolean;
  /** Our output j is the file's output order[j], where they differ. */
  readonly order?: Int32Array;
}

/** Arrays that old files carry and that are no parameters: masks, angles. */
const BUFFERS = /(\.attn\.(masked_)?bias|\.attention\.(masked_)?bias|rotary_emb\.inv_freq)$/;

/**
 * The flat parameters of a checkpoint's arrays. Throws a RangeError that lists every array that is missing, has another shape
 * or is not known to this architecture.
 */
export function fromTensors(
  family: FamilyName,
  config: TransformerConfig,
  tensors: ReadonlyMap<string, CheckpointTensor>,
): Float32Array {
  const { names, shapes, offsets, size } = layout(transformerParams(config));
  const found = withPrefix(family, tensors);
  const theta = new Float32Array(size);
  const wrong: string[] = [];
  const read = new Set<string>();
  names.forEach((name, i) => {
    const source = sourceOf(family, config, name, shapes[i]);
    const rows = shapes[i].length === 2 ? shapes[i][0] : 1;
    const total = source.sides.reduce((a, b) => a + b, 0);
    const target = theta.subarray(offsets[i], offsets[i] + rows * total);
    let at = 0;
    source.names.forEach((file, k) => {
      const wanted = fileShape(source, k, shapes[i]);
      const own = found.get(file);
      read.add(file);
      if (!own) wrong.push(`${file} [${wanted.join(", ")}] is missing`);
      else if (own.shape.join() !== wanted.join())
        wrong.push(`${file} has the shape [${own.shape.join(", ")}], expected [${wanted.join(", ")}]`);
      else copy(inFile(source, k, rows, own.data), columns(target, total, at), rows, source.sides[k]);
      at += source.sides[k];
    });
    if (source.order) reorder(target, rows, total, source.order);
  });
  for (const [file, { shape }] of found) {
    const spare = BUFFERS.test(file) || (config.tied && file === HEAD[family]);
    if (!read.has(file) && !spare) wrong.push(`${file} [${shape.join(", ")}] is not known to ${family}`);
  }
  if (wrong.length > 0) throw new RangeError(`the weights don't fit config.json: ${wrong.join("; ")}`);
  return theta;
}

/** The arrays of a checkpoint of flat parameters, by the family's names. */
export function toTensors(family: FamilyName, config: TransformerConfig, theta: Float32Array): Map<string, CheckpointTensor> {
  const { names, shapes, offsets, sizes } = layout(transformerParams(config));
  const out = new Map<string, CheckpointTensor>();
  names.forEach((name, i) => {
    const source = sourceOf(family, config, name, shapes[i]);
    const rows = shapes[i].length === 2 ? shapes[i][0] : 1;
    const total = source.sides.reduce((a, b) => a + b, 0);
    const values = theta.slice(offsets[i], offsets[i] + sizes[i]);
    if (source.order) reorder(values, rows, total, inverse(source.order));
    let at = 0;
    source.names.forEach((file, k) => {
      const shape = fileShape(source, k, shapes[i]);
      const data = new Float32Array(shape.reduce((n, side) => n * side, 1));
      copy(columns(values, total, at), inFile(source, k, rows, data), rows, source.sides[k]);
      out.set(file, { shape, data });
      at += source.sides[k];
    });
  });
  return out;
}

const HEAD: Readonly<Record<FamilyName, string>> = {
  gpt2: "lm_head.weight",
  llama: "lm_head.weight",
  gpt_neox: "embed_out.weight",
};

/** Names as they are saved today: some files leave the first part out, or call GPT-NeoX's head by its newer name. */
function withPrefix(family: FamilyName, tensors: ReadonlyMap<string, CheckpointTensor>): Map<string, CheckpointTensor> {
  const prefix = { gpt2: "transformer.", llama: "model.", gpt_neox: "gpt_neox." }[family];
  const rename = (name: string) => {
    if (name === "lm_head.weight" || name === "embed_out.weight") return HEAD[family];
    return name.startsWith(prefix) ? name : prefix + name;
  };
  return new Map([...tensors].map(([name, tensor]) => [rename(name), tensor]));
}

/** Where the parameter `name` of the shape stands in the family's files. */
function sourceOf(family: FamilyName, config: TransformerConfig, name: string, shape: readonly number[]): Source {
  const side = shape[shape.length - 1];
  const whole = (file: string): Source => ({ names: [file], sides: [side], turned: false });
  const [, layer, part] = /^blocks\.(\d+)\.(.+)$/.exec(name) ?? [];
  if (part === undefined) return whole(outside(family, name));
  const [half, what, leaf] = part.split(".");
  const suffix = leaf === "W" || leaf === "gain" ? "weight" : "bias";
  const turned = leaf === "W" && family !== "gpt2"; // GPT-2's matrices are [in, out] in its files too
  if (what === "norm") return whole(`${BLOCKS[family]}${layer}.${NORMS[family][half as "attention" | "forward"]}.${suffix}`);
  const { heads: H, keyValueHeads: K, headWidth: d } = config;
  const files = LAYERS[family][what as keyof (typeof LAYERS)["llama"]];
  const names = files.map((file) => `${BLOCKS[family]}${layer}.${file}.${suffix}`);
  if (names.length === 1) {
    const order = family === "gpt_neox" && what === "qkv" ? interleaved(H, d) : undefined;
    return { names, sides: [side], turned, ...(order ? { order } : {}) };
  }
  return { names, sides: what === "qkv" ? [H * d, K * d, K * d] : [side / 2, side / 2], turned };
}

const BLOCKS: Readonly<Record<FamilyName, string>> = {
  gpt2: "transformer.h.",
  llama: "model.layers.",
  gpt_neox: "gpt_neox.layers.",
};
const NORMS: Readonly<Record<FamilyName, Readonly<Record<"attention" | "forward", string>>>> = {
  gpt2: { attention: "ln_1", forward: "ln_2" },
  llama: { attention: "input_layernorm", forward: "post_attention_layernorm" },
  gpt_neox: { attention: "input_layernorm", forward: "post_attention_layernorm" },
};

/** The modules that hold each linear layer, in the order of its sections. */
export const LAYERS: Readonly<Record<FamilyName, Readonly<Record<"qkv" | "out" | "up" | "down", readonly string[]>>>> = {
  gpt2: { qkv: ["attn.c_attn"], out: ["attn.c_proj"], up: ["mlp.c_fc"], down: ["mlp.c_proj"] },
  llama: {
    qkv: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
    out: ["self_attn.o_proj"],
    up: ["mlp.gate_proj", "mlp.up_proj"],
    down: ["mlp.down_proj"],
  },
  gpt_neox: {
    qkv: ["attention.query_key_value"],
    out: ["attention.dense"],
    up: ["mlp.dense_h_to_4h"],
    down: ["mlp.dense_4h_to_h"],
  },
};

function outside(family: FamilyName, name: string): string {
  if (name === "head") return HEAD[family];
  const names: Record<FamilyName, Record<string, string>> = {
    gpt2: {
      tokens: "transformer.wte.weight",
      places: "transformer.wpe.weight",
      "norm.gain": "transformer.ln_f.weight",
      "norm.bias": "transformer.ln_f.bias",
    },
    llama: { tokens: "model.embed_tokens.weight", "norm.gain": "model.norm.weight" },
    gpt_neox: {
      tokens: "gpt_neox.embed_in.weight",
      "norm.gain": "gpt_neox.final_layer_norm.weight",
      "norm.bias": "gpt_neox.final_layer_norm.bias",
    },
  };
  return names[family][name];
}

/** GPT-NeoX keeps query, key and value of each head together: our output (part, head, i) is theirs (head, part, i). */
export function interleaved(H: number, d: number): Int32Array {
  return Int32Array.from({ length: 3 * H * d }, (_, j) => {
    const [part, head, i] = [Math.floor(j / (H * d)), Math.floor(j / d) % H, j % d];
    return (head * 3 + part) * d + i;
  });
}

function fileShape(source: Source, k: number, shape: readonly number[]): number[] {
  if (shape.length === 1) return [source.sides[k]];
  return source.turned ? [source.sides[k], shape[0]] : [shape[0], source.sides[k]];
}

/** A matrix inside an array: entry (r, c) is `values[start + r * byRow + c * byColumn]`. */
interface Block {
  readonly values: Float32Array;
  readonly start: number;
  readonly byRow: number;
  readonly byColumn: number;
}

/** Array k of a source as the file keeps it, with our rows and columns. */
function inFile({ turned, sides }: Source, k: number, rows: number, values: Float32Array): Block {
  return { values, start: 0, byRow: turned ? 1 : sides[k], byColumn: turned ? rows : 1 };
}

/** The columns from `start` on of our matrix `[rows, total]`. */
function columns(values: Float32Array, total: number, start: number): Block {
  return { values, start, byRow: total, byColumn: 1 };
}

/** Copies `rows` by `side` entries. */
function copy(from: Block, to: Block, rows: number, side: number): void {
  const [source, target] = [from.values, to.values];
  for (let r = 0; r < rows; r++) {
    const [first, place] = [from.start + r * from.byRow, to.start + r * to.byRow];
    for (let c = 0; c < side; c++) target[place + c * to.byColumn] = source[first + c * from.byColumn];
  }
}

function reorder(values: Float32Array, rows: number, total: number, order: Int32Array): void {
  const row = new Float32Array(total);
  for (let r = 0; r < rows; r++) {
    const own = values.subarray(r * total, (r + 1) * total);
    for (let c = 0; c < total; c++) row[c] = own[order[c]];
    own.set(row);
  }
}

function inverse(order: Int32Array): Int32Array {
  const out = new Int32Array(order.length);
  for (let j = 0; j < order.length; j++) out[order[j]] = j;
  return out;
}
