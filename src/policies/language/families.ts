import { isObject } from "../../data/codecs/text.ts";
import type { RotaryConfig, TransformerActivation, TransformerConfig } from "../transformer-config.ts";

/** A `config.json` as it was read. */
export type Json = Readonly<Record<string, unknown>>;

/** A family of checkpoints: how its config.json says what the transformer is, and the other way round. */
interface Family {
  /** The `model_type`s of config.json. */
  readonly types: readonly string[];
  readonly architectures: string;
  read(json: Reader): TransformerConfig;
  /** Undefined if the family cannot have such a transformer. */
  write(config: TransformerConfig): Json | undefined;
}

export type FamilyName = "gpt2" | "llama" | "gpt_neox";

/** A reader of config.json that says what is missing or of the wrong type. */
interface Reader {
  readonly json: Json;
  number(name: string, otherwise?: number): number;
  flag(name: string, otherwise: boolean): boolean;
  text(name: string, otherwise: string): string;
}

const ACTIVATION: Readonly<Record<string, TransformerActivation>> = {
  gelu: "gelu",
  gelu_new: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
  gelu_fast: "gelu-tanh",
  silu: "silu",
  swish: "silu",
  relu: "relu",
};
const ACTIVATION_NAME: Readonly<Record<TransformerActivation, string>> = {
  gelu: "gelu",
  "gelu-tanh": "gelu_new",
  silu: "silu",
  relu: "relu",
};

export const families: Readonly<Record<FamilyName, Family>> = {
  gpt2: {
    types: ["gpt2"],
    architectures: "GPT2LMHeadModel",
    read(json) {
      require(json, "scale_attn_weights", true);
      require(json, "scale_attn_by_inverse_layer_idx", false);
      const width = json.number("n_embd");
      const heads = json.number("n_head");
      return {
        vocabulary: json.number("vocab_size"),
        context: json.number("n_positions", json.number("n_ctx", 1024)),
        width,
        layers: json.number("n_layer"),
        heads,
        keyValueHeads: heads,
        headWidth: width / heads,
        hidden: json.number("n_inner", 4 * width),
        positions: "learned",
        norm: "layer",
        epsilon: json.number("layer_norm_epsilon", 1e-5),
        activation: activation(json.text("activation_function", "gelu_new")),
        gated: false,
        parallel: false,
        biases: { qkv: true, out: true, hidden: true },
        tied: json.flag("tie_word_embeddings", true),
      };
    },
    write(c) {
      const all = c.biases.qkv && c.biases.out && c.biases.hidden;
      if (c.positions !== "learned" || c.norm !== "layer" || c.gated || c.parallel || !all || !plainHeads(c)) return undefined;
      return {
        model_type: "gpt2",
        n_positions: c.context,
        n_ctx: c.context,
        n_embd: c.width,
        n_layer: c.layers,
        n_head: c.heads,
        n_inner: c.hidden,
        activation_function: ACTIVATION_NAME[c.activation],
        layer_norm_epsilon: c.epsilon,
      };
    },
  },
  llama: {
    types: ["llama", "qwen2", "mistral"],
    architectures: "LlamaForCausalLM",
    read(json) {
      const qwen = json.json.model_type === "qwen2";
      if (qwen) require(json, "use_sliding_window", false);
      else if (typeof json.json.sliding_window === "number")
        throw new RangeError("config.json has a sliding_window, which is not supported; expected null");
      const width = json.number("hidden_size");
      const heads = json.number("num_attention_heads");
      const headWidth = json.number("head_dim", width / heads);
      const bias = json.flag("attention_bias", false);
      return {
        vocabulary: json.number("vocab_size"),
        context: json.number("max_position_embeddings", 2048),
        width,
        layers: json.number("num_hidden_layers"),
        heads,
        keyValueHeads: json.number("num_key_value_heads", heads),
        headWidth,
        hidden: json.number("intermediate_size"),
        positions: rotary(json, headWidth, 1),
        norm: "rms",
        epsilon: json.number("rms_norm_eps", 1e-6),
        activation: activation(json.text("hidden_act", "silu")),
        gated: true,
        parallel: false,
        biases: { qkv: qwen || bias, out: bias, hidden: json.flag("mlp_bias", false) },
        tied: json.flag("tie_word_embeddings", false),
      };
    },
    write(c) {
      if (c.positions === "learned" || c.positions.width !== c.headWidth || c.norm !== "rms" || !c.gated || c.parallel)
        return undefined;
      const qwen = c.biases.qkv && !c.biases.out;
      if ((c.biases.out && !c.biases.qkv) || (qwen && (c.biases.hidden || !plainWidth(c)))) return undefined;
      return {
        ...(qwen
          ? { model_type: "qwen2", architectures: ["Qwen2ForCausalLM"], use_sliding_window: false }
          : { model_type: "llama" }),
        hidden_size: c.width,
        num_hidden_layers: c.layers,
        num_attention_heads: c.heads,
        num_key_value_heads: c.keyValueHeads,
        head_dim: c.headWidth,
        intermediate_size: c.hidden,
        max_position_embeddings: c.context,
        hidden_act: ACTIVATION_NAME[c.activation],
        rms_norm_eps: c.epsilon,
        ...rotaryJson(c.positions, 1),
        ...(qwen ? {} : { attention_bias: c.biases.qkv, mlp_bias: c.biases.hidden }),
      };
    },
  },
  gpt_neox: {
    types: ["gpt_neox"],
    architectures: "GPTNeoXForCausalLM",
    read(json) {
      const width = json.number("hidden_size");
      const heads = json.number("num_attention_heads");
      const bias = json.flag("attention_bias", true);
      return {
        vocabulary: json.number("vocab_size"),
        context: json.number("max_position_embeddings", 2048),
        width,
        layers: json.number("num_hidden_layers"),
        heads,
        keyValueHeads: heads,
        headWidth: width / heads,
        hidden: json.number("intermediate_size"),
        positions: rotary(json, width / heads, 0.25),
        norm: "layer",
        epsilon: json.number("layer_norm_eps", 1e-5),
        activation: activation(json.text("hidden_act", "gelu")),
        gated: false,
        parallel: json.flag("use_parallel_residual", true),
        biases: { qkv: bias, out: bias, hidden: true },
        tied: json.flag("tie_word_embeddings", false),
      };
    },
    write(c) {
      if (c.positions === "learned" || c.norm !== "layer" || c.gated || !c.biases.hidden || !plainHeads(c)) return undefined;
      if (c.biases.qkv !== c.biases.out || c.positions.scaling) return undefined;
      return {
        model_type: "gpt_neox",
        hidden_size: c.width,
        num_hidden_layers: c.layers,
        num_attention_heads: c.heads,
        intermediate_size: c.hidden,
        max_position_embeddings: c.context,
        hidden_act: ACTIVATION_NAME[c.activation],
        layer_norm_eps: c.epsilon,
        use_parallel_residual: c.parallel,
        attention_bias: c.biases.qkv,
        rotary_pct: c.positions.width / c.headWidth,
        rotary_emb_base: c.positions.base,
        ...rotaryJson(c.positions, c.positions.width / c.headWidth),
      };
    },
  },
};

/** The transformer that a config.json describes. Throws, naming the entry, on one that is missing, wrong or not supported. */
export function readConfig(json: unknown): { family: FamilyName; config: TransformerConfig } {
  if (!isObject(json)) throw new TypeError("config.json is not an object");
  const found = (Object.keys(families) as FamilyName[]).find((name) => families[name].types.includes(json.model_type as string));
  if (!found) {
    const known = Object.values(families).flatMap((own) => own.types);
    throw new RangeError(`config.json has model_type ${JSON.stringify(json.model_type)}, expected one of ${known.join(", ")}`);
  }
  return { family: found, config: families[found].read(reader(json)) };
}

/** A config.json for a transformer, which keeps what else stood in `original`. Throws if no family has such a transformer. */
export function writeConfig(config: TransformerConfig, original: Json = {}): { family: FamilyName; json: Json } {
  for (const [name, family] of Object.entries(families)) {
    const own = family.write(config);
    if (!own) continue;
    const rest = isObject(original) && family.types.includes(original.model_type as string) ? original : {};
    const json = {
      ...rest,
      architectures: [family.architectures],
      ...own,
      vocab_size: config.vocabulary,
      tie_word_embeddings: config.tied,
    };
    return { family: name as FamilyName, json };
  }
  throw new RangeError(
    `no checkpoint family has such a transformer; its choices are those of one of ${Object.keys(families).join(", ")} in files of this kind`,
  );
}

function reader(json: Json): Reader {
  const entry = <T>(name: string, type: string, otherwise: T | undefined): T => {
    const value = json[name] ?? otherwise;
    if (typeof value !== type)
      throw new TypeError(`config.json has ${JSON.stringify(json[name]) ?? "nothing"} at ${name}, expected a ${type}`);
    return value as T;
  };
  return {
    json,
    number: (name, otherwise) => entry(name, "number", otherwise),
    flag: (name, otherwise) => entry(name, "boolean", otherwise),
    text: (name, otherwise) => entry(name, "string", otherwise),
  };
}

function require(json: Reader, name: string, wanted: boolean): void {
  if (json.flag(name, wanted) !== wanted) throw new RangeError(`config.json has ${name} ${!wanted}, which is not supported`);
}

function activation(name: string): TransformerActivation {
  if (!Object.hasOwn(ACTIVATION, name))
    throw new RangeError(`config.json has the activation ${name}, expected one of ${Object.keys(ACTIVATION).join(", ")}`);
  return ACTIVATION[name];
}

/** Older files have `rope_theta`, `rope_scaling`, `rotary_pct` and `rotary_emb_base`, newer ones `rope_parameters`. */
function rotary(json: Reader, headWidth: number, share: number): RotaryConfig {
  const parameters = json.json.rope_parameters ?? json.json.rope_scaling;
  const own = reader(isObject(parameters) ? parameters : {});
  const base = own.number("rope_theta", json.number("rope_theta", json.number("rotary_emb_base", 10_000)));
  const part = own.number("partial_rotary_factor", json.number("partial_rotary_factor", json.number("rotary_pct", share)));
  const type = own.text("rope_type", own.text("type", "default"));
  const turned = { base, width: Math.trunc(headWidth * part) };
  if (type === "default") return turned;
  if (type !== "llama3") throw new RangeError(`config.json has the rope_type ${type}, expected default or llama3`);
  const scaling = {
    factor: own.number("factor"),
    low: own.number("low_freq_factor"),
    high: own.number("high_freq_factor"),
    context: own.number("original_max_position_embeddings"),
  };
  return { ...turned, scaling };
}

function rotaryJson({ base, scaling }: RotaryConfig, share: number): Json {
  const type = scaling
    ? {
        rope_type: "llama3",
        factor: scaling.factor,
        low_freq_factor: scaling.low,
        high_freq_factor: scaling.high,
        original_max_position_embeddings: scaling.context,
      }
    : { rope_type: "default" };
  const own = { ...type, rope_theta: base, ...(share === 1 ? {} : { partial_rotary_factor: share }) };
  // Both spellings, so that older and newer readers find theirs.
  return { rope_theta: base, rope_parameters: own, ...(scaling ? { rope_scaling: own } : {}) };
}

const plainWidth = (c: TransformerConfig) => c.headWidth * c.heads === c.width;
const plainHeads = (c: TransformerConfig) => c.keyValueHeads === c.heads && plainWidth(c);
