/** A decoder-only transformer, whose variants differ in these few choices. */
export interface TransformerConfig {
  /** V, the number of tokens. */
  readonly vocabulary: number;
  /** The most positions that a sequence may have. */
  readonly context: number;
  /** D, the width of the residual stream. */
  readonly width: number;
  readonly layers: number;
  /** H, heads of queries. */
  readonly heads: number;
  /** K, heads of keys and values, each shared by H / K heads of queries (Ainslie et al. 2023). */
  readonly keyValueHeads: number;
  /** d, the width of a head. */
  readonly headWidth: number;
  /** Units of the feed-forward layer. */
  readonly hidden: number;
  /** How a token knows its place: a learned vector each, or queries and keys turned by angles (Su et al. 2021). */
  readonly positions: "learned" | RotaryConfig;
  readonly norm: "layer" | "rms";
  readonly epsilon: number;
  readonly activation: TransformerActivation;
  /** φ(x W_gate) · x W_up instead of φ(x W_up) (Shazeer 2020). */
  readonly gated: boolean;
  /** x + attention(norm x) + feed-forward(norm' x) at once instead of one after the other. */
  readonly parallel: boolean;
  /** Which linear layers have a bias. */
  readonly biases: { readonly qkv: boolean; readonly out: boolean; readonly hidden: boolean };
  /** Logits by the embedding itself instead of a matrix of their own. */
  readonly tied: boolean;
}

export interface RotaryConfig {
  /** The angles of position t are t / base^(2i / d), i = 0 .. d/2 - 1. */
  readonly base: number;
  /** How many of a head's d numbers are turned. */
  readonly width: number;
  /** Llama 3's slower turning of the slow angles, for contexts longer than those of the training before. */
  readonly scaling?: { readonly factor: number; readonly low: number; readonly high: number; readonly context: number };
}

/** φ of the feed-forward layer; gelu-tanh is gelu with the hyperbolic tangent in the place of the error function. */
export type TransformerActivation = "gelu" | "gelu-tanh" | "silu" | "relu";

/** Sizes of a transformer to be trained from the start; the rest has GPT-2's choices unless given. */
export type TransformerSizes = Pick<TransformerConfig, "vocabulary" | "context" | "width" | "layers" | "heads"> &
  Partial<TransformerConfig>;

/** GPT-2's architecture (Radford et al. 2019) in the given sizes; anything else can be set beside them. */
export function gpt2(sizes: TransformerSizes): TransformerConfig {
  return {
    keyValueHeads: sizes.heads,
    headWidth: sizes.width / sizes.heads,
    hidden: 4 * sizes.width,
    positions: "learned",
    norm: "layer",
    epsilon: 1e-5,
    activation: "gelu-tanh",
    gated: false,
    parallel: false,
    biases: { qkv: true, out: true, hidden: true },
    tied: true,
    ...sizes,
  };
}

/** Llama's architecture (Touvron et al. 2023) in the given sizes: rotary positions, RMS norms, gated units, no biases. */
export function llama(sizes: TransformerSizes): TransformerConfig {
  const headWidth = sizes.headWidth ?? sizes.width / sizes.heads;
  return gpt2({
    hidden: Math.ceil((8 * sizes.width) / 3 / 8) * 8,
    positions: { base: 10_000, width: headWidth },
    norm: "rms",
    epsilon: 1e-6,
    activation: "silu",
    gated: true,
    biases: { qkv: false, out: false, hidden: false },
    ...sizes,
  });
}

/** Throws a RangeError unless the sizes add up: positive whole numbers, heads that share evenly, an even number that is turned. */
export function checkConfig(config: TransformerConfig): void {
  const { heads, keyValueHeads, headWidth, positions } = config;
  for (const name of ["vocabulary", "context", "width", "layers", "heads", "keyValueHeads", "headWidth", "hidden"] as const) {
    if (!(Number.isInteger(config[name]) && config[name] > 0))
      throw new RangeError(`a transformer's ${name} is a positive whole number, found ${config[name]}`);
  }
  if (heads % keyValueHeads !== 0)
    throw new RangeError(
      `${heads} heads of queries cannot share ${keyValueHeads} heads of keys evenly; give a divisor of ${heads}`,
    );
  if (positions !== "learned" && !(positions.width % 2 === 0 && positions.width > 0 && positions.width <= headWidth))
    throw new RangeError(`rotary positions turn an even number of a head's ${headWidth} numbers, found ${positions.width}`);
}
