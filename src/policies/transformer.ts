import {
  add,
  and,
  broadcastTo,
  cast,
  concat,
  constant,
  cos,
  type Dim,
  equal,
  filled,
  gather,
  gelu,
  greaterEqual,
  layerNorm,
  linear,
  matmul,
  mul,
  normal,
  type ParamTree,
  param,
  relu,
  reshape,
  rmsNorm,
  scalar,
  silu,
  sin,
  slice,
  softmax,
  sub,
  type Tensor,
  transpose,
  where,
  zeros,
} from "../autodiff/index.ts";
import { checkConfig, type RotaryConfig, type TransformerActivation, type TransformerConfig } from "./transformer-config.ts";

const ACTIVATIONS: Readonly<Record<TransformerActivation, (x: Tensor) => Tensor>> = {
  gelu: (x: Tensor) => gelu(x),
  "gelu-tanh": (x: Tensor) => gelu(x, "tanh"),
  silu,
  relu,
};

/** The weights of a linear layer, with changes of low rank to parts of its outputs, by their names, or to `all` (see lora.ts). */
export interface LinearWeights {
  readonly W: Tensor;
  readonly b?: Tensor;
  readonly lora?: Readonly<Record<string, LowRank>>;
}

/** scale · x A B: A `[in, r]`, B `[r, out]`. */
export interface LowRank {
  readonly A: Tensor;
  readonly B: Tensor;
  readonly scale: number;
}

export interface NormWeights {
  readonly gain: Tensor;
  readonly bias?: Tensor;
}

export interface BlockWeights {
  readonly attention: { readonly norm: NormWeights; readonly qkv: LinearWeights; readonly out: LinearWeights };
  readonly forward: { readonly norm: NormWeights; readonly up: LinearWeights; readonly down: LinearWeights };
}

/** All weights of a transformer: parameters, or whatever stands in their place (frozen inputs, adapted layers). */
export interface TransformerWeights {
  readonly tokens: Tensor;
  readonly places?: Tensor;
  readonly blocks: Readonly<Record<string, BlockWeights>>;
  readonly norm: NormWeights;
  readonly head?: Tensor;
}

/** What a block's linear layers give, side by side: a change of low rank can be made to each by its name. */
export function sections(
  config: TransformerConfig,
): Readonly<Record<"qkv" | "out" | "up" | "down", Readonly<Record<string, number>>>> {
  const { heads: H, keyValueHeads: K, headWidth: d, width: D, hidden: F, gated } = config;
  return {
    qkv: { q: H * d, k: K * d, v: K * d },
    out: { out: D },
    up: gated ? { gate: F, up: F } : { up: F },
    down: { down: D },
  };
}

/**
 * The parameters as a tree, with GPT-2's first values: N(0, 0.02²), divided by √(2 layers) where a layer adds to the residual
 * stream; gains 1, biases 0. Matrices are `[in, out]`; embeddings `[V, D]`. Throws on a configuration that does not add up.
 */
export function transformerParams(config: TransformerConfig): TransformerWeights & ParamTree {
  checkConfig(config);
  const { vocabulary: V, width: D, context: C, layers, heads: H, headWidth: d, hidden: F, biases } = config;
  const out = 0.02 / Math.sqrt(2 * layers);
  const matrix = (rows: number, columns: number, deviation = 0.02) => param([rows, columns], normal(deviation));
  const layer = (rows: number, columns: number, bias: boolean, deviation?: number) => ({
    W: matrix(rows, columns, deviation),
    ...(bias ? { b: param([columns], zeros) } : {}),
  });
  const norm = () => ({ gain: param([D], filled(1)), ...(config.norm === "layer" ? { bias: param([D], zeros) } : {}) });
  const total = (parts: Readonly<Record<string, number>>) => Object.values(parts).reduce((a, b) => a + b, 0);
  const sides = sections(config);
  const block = () => ({
    attention: { norm: norm(), qkv: layer(D, total(sides.qkv), biases.qkv), out: layer(H * d, D, biases.out, out) },
    forward: { norm: norm(), up: layer(D, total(sides.up), biases.hidden), down: layer(F, D, biases.hidden, out) },
  });
  return {
    tokens: matrix(V, D),
    ...(config.positions === "learned" ? { places: matrix(C, D) } : {}),
    blocks: Object.fromEntries(Array.from({ length: layers }, (_, i) => [String(i), block()])),
    norm: norm(),
    ...(config.tied ? {} : { head: matrix(V, D) }),
  };
}

/** Where the tokens `[B, T]` of a batch stand. */
export interface Places {
  /** `[T]` for rows that are one sequence each: 0 .. T - 1; `[B, T]` with segments: each token's place in its own sequence. */
  readonly positions: Tensor;
  /** `[B, T]`: which sequence of its row a token belongs to; tokens see those of their own sequence only. */
  readonly segments?: Tensor;
}

/** Keys `[B, K, d, T]` (turned, transposed) and values `[B, K, T, d]` of a layer. */
export interface KeysValues {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/**
 * The hidden states after the last norm, `[B T, D]`, of tokens `[B, T]` (int32), each computed from the tokens before it and
 * itself; what stands behind a sequence in its row does not matter. With the keys and values of every layer.
 */
export function hiddenStates(
  config: TransformerConfig,
  w: TransformerWeights,
  ids: Tensor,
  { positions, segments }: Places,
): { hidden: Tensor; layers: KeysValues[] } {
  const [B, T] = ids.shape;
  const rows: Dim = reshape(ids, [-1]).shape[0];
  // Query t sees key s ≤ t of its own sequence: 0 where it does, far below 0 where it does not.
  const order = segments ? reshape(positions, [B, 1, 1, T]) : positions;
  let seen = greaterEqual(
    reshape(order, [...order.shape.slice(0, -1), T, 1]),
    reshape(order, [...order.shape.slice(0, -1), 1, T]),
  );
  if (segments) seen = and(seen, equal(reshape(segments, [B, 1, 1, T, 1]), reshape(segments, [B, 1, 1, 1, T])));
  const mask = where(seen, 0, -1e9);
  const turn = rotation(config, positions);
  const layers: KeysValues[] = [];
  const attend = (qkv: Tensor): Tensor => {
    const { q, k, v } = headsOf(config, qkv, B, T, turn);
    layers.push({ keys: k, values: v });
    return attention(config, q, k, v, mask);
  };
  let x = reshape(embed(w, ids, positions), [rows, config.width]);
  for (let i = 0; i < config.layers; i++) x = block(config, w.blocks[i], x, attend);
  return { hidden: normalise(config, x, w.norm), layers };
}

/** The logits `[..., V]` of hidden states `[..., D]`. */
export function logits(w: TransformerWeights, hidden: Tensor): Tensor {
  return matmul(hidden, w.head ?? w.tokens, { transposeB: true });
}

/** The embeddings of tokens, `[..., D]`, with those of their places where these are learned. */
export function embed(w: TransformerWeights, ids: Tensor, positions: Tensor): Tensor {
  const x = gather(w.tokens, ids);
  return w.places ? add(x, gather(w.places, positions)) : x;
}

/** One block: x + attention(norm x), then + feed-forward(norm x), or both at once. `attend` makes `[N, H d]` of `[N, (H + 2 K) d]`. */
export function block(config: TransformerConfig, w: BlockWeights, x: Tensor, attend: (qkv: Tensor) => Tensor): Tensor {
  const sides = sections(config);
  const a = dense(attend(dense(normalise(config, x, w.attention.norm), w.attention.qkv, sides.qkv)), w.attention.out, sides.out);
  const middle = add(x, a);
  const h = dense(normalise(config, config.parallel ? x : middle, w.forward.norm), w.forward.up, sides.up);
  const phi = ACTIVATIONS[config.activation];
  const F = config.hidden;
  const inner = config.gated ? mul(phi(slice(h, 1, 0, F)), slice(h, 1, F, 2 * F)) : phi(h);
  return add(middle, dense(inner, w.forward.down, sides.down));
}

/** The last step, and the first of each half block. */
export function normalise(config: TransformerConfig, x: Tensor, { gain, bias }: NormWeights): Tensor {
  return config.norm === "layer" ? layerNorm(x, gain, bias!, config.epsilon) : rmsNorm(x, gain, config.epsilon);
}

/** x W + b, and (alpha / r) x A B added to those parts of the outputs that have a change of low rank. */
function dense(x: Tensor, { W, b, lora }: LinearWeights, parts: Readonly<Record<string, number>>): Tensor {
  const y = b ? linear(x, W, b) : matmul(x, W);
  if (!lora) return y;
  const change = ({ A, B, scale }: LowRank) => mul(matmul(matmul(x, A), B), scale);
  if (lora.all) return add(y, change(lora.all));
  const changes = Object.entries(parts).map(([name, side]) =>
    lora[name] ? change(lora[name]) : broadcastTo(scalar(0), [y.shape[0], side]),
  );
  return add(y, concat(changes, 1));
}

/** Queries `[B, K, H/K T, d]`, keys `[B, K, d, T]`, values `[B, K, T, d]` from `[B T, (H + 2 K) d]`, queries scaled by 1/√d. */
export function headsOf(
  { heads: H, keyValueHeads: K, headWidth: d }: TransformerConfig,
  qkv: Tensor,
  B: Dim,
  T: Dim,
  turn: ((x: Tensor) => Tensor) | undefined,
): { q: Tensor; k: Tensor; v: Tensor } {
  const scale = 1 / Math.sqrt(d);
  const heads = reshape(qkv, [B, T, H + 2 * K, d]);
  const turned = turn ? turn(slice(heads, 2, 0, H + K)) : heads;
  const q = mul(slice(turned, 2, 0, H), scale);
  const k = slice(turned, 2, H, H + K);
  const v = slice(heads, 2, H + K, H + 2 * K);
  // With one token a row nothing changes places: shapes are all that differs.
  if (T === 1) return { q: reshape(q, [B, K, H / K, d]), k: reshape(k, [B, K, d, 1]), v: reshape(v, [B, K, 1, d]) };
  return {
    q: reshape(transpose(reshape(q, [B, T, K, H / K, d]), [0, 2, 3, 1, 4]), [B, K, -1, d]),
    k: transpose(k, [0, 2, 3, 1]),
    v: transpose(v, [0, 2, 1, 3]),
  };
}

/** softmax(q kᵀ / √d + mask) v, heads side by side: `[B T, H d]`. The mask is `[T, T]` or `[B, 1, 1, T, T]`. */
function attention(
  { heads: H, keyValueHeads: K, headWidth: d }: TransformerConfig,
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor,
) {
  const [B, , T] = v.shape;
  const G = H / K;
  const scores = reshape(matmul(q, k), [B, K, G, T, T]);
  const weights = softmax(add(scores, mask));
  const mixed = matmul(reshape(weights, [B, K, -1, T]), v);
  const heads = transpose(reshape(mixed, [B, K, G, T, d]), [0, 3, 1, 2, 4]);
  return reshape(heads, [-1, H * d]);
}

/**
 * Turns the first numbers of heads `[B, T, *, d]` by their positions' angles (Su et al. 2021, eq. 34): halves (x₁, x₂) become
 * (x₁ cos - x₂ sin, x₂ cos + x₁ sin). Positions are `[T]` or `[B, T]`.
 * @formula rotary-positions
 */
export function rotation(
  { positions: places, headWidth: d }: TransformerConfig,
  positions: Tensor,
): ((x: Tensor) => Tensor) | undefined {
  if (places === "learned") return undefined;
  const half = places.width / 2;
  const angle = mul(reshape(cast(positions, "float32"), [...positions.shape, 1, 1]), constant(frequencies(places)));
  const [c, s] = [cos(angle), sin(angle)];
  return (x) => {
    const [x1, x2] = [slice(x, 3, 0, half), slice(x, 3, half, places.width)];
    const turned = [sub(mul(x1, c), mul(x2, s)), add(mul(x2, c), mul(x1, s))];
    return concat(places.width < d ? [...turned, slice(x, 3, places.width, d)] : turned, 3);
  };
}

/** base^(-2i / d), slowed by Llama 3's rule where asked: wavelengths beyond the old context by the factor, shorter ones less. */
function frequencies({ base, width, scaling }: RotaryConfig): Float32Array {
  return Float32Array.from({ length: width / 2 }, (_, i) => {
    const frequency = 1 / base ** ((2 * i) / width);
    if (!scaling) return frequency;
    const { factor, low, high, context } = scaling;
    const turns = (context * frequency) / (2 * Math.PI);
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return frequency * (kept + (1 - kept) / factor);
  });
}
